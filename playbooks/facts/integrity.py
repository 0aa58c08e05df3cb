"""Files whose change is noticed: by AIDE, or measured by the kernel (IMA). Pure: an answer → fields of `host.integrity`.

AIDE's rules are patterns. A selection counts where it is a plain path; an exception counts where it is one, or where it
hits one of the files that say who may do what (`SENSITIVE`), and stands in the record with `!` before it.
"""

from __future__ import annotations

import re
from typing import Any

from playbooks.facts.answer import Answer
from playbooks.facts.systems import System

SENSITIVE = ("/etc/nftables.conf", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/sudoers",
             "/etc/ssh/sshd_config", "/etc/pam.d", "/etc/security")  # fmt: skip
_STRONGEST = ("sm3", "sha3_512", "sha512", "stribog512", "sha3_256", "sha256", "stribog256", "whirlpool", "sha1", "rmd160",
              "tiger", "md5")  # fmt: skip
_BUILT_IN = {"R": "md5", "H": "sha512+sha256"}
"""predefined groups, by the digests that any build has"""
_NESTED = re.compile(r"[*+?}]\)?[*+{]|\)[*+{]|\[[^\]]*\[|--|&&|~~|\|\|")
"""a pattern that may take for ever, or means another thing to Python than to AIDE"""


def integrity(answer: Answer, system: System | None) -> dict[str, Any]:
    """The tool, its digest, its paths; the tool is "" where neither is at work."""
    if system and {"/usr/bin/aide", "/usr/sbin/aide"} & answer.there:
        text = answer.text(system.aide)
        return {"tool": "aide", **(_aide(text) if text else {})}
    ima = _ima(answer)
    if ima:
        return ima
    # a container does not see what its machine measures
    readable = "/sys/kernel/security/ima" in answer.there and answer.text("/sys/kernel/security/ima/policy") is not None
    return {"tool": ""} if system and readable else {}


def _ima(answer: Answer) -> dict[str, Any]:
    policy, line = answer.text("/sys/kernel/security/ima/policy"), answer.text("/proc/cmdline") or ""
    options = dict(word.split("=", 1) for word in line.split() if "=" in word)
    tcb = "tcb" in options.get("ima_policy", "").split("|")
    if "/sys/kernel/security/ima" not in answer.there or not (tcb or re.search(r"measure\b.*FILE_CHECK", policy or "")):
        return {}
    digest = (
        {"algorithm": options["ima_hash"].lower()} if re.fullmatch(r"[\w-]{2,20}", options.get("ima_hash", "")) else {}
    )
    return {"tool": "ima", **digest, **({"paths": ["/"]} if tcb else {})}


def _aide(text: str) -> dict[str, Any]:
    """Nothing but the name where other files, or programs, add to the rules."""
    lines = text.splitlines()
    if any(line.startswith(("@@include", "@@x_include", "@@if")) for line in lines):
        return {}
    groups: dict[str, str] = {}
    chosen: dict[str, frozenset[str]] = {}
    barred: set[str] = set()
    for line in lines:
        if row := re.fullmatch(r"\s*([A-Za-z]\w*)\s*=\s*(\S+)\s*", line):
            groups[row[1]] = row[2]
        elif row := re.fullmatch(r"\s*!(\S+).*", line):
            barred |= _barred(row[1])
        elif (row := re.fullmatch(r"\s*=?(/\S*)\s+(\S+)\s*", line)) and (path := _path(row[1])):
            chosen[path] = _digests(row[2], groups, 8)
    if not chosen:
        return {"paths": []}
    common = frozenset.intersection(*chosen.values())
    best = next((one for one in _STRONGEST if one in common), "")
    return {"algorithm": best, "paths": [*sorted(chosen), *(f"!{path}" for path in sorted(barred))]}


def _digests(expression: str, groups: dict[str, str], depth: int) -> frozenset[str]:
    """`p+i+sm3`, `NORMAL-md5`: what remains of the digests."""
    found: set[str] = set()
    for sign, word in re.findall(r"([+-]?)([A-Za-z]\w*)", expression):
        named = groups.get(word) or _BUILT_IN.get(word)
        more = _digests(named, groups, depth - 1) if named and depth else {word.lower()} & set(_STRONGEST)
        found = found - more if sign == "-" else found | more
    return frozenset(found)


def _path(pattern: str) -> str:
    """The plain path that a pattern is, "" where it is none."""
    plain = re.sub(r"\\([./_-])", r"\1", pattern.removesuffix("$"))
    return plain.rstrip("/") or "/" if re.fullmatch(r"/[\w./@:-]*", plain) else ""


def _barred(pattern: str) -> set[str]:
    if len(pattern) > 120 or _NESTED.search(pattern):
        return set(SENSITIVE)  # too clever to be tried out: as if it hit them all
    try:
        hit = {path for path in SENSITIVE if re.match(pattern, path)}  # from the beginning, and not to the end
    except re.error:
        return set(SENSITIVE)
    return hit | ({plain} if (plain := _path(pattern)) else set())
