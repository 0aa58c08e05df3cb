"""Files → the city: the one way in for everything that people write.

All errors of all files come at once, and nothing is built from a city that has one. `inventory.documents` parses,
`inventory.examining` looks at one request, `inventory.consistency` at what no single file can know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inventory import consistency, generator
from inventory.documents import Document, Marks, document, load, shown, validated
from inventory.examining import Examined, examine
from inventory.model import City, Environment, Request
from inventory.places import ROOT, Places, places
from inventory.problems import Problem, Refused, nearest, refuse

__all__ = [
    "Document",
    "Read",
    "city",
    "document",
    "environment",
    "environments",
    "load",
    "proposed",
    "read",
    "requests",
    "sources",
    "validated",
]


_LAYER = re.compile(r"Pulumi\.city-[a-z]+\.yaml")
"""the stock CLI keeps the salt of a city layer in such a file beside the requests"""


@dataclass(frozen=True)
class Read:
    """Everything that people wrote for one environment, checked."""

    environment: Environment
    city: City
    requests: tuple[Request, ...]
    """all of the folder: addresses are assigned for all of them"""
    places: Places

    @property
    def selected(self) -> tuple[Request, ...]:
        """those that this environment builds, and what LIANGZHU_SYSTEMS names beside them"""
        chosen = set(self.environment.systems)
        return tuple(r for r in self.requests if not chosen or r.stack in chosen)

    def request(self, stack: str) -> Request | None:
        """By stack name."""
        return next((r for r in self.requests if r.stack == stack), None)


@cache
def city(folder: Path = ROOT / "inventory" / "city") -> City:
    """The city's data: each file's stem is a field of `City`; `city.yaml` has the rest."""
    head = load(folder / "city.yaml")
    parts: dict[str, Any] = dict(head.data)
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for name, field in City.model_fields.items():
        if name in parts:
            continue
        try:
            documents[name] = load(folder / f"{name}.yaml")
            parts[name] = validated(field.annotation, documents[name])
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)
    found = City.model_validate(parts)
    problems = list(consistency.of_city(found, documents))
    if problems:
        raise Refused(problems)
    return found


def environments() -> dict[str, Environment]:
    """Every environment, by name."""
    doc = load(ROOT / "inventory" / "environments.yaml")
    return {
        name: validated(Environment, Document(doc.file, {"name": name, **doc.data[name]}, _below(doc.marks, name)))
        for name in doc.data
    }


def environment(name: str) -> Environment:
    """One environment. Refused with the nearest name."""
    known = environments()
    if name not in known:
        near = nearest(name, known) or "demo"
        raise refuse(
            "environment.unknown",
            f"没有名为“{name}”的环境:可用 {'、'.join(known)};是不是 {near}?",
            f"there is no environment '{name}': there are {', '.join(known)}; did you mean {near}?",
            file="inventory/environments.yaml",
        )
    return known[name]


def requests(folder: Path, of: City) -> tuple[Request, ...]:
    """Every request of a folder, in the order of the stack names. Refused with every error of every file."""
    examined, problems = _examined(of, _files(folder))
    if problems:
        raise Refused(problems)
    return tuple(each.request for each in examined if each.request)


def proposed(name: str, files: Sequence[Path]) -> tuple[Read, tuple[Request, ...]]:
    """An environment as it would be with these request files, in the place of those of the same name or beside them, and
    what the files themselves ask for. Refused with every error of these files; of the folder's others, those that have
    errors themselves are left out."""
    chosen, of = environment(name), city()
    names = {path.name for path in files}
    others = [path for path in _files(ROOT / chosen.requests) if path.name not in names]
    examined, problems = _examined(of, [*files, *others])
    mine = {each.document.file if each.document else shown(path) for each, path in zip(examined, files, strict=False)}
    if wrong := [problem for problem in problems if problem.file in mine]:
        raise Refused(wrong)
    ill = {problem.file for problem in problems}
    found = [each.request for each in examined if each.request and each.request.file not in ill]
    named = tuple(request for request in found if request.file in mine)
    systems = tuple(dict.fromkeys((*chosen.systems, *(request.stack for request in named)))) if chosen.systems else ()
    chosen = chosen.model_copy(update={"systems": systems})
    return Read(chosen, of, tuple(sorted(found, key=lambda one: one.stack)), places(chosen.state)), named


def sources(of: Environment) -> tuple[str, ...]:
    """Files and folders from which the reading of an environment is made."""
    room = ROOT / "inventory"
    grown = places(of.state).folder / "requests"
    return tuple(map(str, (room / "city", room / "environments.yaml", ROOT / of.requests, grown)))


@cache
def read(name: str) -> Read:
    """Everything for one environment. Refused with every problem that there is."""
    chosen = environment(name)
    where = places(chosen.state)
    of = city()
    found = requests(ROOT / chosen.requests, of)
    if chosen.at_least > len(found):
        folder = where.folder / "requests"
        generator.write(folder, generator.grow(found, chosen.at_least, _texts(ROOT / chosen.requests)))
        found = requests(folder, of)
    also = tuple(filter(None, os.environ.get("LIANGZHU_SYSTEMS", "").split(",")))
    if also and chosen.systems:
        chosen = chosen.model_copy(update={"systems": tuple(dict.fromkeys((*chosen.systems, *also)))})
    known = {request.stack for request in found}
    missing = [stack for stack in dict.fromkeys((*chosen.systems, *also)) if stack not in known]
    if missing:
        raise Refused(_no_request(stack, known, chosen, stack in also) for stack in missing)
    return Read(chosen, of, found, where)


def _no_request(stack: str, known: set[str], chosen: Environment, typed: bool) -> Problem:
    near = nearest(stack, known)
    zh, en = (
        (f":是不是 {near}?", f": did you mean {near}?") if near else (":用 单位.系统 的写法", ": write bureau.system")
    )
    return Problem(
        "environment.system", f"{chosen.requests} 里没有系统“{stack}”的申请{zh}",
        f"there is no request of a system '{stack}' in {chosen.requests}{en}",
        "" if typed else f"{chosen.name}.systems", "" if typed else "inventory/environments.yaml",
    )  # fmt: skip


def _examined(of: City, paths: Iterable[Path]) -> tuple[list[Examined], list[Problem]]:
    """What each file came to, and everything that is wrong in or between them, by place."""
    examined = [examine(path) for path in paths]
    problems = [problem for each in examined for problem in each.problems]
    problems += consistency.of_requests(of, examined)
    return examined, sorted(problems, key=lambda p: (p.file, p.line, p.col))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("Pulumi.*.yaml") if not _LAYER.fullmatch(path.name))


def _texts(folder: Path) -> dict[str, Any]:
    return {path.name[len("Pulumi.") : -len(".yaml")]: document(path) for path in folder.glob("Pulumi.*.yaml")}


def _below(marks: Marks, key: str) -> dict[tuple[str | int, ...], tuple[int, int]]:
    return {path[1:]: mark for path, mark in marks.items() if path[:1] == (key,)}
