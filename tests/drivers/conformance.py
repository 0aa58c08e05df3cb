"""One suite for every driver: derive from `Suite`, say what `opener` and `kinds` are, and it runs.

    class TestSimulator(Suite):
        kinds = ("net.subnet", "compute.host")

        @pytest.fixture
        def opener(self, tmp_path):
            return lambda environment: Simulator(an_environment(environment), tmp_path)

`opener(name)` makes a new driver object for the environment of that name, always on one and the same cloud: two
calls with one name see the same things, two names share the cloud and must not see each other's. Names are new for
each test, and what a test made is deleted after it. The sample things are files, `tests/cases/drivers/<kind>.json`:
`needs` (kinds that must be there first), `want` (all properties), `changed` (what an update changes), `grows` (of
these, what no update makes smaller again), `invalid` (each: what makes the driver refuse).
"""

from __future__ import annotations

import json
import pickle
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest

from inventory.kinds import kinds as all_kinds
from stacks.drivers.base import Driver, DriverError, Reason, Thing

CASES = Path(__file__).resolve().parent.parent / "cases" / "drivers"

Opener = Callable[[str], Driver]


@dataclass(frozen=True)
class Sample:
    """Things of one kind to try a driver with."""

    want: Thing
    changed: Thing | None
    needs: tuple[str, ...] = ()
    invalid: tuple[Thing, ...] = field(default=())
    back: Thing | None = None
    """what an update makes of `changed` again: `want`, but for what only grows"""


def sample(kind: str, **overlay: Any) -> Sample:
    """Of the kind's file; `overlay` replaces properties of all its things."""
    data = json.loads((CASES / f"{kind}.json").read_text(encoding="utf-8"))
    want = complete(kind, {**data["want"], **overlay})
    changed = complete(kind, {**data["want"], **data["changed"], **overlay}) if data.get("changed") else None
    # what is refused may be what no kind allows: not validated
    invalid = tuple(Thing(kind, want.name, {**want.properties, **bad}) for bad in data.get("invalid", ()))
    grown = {key: data["changed"][key] for key in data.get("grows", ())}
    back = complete(kind, {**data["want"], **grown, **overlay})
    return Sample(want, changed, tuple(data.get("needs", ())), invalid, back)


def complete(kind: str, properties: Mapping[str, Any]) -> Thing:
    """With every default, as the provider sends it."""
    whole = all_kinds()[kind].model_validate(properties).model_dump(mode="json")
    return Thing(kind, whole["name"], whole)


def inputs(there: Thing, want: Thing) -> dict[str, Any]:
    """The input properties of what a driver returned, in the canonical form; secrets and origin left out."""
    kind = all_kinds()[there.kind]
    unknown = set(there.properties) - set(kind.model_fields) - set(kind.outputs)
    assert not unknown, f"{there.kind} has no such fields: {unknown}"
    known = {key: value for key, value in there.properties.items() if key in kind.model_fields}
    secrets = {key: want.properties[key] for key in kind.secrets}
    whole = kind.model_validate({**known, **secrets}).model_dump(mode="json")
    return {key: value for key, value in whole.items() if key not in kind.secrets and key != "origin"}


def same(there: Thing | None, want: Thing) -> None:
    """`there` is what was wanted, with an id, every output of its kind and no secret."""
    assert there is not None, f"{want.kind} {want.name} is not there"
    assert (there.kind, there.name) == (want.kind, want.name)
    assert there.id
    assert inputs(there, want) == inputs(want, want)
    kind = all_kinds()[there.kind]
    for key, type_ in kind.outputs.items():
        assert isinstance(there.properties.get(key), type_), f"output {key} of {there.kind}"
    assert not kind.secrets & set(there.properties), "a secret was returned"


class Suite:
    """The contract of `stacks.drivers.base.Driver`, method by method."""

    kinds: ClassVar[tuple[str, ...]] = ()
    """the kinds that the driver can make"""
    threads: ClassVar[int] = 8

    @pytest.fixture
    def opener(self) -> Opener:
        raise NotImplementedError("say how this driver is opened")

    def sample(self, kind: str) -> Sample:
        """Override to fit a property to the cloud, e.g. the name of an image that it has."""
        return sample(kind)

    def foreign(self, opener: Opener, kind: str) -> None:
        """Override to put a thing into the cloud that no environment owns."""

    # --- machinery ---------------------------------------------------------------------------------------------

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.kinds)

    @pytest.fixture
    def clouds(self, opener: Opener) -> Iterator[Callable[[str], Driver]]:
        """`clouds("one")` opens; what its environment has is deleted afterwards, and the driver closed."""
        mark, opened = uuid.uuid4().hex[:8], {}

        def open_(name: str) -> Driver:
            environment = f"{name}-t{mark}"
            driver = opener(environment)
            opened.setdefault(environment, []).append(driver)
            return driver

        yield open_
        for environment, drivers in opened.items():
            for driver in drivers:
                driver.close()
            empty(opener(environment))

    @pytest.fixture
    def driver(self, clouds: Callable[[str], Driver]) -> Driver:
        return clouds("one")

    def prepare(self, driver: Driver, kind: str) -> list[Thing]:
        """Makes what the kind needs, and returns it."""
        made: list[Thing] = []
        for need in self.sample(kind).needs:
            if need in self.kinds:
                made += [thing for thing in self.prepare(driver, need) if thing not in made]
                made.append(driver.create(self.sample(need).want))
        return made

    def made(self, driver: Driver, kind: str) -> Thing:
        self.prepare(driver, kind)
        return driver.create(self.sample(kind).want)

    # --- the contract ------------------------------------------------------------------------------------------

    def test_what_was_created_is_read_and_found(self, driver: Driver, kind: str) -> None:
        want = self.sample(kind).want
        self.prepare(driver, kind)
        assert driver.find(kind, want.name) is None
        created = driver.create(want)
        same(created, want)
        same(driver.read(kind, created.id), want)
        found = driver.find(kind, want.name)
        same(found, want)
        assert found is not None
        assert found.id == created.id
        assert driver.find(kind, "no-such-name") is None

    def test_created_again_is_the_same_thing_made_equal(self, driver: Driver, kind: str) -> None:
        this = self.sample(kind)
        created = self.made(driver, kind)
        assert driver.create(this.want).id == created.id
        if this.changed:
            again = driver.create(this.changed)
            assert again.id == created.id
            same(again, this.changed)
            same(driver.read(kind, created.id), this.changed)
        assert [thing.name for thing in driver.list() if thing.kind == kind] == [this.want.name]

    def test_an_update_keeps_the_id(self, driver: Driver, kind: str) -> None:
        this = self.sample(kind)
        if this.changed is None:
            pytest.skip(f"{kind} has nothing that an update changes")
        created = self.made(driver, kind)
        updated = driver.update(created.id, this.changed)
        assert updated.id == created.id
        same(updated, this.changed)
        same(driver.read(kind, created.id), this.changed)
        back = this.back or this.want
        driver.update(created.id, back)
        same(driver.read(kind, created.id), back)
        driver.delete(kind, created.id)
        with pytest.raises(DriverError) as gone:
            driver.update(created.id, this.changed)
        assert gone.value.reason == "not-found"

    def test_deleted_is_gone_and_can_be_made_again(self, driver: Driver, kind: str) -> None:
        want = self.sample(kind).want
        created = self.made(driver, kind)
        driver.delete(kind, created.id)
        assert driver.read(kind, created.id) is None
        assert driver.find(kind, want.name) is None
        assert (kind, want.name) not in {(thing.kind, thing.name) for thing in driver.list()}
        driver.delete(kind, created.id)
        again = driver.create(want)
        same(driver.read(kind, again.id), want)

    def test_the_list_is_what_the_environment_owns(self, opener: Opener, driver: Driver, kind: str) -> None:
        assert list(driver.list()) == []
        self.foreign(opener, kind)
        made = [*self.prepare(driver, kind), driver.create(self.sample(kind).want)]
        listed = {(thing.kind, thing.name, thing.id) for thing in driver.list()}
        assert listed == {(thing.kind, thing.name, thing.id) for thing in made}
        for thing in driver.list():
            same(thing, self.sample(thing.kind).want)

    def test_environments_do_not_see_each_other(
        self, clouds: Callable[[str], Driver], driver: Driver, kind: str
    ) -> None:
        this, other = self.sample(kind), clouds("two")
        created = self.made(driver, kind)
        assert other.find(kind, this.want.name) is None
        assert other.read(kind, created.id) is None
        assert list(other.list()) == []
        twin = self.made(other, kind)
        assert twin.id != created.id
        other.delete(kind, created.id)
        same(driver.read(kind, created.id), this.want)
        with pytest.raises(DriverError) as refused:
            other.update(created.id, this.changed or this.want)
        assert refused.value.reason == "not-found"
        other.delete(kind, twin.id)
        same(driver.find(kind, this.want.name), this.want)

    def test_created_by_many_threads_at_once_is_one(
        self, clouds: Callable[[str], Driver], driver: Driver, kind: str
    ) -> None:
        this, second = self.sample(kind), clouds("one")
        self.prepare(driver, kind)
        with ThreadPoolExecutor(self.threads) as pool:
            objects = [driver, second] * (self.threads // 2)
            created = list(pool.map(lambda one: one.create(this.want), objects, timeout=300))
        assert len({thing.id for thing in created}) == 1
        assert [thing.name for thing in driver.list() if thing.kind == kind] == [this.want.name]

    def test_a_new_driver_object_finds_everything(
        self, clouds: Callable[[str], Driver], driver: Driver, kind: str
    ) -> None:
        this = self.sample(kind)
        created = self.made(driver, kind)
        driver.close()
        again = clouds("one")
        same(again.read(kind, created.id), this.want)
        found = again.find(kind, this.want.name)
        assert found is not None
        assert found.id == created.id
        assert created.id in {thing.id for thing in again.list()}

    def test_secrets_are_not_shown(self, driver: Driver, kind: str) -> None:
        secrets = all_kinds()[kind].secrets
        if not secrets:
            pytest.skip(f"{kind} has no secret field")
        created = self.made(driver, kind)
        seen = [created, driver.read(kind, created.id), driver.find(kind, created.name), *driver.list()]
        for secret in secrets:
            clear = str(self.sample(kind).want.properties[secret])
            assert clear not in repr(seen) + repr(driver) + repr(vars(driver) if hasattr(driver, "__dict__") else "")

    def test_what_is_invalid_is_refused_in_a_sentence(self, driver: Driver, kind: str) -> None:
        this = self.sample(kind)
        if not this.invalid:
            pytest.skip(f"{kind}.json names nothing invalid")
        before = len(self.prepare(driver, kind))
        for bad in this.invalid:
            with pytest.raises(DriverError) as refused:
                driver.create(bad)
            a_sentence(refused.value)
            assert refused.value.reason in ("invalid", "unsupported", "conflict"), bad
        assert len(list(driver.list())) == before, "what was refused left something behind"

    def test_what_it_cannot_make_is_unsupported(self, driver: Driver) -> None:
        with pytest.raises(DriverError) as refused:
            driver.create(Thing("no.such_kind", "x", {"name": "x"}))
        a_sentence(refused.value)
        assert refused.value.reason == "unsupported"

    def test_what_never_was_is_none(self, driver: Driver, kind: str) -> None:
        assert driver.read(kind, "no-such-id") is None
        driver.delete(kind, "no-such-id")


def a_sentence(error: DriverError) -> None:
    """Chinese and English, a known reason, and the same after the way through a process boundary."""
    assert error.reason in get_args(Reason)
    assert error.problem.zh
    assert error.problem.en
    assert error.problem.zh != error.problem.en
    assert error.problem.code == f"driver.{error.reason}"
    again = pickle.loads(pickle.dumps(error))
    assert (again.reason, again.problem) == (error.reason, error.problem)


def empty(driver: Driver) -> None:
    """Deletes all of an environment, what is used after what uses it; fails when something stays."""
    try:
        for _round in range(6):
            left = list(driver.list())
            if not left:
                return
            for thing in reversed(left):
                try:
                    driver.delete(thing.kind, thing.id)
                except DriverError as error:
                    if error.reason != "conflict":
                        raise
        assert not list(driver.list()), "things that cannot be deleted"
    finally:
        driver.close()
