"""NetBox's JSON at once and one by one: of any file, however odd, both say the same; what is hostile is refused in bounds."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.exchange import many, netbox, store, together
from inventory.exchange.book import Book
from inventory.problems import Refused

NAMES = st.sampled_from(["a", "b", "市水利局", " a", "=a", "", "x\u3000", "a" * 1001, None, 3, True, {"name": "c"}])
REFERENCES = st.one_of(
    st.none(),
    st.sampled_from([1, 2, True, "a", "", "=x", 1.5, []]),
    st.fixed_dictionaries({}, optional={"id": st.integers(1, 3), "name": NAMES, "slug": NAMES}),
)
CUSTOM = st.one_of(
    st.sampled_from([None, "", 3, []]),
    st.fixed_dictionaries(
        {},
        optional={
            "secret": st.sampled_from([None, True, False, "是", "maybe", 1]), "涉密": st.sampled_from([None, True, "no"]),
            "system": NAMES, "系统": NAMES, "name": NAMES, "名称": NAMES, "other": st.just([{}, {}]),
        },
    ),
)  # fmt: skip
GOOD = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "3fff:430::/32", "3fff:430:1::/64", "::/0"])
ROWS = st.one_of(
    st.fixed_dictionaries({"prefix": GOOD, "name": st.just("n")}, optional={"tenant": REFERENCES, "description": NAMES}),
    st.fixed_dictionaries(
        {"prefix": st.one_of(GOOD, st.sampled_from(["10.0.0.1/8", " 10.0.0.0/8", "::1/128", "::ffff:1.2.3.4/128", 7, None]))},
        optional={
            "vrf": REFERENCES, "tenant": REFERENCES, "role": REFERENCES, "site": REFERENCES, "scope": REFERENCES,
            "scope_type": st.sampled_from(["dcim.site", "dcim.region", None, 4]),
            "status": st.sampled_from([None, "active", {"value": "container", "label": "C"}, {"value": "odd"}, "停用", 1]),
            "vlan": st.sampled_from([None, {"vid": 7}, {"vid": "7"}, {}, 1, 9, {"vid": 5000}]),
            "custom_fields": CUSTOM, "description": NAMES,
        },
    ),
    st.fixed_dictionaries({"address": st.sampled_from(["10.0.0.1/8", "x"])}, optional={"tenant": REFERENCES}),
    st.sampled_from([3, "10.0.0.0/8", None, [], {}, {"vid": 4}, {"id": 1, "slug": "water", "name": "市水利局"}]),
)  # fmt: skip
WORDS = st.lists(st.fixed_dictionaries({"id": st.integers(1, 3), "slug": NAMES}, optional={"name": NAMES}), max_size=3)
LISTS = st.lists(ROWS, max_size=6)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Any file that could be a plan, well-formed or nearly."""
    parts: list[tuple[str, Any]] = []
    for key, of in draw(st.lists(st.sampled_from([
        ("tenants", WORDS), ("sites", WORDS), ("prefixes", LISTS), ("prefixes", LISTS), ("ip_addresses", LISTS),
        ("vlans", LISTS), ("results", LISTS), ("next", NAMES), ("count", st.integers()), ("vrfs", LISTS), ("odd", LISTS),
    ]), max_size=4)):  # fmt: skip
        rows = draw(of)
        page = key not in ("results", "next", "count") and draw(st.booleans())
        parts.append((key, {"count": 1, "next": draw(st.sampled_from([None, "x"])), "results": rows} if page else rows))
    ascii_, layout = draw(st.booleans()), draw(st.sampled_from([None, None, 1, "\n"]))
    separators = (",\n", ": ") if layout == "\n" else None

    def text(value: Any) -> str:
        return json.dumps(
            value,
            ensure_ascii=ascii_,
            indent=1 if layout == 1 else None,
            separators=separators if layout == "\n" else None,
        )

    whole = "{" + ", ".join(f"{text(key)}: {text(value)}" for key, value in parts) + "}"
    whole = draw(st.sampled_from([whole, *(text(value) for _, value in parts)]))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(whole)))
        whole = whole[:at] + draw(st.sampled_from(["", ",", "]", "}", '"', "\\", "{", "\n", "NaN", '"a": 1,', "\ud800", "\x00"])) + whole[at + 1 :]  # fmt: skip
    return whole.encode("utf-8", "replace").decode()


def outcome(text: str) -> Book | tuple[str, ...]:
    try:
        return netbox.read(text, "x.json")
    except Refused as refused:
        return tuple(f"{p.text('zh')}\n{p.text('en')}" for p in refused.problems)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(files())
@example('{"prefixes": [{"prefix": "10.0.0.0/8"}], "prefixes": [{"prefix": "10.0.0.0/9"}]}')
@example('{"prefixes": [{"prefix": "10.0.0.0/8", "prefix": "10.0.0.0/9", "tenant": 3, "tenant": null}]}')
@example('{"pref\\u0069xes": [{"prefix": "10.0.0.0/8"}]}')
@example('{"prefixes": [{"prefix": "10.0.0.0/8", "description": "\\ud800"}]}')
@example('{"prefixes": [{"prefix": "10.0.0.0/8", "x": NaN}]}')
@example('[{"prefix": "10.0.0.0/8", "x": 1' + "0" * 3900 + "}]")
@example('[{"prefix": "10.0.0.0/8"}, {"prefix": "10.0.0.0/8", "x": 1' + "0" * 4100 + '}, {"prefix": 1}]')
@example('[{"prefix": "10.0.0.0/8", "x": ' + "[" * 1200 + "]" * 1200 + "}]")
def test_at_once_is_what_it_is_one_by_one(text: str) -> None:
    at_once = outcome(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "CHUNK", 2)
        patch.setattr(many, "_WORTH", 2)  # two processes
        assert outcome(text) == at_once
        patch.setattr(together, "found", lambda data: None)
        assert outcome(text) == at_once


def test_the_properties_look_at_what_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast way that never is taken would pass everything above."""
    monkeypatch.setattr(netbox.objects, "found", None)
    rows = ",\n".join(f'{{"prefix": "10.{n}.0.0/16", "tenant": {{"slug": "a", "name": "甲"}}}}' for n in range(200))
    taken: list[bool] = []
    real = netbox._Reader._prefixes

    def watched(self: netbox._Reader, chunk: together.Chunk) -> Any:
        made = real(self, chunk)
        taken.append(made is not None)
        return made

    monkeypatch.setattr(netbox._Reader, "_prefixes", watched)
    book = netbox.read(f'{{"prefixes": [\n{rows}]}}', "x.json")
    assert taken == [True]
    assert [(p.line, p.col) for p in book.prefixes] == [(2 + n, 1) for n in range(200)]
    assert [(word.key, word.name) for word in book.owners] == [("a", "甲")]


@pytest.mark.parametrize("newline", ["", "\n", "\n  "])
def test_places_are_in_characters_whatever_stands_between(newline: str) -> None:
    rows = [f'{{"prefix": "10.{n}.0.0/16", "description": "{"说明" * (n % 3)}"}}' for n in range(50)]
    text = '{"prefixes": [' + f",{newline}".join(rows) + "]}"
    at = 0
    for row in netbox.read(text, "x.json").prefixes:
        at = text.index("{", at + 1)
        assert (row.line, row.col) == (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        at = text.index("}", at)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("[" * 100_000, "asset.json", "1:2"),
        (
            '{"prefixes": [{"prefix": "10.0.0.0/8"}, {"x": ' + "[" * 100_000 + "]" * 100_000 + "}]}",
            "asset.json",
            "1:41",
        ),
        ('[{"prefix": "10.0.0.0/8", "x": [' + "[]," * 800_000 + "1]}]", "asset.json", "1:2"),
        ('[{"prefix": "10.0.0.0/8", "x": "' + "a" * 2_000_000 + '"}]', "asset.json", "1:2"),
        ('[{"prefix": "10.0.0.0/8", "x": "' + "a" * 2_000_000, "asset.json", "1:2"),
        ('[{"prefix": "10.0.0.0/8", "description": "' + "a" * 9000 + '"}]', "asset.long", "1:3"),
        ('[{"id": 1' + "0" * 5000 + "}]", "asset.json", "1:2"),
        ('{"prefixes": [{"prefix": "10.0.0.0/8", "tenant": 1' + "0" * 3000 + "}]}", "asset.reference", "1:15"),
        ("{[]: 1}", "asset.json", "1:2"),
    ],
    ids=range(9),
)
def test_hostile_json_is_refused_at_its_place_in_little_memory(text: str, code: str, place: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as refused:
            netbox.read(text, "x.json")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    [problem] = refused.value.problems
    assert (problem.code, f"{problem.line}:{problem.col}") == (code, place)
    assert len(str(problem)) < 5000
    assert peak < 5 * len(text) + 40_000_000


def test_bytes_that_are_no_text_are_named_wherever_they_are(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    good = '{"prefixes": [{"prefix": "10.0.0.0/8", "display": "%s"}]}' % ("水" * 200_000)
    path.write_text(good, encoding="utf-8")
    assert len(store.load(path).prefixes) == 1
    for at in (50, 262_145, len(good.encode()) - 5):
        wrong = good.encode()[:at] + b"\xff" + good.encode()[at + 1 :]
        with pytest.raises(UnicodeDecodeError) as error:
            wrong.decode()
        path.write_bytes(wrong)
        with pytest.raises(Refused) as refused:
            store.load(path)
        [problem] = refused.value.problems
        assert problem.code == "read.encoding"
        assert f"byte {error.value.start + 1} " in problem.en


def test_the_second_half_is_made_elsewhere_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    made = list(many.in_halves(lambda n: (n, os.getpid()), range(65)))
    assert [n for n, _ in made] == list(range(65))
    here = [pid == os.getpid() for _, pid in made]
    assert here == [True] * 33 + [False] * 32
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert {pid for _, pid in many.in_halves(lambda n: (n, os.getpid()), range(65))} == {os.getpid()}


@pytest.mark.parametrize("end", ["killed", "raises", "cannot be written"])
def test_what_the_other_process_does_not_get_done_is_done_here(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    parent = os.getpid()

    def work(number: int) -> Any:
        if os.getpid() != parent and number == 50:
            if end == "killed":
                os.kill(os.getpid(), 9)
            if end == "raises":
                raise LookupError(number)
            return object()
        return number

    assert list(many.in_halves(work, range(64))) == list(range(64))


def test_who_stops_asking_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    real, children = os.fork, list[int]()

    def fork() -> int:
        child = real()
        children.append(child)
        return child

    monkeypatch.setattr(os, "fork", fork)
    asked = many.in_halves(lambda n: n, range(1000))
    assert next(asked) == 0
    asked.close()
    [child] = children
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)
