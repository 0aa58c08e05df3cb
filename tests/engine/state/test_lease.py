"""Who may write: exactly one, until it ends, dies, expires or is cancelled; who lost the lease writes no more."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from inventory.problems import Refused
from stacks.engine.state import Holder, Shelf, Store
from tests.engine.state.conftest import PASSPHRASE, execute, held, named, open_store, put, record, salt

ELSEWHERE = Holder("op", "elsewhere", 1, "1", "another kernel")
FORK = multiprocessing.get_context("fork")


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.problems[0].code


def expire(shelf: Shelf) -> None:
    execute(shelf, "UPDATE lease SET expires=0 WHERE stack='one'")


def begun(shelf: Shelf, holder: Holder) -> Store:
    store = open_store(shelf)
    store.begin("up", holder, "up")
    return store


def test_the_lease_says_who_since_when_and_why(shelf: Shelf) -> None:
    with held(shelf, "refresh"):
        lease = shelf.lease("one")
        assert lease is not None
        assert (lease.holder, lease.reason, lease.asked, lease.held) == (Holder.me(), "refresh", "", True)
        assert 55 < lease.left <= 60
        assert lease.since < lease.until
        other = open_store(shelf)
        with pytest.raises(Refused) as refused:
            other.begin("up", ELSEWHERE, "up")
        other.close()
        (problem,) = refused.value.problems
        assert problem.code == "state.leased"
        for words in (problem.zh, problem.en):
            assert Holder.me().name in words
            assert str(os.getpid()) in words
            assert "refresh" in words
            assert lease.since in words
        for work in (
            lambda: shelf.unchanged("one", 0, ELSEWHERE, "now", "", {}),
            lambda: shelf.rollback("one", 0, holder=ELSEWHERE),
            lambda: shelf.compact("one", 0, ELSEWHERE),
            lambda: shelf.remove("one", holder=ELSEWHERE),
        ):
            with pytest.raises(Refused) as refused:
                work()
            assert code(refused) == "state.leased"


def test_the_lease_of_a_process_that_is_gone_is_taken_over(shelf: Shelf) -> None:
    def die() -> None:
        begun(shelf, Holder.me())
        os.kill(os.getpid(), signal.SIGKILL)

    child = FORK.Process(target=die)
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    lease = shelf.lease("one")
    assert lease is not None
    assert not lease.held
    assert lease.left > 0
    put(shelf, record("a"))
    assert [u["result"] for u in shelf.history("one")] == ["abandoned", "succeeded"]


def test_the_lease_of_another_machine_is_taken_over_only_when_it_has_expired(shelf: Shelf) -> None:
    begun(shelf, ELSEWHERE).close()
    with pytest.raises(Refused) as refused:
        put(shelf, record("a"))
    assert code(refused) == "state.leased"
    expire(shelf)
    put(shelf, record("a"))
    assert shelf.lease("one") is None


def test_a_renewed_lease_lasts(shelf: Shelf) -> None:
    async def run() -> None:
        with held(shelf) as store:
            execute(shelf, "UPDATE lease SET expires=expires-50")
            assert await store.renew() == ""  # not due yet by this run's own clock
            store._renewed -= 30  # pyright: ignore[reportAttributeAccessIssue]
            assert await store.renew() == ""
            lease = shelf.lease("one")
            assert lease is not None
            assert lease.left > 55

    asyncio.run(run())


def test_who_lost_the_lease_writes_no_more(shelf: Shelf) -> None:
    async def run() -> None:
        with held(shelf, holder=ELSEWHERE) as late:
            await late.put("create", record("a"))
            expire(shelf)
            await asyncio.to_thread(put, shelf, record("b"))
            with pytest.raises(Refused) as refused:
                await late.put("create", record("c"))
            assert code(refused) == "state.lease-lost"
            for write in (lambda: late.put("create", record("d")), lambda: late.settle((1,))):
                with pytest.raises(Refused):
                    write()
            for wait in (late.renew, late.flush, lambda: late.finish("succeeded", {})):
                with pytest.raises(Refused) as refused:
                    await wait()
                assert code(refused) == "state.lease-lost"

    asyncio.run(run())
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {"a": 1, "b": 1}
    assert [u["result"] for u in shelf.history("one")] == ["abandoned", "succeeded"]
    assert shelf.check("one") == ()


@pytest.mark.parametrize(
    "other",
    [
        lambda shelf: shelf.rollback("one", 0, force=True),
        lambda shelf: shelf.cancel("one"),
        lambda shelf: begun(shelf, Holder.me()).close(),
    ],
    ids=["rolled back", "cancelled", "taken"],
)
def test_who_lost_the_lease_notices_without_writing(shelf: Shelf, other: Callable[[Shelf], Any]) -> None:
    async def run() -> None:
        with held(shelf, holder=ELSEWHERE) as late:
            await late.put("create", record("a"))
            expire(shelf)
            await asyncio.to_thread(other, shelf)
            with pytest.raises(Refused) as refused:
                await late.renew()
            assert code(refused) == "state.lease-lost"

    asyncio.run(run())


def test_cancel_asks_a_living_holder_and_says_by_whom(shelf: Shelf) -> None:
    async def run() -> None:
        with held(shelf) as store:
            assert await store.renew() == ""
            said, lease = await asyncio.to_thread(shelf.cancel, "one")
            assert (said, lease.holder if lease else None) == ("asked", Holder.me())
            assert await store.renew() == Holder.me().name
            assert shelf.cancel("one")[0] == "asked"  # unnamed, a living one never loses it
            await store.put("create", record("a"))
            await store.finish("interrupted", {})

    asyncio.run(run())
    assert shelf.cancel("one") == ("free", None)


def test_cancel_by_name_takes_the_lease_from_one_who_was_asked(shelf: Shelf) -> None:
    async def run() -> None:
        with held(shelf, holder=ELSEWHERE) as store:
            with pytest.raises(Refused) as refused:
                shelf.cancel("one", "somebody@else")
            assert code(refused) == "state.not-holder"
            assert "op@elsewhere" in str(refused.value)
            assert (await asyncio.to_thread(shelf.cancel, "one", "op@elsewhere"))[0] == "asked"
            assert await store.renew() == Holder.me().name
            assert (await asyncio.to_thread(shelf.cancel, "one", "op@elsewhere"))[0] == "freed"
            with pytest.raises(Refused) as refused:
                await store.put("create", record("a"))
            assert code(refused) == "state.lease-lost"

    asyncio.run(run())
    put(shelf, record("b"))


def test_cancel_frees_the_lease_of_one_who_is_gone(shelf: Shelf) -> None:
    begun(shelf, ELSEWHERE).close()
    expire(shelf)
    said, lease = shelf.cancel("one")
    assert (said, lease.holder if lease else None) == ("freed", ELSEWHERE)
    assert shelf.lease("one") is None


@pytest.mark.parametrize("there", [False, True], ids=["new stack", "known stack"])
def test_of_many_processes_exactly_one_gets_the_lease(shelf: Shelf, there: bool) -> None:
    if there:
        put(shelf, record("a"))
    salt()  # derived once, before the fork
    count = 6
    gate, done, told = FORK.Barrier(count), FORK.Event(), FORK.Queue()

    def race() -> None:
        gate.wait(30)
        try:
            begun(shelf, Holder.me())
            told.put("won")
            done.wait(30)
        except Refused as refused:
            told.put(refused.problems[0].code)

    children = [FORK.Process(target=race) for _ in range(count)]
    for child in children:
        child.start()
    words = sorted(told.get(timeout=60) for _ in children)
    done.set()
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    assert words == ["state.leased"] * (count - 1) + ["won"]
    assert shelf.check("one") == ()
