"""Case files of hosts' answers (`tests/cases/facts`): in, the texts that a system has; out, the line that its host would
print, reduced by the very code that runs there."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

from inventory.estate import Resource
from inventory.places import ROOT
from inventory.reading import document
from playbooks.facts.asked import COMMANDS, FILES

FOLDER = ROOT / "tests" / "cases" / "facts"
HOST = "w-web-a-1"


def collector() -> ModuleType:
    """`playbooks/files/facts.py`, which is no part of a package: it runs on hosts."""
    spec = importlib.util.spec_from_file_location("collector", ROOT / "playbooks" / "files" / "facts.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


COLLECTOR = collector()


@dataclass(frozen=True)
class Case:
    """One file."""

    name: str
    host: Resource
    line: str
    raw: str
    """every text before it was reduced"""
    expect: dict[str, dict[str, Any]]
    """kind → all its fields"""
    has: dict[str, dict[str, Any]]
    """kind → some of its fields: of a list some elements, of a mapping some keys"""


def case(path: Path) -> Case:
    """A case file."""
    row = document(path)
    assert row["source"].split(",")[0] in ("real", "derived", "by hand"), path
    files = {place: COLLECTOR.reduced(text or "", _pattern(place)) for place, text in (row.get("files") or {}).items()}
    commands = {}
    for name, said in row["commands"].items():
        lines, out = COMMANDS[name].get("lines"), said["out"] or ""
        commands[name] = {"code": int(said["code"]), "out": COLLECTOR.reduced(out, lines) if lines else out}
    answer = {"files": files, "unread": row["unread"], "there": row["there"], "commands": commands}
    properties = {"role": row["role"], "level": int(row["level"]), "site": "a", "zone": "dedicated"}
    raw = json.dumps([row.get("files"), row["commands"]])
    return Case(path.stem, host(**properties), json.dumps(answer), raw, row.get("expect") or {}, row.get("has") or {})


def host(**properties: Any) -> Resource:
    return Resource("compute.host", HOST, "s", f"urn:{HOST}", {"name": HOST, "role": "web", **properties})


def paths() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


def _pattern(place: str) -> str:
    return next(lines for pattern, lines in FILES.items() if fnmatchcase(place, pattern))
