"""Attestations: every update that was judged leaves one, and whatever goes round it leaves a state without."""

from __future__ import annotations

import json
import shutil

import pytest

from inventory import signing
from stacks import engine
from stacks.engine import attesting, state
from stacks.engine.attesting import Standing, Voucher
from stacks.engine.state import Holder, tables
from stacks.engine.state.chain import ATTESTED, NAMES, entry_digest, words_digest
from stacks.engine.state.past import replayed
from tests.engine.conftest import Bench, thing

CLAIMS = {"pack": "sha256:1", "verdict": "sha256:2", "program": "sha256:3", "runner": "runner/a"}
KEY, OTHER = (signing.new_key()[0] for _ in range(2))
RUNNER = Voucher(CLAIMS, KEY)


def stands(bench: Bench) -> Standing:
    (found,) = engine.standings(bench.state, RUNNER.keys)
    return found


def test_an_update_leaves_what_was_judged_as_its_last_word(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    plan = bench.plan()
    assert not bench.up(plan=plan, voucher=RUNNER).problems
    found = stands(bench)
    (update,) = state.at(bench.state).history("one")
    assert found.attested
    assert found.version == update["version"] == bench.recorded().version
    assert {key: found.claims[key] for key in CLAIMS} == CLAIMS
    assert found.claims["plan"] == plan.stacks["one"].digest == update["plan"]
    assert (found.claims["stack"], found.claims["update"], found.claims["result"]) == ("one", 1, "succeeded")


def test_who_changes_nothing_writes_nothing_and_who_has_none_gets_one(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    assert not bench.up().problems
    assert stands(bench).why == "never"
    before = bench.recorded().version
    assert not bench.up(plan=bench.plan(), voucher=RUNNER).problems
    assert (stands(bench).attested, bench.recorded().version) == (True, before + 1)
    for given in ({"plan": bench.plan()}, {}, {"plan": bench.plan()}):
        assert not bench.up(voucher=RUNNER, **given).problems
        assert (stands(bench).attested, bench.recorded().version) == (True, before + 1)
    assert bench.calls("create") == [("create", "a")]
    assert not bench.calls("update")


def test_a_failed_update_is_attested_as_failed(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b", depends=("a",))])
    bench.faults(create_b="denied")
    assert bench.up(voucher=RUNNER).problems
    assert stands(bench).attested
    assert stands(bench).claims["result"] == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "refresh", "rollback", "destroy"])
def test_whoever_goes_round_the_judge_is_named(bench: Bench, way: str) -> None:
    bench.want(one=[thing("a", size=1), thing("b")])
    assert not bench.up().problems
    bench.want(one=[thing("a", size=2), thing("b")])
    assert not bench.up(voucher=RUNNER).problems
    first = state.at(bench.state).versions("one")[0].version
    if way == "up":
        bench.want(one=[thing("a", size=3), thing("b")])
        assert not bench.up().problems
    elif way == "refresh":
        bench.ask(f"UPDATE things SET props='{json.dumps({'size': 9})}' WHERE name='a'")
        assert not bench.refresh().problems
    elif way == "rollback":
        state.at(bench.state).rollback("one", first)
    else:
        bench.faults(delete_a="denied")
        assert bench.destroy().problems
    found = stands(bench)
    assert found.why == "moved"
    assert (found.last["kind"], found.last["who"]) == (way, Holder.me().name)
    problem = found.problem()
    assert problem.code == "state.unattested"
    assert all(word in problem.text("en") for word in ("one", way, Holder.me().name, str(found.version)))
    bench.faults()
    assert not bench.up(voucher=RUNNER).problems
    assert stands(bench).attested


def test_a_look_that_finds_everything_as_it_was_changes_nothing_of_it(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    assert not bench.up(voucher=RUNNER).problems
    assert not bench.refresh().problems
    assert stands(bench).attested
    state.at(bench.state).compact("one", 0)
    assert stands(bench).attested


def test_what_is_empty_needs_none(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert not bench.up(voucher=RUNNER).problems
    assert not bench.destroy().problems
    assert stands(bench).attested
    assert engine.standings(bench.folder / "nowhere", RUNNER.keys) == ()


def test_a_signature_of_somebody_else_is_none(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert not bench.up(voucher=Voucher(CLAIMS, OTHER)).problems
    assert stands(bench).why == "unknown-key"
    assert not bench.up(voucher=RUNNER).problems
    assert stands(bench).attested


def test_history_written_anew_under_a_genuine_statement_is_seen(bench: Bench) -> None:
    """Somebody who may write to the store makes all its digests right, and has no key."""
    bench.want(one=[thing("a", size=1)])
    assert not bench.up(voucher=RUNNER).problems
    genuine = bench.recorded().words["attested"]
    shutil.rmtree(bench.state)
    bench.want(one=[thing("a", size=666)])
    assert not bench.up(voucher=Voucher(CLAIMS, OTHER)).problems
    forge(bench, genuine)
    assert stands(bench).why == "altered"


def forge(bench: Bench, body: str) -> None:
    """Put a statement in place of the last one, with every digest of the store made right again."""
    place = state.at(bench.state).place
    db = place.open("one", write=True)
    assert db is not None
    with db.writing("one"):
        *before, last = tables.entries(db, "one")
        ledger = replayed(db, "one", before[-1].seq)
        entry = last._replace(body=body, number=ATTESTED, urn=NAMES[ATTESTED])
        entry = entry._replace(digest=entry_digest(before[-1].digest, entry))
        ledger.enter(entry)
        db.run("DELETE FROM journal WHERE seq=?", (last.seq,))
        db.run("DELETE FROM present WHERE kind='word' AND number=?", (ATTESTED,))
        row = ledger.rows["word", ATTESTED]
        db.run("INSERT INTO journal VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", ("one", *entry))
        db.run("INSERT INTO present VALUES(?,?,?,?,?,?,?,?)", ("one", *row, ledger.digests[row.key]))
        words = ledger.seq, ledger.chain, ledger.total
        db.run("UPDATE heads SET seq=?, chain=?, total=?, digest=?", (*words, words_digest("one", *words)))
    db.close()
    assert state.at(bench.state).check("one") == ()


def test_the_key_never_shows(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert not bench.up(voucher=RUNNER).problems
    secret = KEY.splitlines()[1]
    assert secret not in repr(RUNNER)
    assert not [path for path in bench.folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert not any(secret in repr(event) for event in bench.events)


def test_no_text_is_taken_for_a_statement() -> None:
    for body in (None, "", "{", "[]", "null", '{"version": 4}', '{"version": 4, "signature": 7}'):
        assert attesting.holds(body, 5, RUNNER.keys)
