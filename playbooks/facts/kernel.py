"""What is in the kernel: its audit, its packet filter, how it was started. Pure: an answer → fields of `host.auditd`,
`host.filter` and `host.boot`.

In a container audit and start are its machine's, so nothing is said of them there but whether the daemon runs.
"""

from __future__ import annotations

import re
from typing import Any

from playbooks.facts.answer import Answer

_SHA256 = re.compile(r"[0-9a-f]{64}")


def contained(answer: Answer) -> bool | None:
    """Is the host a container; None where that was not told."""
    said = answer.out("container", 0, 1)
    return said.strip() != "none" if said and said.strip() else None


def auditd(answer: Answer) -> dict[str, Any]:
    """`systemctl is-active` ends with 0 for what runs, 3 for what does not (4 where there is no such unit)."""
    state = answer.out("auditd", 0, 3, 4)
    found: dict[str, Any] = {"running": state.strip() == "active"} if state and state.strip() else {}
    enabled = re.fullmatch(r"enabled (\d+)\s*", answer.out("audit") or "")
    if enabled and contained(answer) is False:
        found["immutable"] = enabled[1] == "2"
    return found


def filter_(answer: Answer) -> dict[str, Any]:
    """A table that is gone has a digest too, that of nothing."""
    loaded, wanted = answer.out("filter", 0, 1), answer.text("/var/lib/liangzhu/shown/nftables.service")
    told = {"loaded": loaded, "wanted": wanted}
    return {key: f"sha256:{text.strip()}" for key, text in told.items() if text and _SHA256.fullmatch(text.strip())}


def boot(answer: Answer) -> dict[str, Any]:
    """To whom measurements are sent is no fact of the host: people write it into the city's records."""
    if contained(answer) is not False or not {"/sys/class", "/sys/firmware"} <= answer.there:
        return {}
    names = {path.rpartition("/")[2] for path in answer.there}
    module = "tcm" if any(name.startswith("tcm") for name in names) else "tpm" if _numbered("tpm", names) else "none"
    found: dict[str, Any] = {"module": module}
    if "/sys/firmware/efi" not in answer.there:
        return {**found, "secure_boot": False}
    byte = (answer.out("secure-boot") or "").strip()
    return {**found, "secure_boot": byte == "1"} if byte in ("0", "1") else found


def _numbered(word: str, names: set[str]) -> bool:
    return any(re.fullmatch(rf"{word}\d+", name) for name in names)
