"""Ctrl-C in one thread: the others get what they asked for, and nobody waits for who is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.allotting.nouns import Pool
from inventory.allotting.prefixes import Prefix, parse
from inventory.ledger import Ledger

POOL = Pool("segments", (parse("3fff:430::/48"),))
PATIENCE = 30.0


class Slow(dict[str, int | Prefix]):
    """What is asked for, looked at only once somebody says so."""

    def __init__(self, wanted: dict[str, int | Prefix], before: Callable[[], object]) -> None:
        super().__init__(wanted)
        self.before = before

    def __iter__(self):
        self.before()
        return super().__iter__()


def asking(ledger: Ledger, key: str, before: Callable[[], object] | None = None) -> threading.Thread:
    """A thread that asks for a prefix, with what it waits for first."""
    wanted: dict[str, int | Prefix] = {key: 64}
    asked = Slow(wanted, before) if before else wanted
    thread = threading.Thread(target=lambda: ledger.reserve(POOL, asked, 1.0), daemon=True)
    thread.start()
    return thread


def until(true: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.001)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="SIGINT REACHES THE MAIN THREAD ONLY"
)
def test_who_is_interrupted_while_waiting_holds_up_nobody(tmp_path: Path) -> None:
    go, begun = threading.Event(), threading.Event()
    with Ledger(tmp_path / "ledger.db") as ledger:
        first = asking(ledger, "first", lambda: (begun.set(), go.wait(PATIENCE)))
        assert begun.wait(PATIENCE)
        others: list[threading.Thread] = []

        def interrupt() -> None:
            until(lambda: len(ledger._queue) == 1)  # the main thread waits, and would lead next
            others.extend(asking(ledger, f"other-{n}") for n in range(3))
            until(lambda: len(ledger._queue) == 4)
            os.kill(os.getpid(), signal.SIGINT)

        helper = threading.Thread(target=interrupt, daemon=True)
        helper.start()
        with pytest.raises(KeyboardInterrupt):
            ledger.reserve(POOL, {"main": 64}, 1.0)
        go.set()
        for thread in (first, helper, *others):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "it waits for somebody who is gone"
        assert set(ledger.entries()) == {"first", "other-0", "other-1", "other-2"}
        assert not ledger.audit()
        ledger.reserve(POOL, {"main": 64}, 1.0)
        assert "main" in ledger.entries()


def test_who_is_interrupted_while_leading_undoes_nothing_of_others(tmp_path: Path) -> None:
    go, begun = threading.Event(), threading.Event()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with Ledger(tmp_path / "ledger.db") as ledger:
        first = asking(ledger, "first", lambda: (begun.set(), go.wait(PATIENCE)))
        assert begun.wait(PATIENCE)
        raised: list[BaseException] = []

        def lead() -> None:
            try:
                ledger.reserve(POOL, Slow({"gone": 64}, interrupted), 1.0)
            except KeyboardInterrupt as error:
                raised.append(error)

        leader = threading.Thread(target=lead, daemon=True)
        leader.start()
        until(lambda: len(ledger._queue) == 1)
        behind = [asking(ledger, f"behind-{n}") for n in range(3)]
        until(lambda: len(ledger._queue) == 4)
        go.set()
        for thread in (first, leader, *behind):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "it waits for somebody who is gone"
        assert len(raised) == 1
        assert set(ledger.entries()) == {"first", "behind-0", "behind-1", "behind-2"}
        assert not ledger.audit()
