"""What every store does: records and operations as they were put, the history, the salt, one stack beside another."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest

from inventory.problems import Refused
from stacks.engine import state
from stacks.engine.records import Pending
from stacks.engine.state import Holder, Shelf, Store
from stacks.engine.values import secret
from tests.engine.state.conftest import PASSPHRASE, execute, held, named, open_store, put, record, salt, update

WORD = "open-sesame-4711"


def test_nothing_is_there_before_something_is_written(shelf: Shelf) -> None:
    assert shelf.stacks() == ()
    assert not shelf.exists("one")
    assert shelf.snapshot("one", PASSPHRASE) == state.Snapshot()
    assert shelf.history("one") == []
    assert shelf.versions("one") == ()
    assert shelf.lease("one") is None
    assert shelf.check("one") == ()
    assert shelf.cancel("one") == ("free", None)
    with pytest.raises(Refused) as refused:
        shelf.rollback("one", 0)
    assert refused.value.problems[0].code == "state.no-stack"


def test_what_was_put_is_there_again(shelf: Shelf) -> None:
    a, b = record("a"), record("b", size={"deep": [1, 2.5, None, True, '引号"\\\n\u2028']})

    async def first() -> None:
        with held(shelf) as store:
            assert (store.version, store.records(), store.pending()) == (0, [], [])
            await store.put("create", a)
            number, durable = store.intend("creating", b.body, 0)
            await durable
            assert [(p.number, p.op, p.record) for p in store.pending()] == [(number, "creating", 0)]
            await store.put("create", b, (number,))
            store.remember_after(("zero", "null"))
            await store.finish("succeeded", {"create": 2})
            assert store.version == 4

    asyncio.run(first())
    assert a.number
    assert b.number
    assert a.number != b.number
    found = shelf.snapshot("one", PASSPHRASE)
    assert [(r.number, r.body) for r in found.records] == [(a.number, a.body), (b.number, b.body)]
    assert (found.pending, found.version) == ([], 4)
    assert json.loads(found.words["after"]) == ["zero", "null"]
    assert found.salt == salt()

    def second(store: Store) -> None:
        (again, other) = store.records()
        again.body["inputs"] = {"size": 2}
        store.put("update", again)
        store.drop("delete", other)
        store.remember_after(("zero", "null"))

    assert update(shelf, second) == 6  # what is remembered already is not written again
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {"a": 2}
    assert shelf.check("one") == ()
    assert shelf.stacks() == ("one",)


def test_an_operation_in_doubt_stays_until_it_is_settled(shelf: Shelf) -> None:
    def begun(store: Store) -> None:
        a = record("a")
        store.put("create", a)
        store.intend("updating", a.body, a.number)
        store.intend("deleting", {"urn": a.urn, "type": a.type}, a.number)

    update(shelf, begun)
    update_, delete = shelf.snapshot("one", PASSPHRASE).pending
    assert (update_.op, update_.record, update_.body["inputs"]) == ("updating", 1, {"size": 1})
    assert (delete.op, delete.urn) == ("deleting", update_.urn)
    update(shelf, lambda store: store.settle((update_.number, delete.number)))
    assert shelf.snapshot("one", PASSPHRASE).pending == []
    assert shelf.check("one") == ()


def test_numbers_are_never_used_again(shelf: Shelf) -> None:
    seen: set[int] = set()
    for _ in range(4):
        a = record("a")
        put(shelf, a)
        assert a.number not in seen
        seen.add(a.number)
        update(shelf, lambda store: store.drop("delete", store.records()[0]))
        shelf.compact("one", 0)


def test_secrets_are_sealed_and_unchanged_ones_keep_their_ciphertext(shelf: Shelf) -> None:
    put(shelf, record("a", size=secret(WORD)))
    (first,) = execute(shelf, "SELECT body FROM present WHERE kind='resource'")
    assert WORD not in first[0]
    assert shelf.snapshot("one", PASSPHRASE).records[0].inputs == {"size": secret(WORD)}

    def change(store: Store) -> None:
        (a,) = store.records()
        store.put("update", type(a)(a.body | {"id": "other"}, a.number))

    update(shelf, change)
    (second,) = execute(shelf, "SELECT body FROM present WHERE kind='resource'")
    assert json.loads(second[0])["inputs"] == json.loads(first[0])["inputs"]
    with pytest.raises(Refused) as refused:
        shelf.snapshot("one", "wrong")
    assert refused.value.problems[0].code == "state.passphrase"


@pytest.mark.slow
def test_the_salt_is_made_once(shelf: Shelf) -> None:
    assert shelf.salt(PASSPHRASE, create=False) != shelf.salt(PASSPHRASE, create=False)
    made = shelf.salt(PASSPHRASE, create=True)
    shelf.place.keep_salt("v1:late:comer")
    assert shelf.salt(PASSPHRASE, create=True) == made == shelf.salt(PASSPHRASE, create=False)
    with pytest.raises(Refused) as refused:
        shelf.salt("wrong", create=True)
    assert refused.value.problems[0].code == "state.passphrase"


def test_history_tells_who_did_what_and_what_came_of_it(shelf: Shelf) -> None:
    async def run() -> None:
        store = open_store(shelf)
        store.begin("up", Holder.me(), "up", "digest-of-the-plan", "for the audit")
        store.put("create", record("a"))
        await store.finish("failed", {"create": 1, "same": 3})
        store.close()
        with held(shelf, "destroy"):
            pass  # as if killed: neither finished nor given back

    asyncio.run(run())
    assert shelf.unchanged("one", 1, Holder.me(), state.now(), "other-plan", {"same": 4})
    assert not shelf.unchanged("one", 7, Holder.me(), state.now(), "", {})
    assert not shelf.unchanged("two", 0, Holder.me(), state.now(), "", {})
    first, second, third = shelf.history("one")
    assert (first["number"], first["kind"], first["result"], first["plan"]) == (1, "up", "failed", "digest-of-the-plan")
    assert (first["counts"], first["version"], first["note"]) == ({"create": 1, "same": 3}, 1, "for the audit")
    assert first["who"] == Holder.me().name
    assert first["started"] < first["ended"]
    assert (second["kind"], second["result"], second["version"]) == ("destroy", "abandoned", 1)
    assert (third["kind"], third["result"], third["version"], third["counts"]) == ("up", "succeeded", 1, {"same": 4})
    assert shelf.check("one") == ()


def test_replace_puts_a_whole_other_record_in_place_of_the_present_one(shelf: Shelf) -> None:
    put(shelf, record("stays", size=secret(WORD)), record("goes"), record("changes"))
    before = {r.urn.rpartition("::")[2]: r.number for r in shelf.snapshot("one", PASSPHRASE).records}

    def swap(store: Store) -> None:
        stays, _, changes = store.records()
        changed = type(changes)(changes.body | {"inputs": {"size": 9}}, changes.number)
        operation = Pending(0, "creating", record("new").body, 0)
        store.replace([type(stays)(stays.body), changed, record("new", size=3)], [operation])

    version = update(shelf, swap, "import")
    found = shelf.snapshot("one", PASSPHRASE)
    assert named(found.records) == {"stays": secret(WORD), "changes": 9, "new": 3}
    after = {r.urn.rpartition("::")[2]: r.number for r in found.records}
    assert (after["stays"], after["changes"]) == (before["stays"], before["changes"])
    assert after["new"] > max(before.values())
    assert [(p.op, p.urn.rpartition("::")[2]) for p in found.pending] == [("creating", "new")]
    assert version == 3 + 4  # one dropped, one put, two new; what stays is not written
    assert update(shelf, lambda store: store.replace(store.records(), store.pending()), "import") == version
    assert shelf.check("one") == ()


def test_stacks_lie_beside_one_another(shelf: Shelf) -> None:
    put(shelf, record("a"), stack="one")
    put(shelf, record("b"), stack="two.梁")
    assert shelf.stacks() == ("one", "two.梁")
    assert named(shelf.snapshot("two.梁", PASSPHRASE).records) == {"b": 1}
    with pytest.raises(Refused) as refused:
        shelf.remove("two.梁")
    assert refused.value.problems[0].code == "state.not-empty"
    shelf.remove("two.梁", force=True)
    assert (shelf.stacks(), shelf.exists("two.梁"), shelf.history("two.梁")) == (("one",), False, [])
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {"a": 1}
    put(shelf, record("c"), stack="two.梁")
    assert named(shelf.snapshot("two.梁", PASSPHRASE).records) == {"c": 1}


def test_a_shelf_is_a_plain_value(shelf: Shelf) -> None:
    put(shelf, record("a"))
    again = pickle.loads(pickle.dumps(shelf))
    assert again == shelf
    assert named(again.snapshot("one", PASSPHRASE).records) == {"a": 1}
    assert state.at(shelf) is shelf


def test_nobody_writes_without_the_lease(shelf: Shelf) -> None:
    async def run() -> None:
        store = open_store(shelf)
        try:
            with pytest.raises(RuntimeError, match="begin"):
                store.put("create", record("a"))
        finally:
            store.close()

    asyncio.run(run())
    assert shelf.snapshot("one", PASSPHRASE).version == 0


def test_a_store_that_was_opened_before_another_wrote_sees_what_that_wrote(shelf: Shelf) -> None:
    put(shelf, record("a"))

    async def run() -> None:
        store = open_store(shelf)
        await asyncio.to_thread(put, shelf, record("b"))
        store.begin("up", Holder.me(), "up")
        assert named(store.records()) == {"a": 1, "b": 1}
        store.put("create", record("c"))
        await store.finish("succeeded", {})
        store.close()

    asyncio.run(run())
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {"a": 1, "b": 1, "c": 1}
    assert shelf.check("one") == ()


def test_many_changes_share_a_transaction_and_come_out_as_if_they_had_not(shelf: Shelf) -> None:
    def many(store: Store) -> None:
        kept: list[Any] = [record(f"r{i}") for i in range(200)]
        for r in kept:
            number, _ = store.intend("creating", r.body, 0)
            store.put("create", r, (number,))
        for r in kept[::2]:
            store.drop("delete", r)
        for r in kept[1::4]:
            store.put("update", type(r)(r.body | {"inputs": {"size": 5}}, r.number))

    version = update(shelf, many)
    found = named(shelf.snapshot("one", PASSPHRASE).records)
    assert found == {f"r{i}": 5 if i % 4 == 1 else 1 for i in range(1, 200, 2)}
    assert version == 400 + 100 + 50
    assert shelf.check("one") == ()
