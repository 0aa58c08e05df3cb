"""Files → the city. The only place that parses YAML.

Every scalar is read as text and the schema decides what it means (plain YAML turns `no`, `22:30` and `1.10` into
other things). `compose` keeps marks, so every error names file, line and column, and all of them come at once:
nothing is built from a city that has an error. Next: `inventory.consistency` (what no single file can know).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from inventory import consistency, generator, wording
from inventory.model import City, Environment, Request, System
from inventory.places import ROOT, Places, places
from inventory.problems import Problem, Refused, nearest, refuse

Marks = Mapping[tuple[str | int, ...], tuple[int, int]]
M = TypeVar("M", bound=BaseModel)

REQUEST_FILE = re.compile(r"Pulumi\.([a-z0-9-]+\.[a-z0-9-]+)\.yaml")
SYSTEM_KEY = "liangzhu:system"
_PULUMI_KEYS = ("config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment")


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data whose scalars are all text (or None), and where each part stands."""

    file: str
    data: Any
    marks: Marks

    def problem(self, path: Iterable[str | int], code: str, zh: str, en: str, where: str = "") -> Problem:
        """A problem at a part of this file, or at the nearest part that exists."""
        path = tuple(path)
        spot = next((self.marks[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.marks), (1, 1))
        return Problem(code, zh, en, where or wording.dotted(path), self.file, *spot)


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
        """those that this environment builds"""
        chosen = set(self.environment.systems)
        return tuple(r for r in self.requests if not chosen or r.stack in chosen)

    def request(self, stack: str) -> Request | None:
        """By stack name."""
        return next((r for r in self.requests if r.stack == stack), None)


def document(path: Path) -> Any:
    """Plain data of a YAML file; every scalar is text. Refused where it cannot be read."""
    return load(path).data


def load(path: Path) -> Document:
    """A file with its marks. Refused: missing, not UTF-8, not YAML, a key twice."""
    file = _shown(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise refuse(
            "read.missing", "文件不存在:请检查路径", "there is no such file: check the path", file=file
        ) from None
    except UnicodeDecodeError as error:
        raise refuse(
            "read.encoding",
            f"第 {error.start + 1} 个字节不是 UTF-8:请用 UTF-8 编码另存",
            f"byte {error.start + 1} is not UTF-8: save the file as UTF-8",
            file=file,
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.CBaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        what = error.problem or "not YAML"
        raise refuse(
            "read.yaml",
            f"不是合法的 YAML({what}):检查这一行的缩进、冒号后的空格和引号",
            f"not YAML ({what}): check this line's indentation, the space after the colon and the quotes",
            file=file,
            line=mark.line + 1 if mark else 1,
            col=mark.column + 1 if mark else 1,
        ) from None
    except yaml.YAMLError as error:
        raise refuse("read.yaml", f"不是合法的 YAML:{error}", f"not YAML: {error}", file=file, line=1, col=1) from None
    marks: dict[tuple[str | int, ...], tuple[int, int]] = {}
    problems: list[Problem] = []
    data = _plain(node, (), marks, problems, file)
    if problems:
        raise Refused(problems)
    return Document(file, data, marks)


def _plain(node: yaml.Node | None, path: tuple[str | int, ...], marks: dict, problems: list, file: str) -> Any:
    if node is None:
        return None
    marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            spot = (key.start_mark.line + 1, key.start_mark.column + 1)
            if name in result:
                problems.append(
                    Problem(
                        "read.twice", f"“{name}”写了两次:只留一个", f"'{name}' is written twice: keep one",
                        wording.dotted((*path, name)), file, *spot,
                    )
                )  # fmt: skip
            marks[(*path, name)] = spot
            result[name] = _plain(value, (*path, name), marks, problems, file)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), marks, problems, file) for index, item in enumerate(node.value)]
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return None if plain and node.value in ("", "null", "~") else node.value


def validated(kind: type[M] | Any, doc: Document, path: tuple[str | int, ...] = ()) -> Any:
    """The part of a document at `path`, as a model (or a type such as `tuple[Site, ...]`). Refused with every error."""
    data = doc.data
    for step in path:
        data = data[step]
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise Refused(
            doc.problem((*path, *loc), code, zh, en) for loc, code, zh, en in wording.sentences(kind, error)
        ) from None


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


def one_request(path: Path) -> tuple[Request, Document]:
    """A request file, checked by itself. Refused with every error."""
    doc = load(path)
    match = REQUEST_FILE.fullmatch(path.name)
    problems: list[Problem] = []
    if not match:
        problems.append(
            doc.problem(
                (), "request.file-name", "文件名应为 Pulumi.<单位>.<系统>.yaml,全用小写字母、数字和连字符",
                "name the file Pulumi.<bureau>.<system>.yaml, in lower-case letters, digits and hyphens",
            )
        )  # fmt: skip
    top: dict[str, Any] = doc.data if isinstance(doc.data, dict) else {}
    given = top.get("config")
    config: dict[str, Any] = given if isinstance(given, dict) else {}
    for key in top:
        if key not in _PULUMI_KEYS:
            problems.append(_unknown(doc, (key,), _PULUMI_KEYS))
    for key, value in config.items():
        if key != SYSTEM_KEY and not (isinstance(value, dict) and "secure" in value):
            problems.append(_unknown(doc, ("config", key), [SYSTEM_KEY]))
    if not isinstance(config.get(SYSTEM_KEY), dict):
        problems.append(
            doc.problem(
                ("config",), "request.no-system", f"缺少 config 下的“{SYSTEM_KEY}”:参照 docs/departments.md 的模板填写",
                f"'{SYSTEM_KEY}' is missing under config: start from the template in docs/departments.md",
            )
        )  # fmt: skip
        raise Refused(problems)
    system = None
    try:
        system = validated(System, doc, ("config", SYSTEM_KEY))
    except Refused as refused:
        problems += refused.problems
    if problems or system is None or match is None:
        raise Refused(problems)
    base = ("config", SYSTEM_KEY)
    marks = {path[2:]: mark for path, mark in doc.marks.items() if path[:2] == base}
    return Request(match[1], system, doc.file, marks), doc


def requests(folder: Path, of: City) -> tuple[Request, ...]:
    """Every request of a folder, in the order of the stack names. Refused with every error of every file."""
    found: list[tuple[Request, Document]] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            found.append(one_request(path))
        except Refused as refused:
            problems += refused.problems
    problems += consistency.of_requests(of, found)
    if problems:
        raise Refused(sorted(problems, key=lambda p: (p.file, p.line, p.col)))
    return tuple(request for request, _ in found)


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
    known = {request.stack for request in found}
    missing = [stack for stack in chosen.systems if stack not in known]
    if missing:
        raise Refused(
            Problem(
                "environment.system", f"环境 {name} 要建的系统没有申请文件:{stack};是不是 {nearest(stack, known)}?",
                f"environment {name} builds a system that has no request file: {stack}; did you mean "
                f"{nearest(stack, known)}?", "systems", "inventory/environments.yaml",
            ) for stack in missing
        )  # fmt: skip
    return Read(chosen, of, found, where)


def _texts(folder: Path) -> dict[str, Any]:
    return {path.name[len("Pulumi.") : -len(".yaml")]: document(path) for path in folder.glob("Pulumi.*.yaml")}


def _unknown(doc: Document, path: tuple[str | int, ...], known: Iterable[str]) -> Problem:
    zh, en = wording.unknown_key(str(path[-1]), known)
    return doc.problem(path, "request.unknown-key", zh, en)


def _below(marks: Marks, key: str) -> dict[tuple[str | int, ...], tuple[int, int]]:
    return {path[1:]: mark for path, mark in marks.items() if path[:1] == (key,)}


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(path)
