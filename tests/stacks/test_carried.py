"""Hosts that carry data are not made anew beneath it."""

from __future__ import annotations

import pytest

from inventory import urns
from inventory.estate import Estate, Resource
from inventory.kinds import token
from stacks.carried import beneath
from stacks.engine import EstatePlan
from stacks.engine.plans import StackPlan, Step


def _one(kind: str, name: str, **fields: object) -> Resource:
    urn = urns.make("a.b", "liangzhu", "", token(kind), name)
    return Resource(kind, name, "a.b", urn, {"name": name, **fields}, origin="requests/a.yaml:7")


HOST, VOTER, OTHER = (_one("compute.host", name) for name in ("db-a-1", "db-c-1", "app-a-1"))
DISK = _one("storage.volume", "db-a-1-data", host="db-a-1")
DATABASE = _one("db.instance", "db", members=["db-a-1"], arbiter="db-c-1")
ALL = (HOST, VOTER, OTHER, DISK, DATABASE)


def _plan(**ops: str) -> EstatePlan:
    """`ops`: by name with _ for -; what is not said stays the same, "" is no step at all."""
    steps = tuple(
        Step(op, one.urn, ("pool",) if one.kind == "compute.host" else ())
        for one in ALL
        if (op := ops.get(one.name.replace("-", "_"), "same"))
    )
    return EstatePlan({"a.b": StackPlan("a.b", steps, ALL, {}, 1)}, Estate(ALL))


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ({}, []),
        ({"app_a_1": "replace"}, []),
        ({"db_a_1": "update"}, []),
        ({"db_a_1": "replace"}, [("db-a-1", "data disk db-a-1-data, database db")]),
        ({"db_a_1": "replace", "db": "update"}, [("db-a-1", "data disk db-a-1-data, database db")]),
        ({"db_a_1": "replace", "db": "replace"}, [("db-a-1", "data disk db-a-1-data")]),
        ({"db_a_1": "replace", "db": "replace", "db_a_1_data": "replace"}, []),
        ({"db_a_1": "replace", "db": "", "db_a_1_data": ""}, [("db-a-1", "data disk db-a-1-data, database db")]),
        ({"db_c_1": "replace"}, [("db-c-1", "database db")]),
        ({"db_a_1": "replace", "db_c_1": "replace"},
         [("db-a-1", "data disk db-a-1-data, database db"), ("db-c-1", "database db")]),
    ],
)  # fmt: skip
def test_a_host_is_told_with_what_stays_on_it(ops: dict[str, str], expected: list[tuple[str, str]]) -> None:
    found = beneath(_plan(**ops))
    assert [(one.where, one.en.split(" with ")[1].split(" still ")[0]) for one in found] == expected
    assert all(one.code == "plan.host-carries-data" and (one.file, one.line) == ("requests/a.yaml", 7) for one in found)
    assert all("(pool)" in one.en and "(pool)" in one.zh for one in found)
