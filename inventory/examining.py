"""A request file → a request, with every error that it has.

A file whose schema is wrong somewhere is still read as far as it goes: the wrong parts are set aside, so that an
unknown bureau is told in the same run as a mistyped key.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inventory import wording
from inventory.documents import Document, load
from inventory.model import Request, System
from inventory.problems import Problem, Refused

REQUEST_FILE = re.compile(r"Pulumi\.([a-z0-9-]+\.[a-z0-9-]+)\.yaml")
SYSTEM_KEY = "liangzhu:system"
BASE = ("config", SYSTEM_KEY)
_PULUMI_KEYS = ("config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment")
_STAND_INS: dict[str, Any] = {
    "name": "stand-in", "level": "1", "contacts": [{"role": "owner", "unit": "-"}], "role": "owner", "unit": "-",
    "port": "443", "bureau": "-", "workloads": [{"name": "stand-in"}], "from": "-", "to": "-", "size": "1Gi",
}  # fmt: skip
"""for required fields that are wrong, so that the rest can still be looked at; never used for anything else"""


@dataclass(frozen=True)
class Examined:
    """What a file came to. `request` is good only where there are no problems."""

    document: Document | None
    request: Request | None
    problems: tuple[Problem, ...]
    doubtful: tuple[tuple[str | int, ...], ...] = ()
    """paths that were set aside: nothing more is said of them"""


def examine(path: Path) -> Examined:
    """Read one request file by itself."""
    try:
        doc = load(path)
    except Refused as refused:
        return Examined(None, None, refused.problems)
    problems = list(_around(doc, path))
    match = REQUEST_FILE.fullmatch(path.name)
    system, wrong, doubtful = _system(doc)
    problems += wrong
    if system is None or match is None:
        return Examined(doc, None, tuple(problems))
    marks = {place[2:]: mark for place, mark in doc.marks.items() if place[:2] == BASE}
    return Examined(doc, Request(match[1], system, doc.file, marks), tuple(problems), doubtful)


def _around(doc: Document, path: Path) -> Iterable[Problem]:
    if not REQUEST_FILE.fullmatch(path.name):
        yield doc.problem(
            (), "request.file-name", "文件名应为 Pulumi.<单位>.<系统>.yaml,全用小写字母、数字和连字符",
            "name the file Pulumi.<bureau>.<system>.yaml, in lower-case letters, digits and hyphens",
        )  # fmt: skip
    top = _mapping(doc.data)
    config = _mapping(top.get("config"))
    for key in top:
        if key not in _PULUMI_KEYS:
            yield _unknown(doc, (key,), _PULUMI_KEYS)
    for key, value in config.items():
        if key != SYSTEM_KEY and not (isinstance(value, dict) and "secure" in value):
            yield _unknown(doc, ("config", key), [SYSTEM_KEY])
    if not isinstance(config.get(SYSTEM_KEY), dict):
        yield doc.problem(
            ("config",), "request.no-system", f"缺少 config 下的“{SYSTEM_KEY}”:参照 docs/departments.md 的模板填写",
            f"'{SYSTEM_KEY}' is missing under config: start from the template in docs/departments.md",
        )  # fmt: skip


def _system(doc: Document) -> tuple[System | None, list[Problem], tuple[tuple[str | int, ...], ...]]:
    data = _mapping(_mapping(doc.data).get("config")).get(SYSTEM_KEY)
    if not isinstance(data, dict):
        return None, [], ()
    adapter = TypeAdapter(System)
    try:
        return adapter.validate_python(data), [], ()
    except ValidationError as error:
        problems = [doc.problem((*BASE, *loc), code, zh, en) for loc, code, zh, en in wording.sentences(System, error)]
        rest, doubtful = copy.deepcopy(data), set()
    for _ in range(4):  # setting one thing aside may show that another is missing
        try:
            return adapter.validate_python(rest), problems, tuple(doubtful)
        except ValidationError as error:
            entries = error.errors(include_url=False)
            for entry in entries:
                if any(e["loc"][: len(entry["loc"])] == entry["loc"] and e is not entry for e in entries):
                    continue  # wrong only because a part of it is
                doubtful.add((*BASE, *entry["loc"]))
                _set_aside(rest, tuple(entry["loc"]), entry["type"] == "extra_forbidden")
    return None, problems, ()


def _set_aside(data: Any, path: tuple[str | int, ...], unknown: bool) -> None:
    for step in path[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(data, dict):
        data.pop(last, None)
        if not unknown and last in _STAND_INS:
            data[last] = copy.deepcopy(_STAND_INS[str(last)])
    elif isinstance(data, list) and isinstance(last, int) and last < len(data):
        data.pop(last)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _unknown(doc: Document, path: tuple[str | int, ...], known: Iterable[str]) -> Problem:
    zh, en = wording.unknown_key(str(path[-1]), known)
    return doc.problem(path, "request.unknown-key", zh, en)
