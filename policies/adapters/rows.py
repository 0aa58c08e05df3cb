"""A file of resources → rows with their places. JSON lines, a list, or an object with `resources`; bounded.

What was written by strangers is read here: sizes have limits, text that would pass for a mark of the estate or break a
terminal is made harmless, and everything that is wrong is told at once with its line.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.problems import Problem, Refused, refuse

LARGEST = 64 * 1024 * 1024
"""bytes of a file"""
MOST = 100_000
"""rows of a file, neighbours included"""
DEEPEST = 50
_NAME = re.compile(r"[\w.\-\[\]\"'/:@]{1,300}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{1,99}")
_HARMLESS = re.compile("[\ufffc\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Row:
    """One resource as it stands in the file."""

    address: str
    type: str
    attributes: Mapping[str, Any]
    near: tuple[Row, ...]
    """what it refers to, and what refers to it, as the row itself tells"""
    line: int


def rows(path: Path) -> list[Row]:
    """The rows of a file. Refused with everything that is wrong."""
    text = _text(path)
    breaks = [match.start() for match in re.finditer("\n", text)]
    found: list[Row] = []
    problems: list[Problem] = []
    count = 0
    for index, (value, at) in enumerate(_values(text, path)):
        line = bisect_right(breaks, at - 1) + 1
        count += 1 + sum(
            len(more) for key in ("related", "referred_by") if isinstance(value, Mapping) and isinstance(more := value.get(key), list)
        )  # fmt: skip
        if count > MOST:
            raise refuse(
                "terraform.many", f"资源多于 {MOST} 个:分成几个文件", f"more than {MOST} resources: split the file", file=str(path)
            )  # fmt: skip
        row = _row(value, line, path, f"[{index}]", problems, neighbours=True)
        if row:
            found.append(row)
    if problems:
        raise Refused(problems)
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise refuse(
                "terraform.large", f"文件大于 {LARGEST >> 20} MiB:分成几个文件", f"larger than {LARGEST >> 20} MiB: split it",
                file=str(path),
            )  # fmt: skip
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise refuse(
            "judge.no-file", f"文件读不了({error.strerror}):请检查路径", f"cannot be read ({error.strerror}): check the path",
            file=str(path),
        ) from None  # fmt: skip
    except UnicodeDecodeError:
        raise refuse(
            "terraform.text", "不是 UTF-8 文本:请转换编码", "this is not UTF-8 text: convert it", file=str(path)
        ) from None


def _values(text: str, path: Path) -> Iterator[tuple[Any, int]]:
    """The values of the file and where each begins: one after another, or within one list."""
    decoder, at, listed = json.JSONDecoder(), 0, False
    while True:
        at = _skipped(text, at)
        if not listed and text[at : at + 1] == "[":
            listed, at = True, _skipped(text, at + 1)
        if listed and text[at : at + 1] == "]":
            if _skipped(text, at + 1) != len(text):
                raise _broken(path, text, at + 1)
            return
        if at >= len(text):
            if listed:
                raise _broken(path, text, at)
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _broken(path, text, getattr(error, "pos", at)) from None
        if isinstance(value, Mapping) and isinstance(value.get("resources"), list) and "type" not in value:
            yield from ((one, at) for one in value["resources"])
        else:
            yield value, at
        at = _skipped(text, end)
        if listed and text[at : at + 1] == ",":
            at += 1
        elif listed and text[at : at + 1] != "]":
            raise _broken(path, text, at)


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\ufeff":
        at += 1
    return at


def _broken(path: Path, text: str, at: int) -> Refused:
    return refuse(
        "terraform.json", "不是 JSON,或嵌套太深:每行一个资源,或一个资源列表", "this is no JSON, or nests too deep: one resource a line, or a list",
        file=str(path), line=text.count("\n", 0, at) + 1, col=at - text.rfind("\n", 0, at),
    )  # fmt: skip


def _row(value: Any, line: int, path: Path, where: str, problems: list[Problem], *, neighbours: bool) -> Row | None:
    def wrong(key: str, zh: str, en: str) -> None:
        problems.append(Problem("terraform.row", zh, en, f"{where}{key}", str(path), line, 1))

    if not isinstance(value, Mapping):
        wrong("", "一行应是一个资源对象", "a row must be an object: one resource")
        return None
    before = len(problems)
    address, type_, body = value.get("resource"), value.get("type"), value.get("attributes", {})
    if not isinstance(address, str) or not _NAME.fullmatch(address):
        wrong(".resource", "写成资源地址,例如 alicloud_disk.data", "must be an address such as alicloud_disk.data")
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        wrong(".type", "写成资源类型,例如 alicloud_disk", "must be a type such as alicloud_disk")
    if not isinstance(body, Mapping):
        wrong(".attributes", "应是属性对象", "must be an object of attributes")
    elif _deep(body, DEEPEST):
        wrong(".attributes", f"嵌套超过 {DEEPEST} 层", f"nests deeper than {DEEPEST}")
    near: list[Row] = []
    for key in ("related", "referred_by") if neighbours else ():
        more = [] if value.get(key) is None else value[key]
        if not isinstance(more, list):
            wrong(f".{key}", "应是资源列表", "must be a list of resources")
            continue
        rows_ = (_row(one, line, path, f"{where}.{key}[{i}]", problems, neighbours=False) for i, one in enumerate(more))
        near += [row for row in rows_ if row]
    if len(problems) > before:
        return None
    assert isinstance(address, str)
    assert isinstance(type_, str)
    return Row(address, type_, _harmless(body), tuple(near), line)


def _deep(value: Any, left: int) -> bool:
    if isinstance(value, Mapping | list):
        return left == 0 or any(
            _deep(one, left - 1) for one in (value.values() if isinstance(value, Mapping) else value)
        )
    return False


def _harmless(value: Any) -> Any:
    """No text of the file may pass for UNKNOWN or SECRET, and none may break a terminal or an encoder."""
    if isinstance(value, str):
        return _HARMLESS.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_HARMLESS.sub("\ufffd", key): _harmless(item) for key, item in value.items()}
    return [_harmless(item) for item in value] if isinstance(value, list) else value
