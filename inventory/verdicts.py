"""What the policy pack says of a run to whoever started the stock CLI: between two processes, a file.

In: the path that a run of ours puts into the environment (`ASKED`). Out: the verdict's digests and whether it settles the
matter. A pack that the CLI did not ask leaves no file, and then there is nothing that anybody could vouch for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from inventory.replacing import replace

ASKED = "LIANGZHU_VERDICT"
"""environment variable: where the pack leaves its word"""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict as its surface gave it. Digests only: no finding, no value."""

    stack: str
    planned: bool
    """on what a preview would make; else on what an update made"""
    settled: bool
    """nothing stops it, and of a preview: nothing that could stop it was left unsaid"""
    claims: Mapping[str, str]
    """as of `policies.judging.Vouched`"""


def leave(path: Path, said: Said) -> None:
    """Put it there, whole. OSError where that cannot be."""
    replace(path, json.dumps(asdict(said)))


def taken(path: Path, stack: str) -> Said | None:
    """What was left of this stack; None where nobody was asked, or somebody else wrote it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        said = Said(**found)
    except (OSError, ValueError, TypeError):
        return None
    sound = isinstance(said.claims, dict) and all(isinstance(word, str) for word in said.claims.values())
    return said if sound and said.stack == stack and said.settled in (True, False) else None
