"""YAML files → plain data with marks. The only place that parses YAML.

Every scalar is read as text and the schema decides what it means (plain YAML turns `no`, `22:30` and `1.10` into
other things). `compose` keeps marks, so every error names file, line and column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from inventory import wording
from inventory.places import ROOT
from inventory.problems import Problem, Refused, refuse

Path_ = tuple[str | int, ...]
Marks = Mapping[Path_, tuple[int, int]]
Scalar = Callable[[str, bool], Any]
"""(text, written without quotes) → what it means"""


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


@dataclass(frozen=True, slots=True)
class Part:
    """Where a value stands in its text: the characters from `start` to before `end`, and those of its key."""

    start: int
    end: int
    key: tuple[int, int] | None
    """None for what stands in a list"""
    column: int
    """of the key, else of the value, from 0"""
    shape: Literal["scalar", "text", "mapping", "list"]
    """text: a scalar as a block (`|`, `>`)"""
    block: bool = False
    """a mapping or list by indentation; where it ends depends on what follows"""


def parts(text: str) -> dict[Path_, Part]:
    """Every value of a YAML text, for those who change one and leave every other character alone. What is written once and
    read in several places (anchors) is not among them. The text has been read before: it is YAML."""
    shift = len(text) - len(text.removeprefix("\ufeff"))  # libyaml does not count the mark in front
    root = yaml.compose(text, Loader=yaml.CBaseLoader)
    seen: dict[int, int] = {}
    rows: list[tuple[Path_, yaml.Node, yaml.Node | None]] = []

    def walk(node: yaml.Node, path: Path_, key: yaml.Node | None) -> None:
        seen[id(node)] = seen.get(id(node), 0) + 1
        rows.append((path, node, key))
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                walk(value, (*path, str(name.value)), name)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*path, index), None)

    if root is not None:
        walk(root, (), None)
    shared = {path for path, node, _ in rows if seen[id(node)] > 1}
    return {
        path: _part(node, key, shift) for path, node, key in rows
        if not any(path[:n] in shared for n in range(len(path) + 1))
    }  # fmt: skip


def _part(node: yaml.Node, key: yaml.Node | None, shift: int) -> Part:
    first = key or node
    where = (key.start_mark.index + shift, key.end_mark.index + shift) if key else None
    shape: Literal["scalar", "text", "mapping", "list"]
    if isinstance(node, yaml.ScalarNode):
        shape = "text" if node.style in ("|", ">") else "scalar"
    else:
        shape = "mapping" if isinstance(node, yaml.MappingNode) else "list"
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    start, end = node.start_mark.index + shift, node.end_mark.index + shift
    return Part(start, end, where, first.start_mark.column, shape, block)


def text_or_none(text: str, plain: bool) -> str | None:
    """How scalars are read here: all text, but for the words for nothing."""
    return None if plain and text in ("", "null", "~") else text


def document(path: Path, scalar: Scalar = text_or_none) -> Any:
    """Plain data of a YAML file; every scalar is what `scalar` makes of it. Refused where it cannot be read."""
    return load(path, scalar).data


def load(path: Path, scalar: Scalar = text_or_none) -> Document:
    """A file with its marks. Refused: missing, not UTF-8, not YAML, a key twice."""
    file = shown(path)
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
    return read(text, file, scalar)


def read(text: str, file: str, scalar: Scalar = text_or_none) -> Document:
    """The same of a text that is, or will be, in a file."""
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
    data = _plain(node, (), marks, problems, file, scalar)
    if problems:
        raise Refused(problems)
    return Document(file, data, marks)


def _plain(
    node: yaml.Node | None, path: tuple[str | int, ...], marks: dict, problems: list, file: str, scalar: Scalar
) -> Any:
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
            result[name] = _plain(value, (*path, name), marks, problems, file, scalar)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), marks, problems, file, scalar) for index, item in enumerate(node.value)]
    plain = isinstance(node, yaml.ScalarNode) and not node.style  # libyaml says "" where the Python parser says None
    return scalar(node.value, plain)


def validated(kind: Any, doc: Document, path: tuple[str | int, ...] = ()) -> Any:
    """The part of a document at `path`, as a model (or a type such as `tuple[Site, ...]`). Refused with every error."""
    from pydantic import TypeAdapter, ValidationError  # most who want plain data never validate any

    data = doc.data
    for step in path:
        data = data[step]
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise Refused(
            doc.problem((*path, *loc), code, zh, en) for loc, code, zh, en in wording.sentences(kind, error)
        ) from None


def shown(path: Path) -> str:
    """A path as messages name it: from the repository, where it is in it."""
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(path)
