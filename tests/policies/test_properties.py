"""Properties: on whatever estate, no check breaks, none passes in silence, and the order of resources says nothing."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date
from typing import Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds, token
from inventory.rendering.digest import rules_digest
from policies.checks import CHECKS, load
from policies.checks.prefixes import everywhere, inside, merged, span
from policies.judge import judge, look
from policies.profiles import Entry, Profile
from tests.policies.cases import case, paths

JUDGED = sorted({kind for id_ in CHECKS for kind in load(id_).check.kinds if kind != "*"} | {
    "net.plan", "compute.pool", "gov.platform", "gov.quota", "k8s.namespace", "dr.replication", "dr.backup_plan", "sec.secret",
} | {
    "host.boot", "mon.alarm", "mon.contact", "net.flowlog", "net.sg_rule", "sec.fw_policy", "sec.hids",
})  # fmt: skip
TODAY = date(2026, 6, 1)
NAMES = st.sampled_from([f"n{i}" for i in range(6)])
PREFIXES = st.sampled_from(
    ["3fff:0:1::/64", "3fff:0:1::/48", "3fff:0:2::/64", "::/0", "::/1", "8000::/1", "2000::/3", "198.18.0.0/24",
     "198.18.0.0/15", "0.0.0.0/0", "not a prefix", "", "::1", "fe80::/64"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["", "a", "b", "d", "public", "management", "internet", "data", "web", "database", "admin", "deny", "ingress",
     "egress", "tcp", "icmpv6", "SM4", "SM2", "general", "important", "core", "db.instance/n1", "storage.bucket/n2",
     "net.lb/n1", "net.vpc/n2", "sec.firewall/n1", "sec.firewall/*", "zone/public", "block", "production", "ipv6",
     "x://u:p@h", "single", "synchronous", "continuous", "*"]
)  # fmt: skip


FIELDS = [
    {"name": "n1", "of": "site", "bits": 4, "codes": {"a": 1, "n1": 2}, "reserved": [0]},
    {"name": "n2", "of": "zone", "bits": 4, "codes": {"public": 1}},
    {"name": "n3", "of": "segment", "bits": 36, "codes": {}, "reserved": [0]},
]


def _values(annotation: Any, field: str) -> st.SearchStrategy[Any]:
    origin, args = get_origin(annotation), get_args(annotation)
    if field == "fields":
        return st.sampled_from([FIELDS, FIELDS[:1], [], ["n1"], [{"name": "n1"}]])
    if field == "prefix6":
        return st.one_of(PREFIXES, st.just("3fff::/20"))
    if field in ("cidr6", "cidr4", "address6", "address4"):
        return PREFIXES
    if field in ("peers6", "peers4", "peers"):
        return st.lists(PREFIXES, max_size=3)
    if origin is tuple and len(args) == 2 and args[1] is not Ellipsis:
        return st.tuples(*(_values(arg, field) for arg in args)).map(list)
    if origin is tuple:
        return st.lists(_values(args[0], field), max_size=3)
    if args and not isinstance(args[0], str):
        return st.one_of(*(st.none() if arg is type(None) else _values(arg, field) for arg in args))
    if args:
        return st.sampled_from(args)
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        return st.sampled_from([0, 1, 2, 3, 22, 443, 5432, 30, 90, 180, 365, 65535, 3.0])
    return st.one_of(NAMES, WORDS)


def _fields(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    marker = st.sampled_from([UNKNOWN, SECRET])
    model = kinds()[kind]
    return st.fixed_dictionaries(
        {},
        optional={
            key: st.one_of(_values(field.annotation, key), marker) if key != "origin" else st.just("f.yaml:1")
            for key, field in model.model_fields.items()
            if key != "name"
        },
    )


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Any kinds, any fields, set, unset, unknown or secret; names unique within a kind, as the engine sees to."""
    made: dict[str, Resource] = {}
    for kind in draw(st.lists(st.sampled_from(JUDGED), max_size=14)):
        name, stack = draw(NAMES), draw(st.sampled_from(["city-network", "x.one", "x.two"]))
        urn = f"urn:pulumi:{stack}::liangzhu::{token(kind)}::{name}"
        made[f"{kind}/{name}"] = Resource(kind, name, stack, urn, {"name": name, **draw(_fields(kind))})
    return Estate(tuple(made.values()))


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates(), st.randoms(use_true_random=False))
def test_no_check_breaks_and_order_says_nothing(estate: Estate, shuffler: random.Random) -> None:
    verdict = judge(estate, "level3", planned=True, on=TODAY)
    assert not [f for f in verdict.findings if f.answer == "error"], [
        f.en for f in verdict.findings if f.answer == "error"
    ]
    assert all(sum(counts.values()) for counts in verdict.results.values()), "a check said nothing at all"
    assert all(f.zh and f.en for f in (*verdict.findings, *verdict.not_applicable)), "an answer without a reason"
    rows = list(estate.resources)
    shuffler.shuffle(rows)
    assert judge(Estate(tuple(rows)), "level3", planned=True, on=TODAY).data() == verdict.data()


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates(), st.data())
def test_hiding_a_value_never_makes_a_resource_pass_that_failed_alone(estate: Estate, data: st.DataObject) -> None:
    """What nobody can read is not good: all fields of one resource unknown, and no check of it alone says pass."""
    if not len(estate):
        return
    victim = data.draw(st.sampled_from(estate.resources))
    hidden = replace(victim, properties=dict.fromkeys(victim.properties, UNKNOWN) | {"name": victim.name})
    full = {key: UNKNOWN for key in kinds()[victim.kind].model_fields if key not in ("name", "origin")}
    hidden = replace(hidden, properties={**full, "name": victim.name})
    for id_ in CHECKS:
        loaded = load(id_)
        params = {key: param.default for key, param in loaded.check.params.items()}
        for looked in look(Estate((hidden,)), Entry(loaded, "mandatory", params), TODAY):
            assert looked.answer not in ("pass", "error"), f"{id_}: {victim.kind}, of which nothing is known"


@pytest.mark.slow
def test_every_case_judges_the_same_backwards() -> None:
    for path in paths():
        one = case(path)
        backwards = Estate(tuple(reversed(one.estate.resources)))
        alone = Profile("alone", "", "", (one.entry,))
        verdicts = [judge(it, alone, planned=False, on=TODAY).data() for it in (one.estate, backwards)]
        assert verdicts[0] == verdicts[1], path


@given(st.lists(PREFIXES, max_size=6))
def test_merged_prefixes_hold_what_they_were_made_of(words: list[str]) -> None:
    spans = [s for word in words if (s := span(word))]
    whole = merged(spans)
    assert all(inside(one, whole) for one in spans)
    assert all(a.version < b.version or a.last + 1 < b.first for a, b in itertools.pairwise(whole))
    assert everywhere(spans) == everywhere(whole)


RULES = st.lists(
    st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["ingress", "egress"]),
            "protocol": st.sampled_from(["tcp", "udp"]),
            "ports": st.tuples(st.integers(1, 99), st.integers(100, 65535)),
            "peers6": st.lists(st.sampled_from(["3fff::/64", "3FFF:0:0:0::/64", "2001:db8::/32"]), max_size=3),
        }
    ),
    max_size=5,
)


@given(RULES, st.randoms(use_true_random=False))
def test_a_digest_depends_on_the_rules_and_not_on_their_order_or_names(
    rules: list[dict[str, Any]], shuffler: random.Random
) -> None:
    digest = rules_digest(rules)
    shuffled = [
        {**rule, "name": f"r{i}", "purpose": "x", "peers6": rule["peers6"][::-1]} for i, rule in enumerate(rules)
    ]
    shuffler.shuffle(shuffled)
    assert rules_digest(shuffled) == digest
    widened = [*rules, {"direction": "ingress", "protocol": "tcp", "ports": (1, 99), "peers6": ["::/0"]}]
    assert rules_digest(widened) != digest
