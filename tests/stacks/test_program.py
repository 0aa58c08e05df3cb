"""What the program registers for the shipped city: valid, complete, in order, allowed, and nobody else's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from inventory.estate import Estate, Resource
from inventory.kinds import kinds
from policies.judge import judge
from stacks import layers
from stacks.drivers.simulator.behaviour import USES
from tests.stacks import registered as program
from tests.stacks.registered import Registered


@pytest.fixture(scope="module", params=["demo", pytest.param("whole", marks=pytest.mark.slow)])
def stacks(request: pytest.FixtureRequest) -> dict[str, list[Registered]]:
    return program.every(getattr(program, request.param)())


@pytest.fixture(scope="module")
def everything(stacks: dict[str, list[Registered]]) -> list[Registered]:
    return [each for seen in stacks.values() for each in seen if each.kind != "component"]


def test_the_provider_accepts_everything(everything: list[Registered]) -> None:
    assert len(everything) > 150
    assert {each.urn: each.failures for each in everything if each.failures} == {}


def test_names_are_unique_in_an_environment(everything: list[Registered]) -> None:
    twice = [key for key, count in Counter((each.kind, each.name) for each in everything).items() if count > 1]
    assert twice == []
    assert all(each.name == each.inputs["name"] for each in everything)


def test_every_kind_is_built_somewhere(everything: list[Registered]) -> None:
    provisioned = {name for name, kind in kinds().items() if not kind.record}
    pods = {kind for kind in provisioned if kind.startswith("k8s.")}  # no system of the demo runs in the cluster
    demo = len(everything) < 1000
    assert provisioned - {each.kind for each in everything} == (pods if demo else set())


def test_every_reference_leads_somewhere(everything: list[Registered]) -> None:
    there = {(each.kind, each.name) for each in everything}
    lost = [
        (each.kind, each.name, field, name)
        for each in everything
        for field, kind in USES.get(each.kind, ())
        for name in _names(each, field)
        if (kind, name) not in there
    ]
    assert lost == []


def test_what_is_named_in_the_same_stack_comes_first(stacks: dict[str, list[Registered]]) -> None:
    for stack, seen in stacks.items():
        urns = {(each.kind, each.name): each.urn for each in seen}
        direct = {each.urn: set(each.dependencies) for each in seen}
        for each in seen:
            reach, queue = set(), [each.urn]
            while queue:
                fresh = direct.get(queue.pop(), set()) - reach
                reach |= fresh
                queue += fresh
            for field, kind in USES.get(each.kind, ()):
                for name in _names(each, field):
                    urn = urns.get((kind, name))
                    assert urn is None or urn in reach, (
                        f"{stack}: {each.kind} {each.name} names {kind} {name} unordered"
                    )


def test_what_is_named_in_another_stack_is_in_one_that_comes_before(everything: list[Registered]) -> None:
    after = _before()
    home = {(each.kind, each.name): each.urn.split("::")[0].split(":")[-1] for each in everything}
    for each in everything:
        own = home[each.kind, each.name]
        for field, kind in USES.get(each.kind, ()):
            for name in _names(each, field):
                other = home[kind, name]
                assert other == own or other in after[own], f"{each.kind} {each.name} in {own} needs {other}"


def test_what_a_request_caused_says_where(everything: list[Registered]) -> None:
    silent = [
        (each.kind, each.name)
        for each in everything
        if each.inputs.get("system") and not each.inputs.get("origin", "").startswith("inventory/requests/Pulumi.")
    ]
    assert silent == []


def test_both_ends_of_a_flow_have_a_rule(everything: list[Registered]) -> None:
    rules = [each.inputs for each in everything if each.kind == "net.sg_rule" and each.inputs["purpose"] == "declared"]
    hosts = {f"{e.inputs['address6']}/128": e.inputs for e in everything if e.kind == "compute.host"}
    for rule in rules:
        if rule["direction"] != "egress":
            continue
        for peer in rule["peers6"]:
            if peer not in hosts:
                continue  # pods: their side is a network policy
            groups = hosts[peer]["security_groups"]
            answers = [
                r for r in rules if r["sg"] in groups and r["direction"] == "ingress" and r["ports"] == rule["ports"]
            ]
            assert answers, f"{rule['name']}: {hosts[peer]['name']} does not let it in"


def test_addresses_of_a_rule_are_of_both_families_or_of_ipv6(everything: list[Registered]) -> None:
    hosts = {each.name: each.inputs for each in everything if each.kind == "compute.host"}
    groups = {each.name: each.inputs["hosts"] for each in everything if each.kind == "net.sg"}
    for each in everything:
        if each.kind == "net.sg_rule" and each.inputs.get("peers4"):
            assert any(hosts[name].get("address4") for name in groups[each.inputs["sg"]])


def test_passwords_are_secrets(everything: list[Registered]) -> None:
    databases = [each for each in everything if each.kind == "db.instance"]
    assert databases
    assert "a-made-secret" not in str(everything)


def test_nothing_that_we_build_is_forbidden(stacks: dict[str, list[Registered]]) -> None:
    verdict = judge(program.estate(stacks), planned=True)
    assert [finding.problem().text("en") for finding in verdict.blocking] == []
    looked = [check for check, answers in verdict.results.items() if answers["pass"]]
    assert len(looked) >= 20


def test_the_judge_sees_what_we_would_get_wrong(stacks: dict[str, list[Registered]]) -> None:
    # the test above could not fail if nothing ever did: open every group
    broken = Estate(tuple(_opened(r) if r.kind == "net.sg" else r for r in program.estate(stacks)))
    assert {finding.check for finding in judge(broken, planned=True).blocking} >= {"BND-004"}


def _opened(resource: Resource) -> Resource:
    return replace(resource, properties={**resource.properties, "default": "allow"})


def _before() -> dict[str, set[str]]:
    """stack → all that is there before it; the stacks come in order"""
    found: dict[str, set[str]] = {}
    for spec in layers.stacks(program.whole()):
        found[spec.name] = set(spec.after).union(*(found[other] for other in spec.after))
    return found


def _names(each: Registered, field: str) -> list[str]:
    value = each.inputs.get(field)
    return [value] if isinstance(value, str) else list(value or ())
