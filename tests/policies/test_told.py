"""What counts as told: set, readable, and of the type of the kind's field; what cannot be told is a reason, never a pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds
from policies.checks.records import reply, untold
from policies.checks.shape import Answer
from policies.checks.told import garbled, given, lacking, naming, nothing, unread
from policies.checks.trails import acts
from policies.checks.wants import Want, weighed


def one(kind: str, **fields: Any) -> Resource:
    name = fields.pop("name", "n")
    return Resource(kind, name, "s.t", f"urn:{kind}::{name}", {"name": name, **fields})


@pytest.mark.parametrize(
    ("kind", "field", "good", "bad"),
    [
        ("host.pam", "min_length", (0, 8, 8.0), (None, True, "8", [8], UNKNOWN, SECRET)),
        ("host.auditd", "running", (True, False), (None, 1, "yes", UNKNOWN)),
        ("audit.trail", "sink", ("", "s"), (None, 1, ["s"], UNKNOWN)),
        ("audit.trail", "fields", ([], ["user"], ("user",)), (None, "user", [1], ["user", None], [UNKNOWN])),
        ("host.sshd", "settings", ({}, {"port": "22"}), (None, [], "x", {"port": UNKNOWN})),
        ("gov.system", "data_class", ("core",), (None, 3)),
    ],
)
def test_what_is_told(kind: str, field: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    for value in good:
        assert given(one(kind, **{field: value}), field), value
        assert unread(one(kind, **{field: value}), field) is None
    for value in bad:
        assert not given(one(kind, **{field: value}), field), value
        answer = unread(one(kind, **{field: value}), field)
        assert answer
        assert answer.answer is Answer.UNKNOWN


FIELDS = sorted((kind, field) for kind, made in kinds().items() for field in made.model_fields)
VALUES = (
    None,
    True,
    0,
    2.5,
    "",
    "word",
    [],
    ["a"],
    [1],
    [None],
    {},
    {"a": "b"},
    {"a": UNKNOWN},
    UNKNOWN,
    SECRET,
    [SECRET],
)


@settings(max_examples=400, deadline=None)
@drawn(st.sampled_from(FIELDS), st.sampled_from(VALUES))
def test_a_field_is_read_in_one_way(place: tuple[str, str], value: Any) -> None:
    """Whoever asks: a check of its fields, of one way among several, or of a table of fields."""
    kind, field = place
    resource = one(kind, **{field: value}) if field != "name" else Resource(kind, "n", "s.t", "u", {"name": value})
    gone = lacking(resource, field)
    seen: list[Any] = []
    want = Want(field, lambda found: seen.append(found) or True, "错", "wrong")
    assert (
        given(resource, field) == (gone is None) == (unread(resource, field) is None) == (not untold(resource, field))
    )
    assert weighed(resource, [want]) == ([], [gone] if gone else [])
    assert seen == ([] if gone else [value]), "nothing is compared that cannot be read"
    assert (reply(resource, field, lambda found: True) is True) == (gone is None)
    assert (garbled(resource, field) is None) == (gone is None or value is None)
    if gone:
        assert gone[0] != gone[1]
        assert all(field in words for words in gone)


def test_of_what_no_kind_describes_everything_that_is_there_can_be_read() -> None:
    for resource, field in ((one("other.kind", x=[{}]), "x"), (one("host.pam", other=[{}]), "other")):
        assert lacking(resource, field) is None
        assert lacking(resource, "none") == ("none 没有记录", "none is not recorded")


def test_who_names_a_resource_and_who_may() -> None:
    host = one("compute.host", name="h")
    named = one("sec.hids", name="a", protects=["compute.host/h"])
    zoned = one("sec.hids", name="b", protects=["zone/z"])
    silent = one("sec.hids", name="c")
    found, open_ = naming(Estate((host, named, zoned, silent)), host, "protects", "sec.hids", also=["zone/z"])
    assert found == [named, zoned]
    assert [en for _, en in open_] == ["c: protects not told"]
    assert nothing(Estate((host,)), "sec.hids")
    assert not nothing(Estate((named,)), "sec.hids")


def test_an_action_means_what_its_last_word_says() -> None:
    verbs = ("stop", "delete")
    assert acts("oss:DeleteObject", verbs) == {"delete"}
    assert acts("log.*", verbs) == acts("*", verbs) == {"stop", "delete"}
    assert acts("log.undelete", verbs) == acts("delete.read", verbs) == set()
