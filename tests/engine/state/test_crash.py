"""A writer that is killed loses only what it had not been told was durable."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from stacks.engine.state import Holder, Shelf
from tests.engine.state.conftest import PASSPHRASE, named, open_store, put, record, salt


def write_until_killed(shelf: Shelf, pipe: int) -> None:
    """Many writers on one store, each saying what is durable as soon as it is."""

    async def one(store: Any, which: int) -> None:
        for i in range(10_000):
            r = record(f"w{which}-{i}", size="x" * 500)
            number, durable = store.intend("creating", r.body, 0)
            await durable
            os.write(pipe, f"begun w{which}-{i}\n".encode())
            await store.put("create", r, (number,))
            os.write(pipe, f"done w{which}-{i}\n".encode())

    async def run() -> None:
        store = open_store(shelf)
        store.begin("up", Holder.me(), "up")
        await asyncio.gather(*(one(store, which) for which in range(8)))

    asyncio.run(run())


@pytest.mark.parametrize("after", [1, 25, 60, 130])
def test_kill_9_loses_only_what_was_not_confirmed(shelf: Shelf, after: int) -> None:
    salt()  # derived once, before the fork
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            write_until_killed(shelf, writing)
        finally:
            os._exit(1)
    os.close(writing)
    said: list[str] = []
    with os.fdopen(reading, encoding="ascii") as pipe:
        for line in pipe:
            said.append(line.strip())
            if len(said) == after:
                os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    begun = {line.split()[1] for line in said if line.startswith("begun")}
    done = {line.split()[1] for line in said if line.startswith("done")}
    assert shelf.check("one") == ()
    found = shelf.snapshot("one", PASSPHRASE)
    there = set(named(found.records))
    doubtful = {p.urn.rpartition("::")[2] for p in found.pending}
    assert done <= there
    assert begun <= there | doubtful
    assert not there & doubtful  # a creation that was confirmed is in doubt no more: one commit does both
    put(shelf, record("later"))  # the lease of the killed one is taken over at once
    assert "later" in named(shelf.snapshot("one", PASSPHRASE).records)
    assert [u["result"] for u in shelf.history("one")] == ["abandoned", "succeeded"]
    assert shelf.check("one") == ()
