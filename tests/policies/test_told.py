"""What counts as told: set, readable, and of the type of the kind's field; what cannot be told is a reason, never a pass."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from policies.checks.shape import Answer
from policies.checks.told import given, naming, nothing, unread
from policies.checks.trails import acts


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
