"""Hosts, balancers and segments that have to be elsewhere: they move in the ledger, whole and once; what they leave rests as
their own; whoever is killed on the way leaves a ledger from which the next step goes on."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import addressing, layout, reading
from inventory.allocations import Allocations, Moved
from inventory.allotting import Entry
from inventory.allotting.nouns import REST, State
from inventory.ledger import Ledger
from inventory.model import Request
from inventory.places import Places
from inventory.problems import Refused
from inventory.reading import Read

DEMO = reading.read("demo")
NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
IDENTITY, AIR, WELFARE = "data-resources.identity", "ecology.air", "civil-affairs.welfare"
HOST = "data-resources-identity-app-a-1"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return at(tmp_path / "home")


def at(folder: Path) -> Read:
    chosen = tuple(request for request in DEMO.requests if request.stack in (IDENTITY, AIR, WELFARE))
    return dataclasses.replace(DEMO, places=Places(folder), requests=chosen)


def changed(read: Read, stack: str, workload: str, **fields) -> Read:
    """The request of a stack with another workload of this name."""

    def of(request: Request) -> Request:
        if request.stack != stack:
            return request
        rows = tuple(w.model_copy(update=fields) if w.name == workload else w for w in request.system.workloads)
        return dataclasses.replace(request, system=request.system.model_copy(update={"workloads": rows}))

    return dataclasses.replace(read, requests=tuple(map(of, read.requests)))


def at_the_edge(read: Read) -> Read:
    return changed(read, IDENTITY, "app", pool="edge")


def for_everyone(read: Read) -> Read:
    """Its hosts go from `app` to `web` and get IPv4, its balancer goes to where the internet comes in."""
    request = read.request(AIR)
    assert request
    serves = tuple(s.model_copy(update={"to": "internet"}) for s in request.system.workloads[0].serves)
    return changed(read, AIR, "app", serves=serves)


def entries(read: Read) -> dict[str, Entry]:
    with Ledger(read.places.ledger, create=False) as ledger:
        assert ledger.audit() == ()
        return ledger.entries()


def changes(read: Read) -> int:
    with Ledger(read.places.ledger, create=False) as ledger:
        return len(list(ledger.history()))


def standing(read: Read, of: Allocations, names: Iterable[str]) -> None:
    """Publish an estate in which these hosts stand as they have been given addresses."""
    machines = {m.name: m for r in read.requests for m in layout.of_request(read.city, r).machines}
    rows = [
        {
            "kind": "compute.host", "name": name, "stack": IDENTITY, "urn": f"urn:{name}",
            "properties": {
                "address6": of.host(name).address6, "address4": of.host(name).address4, "subnet": machines[name].segment,
            },
        }
        for name in names
    ]  # fmt: skip
    read.places.estate.mkdir(parents=True, exist_ok=True)
    (read.places.estate / f"{IDENTITY}.json").write_text(json.dumps(rows), encoding="utf-8")


def inside(read: Read, of: Allocations) -> None:
    """Everything that is asked for is inside its segment, and no two of them share anything."""
    seen: list[str] = []
    for each in (layout.of_city(read.city), *(layout.of_request(read.city, request) for request in read.requests)):
        for thing, has in [(m, of.host(m.name)) for m in each.machines] + [(v, of.vip(v.name)) for v in each.vips]:
            segment = of.segment(thing.segment)
            assert ip_address(has.address6) in ip_network(segment.cidr6)
            assert (has.address4 is None) == (segment.cidr4 is None)
            assert has.address4 is None or ip_address(has.address4) in ip_network(segment.cidr4 or "")
            seen += filter(None, (has.address6, has.address4))
    assert len(seen) == len(set(seen))


def same_but(before: Allocations, after: Allocations, moved: Iterable[Moved]) -> None:
    """Nothing has moved but what is said to."""
    said = {(each.kind[:-1] + "s", each.name) for each in moved}
    for table in ("segments", "hosts", "vips", "links", "loopbacks"):
        now = getattr(after, table)
        assert {n: v for n, v in getattr(before, table).items() if now[n] != v}.keys() == {
            n for t, n in said if t == table
        }


def test_a_workload_that_goes_to_the_edge_takes_its_hosts_to_the_network_of_devices(read: Read) -> None:
    before = addressing.settle(read, NOW)
    after = addressing.settle(at_the_edge(read), NOW)
    moved = {each.name: each for each in after.moved}
    assert moved.keys() == {HOST, "data-resources-identity-app-b-1"}
    assert moved[HOST] == Moved(
        "host6", HOST, before.host(HOST).address6, after.host(HOST).address6, "data-resources-identity-iot-app-a",
        "data-resources-identity-app-a",
    )  # fmt: skip
    inside(at_the_edge(read), after)
    same_but(before, after, after.moved)
    assert addressing.load(read.places.addresses) == after
    gone = [each for each in addressing.idle(at_the_edge(read), after) if "identity" in each]
    assert gone == ["data-resources-identity-app-a", "data-resources-identity-app-b"], "the old segments are named"
    known = entries(read)
    rests = known[f"host6/{HOST}@{before.host(HOST).address6}/128"]
    assert (rests.state, rests.until) == (State.RESTING, NOW.timestamp() + REST)
    count = changes(read)
    again = addressing.settle(at_the_edge(read), NOW)
    assert (again, again.moved, again.fresh, changes(read)) == (after, (), 0, count), "nothing to do, nothing written"


def test_a_workload_that_serves_the_internet_takes_hosts_and_balancer_along_in_both_families(read: Read) -> None:
    before = addressing.settle(read, NOW)
    after = addressing.settle(for_everyone(read), NOW)
    host, vip = "ecology-air-app-a-1", "ecology-air-app-a"
    assert {(m.kind, m.name) for m in after.moved} == {("host6", host), ("vip6", vip), ("vip4", vip)}
    assert before.host(host).address4 is None
    assert after.host(host).address4 is not None
    inside(for_everyone(read), after)
    same_but(before, after, after.moved)
    back = addressing.settle(read, NOW + DAY)
    assert back == dataclasses.replace(before, segments=back.segments)
    assert ("host4", None) in {(m.kind, m.after) for m in back.moved}, "no IPv4 in a segment that has none"
    assert f"host4/{host}" in back.resting
    inside(read, back)
    again = addressing.settle(for_everyone(read), NOW + 2 * DAY)
    assert again == after, "and there again, where it was"
    assert not [key for key in entries(read) if key.startswith("host4/") and "@" in key]


def test_back_before_the_rest_is_over_is_back_to_the_old_address(read: Read) -> None:
    before = addressing.settle(read, NOW)
    after = addressing.settle(at_the_edge(read), NOW)
    back = addressing.settle(read, NOW + timedelta(seconds=REST - 60))
    assert back.host(HOST) == before.host(HOST)
    assert [(m.before, m.after) for m in back.moved if m.name == HOST] == [
        (after.host(HOST).address6, before.host(HOST).address6)
    ]
    addressing.settle(at_the_edge(read), NOW + timedelta(seconds=REST - 60))
    late = NOW + timedelta(seconds=2 * REST)
    addressing.settle(at_the_edge(read), late)
    assert not [key for key in entries(read) if "@" in key], "the rest has ended"
    newer = changed(read, IDENTITY, "app", replicas=3)
    inside(newer, addressing.settle(newer, late))


def test_what_was_left_is_given_to_nobody_else_before_it_has_rested(read: Read) -> None:
    """The more replicas stay in the segment that the first host has left, one workload of two."""
    request = read.request(IDENTITY)
    assert request
    first = request.system.workloads[0]
    two = request.system.model_copy(update={"workloads": (first, first.model_copy(update={"name": "more"}))})
    both = dataclasses.replace(
        read, requests=tuple(dataclasses.replace(r, system=two) if r is request else r for r in read.requests)
    )
    before = addressing.settle(both, NOW)
    moved = changed(both, IDENTITY, "app", pool="edge")
    addressing.settle(moved, NOW)
    left = before.host(HOST).address6
    many = changed(moved, IDENTITY, "more", replicas=20)
    soon = addressing.settle(many, NOW + timedelta(seconds=REST - 1))
    assert left not in {a.address6 for a in soon.hosts.values()}
    assert left in {a.address6 for a in before.hosts.values()}
    more = changed(moved, IDENTITY, "more", replicas=40)
    late = addressing.settle(more, NOW + timedelta(seconds=REST + 1))
    assert left in {a.address6 for a in late.hosts.values()}, "then the lowest that is free"
    inside(more, late)


def test_what_still_stands_where_it_was_is_told_again_and_begins_its_rest_anew(read: Read) -> None:
    """A plan decides and builds nothing: a month later the host stands there still."""
    before = addressing.settle(read, NOW)
    standing(read, before, [HOST])
    after = addressing.settle(at_the_edge(read), NOW)
    left = f"host6/{HOST}@{before.host(HOST).address6}/128"
    for days in (29, 58, 400):
        told = addressing.settle(at_the_edge(read), NOW + days * DAY)
        expected = next(each for each in after.moved if each.name == HOST)
        assert told.moved == (expected,)
        assert entries(read)[left].until == (NOW + days * DAY).timestamp() + REST
    count = changes(read)
    addressing.settle(at_the_edge(read), NOW + 400 * DAY + timedelta(hours=1))
    assert changes(read) == count, "written once a day at most"
    standing(at_the_edge(read), after, [HOST])
    assert addressing.settle(at_the_edge(read), NOW + 401 * DAY).moved == ()
    addressing.settle(at_the_edge(read), NOW + 432 * DAY)
    assert left not in entries(read)


def test_ipv4_of_a_host_that_will_have_none_does_not_rest_as_long_as_it_stands(read: Read) -> None:
    name = "ecology-air-app-a-1"
    wide = addressing.settle(for_everyone(read), NOW)
    standing(for_everyone(read), wide, [name])
    expected = {
        (kind, name, before)
        for kind, before in (("host6", wide.host(name).address6), ("host4", wide.host(name).address4))
    }
    for days in (0, 29, 58):
        told = addressing.settle(read, NOW + days * DAY)
        assert {(m.kind, m.name, m.before) for m in told.moved if m.name == name} == expected
        assert {m.after for m in told.moved if m.kind == "host4"} == {None}
        assert entries(read)[f"host4/{name}"].until == (NOW + days * DAY).timestamp() + REST
    assert addressing.settle(for_everyone(read), NOW + 59 * DAY).host(name) == wide.host(name)


def test_a_segment_that_still_stands_is_not_released(read: Read) -> None:
    addressing.settle(read, NOW)
    addressing.settle(at_the_edge(read), NOW)
    name = "data-resources-identity-app-a"
    rows = [{"kind": "net.subnet", "name": name, "stack": IDENTITY, "urn": "urn:x", "properties": {}}]
    read.places.estate.mkdir(parents=True)
    (read.places.estate / f"{IDENTITY}.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(Refused, match=r"address.asked"):
        addressing.release(at_the_edge(read), [name], NOW)
    (read.places.estate / f"{IDENTITY}.json").unlink()
    assert addressing.release(at_the_edge(read), [name], NOW) == (name,)
    back = addressing.settle(read, NOW)
    inside(read, back)


def test_a_plan_with_other_numbers_moves_nothing(read: Read) -> None:
    before = addressing.settle(read, NOW)
    zones = tuple(z.model_copy(update={"number": z.number + 8}) if z.key == "iot" else z for z in read.city.zones)
    bureaus = tuple(b.model_copy(update={"number": b.number + 100}) for b in read.city.bureaus)
    for city in (read.city.model_copy(update={"zones": zones}), read.city.model_copy(update={"bureaus": bureaus})):
        after = addressing.settle(dataclasses.replace(read, city=city), NOW)
        assert (after, after.moved) == (before, ())


def test_two_systems_that_come_to_one_name_are_refused(read: Read) -> None:
    """`ecology.air` with a segment `iot-app`, and `ecology.air-iot` with one called `app`. Their databases go where
    their first hosts are."""
    request = read.request(AIR)
    assert request
    other = dataclasses.replace(request, stack="ecology.air-iot")
    both = changed(dataclasses.replace(read, requests=(*read.requests, other)), AIR, "app", pool="edge")
    with pytest.raises(Refused) as refused:
        addressing.settle(both, NOW)
    assert {(p.code, p.where) for p in refused.value.problems} == {
        ("address.twice", f"ecology-air-iot-{tier}-a") for tier in ("app", "data")
    }
    assert all(p.file == request.file and p.line for p in refused.value.problems)
    twin = dataclasses.replace(request, stack="ecology.air-app")
    named = changed(dataclasses.replace(read, requests=(*read.requests, twin)), AIR, "db", name="app-db")
    with pytest.raises(Refused) as refused:
        addressing.settle(named, NOW)
    assert ("address.twice", "ecology-air-app-db-a-1") in {(p.code, p.where) for p in refused.value.problems}


def killed(read: Read, step: int, after: bool) -> None:
    """A step of a process of its own that is killed at so many changes of the ledger, before or after it, or published."""
    run, publish, count = Ledger._run, addressing._publish, 0  # pyright: ignore[reportPrivateUsage]

    def counted(work, *args):
        nonlocal count
        count += 1
        if count == step and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = work(*args)
        if count == step and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    Ledger._run = lambda self, work: counted(run, self, work)  # type: ignore[method-assign]
    addressing._publish = lambda *args: counted(publish, *args)  # type: ignore[assignment]
    addressing.settle(at_the_edge(for_everyone(read)), NOW)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 8))
def test_killed_anywhere_the_next_step_goes_on(read: Read, step: int, after: bool) -> None:
    before = addressing.settle(read, NOW)
    wanted = at_the_edge(for_everyone(read))
    process = multiprocessing.get_context("fork").Process(target=killed, args=(read, step, after))
    process.start()
    process.join(60)
    count = 6  # rest, sweep, reserve, commit, move, publish
    assert process.exitcode == (-signal.SIGKILL if step <= count else 0)
    for entry in entries(read).values():
        assert entry.state in (State.USED, State.HELD, State.RESTING)
    done = addressing.settle(wanted, NOW + timedelta(seconds=5))
    clean = at(read.places.folder / "another")
    addressing.settle(clean, NOW)
    expected = addressing.settle(at_the_edge(for_everyone(clean)), NOW)
    assert done == expected
    assert addressing.load(read.places.addresses) == expected
    known = entries(read)
    left = {key.partition("@")[0] for key in known if "@" in key}
    assert left == {each.key for each in expected.moved}
    assert {e.state for key, e in known.items() if "@" not in key} == {State.USED}
    assert addressing.settle(read, NOW + DAY).host(HOST) == before.host(HOST), "and back"


def _settle(given: tuple[Read, int]) -> Allocations:
    read, hours = given
    return addressing.settle(read, NOW + timedelta(hours=hours))


def test_two_steps_at_once_that_want_different_things_leave_one_of_both(read: Read) -> None:
    """Nobody holds the environment for them: one knows the request of yesterday."""
    first = addressing.settle(read, NOW)
    there = addressing.settle(at_the_edge(read), NOW)
    wishes = [(read, 1), (at_the_edge(read), 1), (for_everyone(at_the_edge(read)), 1)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for each in pool.map(_settle, wishes * 5, chunksize=1):
            assert each.host(HOST) in (first.host(HOST), there.host(HOST))
    published, known = addressing.load(read.places.addresses), entries(read)
    for kind, table in (("host", published.hosts), ("vip", published.vips)):
        for name, has in table.items():
            assert str(known[f"{kind}6/{name}"].prefix) == f"{has.address6}/128"
            assert has.address4 is None or str(known[f"{kind}4/{name}"].prefix) == f"{has.address4}/32"
    final = addressing.settle(at_the_edge(read), NOW + DAY)
    assert final.host(HOST) == there.host(HOST)
    inside(at_the_edge(read), final)


def test_who_publishes_last_and_knows_less_takes_nothing_back(read: Read) -> None:
    old = addressing.settle(read, NOW)
    new = addressing.settle(for_everyone(at_the_edge(read)), NOW)
    with Ledger(read.places.ledger) as ledger:
        addressing._publish(read, ledger, old)  # pyright: ignore[reportPrivateUsage]
    assert addressing.load(read.places.addresses) == new


WISHES = st.lists(
    st.tuples(st.sampled_from(["app", "edge", "internet", "video", "gone"]), st.booleans(), st.integers(0, 40)),
    min_size=2,
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WISHES)
def test_whatever_is_wished_one_after_another(tmp_path_factory: pytest.TempPathFactory, wishes: list) -> None:
    """Everything is inside its segment, only what has to move moves, nothing is anybody else's before it has rested, and
    what comes back in time has what it had."""
    few = at(tmp_path_factory.mktemp("wishes"))
    now, before, owners = NOW, Allocations(), dict[str, tuple[str, datetime]]()
    asked: Mapping[str, str] = {}
    for wish, both, days in wishes:
        read = few
        if wish == "edge":
            read = at_the_edge(for_everyone(read) if both else read)
        elif wish == "internet":
            read = for_everyone(read)
        elif wish == "video":
            read = changed(read, AIR, "db" if both else "app", domain="video")
        elif wish == "gone":
            read = dataclasses.replace(read, requests=read.requests[1:])
        after = addressing.settle(read, now)
        inside(read, after)
        where = {m.name: m.segment for r in read.requests for m in layout.of_request(read.city, r).machines}
        for name, segment in where.items():
            if asked.get(name) == segment:
                assert after.host(name) == before.host(name)
        for name, has in after.hosts.items():
            for address in filter(None, (has.address6, has.address4)):
                who, until = owners.get(address, (name, now))
                assert who == name or until <= now, "another's, and it has not rested"
                owners[address] = (name, now + timedelta(seconds=REST))
        entries(read)
        asked, before, now = {**asked, **where}, after, now + days * DAY


def test_segments_are_named_by_zone_and_of_one_zone() -> None:
    """The city as it is shipped: nobody's hosts are among the devices but those that are at the edge."""
    city = DEMO.city
    for request in DEMO.requests:
        plan = layout.of_request(city, request)
        segments = {segment.name: segment for segment in plan.segments}
        for machine in plan.machines:
            segment = segments[machine.segment]
            assert (machine.zone, machine.tier, machine.site) == (segment.zone, segment.tier, segment.site)
            workload = next(w for w in request.system.workloads if w.name == machine.workload)
            pool = city.pool(machine.pool)
            assert pool
            assert (segment.zone == "iot") == (
                workload.domain == "iot" or (pool.type == "edge" and not workload.domain)
            )
        for segment in plan.segments:
            ordinary = segment.zone == layout.ORDINARY[segment.tier]
            assert ordinary == segment.name.endswith(f"{layout.slug(request.stack)}-{segment.tier}-{segment.site}")
    things = DEMO.request("data-resources.things")
    assert things
    assert {s.name: s.zone for s in layout.of_request(city, things).segments if s.site == "a" and s.tier == "app"} == {
        "data-resources-things-app-a": "dedicated", "data-resources-things-iot-app-a": "iot",
    }  # fmt: skip
