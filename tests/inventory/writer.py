"""`python -m tests.inventory.writer LEDGER LOG NAME SEED THREADS`: threads that change one ledger until they are killed.

Each operation is written to the log before it is asked for and again when it is answered, one JSON line each, so that
of a killed process it is known what it had asked for and what it had been told.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from inventory.allotting import Pool, parse
from inventory.allotting.nouns import Move
from inventory.allotting.prefixes import text
from inventory.ledger import Ledger
from inventory.problems import Refused

POOL = Pool("contended", (parse("3fff:430::/48"),), rest=1.0)
"""65,536 /64s: scarce enough that what one gives back another takes"""
HOLD = 2.0


def write(ledger: Ledger, name: str, seed: int, log: Any, lock: threading.Lock) -> None:
    chance = random.Random(seed)
    mine: dict[str, str] = {}
    left: dict[str, str] = {}
    number = 0

    def told(**more: Any) -> None:
        with lock:
            log.write(json.dumps(more) + "\n")
            log.flush()

    while True:
        number += 1
        what = f"{name}-{number}"
        shared = {f"shared{chance.randrange(400)}": 64}
        own = {f"{what}.{n}": chance.choice((64, 64, 64, 62, 60)) for n in range(chance.randint(1, 4))}
        verb = chance.choices(("reserve", "commit", "cancel", "release", "move"), (5, 3, 1, 3, 4))[0]
        hold = chance.choice((None, HOLD))
        some = dict(chance.sample(sorted(mine.items()), min(len(mine), chance.randint(1, 3))))
        asked: dict[str, Any] = {**own, **(shared if chance.random() < 0.5 else {})} if verb == "reserve" else some
        if verb == "move":
            asked = {key: [value, elsewhere(chance, value, left.get(key))] for key, value in some.items()}
        at = time.time()
        told(name=what, verb=verb, asked=asked, at=at, hold=hold, began=time.monotonic())
        claims = {key: parse(value) for key, value in asked.items() if isinstance(value, str)}
        serial, answer = None, None
        try:
            done = (
                ledger.reserve(POOL, asked, at, hold, what) if verb == "reserve"
                else ledger.commit(claims, at, what) if verb == "commit"
                else ledger.cancel(claims, at, what) if verb == "cancel"
                else ledger.release(list(asked), at, what) if verb == "release"
                else ledger.move([(POOL, moves(asked))], at, what)
            )  # fmt: skip
            serial, answer = done.serial, {key: text(prefix) for key, prefix in sorted(done.prefixes.items())}
        except Refused as refused:
            codes = sorted(problem.code for problem in refused.problems)
            if any(code in ("ledger.busy", "ledger.file", "ledger.damaged") for code in codes):
                raise
            answer = codes
        told(name=what, ended=time.monotonic(), serial=serial, answer=answer)
        if isinstance(answer, dict):
            mine = {**mine, **answer} if verb in ("reserve", "move") else mine
            left |= {key: value for key, (value, _) in asked.items()} if verb == "move" else {}
            if verb in ("cancel", "release", "move"):
                mine = {
                    key: value
                    for key, value in mine.items()
                    if key not in asked or key in (answer if verb == "move" else ())
                }
        else:
            mine = {key: value for key, value in mine.items() if key not in asked}


def elsewhere(chance: random.Random, here: str, left: str | None) -> str | None:
    """Where a prefix goes: back, to nowhere, or to another of its length, which may be another's."""
    if chance.random() < 0.3:
        return left
    prefix, whole = parse(here), POOL.spans[0]
    return text(whole.nth(chance.randrange(1 << (prefix.length - whole.length)), prefix.length))


def moves(asked: dict[str, Any]) -> dict[str, Move]:
    return {key: Move(parse(before), after and parse(after)) for key, (before, after) in asked.items()}


def main() -> None:
    path, log, name, seed, threads = sys.argv[1:]
    lock = threading.Lock()
    with Ledger(Path(path)) as ledger, Path(log).open("a", encoding="utf-8") as file:
        writers = [
            threading.Thread(target=write, args=(ledger, f"{name}.{n}", int(seed) * 100 + n, file, lock), daemon=True)
            for n in range(int(threads))
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    sys.exit(f"{name}: a writer ended by itself")


if __name__ == "__main__":
    main()
