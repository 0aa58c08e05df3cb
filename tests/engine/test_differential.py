"""The same programs on the stock engine and on ours: the same provider calls, in an order that dependencies allow, the
same state, the same plan.

What the stock engine did is recorded (`python -m tests.engine.record`); where it is on PATH, its recordings are checked.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.differential import exchange, recording, running, stock
from tests.engine.differential.cases import case, digest, names
from tests.engine.differential.ours import Ours
from tests.engine.differential.stock import Stock

QUICK = (
    "aliases",
    "cascade",
    "ignore_changes",
    "invokes",
    "protect",
    "replace_on_changes",
    "secrets_inputs",
    "transforms",
)
"""programs of the developer's loop"""
needs_stock = pytest.mark.skipif(bool(stock.missing()), reason=stock.missing())


@pytest.mark.parametrize("name", names())
def test_a_recording_is_of_the_program_as_it_is_now(name: str) -> None:
    recorded = recording.read(name)
    assert recorded.digest == digest(name), f"{name} has changed: run `python -m tests.engine.record {name}`"
    assert [seen.outcome for seen in recorded.steps] == [step.expect for step in case(name).steps]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names()]
)
def test_our_engine_does_what_the_stock_engine_did(name: str, tmp_path: Path) -> None:
    assert not running.compare(name, Ours, tmp_path)


@needs_stock
@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_stock_engine_does_what_is_recorded(name: str, tmp_path: Path) -> None:
    assert stock.versions() == recording.read(name).versions, "another version: record the programs again"
    assert not running.compare(name, Stock, tmp_path)


@needs_stock
@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_stock_engine_goes_on_from_what_ours_exports(name: str, tmp_path: Path) -> None:
    assert not exchange.exchange(name, Ours, Stock, tmp_path)


@needs_stock
@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_our_engine_goes_on_from_what_the_stock_engine_exports(name: str, tmp_path: Path) -> None:
    assert not exchange.exchange(name, Stock, Ours, tmp_path)
