"""Which driver makes which kind: the first possible set, the longest prefix, and everything that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.kinds import kinds
from inventory.model import Environment
from inventory.places import Places
from inventory.problems import Refused
from stacks.drivers.base import Need
from stacks.drivers.choice import Choice, choose, driver_of, load, router


def environment(*drivers: dict[str, str]) -> Environment:
    return Environment.model_validate(
        {"name": "e", "title": "e", "en": "e", "drivers": drivers, "requests": "r", "state": "e"}
    )


def lacking(*names: str):
    needs = [Need("root", False, "需要 root", "root is needed"), Need("ip", True, "有", "there")]
    return lambda name: needs if name in names else []


def test_the_first_set_that_the_machine_can_do() -> None:
    asked = environment({"*": "simulator", "compute.host": "lab"}, {"*": "simulator"})
    assert choose(asked, needs=lacking()).drivers == {"*": "simulator", "compute.host": "lab"}
    second = choose(asked, needs=lacking("lab"))
    assert second.drivers == {"*": "simulator"}
    assert "root" in second.reasons[0][1]
    assert "lab" in second.reasons[0][0]


def test_nothing_possible_says_everything_that_is_missing() -> None:
    with pytest.raises(Refused) as refused:
        choose(environment({"*": "lab"}, {"*": "ec2"}), needs=lacking("lab", "ec2"))
    assert [problem.where for problem in refused.value.problems] == ["root", "root"]


def test_a_driver_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(Refused) as refused:
        load("simulater")
    assert "simulator" in refused.value.problems[0].en


def test_a_kind_that_nobody_makes_is_a_sentence() -> None:
    with pytest.raises(Refused) as refused:
        driver_of({"net": "lab"}, "compute.host")
    assert refused.value.problems[0].code == "driver.none"


@given(st.sampled_from(sorted(kinds())), st.sets(st.sampled_from(["*", "net", "net.sg", "net.sg_rule", "compute"])))
def test_the_longest_prefix_wins(kind: str, prefixes: set[str]) -> None:
    drivers = {prefix: prefix for prefix in {"*", *prefixes}}
    area = kind.partition(".")[0]
    expected = kind if kind in prefixes else area if area in prefixes else "*"
    assert driver_of(drivers, kind) == expected


def test_one_object_a_driver_with_a_folder_of_its_own(tmp_path: Path) -> None:
    route = router(environment({"*": "simulator"}), Places(tmp_path), Choice({"*": "simulator"}, ()))
    assert route("net.subnet") is route("compute.host")
    list(route("net.subnet").list())
    assert (tmp_path / "drivers" / "simulator" / "cloud.db").exists()
    route("net.subnet").close()
