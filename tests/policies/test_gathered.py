"""Facts of hosts in the verdict: on what is deployed they count, a plan is judged without them, what people wrote of a host
is complemented, and facts of hosts that are not in sight say nothing."""

from __future__ import annotations

from datetime import date

import pytest

from inventory.estate import Estate, Resource
from inventory.recording import record
from policies.checks.shape import Answer
from policies.judge import Verdict
from policies.judging import Around, judged
from policies.profiles import profile

HOST = Resource("compute.host", "h", "s", "urn:h", {"name": "h", "level": 3, "role": "web", "system": "s"})
WEAK = {"host": "h", "min_length": 4, "min_classes": 1, "max_age_days": 90, "history": 5, "lockout_tries": 5,
        "lockout_minutes": 30, "idle_minutes": 15}  # fmt: skip
BOOT = {"host": "h", "module": "tpm", "secure_boot": True}


def verdict(facts: list[Resource], records: list[Resource] | None = None, *, planned: bool = False) -> Verdict:
    around = Around(
        profile("level3"), date(2026, 6, 1), records=Estate(tuple(records or ())), facts=Estate(tuple(facts))
    )
    return judged(around, Estate((HOST,)), planned=planned)


def answers(of: Verdict, check: str) -> dict[str, Answer]:
    return {one.name: one.answer for one in of.findings if one.check == check}


def test_a_weak_host_blocks_what_is_deployed_and_not_the_plan_that_would_mend_it() -> None:
    weak = [record("host.pam", "h", WEAK)]
    deployed = verdict(weak)
    assert answers(deployed, "IAM-001")["h"] is Answer.FAIL
    assert "IAM-001" in {one.check for one in deployed.blocking}
    assert "h" not in answers(verdict(weak, planned=True), "IAM-001")


def test_facts_of_a_host_that_is_not_in_sight_say_nothing() -> None:
    assert not answers(verdict([record("host.pam", "gone", {**WEAK, "host": "gone"})]), "IAM-001").get("gone")


@pytest.mark.parametrize(
    ("written", "expected"),
    [({"host": "h", "attestation": "security-centre"}, None), ({"host": "h"}, Answer.UNKNOWN), (None, Answer.UNKNOWN)],
)
def test_what_people_wrote_of_a_host_and_what_was_gathered_complement_one_another(
    written: dict[str, str] | None, expected: Answer | None
) -> None:
    records = [record("host.boot", "h", written)] if written else []
    found = verdict([record("host.boot", "h", BOOT)], records)
    assert answers(found, "NET-008").get("h") is expected
