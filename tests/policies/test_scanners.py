"""Our checks against public scanners' labels: every disagreement has its reason, the figures hold, nothing gives a label
away. The rows are not part of this repository; without them only the blinding is tested."""

from __future__ import annotations

import json

import pytest

from inventory.reading import document
from tests.bench.scanners import ASKED, REASONS, Answered, blinded, figures, labels, reasons, rows, run

HELD = {
    "MFA/password policy": (0.78, 1.0),
    "TLS": (1.0, 0.66),
    "encryption at rest": (1.0, 1.0),
    "logging": (1.0, 0.2),
    "network exposure": (0.9, 0.83),
    "other": (1.0, 1.0),
    "public access": (1.0, 1.0),
}
"""topic → precision and recall that are kept at least"""


@pytest.fixture(scope="module")
def found() -> list[Answered]:
    path = labels()
    if path is None:
        pytest.skip("the labelled rows are not here: set LIANGZHU_SCANNER_LABELS to their file")
    return run(path)


@pytest.mark.slow
def test_every_disagreement_has_its_reason_and_every_reason_its_disagreement(found: list[Answered]) -> None:
    apart = {one.id for one in found if not one.agrees and one.ours != "absent"}
    known = set(reasons())
    assert apart <= known, "no reason is recorded"
    stale = known & {one.id for one in found if one.agrees}
    assert not stale, "these agree by now: take them out"


@pytest.mark.slow
def test_no_check_breaks_and_the_figures_hold(found: list[Answered]) -> None:
    assert not [one for one in found if one.ours == "error"]
    for topic, one in figures(found, "topic").items():
        precision, recall = HELD[topic]
        assert one.precision is None or one.precision >= precision, topic
        assert one.recall is None or one.recall >= recall, topic


@pytest.mark.slow
def test_each_upstream_check_has_been_thought_of(found: list[Answered]) -> None:
    assert {one.check for one in found} <= set(ASKED)


@pytest.mark.slow
def test_nothing_of_a_row_gives_its_label_away() -> None:
    path = labels()
    if path is None:
        pytest.skip("the labelled rows are not here: set LIANGZHU_SCANNER_LABELS to their file")
    for row in rows(path):
        seen = blinded(row)
        assert seen["resource"].endswith(".r1")
        text = json.dumps(seen)
        for word in (row["file"], row["resource"], row["check"]):
            assert f'"{word}' not in text
            assert f"{{{word}" not in text


def test_addresses_are_renamed_in_expressions_too() -> None:
    row = {
        "id": "1-1", "source": "s", "check": "C", "title": "t", "topic": "o", "file": "bad/main.tf", "file_sha256": "0",
        "resource": "alicloud_disk.pass", "type": "alicloud_disk", "expected": "pass", "confirmed_by_cli": True,
        "attributes": {"kms_key_id": "${alicloud_kms_key.good.id}", "x": ["${alicloud_vpc.fail[0].id} and text"],
                       "y": "tencentcloud_security_group.bad.id", "z": "a pass of mine"},
        "related": [{"resource": "alicloud_kms_key.good", "type": "alicloud_kms_key", "attributes": {}}],
        "referred_by": [],
    }  # fmt: skip
    assert blinded(row) == {
        "resource": "alicloud_disk.r1", "type": "alicloud_disk", "referred_by": [],
        "attributes": {"kms_key_id": "${alicloud_kms_key.r2.id}", "x": ["${alicloud_vpc.elsewhere[0].id} and text"],
                       "y": "tencentcloud_security_group.elsewhere.id", "z": "a pass of mine"},
        "related": [{"resource": "alicloud_kms_key.r2", "type": "alicloud_kms_key", "attributes": {}}],
    }  # fmt: skip


def test_reasons_are_told_in_both_languages_and_once() -> None:
    table = document(REASONS)
    every = [id_ for row in table.values() for id_ in row["rows"]]
    assert len(every) == len(set(every))
    assert all(row["zh"] and row["en"] and row["zh"] != row["en"] for row in table.values())
