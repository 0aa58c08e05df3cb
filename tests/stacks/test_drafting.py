"""What is drafted without Pulumi is what the engine plans, resource for resource."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from inventory import addressing, reading
from inventory.addressing import Allocations
from inventory.estate import Estate, Resource, marked
from inventory.kinds import compute, net
from policies.judge import judge
from policies.judging import recorded
from stacks import drafting, layers
from stacks.parts import Draft, fitting
from tests.policies.demo import planned

DAY = date(2026, 11, 28)


def _drafted(environment: str) -> Estate:
    read = reading.read(environment)
    return drafting.estate(read, addressing.assign(read, Allocations()))


def _rows(estate: Estate) -> dict[str, Resource]:
    return {one.urn: replace(one, properties=marked(one.properties)) for one in estate}


@pytest.mark.parametrize("environment", ["simulator", pytest.param("city-32", marks=pytest.mark.slow)])
def test_the_draft_is_what_is_planned_from_nothing_and_so_is_its_verdict(environment: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, environment).only(lambda one: one.stack != "records")
    draft = _drafted(environment)
    assert _rows(draft) == _rows(plan)
    said = [judge(Estate.union([one, recorded()]), "level3", planned=True, on=DAY).data() for one in (draft, plan)]
    assert said[0] == said[1]


def test_nothing_of_pulumi_is_needed() -> None:
    code = textwrap.dedent(
        """
        import sys
        from inventory import addressing, reading
        from stacks import drafting
        read = reading.read("simulator")
        assert len(drafting.estate(read, addressing.assign(read, addressing.Allocations()))) > 200
        print([name for name in ("pulumi", "grpc", "stacks.engine", "stacks.provider") if name in sys.modules])
        """
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "[]"


def test_everything_is_drafted_after_what_it_needs() -> None:
    read = reading.read("simulator")
    allocations = addressing.assign(read, Allocations())
    for spec in layers.stacks(read):
        seen: set[str] = set()
        for one in drafting.estate(read, allocations).where("stack", spec.name):
            mine = {urn for urn in (one.parent, *one.dependencies) if urn and "StackReference" not in urn}
            assert mine <= seen, one.urn
            seen.add(one.urn)


def test_a_slip_of_the_pen_is_told_where_it_was_made() -> None:
    part = Draft().part("test:Part", "a", {"site": "a"})
    with pytest.raises(TypeError, match="did you mean architecture"):
        part.add(compute.Host, "a", architectur="arm64")
    with pytest.raises(TypeError, match=r"needs .*cidr6"):
        part.add(net.Subnet, "a", tier="app")
    with pytest.raises(TypeError, match="no field 'name'"):
        fitting(net.Subnet, "a", {"name": "b"})
