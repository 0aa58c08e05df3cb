"""The lab against the contract of every driver: with real routers, segments, bastions and hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.drivers.base import Driver, Thing
from stacks.drivers.lab import Lab, left, teardown
from tests.drivers import labs
from tests.drivers.conformance import Opener, Sample, Suite, sample

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class TestLab(Suite):
    kinds = ("net.router", "net.subnet", "sec.bastion", "compute.host")

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        labs.ready()
        yield lambda environment: Lab(None, tmp_path / environment / "drivers" / "lab")
        for environment in tmp_path.iterdir():
            folder = environment / "drivers" / "lab"
            teardown(folder)
            assert left(folder) == ()

    def sample(self, kind: str) -> Sample:
        found = sample(kind)
        if kind == "net.subnet":  # real segments hang at a real router, of which there is one here
            assert found.changed is not None
            changed = Thing(kind, found.want.name, {**found.changed.properties, "router": "core-a"})
            return replace(found, needs=("net.router",), changed=changed)
        return found

    def prepare(self, driver: Driver, kind: str) -> list[Thing]:
        made: list[Thing] = []
        for thing in super().prepare(driver, kind):
            made += [] if thing in made else [thing]
        return made
