"""Waivers: what they cover, when, and everything that ends them; every surface says the same at every moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import Estate, Resource
from inventory.problems import Refused
from policies.judge import Verdict, judge
from policies.waivers import FILE, Waiver, Waivers, fingerprint, read
from tests.policies.cases import resource
from tests.policies.waiving import APPROVERS, PUBLIC, STRANGER, entry, roster, signed

WEAK = resource(
    "iam.password_policy weak",
    {"min_length": 6, "min_classes": 3, "max_age_days": 90, "history": 5, "lockout_tries": 5,
     "lockout_minutes": 10, "idle_minutes": 30},
)  # fmt: skip
ON = date(2026, 6, 1)


def judged(
    waivers: Waivers, on: date | None = ON, one: Resource = WEAK, *rest: Resource, planned: bool = True
) -> Verdict:
    return judge(Estate((one, *rest)), "level3", planned=planned, on=on, waivers=waivers)


def stood(waiver: Waiver, **given_: Any) -> tuple[str, bool]:
    """Standing, and whether the failure still blocks."""
    verdict = judged(roster(waiver), **given_)
    return verdict.waivers[0].standing, any(f.check == "IAM-001" for f in verdict.blocking)


def test_a_waiver_lets_its_failure_through_and_says_so() -> None:
    verdict = judged(roster(entry("IAM-001", WEAK)))
    (finding,) = [f for f in verdict.findings if f.check == "IAM-001"]
    assert finding.answer == "waived"
    assert verdict.results["IAM-001"]["waived"] == 1
    assert verdict.results["IAM-001"]["fail"] == 0
    assert not [f for f in verdict.blocking if f.check == "IAM-001"]
    assert verdict.waivers[0].covered == (WEAK.urn,)
    assert verdict.waivers[0].standing == "in-force"


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"expires": "2026-06-02"}, "expiring"),
        ({"expires": "2026-07-01"}, "expiring"),
        ({"expires": "2026-07-02"}, "in-force"),
        ({"expires": "2026-06-01"}, "expired"),
        ({"expires": "2026-13-01"}, "expired"),
        ({"created": "yesterday"}, "expired"),
        ({"created": "2026-06-01"}, "in-force"),
        ({"created": "2026-06-02"}, "not-yet"),
        ({"created": "2026-03-05"}, "in-force"),
        ({"created": "2026-03-04"}, "expired"),
        ({"urn": "urn:pulumi:*::iam/passwordPolicy:PasswordPolicy::weak"}, "unused"),
        ({"urn": "urn:pulumi:*::weak"}, "in-force"),
        ({"urn": "urn:pulumi:*::wea?"}, "unused"),
        ({"fingerprint": "sm3:0"}, "void"),
        ({"approver": "nobody"}, "unsigned"),
    ],
    ids=str,
)
def test_what_ends_a_waiver(change: dict[str, str], standing: str) -> None:
    assert stood(entry("IAM-001", WEAK, **change)) == (standing, standing not in ("in-force", "expiring"))


def test_a_signature_of_somebody_else_or_of_another_text_is_none() -> None:
    good = entry("IAM-001", WEAK)
    assert stood(signed(good, STRANGER)) == ("unsigned", True)
    for key in good.signed():
        word = {"created": "2026-05-02", "expires": "2026-08-01", "check": "IAM-001", "urn": "urn:*",
                "compensating": "NET-003", "fingerprint": good.fingerprint}.get(key, "x")  # fmt: skip
        changed = replace(good, **{key: word})
        if changed != good:
            assert stood(changed)[0] == "unsigned", key


def test_a_changed_property_voids_it_and_what_is_only_told_does_not() -> None:
    waiver = entry("IAM-001", WEAK)
    changed = replace(WEAK, properties={**WEAK.properties, "min_length": 7})
    assert stood(waiver, one=changed) == ("void", True)
    told = replace(WEAK, properties={**WEAK.properties, "origin": "x.yaml:9", "history": 5.0}, origin="x.yaml:9")
    assert stood(waiver, one=told) == ("in-force", False)


def test_the_check_that_makes_up_for_it_must_pass() -> None:
    idle = replace(WEAK, properties={**WEAK.properties, "idle_minutes": 0})
    assert stood(entry("IAM-001", idle, compensating="IAM-002"), one=idle) == ("uncompensated", True)
    assert stood(entry("IAM-001", WEAK, compensating="IAM-002")) == ("in-force", False)
    # what is said of the estate as a whole speaks against every resource
    system = resource("gov.system s", {"level": 3})
    verdict = judge(
        Estate((WEAK, system)),
        "level3",
        planned=True,
        on=ON,
        waivers=roster(entry("IAM-001", WEAK, compensating="IAM-008")),
    )
    assert any(f.check == "IAM-008" and not f.urn for f in verdict.findings)
    assert verdict.waivers[0].standing == "uncompensated"


def test_unknown_answers_and_the_estate_as_a_whole_cannot_be_waived() -> None:
    from inventory.estate import UNKNOWN

    hidden = replace(WEAK, properties={**WEAK.properties, "min_length": UNKNOWN})
    waiver = entry("IAM-001", hidden)
    verdict = judged(roster(waiver), one=hidden, planned=False)
    assert [f.answer for f in verdict.blocking if f.check == "IAM-001"] == ["unknown"]
    assert verdict.waivers[0].standing == "unused"
    every = judged(roster(entry("IAM-008", WEAK, urn="*")), ON, resource("gov.system s", {"level": 3}), planned=False)
    assert [f.answer for f in every.blocking if f.check == "IAM-008"] == ["unknown"]


def test_without_a_day_no_waiver_holds() -> None:
    assert [f.answer for f in judged(roster(entry("IAM-001", WEAK)), None).blocking if f.check == "IAM-001"] == ["fail"]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.integers(-400, 400), st.integers(-30, 400), st.booleans())
def test_a_waiver_holds_on_exactly_the_days_that_it_says(shift: int, length: int, planned: bool) -> None:
    created = ON + timedelta(shift)
    expires = created + timedelta(length)
    waiver = entry("IAM-001", WEAK, created=created.isoformat(), expires=expires.isoformat())
    holds = created <= ON < expires and length <= 180
    verdict = judged(roster(waiver), planned=planned)
    assert ("waived" in {f.answer for f in verdict.findings if f.check == "IAM-001"}) == holds


FIELDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "check": lambda row: row.update(check="IAM-099"),
    "compensating": lambda row: row.update(compensating="IAM-001"),
    "approver": lambda row: row.update(approver="operations"),
    "requester": lambda row: row.pop("requester"),
    "expires": lambda row: row.update(expires="2027-05-01"),
    "reson": lambda row: row.update(reson="x"),
}


def _file(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    import yaml

    data = {"approvers": {"security-centre": [PUBLIC]}, "waivers": list(rows)}
    (tmp_path / "waivers.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return tmp_path / "waivers.yaml"


def _row() -> dict[str, Any]:
    good = entry("IAM-001", WEAK)
    return {**good.signed(), "signature": good.signature}


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = read(_file(tmp_path, _row()))
    assert found.approvers == APPROVERS
    assert judged(found).waivers[0].standing == "in-force"
    assert found.entries[0].line > 1


@pytest.mark.parametrize("key", FIELDS)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path: Path, key: str) -> None:
    row = _row()
    FIELDS[key](row)
    with pytest.raises(Refused) as refused:
        read(_file(tmp_path, _row(), row))
    assert all(p.code == "policy.waiver" and p.line > 1 and p.zh and p.en for p in refused.value.problems)


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read(_file(tmp_path, {"check": "X"}, {"reason": "y"}))
    assert len(refused.value.problems) >= 12


def test_the_shipped_file_is_right() -> None:
    assert read(FILE).entries == ()


def test_a_fingerprint_is_the_same_for_what_is_the_same() -> None:
    default = resource("db.instance one", {"tls": True, "port": 5432})
    assert fingerprint(default) == fingerprint(resource("db.instance one", {"tls": True}))
    secret = resource("db.instance one", {"tls": True, "password": "$secret"})
    assert fingerprint(secret) == fingerprint(default)
    assert fingerprint(resource("db.instance two", {"tls": True})) != fingerprint(default)
