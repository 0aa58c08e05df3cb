"""Remedies: what they change passes, once; nothing else changes or is worse; nobody reaches what nobody reached before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds
from inventory.rendering.nftables import nftables
from inventory.rendering.nodes import net, tables
from policies.checks import CHECKS, load
from policies.checks.shape import Answer, Mend
from policies.explaining import explanation, page
from policies.judge import Verdict, judge
from policies.opening import CLOSES, closes, opening, stricter
from policies.profiles import Entry, Profile, profile
from policies.reach.city import city
from policies.reach.proof import Proof
from policies.remedies import Change, Remedied, changed, remedied, remedy_of
from tests.policies.cases import FOLDER, case, paths
from tests.policies.demo import planned
from tests.policies.test_properties import estates

TODAY = date(2026, 6, 1)
MENDING = [id_ for id_ in CHECKS if load(id_).remedy]
FILES = [path for path in paths() if path.parent.name in MENDING]
_RANK = {"fail": 2, "error": 2, "unknown": 1}


def run(estate: Estate, by: Profile, on: date = TODAY) -> tuple[Verdict, Remedied]:
    def again(of: Estate) -> Verdict:
        return judge(of, by, planned=False, on=on)

    before = again(estate)
    return before, remedied(estate, before, by.entries, on, again)


def failing(verdict: Verdict) -> set[tuple[str, str]]:
    return {(one.check, one.urn) for one in verdict.findings if one.answer is Answer.FAIL}


def ranks(verdict: Verdict) -> Mapping[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for one in verdict.findings:
        found[one.check, one.urn] = max(found[one.check, one.urn], _RANK.get(one.answer, 0))
    return found


def held(estate: Estate, before: Verdict, of: Remedied, by: Profile, on: date = TODAY) -> None:
    """What is promised of every remedy."""
    changes = {(one.urn, one.field): one for one in of.changes}
    assert len(changes) == len(of.changes), "one value for one property"
    for old, new in zip(estate, of.estate, strict=True):
        assert replace(new, properties=old.properties) == old, "only properties change"
        for key in {*old.properties, *new.properties}:
            if (old.urn, key) not in changes:
                assert old.get(key) == new.get(key)
            else:
                one = changes[old.urn, key]
                assert (one.before, one.after) == (old.get(key), new.get(key))
                assert one.before != one.after
                assert closes(key, old.get(key), new.get(key)), "never wider than it was"
    worse = {key for key, rank in ranks(of.verdict).items() if rank > ranks(before)[key]}
    assert not worse, "no answer of any check is worse"
    second = remedied(of.estate, of.verdict, by.entries, on, lambda it: judge(it, by, planned=False, on=on))
    assert second.changes == (), "a second time there is nothing to do"


def test_there_are_remedies_in_many_areas() -> None:
    assert len(MENDING) >= 25
    assert len({id_.partition("-")[0] for id_ in MENDING}) >= 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_remedy_says_of_a_case_mends_it(path: Path) -> None:
    one = case(path)
    alone = Profile("alone", "", "", (one.entry,))
    before, found = run(one.estate, alone, one.today)
    held(one.estate, before, found, alone, one.today)
    assert not found.refused, "no check asks for what may not be"
    assert not found.worse
    said = {
        (it.check, it.urn) for it in before.findings
        if it.answer is Answer.FAIL and remedy_of(one.estate, it, one.entry, one.today)
    }  # fmt: skip
    assert not said & failing(found.verdict), "where a remedy says something, the answer is no longer fail"
    assert {(it.check, it.urn) for it in found.left} == failing(found.verdict), "what is left is told"
    if not failing(before):
        assert found.changes == ()


@pytest.mark.parametrize("id_", MENDING)
def test_every_remedy_mends_a_case_and_says_what_it_does(id_: str) -> None:
    mended = 0
    for path in sorted((FOLDER / id_).glob("*.yaml")):
        one = case(path)
        before, found = run(one.estate, Profile("alone", "", "", (one.entry,)), one.today)
        mended += len(failing(before) - failing(found.verdict))
    assert mended, "a remedy that no case needs"
    assert "\n能自动改:" in page(id_, "zh")
    assert "\nMended by a machine:" in page(id_, "en")
    assert "--fix" in explanation(id_, "zh")
    assert "--fix" in explanation(id_, "en")


def test_pages_of_checks_without_a_remedy_promise_none() -> None:
    for id_ in CHECKS:
        if id_ not in MENDING:
            assert "能自动改:" not in page(id_, "zh")
            assert "Mended by a machine:" not in page(id_, "en")
            assert "--fix" not in explanation(id_, "zh")


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_all_checks_agree_with_what_mends_one(path: Path) -> None:
    one = case(path)
    by = profile("level3")
    before, found = run(one.estate, by, one.today)
    held(one.estate, before, found, by, one.today)
    grown(one.estate, found.estate)


@pytest.mark.slow
def test_whatever_the_estate_remedies_hold_what_they_promise() -> None:
    """Generated resources among those of several cases, which they stand beside or replace."""
    by = profile("level3")
    changes = 0

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(estates(), st.lists(st.sampled_from(FILES), min_size=1, max_size=5))
    def hold(generated: Estate, some: list[Path]) -> None:
        nonlocal changes
        named = {
            (one.kind, one.name): one for part in (*(case(path).estate for path in some), generated) for one in part
        }
        estate = Estate(tuple(named.values()))
        before, found = run(estate, by)
        held(estate, before, found, by)
        changes += len(found.changes)

    hold()
    assert changes > 100, "the estates give remedies something to do"


def allowed(proof: Proof) -> dict[tuple[str, str], Any]:
    return {(target, source): sets for target, of in proof.arrivals.items() for source, sets in of.items()}


def grown(before: Estate, after: Estate) -> None:
    """Fails where anything arrives anywhere that did not before: exact sets over rendered filters and routes."""
    then, now = Proof(city(before)), Proof(city(after))
    now.space = then.space
    old, new = allowed(then), allowed(now)
    for key, sets in new.items():
        assert sets <= old.get(key, then.space.nothing), key


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return planned(tmp_path_factory.mktemp("home"))


def weakened(estate: Estate) -> Estate:
    """Every switch and number that remedies know, the wrong way round, wherever the demo has it."""
    values: dict[str, Any] = {
        "tls": False, "tls_only": False, "versioning": False, "checksums": False, "audit": False, "waf": False, "ips": False,
        "anti_ddos": False, "public": True, "min_length": 4, "max_age_days": 0, "idle_minutes": 0, "lockout_tries": 0,
        "retention_days": 7, "rotation_days": 0, "deletion_window_days": 1, "renew_before_days": 1, "interval_hours": 400,
        "internet_route": True, "default_deny": False,
    }  # fmt: skip

    def weak(one: Resource) -> Resource:
        return replace(one, properties={key: values.get(key, value) for key, value in one.properties.items()})

    return Estate(tuple(map(weak, estate)))


@pytest.mark.slow
def test_the_demo_turned_weak_is_mended_and_nobody_reaches_more(demo: Estate) -> None:
    by = profile("level3")
    weak = weakened(demo)
    before, found = run(weak, by)
    held(weak, before, found, by)
    ids = {check for one in found.changes for check in one.checks}
    assert len(ids) >= 12, ids
    assert len(failing(before)) > 3 * len(failing(found.verdict)) / 2
    assert not found.refused
    grown(weak, found.estate)
    with pytest.raises(AssertionError):  # the way back opens
        grown(found.estate, weak)


@pytest.mark.slow
def test_no_field_that_a_remedy_may_set_is_read_by_what_decides_about_packets_but_to_close(demo: Estate) -> None:
    """All of the table at once, on every resource that has the field: the same filters and nodes, byte for byte, but for the
    route to the internet, which only goes."""
    after: dict[str, Any] = {
        "public": False, "anonymous": False, "local_users": False, "default": "deny", "signatures": "enforce",
        "consistency": "strong",
    }  # fmt: skip
    numbers = {key for key, rule in CLOSES.items() if rule(0, 5) and not rule(0, True)}
    words = {"shared_with", "protocols", "encryption_key", "bureau", "level", "data_class", "internet_route"}
    rows = [
        replace(one, properties={
            **one.properties,
            **{key: after.get(key, 5 if key in numbers else True) for key in CLOSES if key not in words and _has(one, key)},
        })
        for one in demo
    ]  # fmt: skip
    other = Estate(tuple(rows))
    assert other != demo
    assert tables(net(demo)) == tables(net(other))
    for host in demo.kind("compute.host"):
        assert nftables(demo, host.name) == nftables(other, host.name)
    closed = [
        replace(one, properties={**one.properties, "internet_route": False}) if "internet_route" in one else one
        for one in demo
    ]
    grown(demo, Estate(tuple(closed)))


def _has(one: Resource, key: str) -> bool:
    return one.kind in kinds() and key in kinds()[one.kind].model_fields


# what may be changed


WIDER: list[tuple[str, Any, Any]] = [
    ("peers6", ["3fff::/64"], ["::/0"]),
    ("peers6", ["::/0"], ["3fff::/64"]),  # closing, and still nobody's but people's
    ("peers4", [], ["0.0.0.0/0"]),
    ("ports", [443, 443], [1, 65535]),
    ("cidr6", "3fff:1::/64", "3fff::/20"),
    ("exposure", "private", "internet"),
    ("members", [], ["x"]),
    ("security_groups", ["a"], []),
    ("expires", None, "2027-01-01"),
    ("approver", None, "somebody"),
    ("public", False, True),
    ("internet_route", False, True),
    ("anonymous", False, True),
    ("tls", True, False),
    ("default_deny", True, False),
    ("default", "deny", "allow"),
    ("retention_days", 184, 30),
    ("idle_minutes", 15, 0),
    ("idle_minutes", 15, 60),
    ("max_age_days", 90, 365),
    ("lockout_tries", 5, 0),
    ("protocols", ["mqtts"], ["mqtts", "mqtt"]),
    ("shared_with", [], ["another"]),
    ("encryption_key", "city-key", "another"),
    ("encryption_key", UNKNOWN, "another"),
    ("encryption_key", SECRET, "another"),
    ("encryption_key", None, ""),
    ("bureau", "ecology", "water"),
    ("tls", UNKNOWN, True),
    ("min_length", 8, "12"),
    ("min_length", 8, True),
]


@pytest.mark.parametrize(("field", "before", "after"), WIDER)
def test_what_opens_or_is_not_known_to_close_is_refused(field: str, before: Any, after: Any) -> None:
    assert not closes(field, before, after)
    assert opening([(field, before, after), ("tls", False, True)]) == (field,)
    # whatever a check may ask for: here one that always fails
    alone = Entry(load("DAT-005"), "mandatory", {})
    asks = replace(alone.loaded, remedy=lambda e, one, params: (Mend(one, {"tls_only": True, field: after}),))
    bucket = Resource("storage.bucket", "b", "s", "u", {"name": "b", "tls_only": False, field: before})
    _, found = run(Estate((bucket,)), Profile("alone", "", "", (replace(alone, loaded=asks),)))
    assert found.changes == (), "half a remedy mends nothing"
    assert [(one.field, one.after) for one in found.refused] == [(field, after)]
    assert [one.check for one in found.left] == ["DAT-005"]
    assert found.estate == Estate((bucket,))


def test_a_change_that_makes_another_check_worse_is_taken_back_and_said() -> None:
    weak = Resource("iam.password_policy", "p", "s", "u", {"name": "p", "min_length": 4, "min_classes": 3, "max_age_days": 90,
                    "history": 5, "lockout_tries": 5, "lockout_minutes": 30, "idle_minutes": 15})  # fmt: skip
    by = profile("level3")

    def again(of: Estate) -> Verdict:
        verdict = judge(of, by, planned=False, on=TODAY)
        if of.resources[0].get("min_length") == 4:
            return verdict
        mine = next(one for one in verdict.not_applicable if not one.urn)
        return replace(
            verdict, findings=(*verdict.findings, replace(mine, check="XXX-001", answer=Answer.FAIL, urn="u"))
        )

    estate = Estate((weak,))
    found = remedied(estate, again(estate), by.entries, TODAY, again)
    assert found.changes == ()
    assert found.worse == {("u", "min_length"): ("XXX-001",)}
    assert ("IAM-001", "u") in {(one.check, one.urn) for one in found.left}
    assert found.estate == estate


def test_of_two_checks_the_stricter_value_is_taken_whoever_asks_first() -> None:
    key = Resource(
        "kms.key",
        "k",
        "s",
        "u",
        {"name": "k", "rotation_days": 400, "deletion_window_days": 1, "pending_deletion": False},
    )
    for order in (("CHG-005", "DAT-004"), ("DAT-004", "CHG-005")):
        entries = tuple(
            Entry(load(id_), "mandatory", {name: p.default for name, p in load(id_).check.params.items()})
            for id_ in order
        )
        _, found = run(Estate((key,)), Profile("two", "", "", entries))
        after = {one.field: (one.after, set(one.checks)) for one in found.changes}
        assert after["deletion_window_days"] == (30, {"CHG-005", "DAT-004"})
        assert after["rotation_days"] == (365, {"DAT-004"})
        assert failing(found.verdict) == set()
    assert stricter("idle_minutes", 30, 15) == 15
    assert stricter("idle_minutes", 15, 30) == 15
    assert stricter("retention_days", 30, 184) == 184
    assert stricter("bureau", "one", "two") == "one"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates(), st.data())
def test_changed_changes_what_it_is_told_and_nothing_else(estate: Estate, data: st.DataObject) -> None:
    if not len(estate):
        return
    one = data.draw(st.sampled_from(estate.resources))
    other = changed(estate, [Change(one.urn, "public", one.get("public"), False, ("IAM-005",))])
    rows = [(old, new) for old, new in zip(estate, other, strict=True) if old != new]
    assert rows in ([], [(one, replace(one, properties={**one.properties, "public": False}))])
    assert other.urn(one.urn).get("public") is False  # pyright: ignore[reportOptionalMemberAccess]
