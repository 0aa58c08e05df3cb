"""Rules from declared flows, without Pulumi: exact, least, and only those of what is built."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.addressing import Allocations
from inventory.model import Flow
from inventory.problems import Refused
from inventory.reading import Read
from stacks import flows, layers
from stacks.blueprint import Blueprint
from tests.stacks.registered import addressed, demo, whole

WELFARE, IDENTITY, AIR = "civil-affairs.welfare", "data-resources.identity", "ecology.air"


def blueprint(read: Read) -> Blueprint:
    return Blueprint(read, addressed(read))


def with_flows(read: Read, stack: str, declared: list[Flow], **more: object) -> Read:
    def change(request):
        if request.stack != stack:
            return request
        return replace(request, system=request.system.model_copy(update={"flows": tuple(declared), **more}))

    return replace(read, requests=tuple(map(change, read.requests)))


def test_a_database_is_open_to_its_caller_and_its_own_members_only() -> None:
    blue = blueprint(demo())
    rules = flows.of_system(blue, WELFARE)["civil-affairs-welfare-db"]
    sql = [rule for rule in rules if rule.ports == (5432, 5432) and rule.direction == "ingress"]
    web = blue.group(WELFARE, "web").place.peers6
    members = blue.group(WELFARE, "db").place.peers6
    assert {rule.purpose: rule.peers6 for rule in sql} == {"declared": web, "cluster": members}
    assert next(rule for rule in sql if rule.purpose == "declared").origin == blue.systems[WELFARE].origin("flows", 0)


def test_the_arbiter_votes_and_holds_no_data() -> None:
    rules = flows.of_system(blueprint(demo()), WELFARE)["civil-affairs-welfare-db-arbiter"]
    assert {(rule.direction, rule.ports, rule.purpose) for rule in rules} == {
        ("ingress", (22, 22), "management"), ("ingress", (9100, 9100), "monitoring"),
        ("egress", (6514, 6514), "logging"), ("ingress", (2379, 2380), "cluster"), ("egress", (2379, 2380), "cluster"),
        ("egress", (53, 53), "names"),
    }  # fmt: skip


def test_every_host_may_ask_the_resolvers_and_a_resolver_answers_the_whole_city() -> None:
    blue = blueprint(demo())
    plan, resolvers = blue.city.addresses, blue.of_role("resolver")
    assert len(resolvers.peers6) == len(resolvers.peers4) == 2
    both = {**flows.of_city(blue), **flows.of_system(blue, WELFARE), **flows.of_system(blue, AIR)}
    for group, rules in both.items():
        asks = {(r.direction, r.protocol, r.ports, r.peers6) for r in rules if r.purpose == "names"}
        peers = ("ingress", (plan.prefix6,)) if group == "city-resolver" else ("egress", resolvers.peers6)
        assert asks == {(peers[0], protocol, (53, 53), peers[1]) for protocol in ("udp", "tcp")}, group


def test_a_single_database_has_no_cluster_rules() -> None:
    rules = flows.of_system(blueprint(demo()), AIR)["ecology-air-db"]
    assert "cluster" not in {rule.purpose for rule in rules}


def test_the_one_who_is_called_derives_its_rule_from_the_callers_request() -> None:
    read = demo()
    before = flows.of_system(blueprint(read), IDENTITY)
    without = with_flows(read, WELFARE, [f for f in read.request(WELFARE).system.flows if f.to == "db"])
    after = flows.of_system(blueprint(without), IDENTITY)
    gone = {rule.name for rule in before["data-resources-identity-app"]}
    gone -= {rule.name for rule in after["data-resources-identity-app"]}
    assert gone == {"data-resources-identity-app-from-civil-affairs-welfare-web-443"}
    assert flows.of_system(blueprint(without), AIR) == flows.of_system(blueprint(read), AIR)


def test_nothing_is_opened_to_what_is_not_built() -> None:
    read = demo()
    alone = replace(read, environment=read.environment.model_copy(update={"systems": (WELFARE,)}))
    rules = flows.of_system(blueprint(alone), WELFARE)["civil-affairs-welfare-web"]
    assert not [rule for rule in rules if "identity" in rule.peer]


def test_ssh_comes_from_the_bastion_and_nowhere_else() -> None:
    blue = blueprint(whole())
    bastion = set(blue.of_role("bastion").peers6)
    for stack in blue.systems:
        for group, rules in flows.of_system(blue, stack).items():
            if any(g.name == group and g.cluster for g in blue.groups(stack)):
                continue
            ssh = [r for r in rules if r.direction == "ingress" and r.ports[0] <= 22 <= r.ports[1]]
            assert ssh
            assert all(set(rule.peers6) == bastion for rule in ssh), group


def test_only_load_balancers_bring_the_internet() -> None:
    blue = blueprint(whole())
    vips = {f"{a.address6}/128" for a in blue.allocations.vips.values()}
    brought = 0
    for stack in blue.systems:
        for rules in flows.of_system(blue, stack).values():
            for rule in rules:
                assert all(ip_network(peer).prefixlen >= 27 for peer in (*rule.peers6, *rule.peers4)), rule
                if rule.peer in ("internet", "extranet"):
                    brought += 1
                    assert set(rule.peers6) <= vips
    assert brought > 10


def test_one_rule_where_two_flows_say_the_same() -> None:
    read = demo()
    twice = [Flow.model_validate({"from": "web", "to": "db", "port": 5432})] * 2
    rules = flows.of_system(blueprint(with_flows(read, WELFARE, twice)), WELFARE)
    assert sum(r.purpose == "declared" and r.direction == "egress" for r in rules["civil-affairs-welfare-web"]) == 1


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(4)))
def test_the_digest_does_not_depend_on_the_order_of_the_flows(order: list[int]) -> None:
    read = demo()
    declared = [
        Flow.model_validate({"from": "web", "to": to, **more})
        for to, more in (("db", {"port": 5432}), ("统一身份认证", {}), ("db", {"port": 8008}), ("web", {"port": 8443}))
    ]
    digests = [
        {name: flows.digest(rules) for name, rules in flows.of_system(blueprint(each), WELFARE).items()}
        for each in (with_flows(read, WELFARE, declared), with_flows(read, WELFARE, [declared[n] for n in order]))
    ]
    assert digests[0] == digests[1]


def test_pods_are_known_by_their_prefix() -> None:
    blue = blueprint(whole())
    stack, group = next((s, g) for s in blue.systems for g in blue.groups(s) if g.cluster)
    assert group.place.peers6
    assert all(ip_network(peer).prefixlen == 64 for peer in group.place.peers6)
    callers = [call for other in blue.systems for call in blue.calls_from(other) if call.source is group]
    for call in callers:
        answers = flows.of_system(blue, call.callee.partition("/")[0])[call.target.name]
        assert any(set(rule.peers6) == set(group.place.peers6) for rule in answers), stack


def test_stacks_come_in_an_order_that_can_be_built() -> None:
    specs = layers.stacks(whole())
    seen: set[str] = set()
    for spec in specs:
        assert set(spec.after) <= seen
        seen.add(spec.name)
    assert len(specs) == len(layers.LAYERS) + len(whole().requests)
    assert next(s for s in specs if s.name == WELFARE).after[-1] != WELFARE


def test_systems_that_use_each_other_in_a_ring_are_refused() -> None:
    read = demo()
    licences = read.request("data-resources.licences")
    assert licences is not None
    read = replace(read, environment=read.environment.model_copy(update={"systems": (IDENTITY, licences.stack)}))
    ring = with_flows(read, IDENTITY, [], uses=("电子证照",))
    ring = with_flows(ring, licences.stack, [], uses=("统一身份认证",))
    with pytest.raises(Refused) as refused:
        layers.stacks(ring)
    (problem,) = refused.value.problems
    assert problem.code == "stacks.ring"
    assert IDENTITY in problem.zh
    assert licences.stack in problem.en


def test_systems_that_only_call_each_other_are_no_ring() -> None:
    read = whole()
    there = Flow.model_validate({"from": "web", "to": f"{AIR}/db"})
    back = Flow.model_validate({"from": "app", "to": f"{WELFARE}/web"})
    both = with_flows(with_flows(read, WELFARE, [there], uses=()), AIR, [back], uses=())
    assert {spec.name for spec in layers.stacks(both)} >= {WELFARE, AIR}


def test_a_stack_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(Refused) as refused:
        layers.draft("civil-affairs.welfair", demo(), Allocations())
    assert WELFARE in refused.value.problems[0].en
