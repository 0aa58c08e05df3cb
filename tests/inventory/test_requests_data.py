"""The requests in the repository: a system for every domain and platform, in the hands of a unit that answers for it."""

from __future__ import annotations

from collections import Counter
from graphlib import TopologicalSorter

import pytest

from inventory import layout
from inventory.consistency import target_of
from inventory.model import Request
from inventory.reading import Read, read


@pytest.fixture(scope="module")
def found() -> Read:
    return read("demo")


def test_every_domain_and_platform_has_a_system_of_a_responsible_unit(found: Read) -> None:
    for item in found.city.items:
        if item.part == "infrastructure":
            continue
        mine = [r for r in found.requests if found.city.item(r.system.domain or r.system.platform or "") == item]
        assert mine, f"{item.name} has no system"
        assert all(request.bureau in item.responsible for request in mine)


def test_the_requests_are_varied_enough_to_reach_every_room(found: Read) -> None:
    systems = [request.system for request in found.requests]
    assert len(systems) >= 18
    assert {system.level for system in systems} == {2, 3, 4}
    assert {system.data for system in systems} == {"general", "important", "core"}
    assert {(s.availability.mode, s.availability.remote) for s in systems} == {
        ("single", False), ("single", True), ("dual-active", False), ("dual-active", True),
    }  # fmt: skip
    assert {w.pool for s in systems for w in s.workloads if w.pool} == {
        pool.key for pool in found.city.pools if pool.type != "partner"
    }
    assert {layout.exposure_of(w) for s in systems for w in s.workloads} >= {"internet", "extranet", "private"}
    assert any(s.buckets for s in systems)
    assert any("/" in flow.to for s in systems for flow in s.flows)


def test_a_capability_with_a_system_is_served_by_exactly_one_of_its_workloads(found: Read) -> None:
    for platform in found.city.platforms:
        for capability in platform.capabilities:
            if capability.system:
                request = found.request(capability.system)
                assert request, f"{capability.name}: no request {capability.system}"
                serving = [w.name for w in request.system.workloads if capability.port in [s.port for s in w.serves]]
                assert len(serving) == 1, f"{capability.name}: {serving}"


def test_a_flow_to_a_capability_ends_at_the_workload_that_serves_its_port(found: Read) -> None:
    systems = {request.stack: request for request in found.requests}
    seen = 0
    for request in found.requests:
        for flow in request.system.flows:
            kind, _, workload = target_of(found.city, request, flow, systems)
            capability = found.city.capability(flow.to)
            if kind == "capability" and capability and capability.system:
                seen += 1
                assert workload
                assert capability.port in [serves.port for serves in workload.serves]
    assert seen > 30


def test_no_two_systems_wait_for_each_other(found: Read) -> None:
    systems = {request.stack: request for request in found.requests}

    def called(request: Request) -> set[str]:
        targets = (target_of(found.city, request, flow, systems)[1] for flow in request.system.flows)
        return {target.stack for target in targets if target and target is not request}

    order = tuple(TopologicalSorter({stack: called(request) for stack, request in systems.items()}).static_order())
    assert set(order) == set(systems)


def test_level_three_and_personal_information_are_protected_as_the_checks_ask(found: Read) -> None:
    for request in found.requests:
        system = request.system
        if system.level >= 3:
            assert system.availability.mode == "dual-active", request.stack
            assert system.availability.remote, request.stack
            assert system.availability.rto <= 60, request.stack
            assert system.availability.rpo == 0, request.stack
            assert all(w.database or w.replicas >= 2 for w in system.workloads), request.stack
        assert not (system.personal_information or system.level >= 3) or system.data != "general", request.stack


def test_contacts_are_posts_in_named_units_without_numbers(found: Read) -> None:
    for request in found.requests:
        contacts = request.system.contacts
        assert [c.role for c in contacts] == ["owner", "operations", "security"], request.stack
        assert all(found.city.bureau(c.unit) and not c.phone for c in contacts), request.stack


def test_ten_times_the_requests_still_fit_into_the_pools(found: Read) -> None:
    cpu: Counter[str] = Counter()
    for request in found.requests:
        for machine in layout.of_request(found.city, request).machines:
            cpu[machine.pool] += machine.cpu
        for workload in request.system.workloads:
            pool = layout.pool_of(found.city, request, workload)
            if pool and pool.type == "cluster":
                cpu[pool.key] += workload.cpu * workload.replicas
    for pool in found.city.pools:
        assert cpu[pool.key] * 10 <= pool.cpu, pool.key


def test_no_host_of_a_system_leaves_its_pools_make_or_falls_below_its_level(found: Read) -> None:
    for request in found.requests:
        for machine in layout.of_request(found.city, request).machines:
            pool = found.city.pool(machine.pool)
            assert pool, machine.name
            assert pool.level >= request.system.level, f"{machine.name} is in {pool.key}"
            assert machine.site in pool.sites, machine.name
            asked = {w.pool for w in request.system.workloads if w.pool}
            assert machine.pool in asked, f"{machine.name} is in {machine.pool}, {request.stack} asked for {asked}"
