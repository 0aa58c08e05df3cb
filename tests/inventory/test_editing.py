"""A value of a YAML file is changed, and every other character stays: shipped requests and records, and all ways to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.documents import Path_, parts, read
from inventory.editing import edited, written
from inventory.places import ROOT
from inventory.problems import Refused

SHIPPED = sorted([*ROOT.glob("inventory/requests/*.yaml"), *ROOT.glob("inventory/records/*.yaml")])
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in SHIPPED}
RECORDS = """# 登记 / records
zt.policy one:
  default: allow   # 应为 deny
  session_hours: 24

  conditions:
    - device
    - time

iot.gateway g: {anonymous: true, protocols: [mqtt, mqtts]}   # flow
storage.lifecycle l:
  # nothing but a comment before it
  bucket: >-
    logs of
    everything
"""
TEXTS["records"] = RECORDS
VALUES = st.one_of(
    st.booleans(),
    st.integers(0, 10**9),
    st.sampled_from(["deny", "strong", "null", "true", "12", "a: b", "# x", "中文", "it's", '"', "\\"]),
    st.lists(st.sampled_from(["mqtts", "a, b", "null", "中"]), max_size=3),
)


def scalars(text: str) -> list[Path_]:
    return [path for path, part in parts(text).items() if part.shape == "scalar" and text[part.start : part.end]]


def mappings(text: str) -> list[Path_]:
    return [path for path, part in parts(text).items() if part.shape == "mapping"]


def data(text: str) -> Any:
    return read(text, "x.yaml").data


def alike(one: str, two: str) -> int:
    """How many characters both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def put(where: Any, path: Path_, value: Any) -> None:
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value


def as_read(value: Any) -> Any:
    return (
        [as_read(one) for one in value]
        if isinstance(value, list)
        else value
        if isinstance(value, str)
        else written(value)
    )


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data(), VALUES, st.booleans())
def test_a_changed_value_leaves_every_other_character(name: str, draw: st.DataObject, value: Any, crlf: bool) -> None:
    text = TEXTS[name].replace("\n", "\r\n") if crlf else TEXTS[name]
    if not scalars(text):
        return  # comments alone
    path = draw.draw(st.sampled_from(scalars(text)))
    part = parts(text)[path]
    new, lines = edited(text, {path: value}, "x.yaml")
    assert new == text[: part.start] + written(value) + text[part.end :]
    assert lines[path] == text[: part.start].count("\n")
    expected = data(text)
    put(expected, path, as_read(value))
    assert data(new) == expected
    assert edited(new, {path: value}, "x.yaml")[0] == new, "a second time changes nothing"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data(), VALUES, st.booleans())
def test_a_new_key_is_one_more_entry_and_nothing_else(name: str, draw: st.DataObject, value: Any, crlf: bool) -> None:
    text = TEXTS[name].replace("\n", "\r\n") if crlf else TEXTS[name]
    if not mappings(text):
        return
    path = (*draw.draw(st.sampled_from(mappings(text))), "new-key")
    new, _ = edited(text, {path: value}, "x.yaml")
    front, back = alike(text, new), alike(text[::-1], new[::-1])
    assert front + back >= len(text), "something was put in, at one place, and nothing taken out"
    assert len(new) - len(text) <= len(written(value)) + len("new-key: ") + len("\r\n") + 40
    expected = data(text)
    put(expected, path, as_read(value))
    assert data(new) == expected
    assert new.count("\r\n") == new.count("\n") if crlf else "\r" not in new


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("a: 1 # why\nb: 2\n", ("a",), 7, "a: 7 # why\nb: 2\n"),
        ("\ufeffa: false\n", ("a",), True, "\ufeffa: true\n"),
        ("a: {b: 1, c: 2}\n", ("a", "d"), True, "a: {b: 1, c: 2, d: true}\n"),
        ("a: {}\n", ("a", "d"), True, "a: {d: true}\n"),
        ("a: {b: 1, }\n", ("a", "d"), True, "a: {b: 1, d: true, }\n"),
        ("a:\n  b: 1 # c\n# end\nz: 3\n", ("a", "d"), True, "a:\n  b: 1 # c\n  d: true\n# end\nz: 3\n"),
        ("l:\n  - b:\n      c: 1\n  - x\n", ("l", 0, "d"), 1, "l:\n  - d: 1\n    b:\n      c: 1\n  - x\n"),
        ("a: 'no'\n", ("a",), "x y", 'a: "x y"\n'),
        ("a:\n  b: 1", ("a", "d"), 2, "a:\n  b: 1\n  d: 2"),
        ("a: [x,\n    y]\nb: 1\n", ("a",), ["z"], "a: [z]\nb: 1\n"),
        ("中文: {甲: 乙}\nb: 1\n", ("b",), 2, "中文: {甲: 乙}\nb: 2\n"),
    ],
)
def test_each_way_to_write(text: str, path: Path_, value: Any, expected: str) -> None:
    assert edited(text, {path: value}, "x.yaml")[0] == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &one 1\nb: *one\n", ("a",)),  # what others read too
        ("a: &one 1\nb: *one\n", ("b",)),
        ("a: &one 1\nb: 2\n", ("a",)),
        ("a: !x 1\n", ("a",)),
        ("a: |\n  text\n  more\n", ("a",)),
        ("a:\n  - x\n  - y\n", ("a",)),
        ("a:\nb: 1\n", ("a",)),
        ("a: 1\n", ("a", "b")),
        ("a: 1\n", ("x", "y")),
    ],
)
def test_what_cannot_be_changed_by_its_characters_is_refused_with_its_place(text: str, path: Path_) -> None:
    with pytest.raises(Refused) as refused:
        edited(text, {path: True}, "x.yaml")
    problem = refused.value.problems[0]
    assert problem.code == "edit.by-hand"
    assert (problem.file, problem.line > 0, problem.col > 0) == ("x.yaml", True, True)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans()), min_size=1, max_size=3, unique_by=lambda x: x[0]
    )
)
@example([("a", True), ("b", False)])
def test_several_at_once_are_each_alone_one_after_another(rows: list[tuple[str, bool]]) -> None:
    text = "s: {a: 1}\nb:\n  c: x # d\n"
    changes: dict[Path_, Any] = {("s", key): value for key, value in rows}
    together, _ = edited(text, changes, "x.yaml")
    alone = text
    for path, value in changes.items():
        alone, _ = edited(alone, {path: value}, "x.yaml")
    assert data(together) == data(alone)
    assert yaml.safe_load(together)["b"] == {"c": "x"}


def test_all_shipped_files_are_there() -> None:
    assert len(SHIPPED) > 30
    assert Path("records.yaml").name in TEXTS
