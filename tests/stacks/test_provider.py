"""The provider's own methods, on the simulated cloud: what it accepts, what it calls a change, what it never shows."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental.property_value import Computed, PropertyValue

from inventory.kinds import kinds, token
from stacks.drivers.base import DriverError, Thing
from stacks.drivers.simulator import Simulator, drift, fail, lose
from stacks.provider.gov import Gov
from stacks.provider.wire import boxed, later, plain, unknown

SUBNET = {"name": "s", "tier": "app", "cidr6": "3fff:1::/64", "router": "core-a", "site": "a", "origin": "x.yaml:3"}
DATABASE = {
    "name": "d", "engine": "postgresql", "version": "15", "mode": "single", "members": ["h"], "sites": ["a"],
    "admin": "lz", "password": "tell-nobody", "tls": True, "storage_gib": 5,
}  # fmt: skip


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Simulator]:
    driver = Simulator(None, tmp_path)
    yield driver
    driver.close()


@pytest.fixture
def gov(cloud: Simulator) -> Gov:
    return Gov(lambda kind: cloud)


def urn(kind: str, name: str = "x", parent: str = "liangzhu:network:Site$") -> str:
    return f"urn:pulumi:s::liangzhu::{parent}{token(kind)}::{name}"


def boxes(values: dict[str, Any], *secret: str) -> dict[str, PropertyValue]:
    return {key: v if isinstance(v, PropertyValue) else boxed(v, key in secret) for key, v in values.items()}


def check(gov: Gov, kind: str, values: dict[str, Any]) -> p.CheckResponse:
    return asyncio.run(gov.check(p.CheckRequest(urn(kind), {}, boxes(values), b"")))


def inputs(gov: Gov, kind: str, values: dict[str, Any]) -> dict[str, PropertyValue]:
    answer = check(gov, kind, values)
    assert not answer.failures
    assert answer.inputs is not None
    return answer.inputs


def create(gov: Gov, kind: str, values: dict[str, Any], preview: bool = False) -> p.CreateResponse:
    return asyncio.run(gov.create(p.CreateRequest(urn(kind), inputs(gov, kind, values), 0, preview)))


def diff(gov: Gov, kind: str, state: dict[str, PropertyValue], values: dict[str, Any]) -> p.DiffResponse:
    return asyncio.run(gov.diff(p.DiffRequest(urn(kind), "id", state, inputs(gov, kind, values), [])))


def read(gov: Gov, kind: str, id_: str, state: Any, given_: Any, name: str = "x") -> p.ReadResponse:
    return asyncio.run(gov.read(p.ReadRequest(urn(kind, name), id_, state, given_)))


def test_check_fills_in_defaults_and_accepts_what_may_be_empty(gov: Gov) -> None:
    found = inputs(gov, "net.subnet", SUBNET)
    assert plain(found["internet_route"]) is False
    assert "cidr4" not in found
    assert "encryption_key" not in inputs(gov, "db.instance", DATABASE)


def test_check_names_every_mistake_in_both_languages(gov: Gov) -> None:
    bad = {**SUBNET, "tier": "cellar", "internet_route": "perhaps", "colour": "red"}
    del bad["router"]
    failures = check(gov, "net.subnet", bad).failures or []
    assert {failure.property for failure in failures} == {"tier", "internet_route", "colour", "router"}
    for failure in failures:
        zh, _, en = failure.reason.partition(" / ")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
        assert en


def test_check_tolerates_what_is_not_known_yet(gov: Gov) -> None:
    for marker in (later(), PropertyValue(Computed())):
        found = inputs(gov, "db.instance", {**DATABASE, "password": marker, "members": PropertyValue([marker])})
        assert unknown(found["password"])
    assert check(gov, "db.instance", {**DATABASE, "password": later(), "tls": "perhaps"}).failures


def test_a_secret_is_marked_and_never_repeated(gov: Gov) -> None:
    assert inputs(gov, "db.instance", DATABASE)["password"].is_secret
    failures = check(gov, "db.instance", {**DATABASE, "password": ["tell-nobody"]}).failures
    assert failures
    assert "tell-nobody" not in str([(f.property, f.reason) for f in failures])


def test_a_kind_that_is_not_ours_is_a_sentence(gov: Gov) -> None:
    request = p.CheckRequest("urn:pulumi:s::liangzhu::gov:net/moon:Moon::m", {}, {}, b"")
    with pytest.raises(ValueError, match=r"gov:net/moon:Moon.*provider\.type"):
        asyncio.run(gov.check(request))


def test_a_preview_promises_inputs_and_leaves_outputs_open(gov: Gov, cloud: Simulator) -> None:
    promised = create(gov, "sec.secret", {"name": "p"}, preview=True)
    assert promised.resource_id == ""
    assert unknown(promised.properties["value"])
    assert promised.properties["value"].is_secret
    assert plain(promised.properties["length"]) == 24
    assert list(cloud.list()) == []


def test_what_was_created_is_no_change_and_a_moved_line_is_none_either(gov: Gov) -> None:
    for kind, values in (("net.subnet", SUBNET), ("db.instance", DATABASE)):
        made = create(gov, kind, values)
        assert made.resource_id
        for again in (values, {**values, "origin": "x.yaml:99"}):
            assert diff(gov, kind, made.properties, again).changes is False


def test_a_change_is_an_update_or_a_replacement_by_the_kind(gov: Gov) -> None:
    made = create(gov, "net.subnet", SUBNET)
    update = diff(gov, "net.subnet", made.properties, {**SUBNET, "internet_route": True})
    assert (update.changes, update.replaces, update.diffs) == (True, [], ["internet_route"])
    replace = diff(gov, "net.subnet", made.properties, {**SUBNET, "cidr6": "3fff:2::/64"})
    assert replace.replaces == ["cidr6"]
    assert replace.delete_before_replace
    added = diff(gov, "net.subnet", made.properties, {**SUBNET, "cidr4": "198.18.0.0/24"})
    assert added.detailed_diff["cidr4"].kind is p.PropertyDiffKind.ADD_REPLACE


def test_another_password_is_a_change_and_an_unknown_one_may_be(gov: Gov) -> None:
    made = create(gov, "db.instance", DATABASE)
    assert diff(gov, "db.instance", made.properties, {**DATABASE, "password": "other"}).diffs == ["password"]
    assert diff(gov, "db.instance", made.properties, {**DATABASE, "password": later()}).diffs == ["password"]


def test_ignored_changes_are_ignored(gov: Gov) -> None:
    made = create(gov, "net.subnet", SUBNET)
    request = p.DiffRequest(
        urn("net.subnet"), "id", made.properties, inputs(gov, "net.subnet", {**SUBNET, "tier": "web"}), ["tier"]
    )
    assert asyncio.run(gov.diff(request)).changes is False


def test_a_generated_secret_stays_through_update_and_read(gov: Gov) -> None:
    made = create(gov, "sec.secret", {"name": "p"})
    value = made.properties["value"]
    assert value.is_secret
    news = inputs(gov, "sec.secret", {"name": "p", "level": 3})
    updated = asyncio.run(
        gov.update(p.UpdateRequest(urn("sec.secret"), made.resource_id or "", made.properties, news, 0, [], False))
    )
    assert updated.properties["value"] == value
    seen = read(gov, "sec.secret", made.resource_id or "", updated.properties, news)
    assert seen.properties["value"] == value
    assert plain(seen.properties["level"]) == 3


def test_drift_is_read_and_then_is_a_change(gov: Gov, tmp_path: Path) -> None:
    made = create(gov, "db.instance", DATABASE)
    drift(tmp_path, "db.instance", "d", storage_gib=1)
    seen = read(gov, "db.instance", made.resource_id or "", made.properties, inputs(gov, "db.instance", DATABASE))
    assert plain(seen.properties["storage_gib"]) == 1
    assert plain(seen.properties["password"]) == "tell-nobody", "the cloud does not show it, the state keeps it"
    assert seen.properties["password"].is_secret
    assert diff(gov, "db.instance", seen.properties, DATABASE).diffs == ["storage_gib"]


@pytest.mark.parametrize(("kind", "status", "changes"), [
    ("net.link", "up", False), ("net.link", "active", False), ("net.link", "lost", True), ("net.link", "cut", True),
    ("net.router", "lost", True), ("net.router", "cut", False), ("compute.host", "lost", False),
])  # fmt: skip
def test_what_is_there_and_ill_is_a_change(gov: Gov, kind: str, status: str, changes: bool) -> None:
    request = p.DiffRequest(urn(kind), "id", {"status": boxed(status)}, {}, [])
    answer = asyncio.run(gov.diff(request))
    assert (answer.changes, answer.diffs, answer.replaces) == (changes, ["status"] if changes else [], [])


def test_reading_without_drift_is_no_change(gov: Gov) -> None:
    made = create(gov, "net.subnet", SUBNET)
    given_ = inputs(gov, "net.subnet", SUBNET)
    seen = read(gov, "net.subnet", made.resource_id or "", made.properties, given_)
    assert diff(gov, "net.subnet", seen.properties, SUBNET).changes is False
    assert plain(seen.inputs["origin"]) == "x.yaml:3"


def test_what_is_lost_has_no_id_and_what_is_in_doubt_is_found_by_name(gov: Gov, tmp_path: Path) -> None:
    made = create(gov, "net.subnet", SUBNET)
    assert read(gov, "net.subnet", "", {}, {}, name="s").resource_id == made.resource_id
    lose(tmp_path, "net.subnet", "s")
    assert read(gov, "net.subnet", made.resource_id or "", made.properties, {}).resource_id == ""


def test_what_the_cloud_refuses_arrives_as_its_sentence(gov: Gov, tmp_path: Path) -> None:
    fail(tmp_path, "net.subnet", reason="quota")
    with pytest.raises(DriverError) as refused:
        create(gov, "net.subnet", SUBNET)
    assert refused.value.reason == "quota"
    assert "[driver.quota]" in str(refused.value)


def test_a_driver_gets_everything_but_the_origin(tmp_path: Path) -> None:
    got: list[Thing] = []

    class Noting(Simulator):
        def create(self, want: Thing) -> Thing:
            got.append(want)
            return super().create(want)

    driver = Noting(None, tmp_path)
    create(Gov(lambda kind: driver), "net.subnet", SUBNET)
    assert got[0].properties == kinds()["net.subnet"].model_validate({**SUBNET, "origin": ""}).model_dump(mode="json")


def test_drivers_run_side_by_side_and_off_the_loop(tmp_path: Path) -> None:
    # each creation waits until all sixteen are in the driver at once: one after the other would never meet
    meeting = threading.Barrier(16, timeout=30)

    class Meeting(Simulator):
        def create(self, want: Thing) -> Thing:
            meeting.wait()
            return super().create(want)

    driver = Meeting(None, tmp_path)
    gov = Gov(lambda kind: driver)
    wants = [inputs(gov, "sec.tsa", {"name": f"t{n}", "sites": ["a"]}) for n in range(16)]

    async def all_() -> list[p.CreateResponse]:
        requests = [p.CreateRequest(urn("sec.tsa"), want, 0, False) for want in wants]
        return await asyncio.gather(*map(gov.create, requests))

    assert len({made.resource_id for made in asyncio.run(all_())}) == 16


def test_the_schema_has_every_kind_as_pulumi_wants_it(gov: Gov) -> None:
    schema = json.loads(asyncio.run(gov.get_schema(p.GetSchemaRequest(0))).schema or "")
    assert set(schema["resources"]) == {token(name) for name, kind in kinds().items() if not kind.record}
    database = schema["resources"]["gov:db/instance:Instance"]
    assert database["inputProperties"]["password"]["secret"]
    assert database["inputProperties"]["members"] == {"type": "array", "items": {"type": "string"}}
    assert "encryption_key" not in database["requiredInputs"]
    assert schema["resources"]["gov:sec/secret:Secret"]["properties"]["value"]["secret"]
    types = {"string", "integer", "number", "boolean", "array"}
    for resource in schema["resources"].values():
        assert set(resource["required"]) <= set(resource["properties"])
        assert {spec["type"] for spec in resource["properties"].values()} <= types


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_json)
def test_values_survive_the_wire(value: Any) -> None:
    assert plain(PropertyValue.unmarshal(boxed(value).marshal())) == value
