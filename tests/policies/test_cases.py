"""Every check says of every case what the case's file expects, and has cases enough."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from policies.checks import CHECKS
from tests.policies.cases import FOLDER, answers, case, paths

_NEED = {"fail": 2, "pass": 2, "na": 1, "unknown": 1, "boundary": 1}
_SAYS = {"fail": "fail", "pass": "pass", "unknown": "unknown", "na": "not-applicable"}


@pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path) -> None:
    one = case(path)
    seen: dict[str, str] = {}
    for name, looked in answers(one):
        assert name not in seen, f"two answers about {name}"
        seen[name] = looked.answer.value
        assert looked.answer == "pass" or (looked.zh and looked.en), f"{name}: an answer without a reason"
    assert seen == one.expect, one.shows


def test_every_check_has_cases_enough() -> None:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in paths():
        prefix = path.stem.partition("-")[0]
        found[path.parent.name][prefix] += 1
        if prefix in _SAYS:
            assert _SAYS[prefix] in case(path).expect.values(), f"{path}: named {prefix}, shows something else"
        else:
            assert prefix == "boundary", f"{path}: begin its name with fail, pass, unknown, na or boundary"
    assert set(found) == set(CHECKS), f"folders under {FOLDER} and checks differ"
    for id_, counts in found.items():
        for prefix, least in _NEED.items():
            assert counts[prefix] >= least, f"{id_}: {counts[prefix]} {prefix} cases, {least} wanted"
