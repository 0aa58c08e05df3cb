"""What was: versions, going back, folding what is old; and whatever is done, replaying the journal gives the rows."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.problems import Refused
from stacks.engine import state
from stacks.engine.state import Shelf, Store
from stacks.engine.state.chain import WORD, Row
from stacks.engine.state.past import replayed
from tests.engine.state.conftest import PASSPHRASE, STORES, execute, fresh, held, named, put, record, update

pytestmark = pytest.mark.slow


def rows(shelf: Shelf, until: int | None = None) -> dict[tuple[str, int], Row]:
    """What replaying gives."""
    db = shelf.place.open("one")
    assert db is not None
    try:
        with db.reading():
            return {key: row for key, row in replayed(db, "one", until).rows.items() if row.kind != WORD}
    finally:
        db.close()


def sizes(shelf: Shelf) -> dict[str, Any]:
    return named(shelf.snapshot("one", PASSPHRASE).records)


def resize(shelf: Shelf, size: int) -> int:
    def change(store: Store) -> None:
        for r in store.records():
            store.put("update", type(r)(r.body | {"inputs": {"size": size}}, r.number))

    return update(shelf, change)


def test_the_record_goes_back_as_an_update_of_its_own(shelf: Shelf) -> None:
    first = put(shelf, record("a"), record("b"))
    second = resize(shelf, 2)
    third = update(shelf, lambda store: store.drop("delete", store.records()[0]))
    assert [(v.version, v.update, v.kind) for v in shelf.versions("one")] == [
        (first, 1, "up"), (second, 2, "up"), (third, 3, "up")
    ]  # fmt: skip
    fourth = shelf.rollback("one", first, note="the wrong size")
    assert fourth > third
    assert sizes(shelf) == {"a": 1, "b": 1}
    last = shelf.history("one")[-1]
    assert (last["kind"], last["result"], last["version"], last["note"]) == (
        "rollback", "succeeded", fourth, "the wrong size"
    )  # fmt: skip
    assert shelf.rollback("one", third) > fourth
    assert sizes(shelf) == {"b": 2}
    assert shelf.rollback("one", 0) == shelf.snapshot("one", PASSPHRASE).version
    assert sizes(shelf) == {}
    assert shelf.check("one") == ()


def test_what_is_in_doubt_is_neither_rolled_over_nor_forgotten(shelf: Shelf) -> None:
    first = put(shelf, record("a"))
    update(shelf, lambda store: store.intend("creating", record("b").body, 0))
    with pytest.raises(Refused) as refused:
        shelf.rollback("one", first)
    assert refused.value.problems[0].code == "state.pending"
    shelf.rollback("one", 0, force=True)
    assert sizes(shelf) == {}
    assert [p.urn.rpartition("::")[2] for p in shelf.snapshot("one", PASSPHRASE).pending] == ["b"]
    assert shelf.check("one") == ()


def test_a_version_that_never_was_is_a_sentence(shelf: Shelf) -> None:
    version = put(shelf, record("a"))
    with pytest.raises(Refused) as refused:
        shelf.rollback("one", version + 1)
    assert refused.value.problems[0].code == "state.no-version"
    assert len(shelf.history("one")) == 1


def test_compaction_folds_what_is_old_and_changes_nothing_else(shelf: Shelf) -> None:
    versions = [put(shelf, record("a"), record("b"))] + [resize(shelf, size) for size in range(2, 7)]
    before = shelf.snapshot("one", PASSPHRASE)
    kept = {version: rows(shelf, version) for version in versions[-3:]}
    assert shelf.compact("one", 2) == versions[-3]
    after = shelf.snapshot("one", PASSPHRASE)
    assert [r.body for r in after.records] == [r.body for r in before.records]
    assert (after.version, after.words) == (before.version, before.words)
    assert {version: rows(shelf, version) for version in versions[-3:]} == kept
    assert execute(shelf, "SELECT min(seq) FROM journal") == [(versions[-3] + 1,)]
    assert [u["version"] for u in shelf.history("one")] == [*versions, versions[-1]]
    assert [v.version for v in shelf.versions("one")] == versions[-3:]
    assert shelf.check("one") == ()
    with pytest.raises(Refused) as refused:
        shelf.rollback("one", versions[0])
    assert refused.value.problems[0].code == "state.folded"
    shelf.rollback("one", versions[-2])
    assert sizes(shelf) == {"a": 5, "b": 5}
    shelf.compact("one", 0)
    assert execute(shelf, "SELECT count(*) FROM journal") == [(0,)]
    assert sizes(shelf) == {"a": 5, "b": 5}
    resize(shelf, 8)
    assert sizes(shelf) == {"a": 8, "b": 8}
    assert shelf.check("one") == ()


def test_compaction_gives_room_back(tmp_path: Path) -> None:
    shelf = state.at(tmp_path / "stacks")
    put(shelf, *(record(f"r{i}", size="x" * 2000) for i in range(50)))
    for size in range(10):
        resize(shelf, size)
    path = tmp_path / "stacks" / "one.db"
    before = path.stat().st_size
    shelf.compact("one", 0)
    assert path.stat().st_size < before / 3


ACTS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("drop"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("intend"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("confirm"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("settle"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("after"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("replace"), st.integers(0, 4), st.integers(0, 3)),
)
STEPS = st.lists(
    st.one_of(
        st.lists(ACTS, min_size=1, max_size=6),
        st.tuples(st.just("compact"), st.integers(0, 2)),
        st.tuples(st.just("rollback"), st.integers(0, 5)),
    ),
    max_size=8,
)


def act(store: Store, what: str, which: int, size: int) -> None:
    records, pending = store.records(), store.pending()
    if what == "put" and which < len(records):
        r = records[which]
        store.put("update", type(r)(r.body | {"inputs": {"size": size}}, r.number))
    elif what == "put":
        store.put("create", record(f"r{which}", size))
    elif what == "drop" and which < len(records):
        store.drop("delete", records[which])
    elif what == "intend":
        store.intend("creating", record(f"p{which}").body, 0)
    elif what == "confirm" and which < len(pending):
        store.put("create", record(f"p{which}", size), (pending[which].number,))
    elif what == "settle" and which < len(pending):
        store.settle((pending[which].number,))
    elif what == "after":
        store.remember_after(tuple("abc"[:which]))
    elif what == "replace":
        store.replace([*records[:which], record(f"n{which}", size)], pending[:size])


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_is_done_replaying_gives_the_rows(kind: str, steps: list[Any], request: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        shelf = (
            fresh(request.getfixturevalue("postgres"))
            if kind == "postgresql"
            else state.at(path / "stacks" if kind == "folder" else path / "state.db")
        )
        seen: dict[int, dict[str, Any]] = {0: {}, put(shelf, record("first")): {"first": 1}}
        for step in steps:
            if step[0] == "compact":
                shelf.compact("one", step[1])
            elif step[0] == "rollback":
                known = shelf.versions("one")
                version = known[step[1] % len(known)].version
                shelf.rollback("one", version, force=True)
                assert sizes(shelf) == seen[version]
            else:

                async def run(acts: list[tuple[str, int, int]] = step) -> None:
                    with held(shelf) as store:
                        for one in acts:
                            act(store, *one)
                        inside = (named(store.records()), [p.number for p in store.pending()], store.version)
                        await store.finish("succeeded", {})
                    found = shelf.snapshot("one", PASSPHRASE)
                    assert (named(found.records), [p.number for p in found.pending], found.version) == inside

                asyncio.run(run())
            assert shelf.check("one") == ()
            now = shelf.snapshot("one", PASSPHRASE)
            seen[now.version] = named(now.records)
            present = {("resource", r.number) for r in now.records} | {("pending", p.number) for p in now.pending}
            assert set(rows(shelf)) == present
