"""The ledger on disk: the same answers as the book in memory, whatever is asked; what is refused changes nothing; what
is no ledger is refused with a sentence."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from inventory.allotting import Book, Granted, Pool, Prefix, parse
from inventory.allotting.nouns import Move, State
from inventory.ledger import Ledger
from inventory.problems import Refused

POOL = Pool("six", (parse("3fff:430::/40"),), (parse("3fff:430::/64"),))
DAY = 86400.0
POOLS = [
    Pool("small", (parse("198.18.0.0/26"),), (parse("198.18.0.0/31"),), rest=5),
    Pool("sparse", (parse("3fff:430::/60"),), strategy="sparse", rest=5),
    Pool("nibble", (parse("3fff:430::/56"), parse("3fff:430:0:200::/57")), strategy="nibble", rest=5),
]
KEYS = [f"k{number}" for number in range(14)]


class Both(RuleBasedStateMachine):
    """A ledger beside a book: each change is asked of both."""

    @initialize()
    def begin(self) -> None:
        self.ledger, self.book, self.now = Ledger(Path(self.folder) / f"{next(self.numbers)}.db"), Book(), 0.0
        self.given: dict[str, Prefix] = {}

    def ask(self, verb: str, *words) -> None:
        answers = []
        for one in (self.ledger, self.book):
            try:
                answers.append(
                    getattr(one, verb)(*words[: -1 if verb == "cancel" and one is self.book else None]).prefixes
                )
            except Refused as refused:
                answers.append(sorted((problem.code, problem.where, problem.en) for problem in refused.problems))
        assert answers[0] == answers[1]
        if isinstance(answers[0], dict):
            self.given |= answers[0]

    @rule(pool=st.sampled_from(POOLS), keys=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 4), max_size=5),
          hold=st.one_of(st.none(), st.integers(1, 9)))  # fmt: skip
    def reserve(self, pool: Pool, keys: dict[str, int], hold: float | None) -> None:
        longest = 32 if pool.version == 4 else 64
        self.ask("reserve", pool, {key: longest - less for key, less in keys.items()}, self.now, hold)

    @rule(key=st.sampled_from(KEYS), pool=st.sampled_from(POOLS), place=st.integers(0, 63), less=st.integers(0, 2))
    def claim(self, key: str, pool: Pool, place: int, less: int) -> None:
        length = (32 if pool.version == 4 else 64) - less
        step = pool.bits - length
        self.ask("reserve", pool, {key: Prefix(pool.version, pool.spans[0].start + (place << step), length)}, self.now)

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=4))
    def commit(self, keys: set[str]) -> None:
        self.ask("commit", {key: self.given[key] for key in keys & set(self.given)}, self.now)

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=4))
    def cancel(self, keys: set[str]) -> None:
        self.ask("cancel", {key: self.given[key] for key in keys & set(self.given)}, self.now)

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=4))
    def release(self, keys: set[str]) -> None:
        self.ask("release", keys, self.now)

    @rule(keys=st.sets(st.sampled_from(KEYS), max_size=4))
    def rest(self, keys: set[str]) -> None:
        """Of keys and of what they have left."""
        self.ask("rest", {name for name in self.book.entries() if name.partition("@")[0] in keys}, self.now)

    @rule(key=st.sampled_from(KEYS), place=st.one_of(st.none(), st.integers(0, 63)), stale=st.booleans())
    def move(self, key: str, place: int | None, stale: bool) -> None:
        """To a place of the pool that may be somebody's, to nowhere, or by who saw it somewhere else."""
        if entry := self.book.entries([key]).get(key):
            pool = next(pool for pool in POOLS if pool.name == entry.pool)
            self._move(pool, key, entry.prefix, place, stale)

    @rule(key=st.sampled_from(KEYS))
    def move_back(self, key: str) -> None:
        """To where the key was before, where that still rests."""
        entries = self.book.entries()
        left = [entry for name, entry in sorted(entries.items()) if name.startswith(f"{key}@")]
        if key in entries and left:
            pool = next(pool for pool in POOLS if pool.name == left[0].pool)
            self.ask_to_move(pool, {key: Move(entries[key].prefix, left[0].prefix)})

    def _move(self, pool: Pool, key: str, before: Prefix, place: int | None, stale: bool) -> None:
        step = pool.bits - before.length
        to = None if place is None else Prefix(pool.version, pool.spans[0].start + (place << step), before.length)
        if stale:
            before = Prefix(pool.version, before.start ^ (1 << step), before.length)
        self.ask_to_move(pool, {key: Move(before, to)})

    def ask_to_move(self, pool: Pool, wanted: dict[str, Move]) -> None:
        answers = []
        for one in (self.ledger, self.book):
            try:
                if isinstance(one, Ledger):
                    answers.append(one.move([(pool, wanted)], self.now).prefixes)
                else:
                    answers.append(one.move(pool, wanted, self.now).prefixes)
            except Refused as refused:
                answers.append(sorted((problem.code, problem.where, problem.en) for problem in refused.problems))
        assert answers[0] == answers[1]
        if isinstance(answers[0], dict):
            self.given |= answers[0]

    @rule(seconds=st.integers(1, 6), sweep=st.booleans())
    def wait(self, seconds: int, sweep: bool) -> None:
        self.now += seconds
        if sweep:
            self.ask("sweep", self.now)

    @rule()
    def open_again(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(self.ledger.path, create=False)

    @invariant()
    def the_same(self) -> None:
        assert self.ledger.entries() == self.book.entries()
        assert self.ledger.audit() == ()

    def teardown(self) -> None:
        self.ledger.close()


@pytest.fixture(scope="module", autouse=True)
def _where(tmp_path_factory: pytest.TempPathFactory) -> None:
    Both.folder = tmp_path_factory.mktemp("ledgers")  # type: ignore[attr-defined]
    Both.numbers = iter(range(10**9))  # type: ignore[attr-defined]


@pytest.mark.slow
class TestTheLedgerAnswersAsTheBook(Both.TestCase):
    settings = settings(max_examples=80, stateful_step_count=25, deadline=None)


def test_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "ledger"
    with Ledger(path) as ledger:
        held = ledger.reserve(POOL, {"a": 64, "b": 60}, 0, hold=9, who="one")
        ledger.commit({"a": held.prefixes["a"]}, 1, who="two")
    with Ledger(path, create=False) as ledger:
        assert {key: entry.state for key, entry in ledger.entries().items()} == {"a": State.USED, "b": State.HELD}
        assert ledger.entries(["b", "nobody"])["b"].until == 9
        assert [(c.serial, c.who, c.verb, c.at, c.prefixes) for c in ledger.history()] == [
            (1, "one", "reserve", 0, {"a": "3fff:430:0:1::/64", "b": "3fff:430:0:10::/60"}),
            (2, "two", "commit", 1, {"a": "3fff:430:0:1::/64"}),
        ]
        assert ledger.history(1).__next__().serial == 2
    assert {each.name for each in path.parent.iterdir()} == {"ledger"}, "the log is folded in"


def test_several_pools_are_one_change(tmp_path: Path) -> None:
    four = Pool("four", (parse("198.18.0.0/30"),))
    with Ledger(tmp_path / "ledger") as ledger:
        with pytest.raises(Refused) as refused:
            ledger.reserve_all([(POOL, {"a": 64, "b": 20}), (four, {"c": 30, "d": 30})], 0)
        assert [problem.code for problem in refused.value.problems] == ["ledger.full", "ledger.full"]
        assert (ledger.entries(), list(ledger.history()), ledger.audit()) == ({}, [], ())
        assert set(ledger.reserve_all([(POOL, {"a": 64}), (four, {"c": 30})], 0).prefixes) == {"a", "c"}


def test_a_batch_takes_no_more_than_it_needs_from_a_pool_in_pieces(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        keys = {f"k{number:04}": 64 for number in range(2000)}
        ledger.reserve(Pool("six", POOL.spans, POOL.barred, rest=0), keys, 0)
        ledger.release([f"k{number:04}" for number in range(0, 2000, 2)], 1)
        ledger.sweep(2)
        book = Book()
        book.reserve(Pool("six", POOL.spans, POOL.barred, rest=0), keys, 0)
        book.release([f"k{number:04}" for number in range(0, 2000, 2)], 1)
        book.sweep(2)
        more = {f"n{number:04}": 64 - number % 3 for number in range(1500)}
        assert ledger.reserve(POOL, more, 3).prefixes == book.reserve(POOL, more, 3).prefixes
        assert ledger.audit() == ()


def test_threads_go_to_the_disk_together_and_one_refusal_stops_no_other(tmp_path: Path) -> None:
    answers: dict[int, Granted | Refused] = {}
    start = threading.Barrier(16)

    def work(number: int) -> None:
        start.wait()
        try:
            answers[number] = ledger.reserve(POOL, {f"k{number}": 64 if number % 4 else 20}, 0)
        except Refused as refused:
            answers[number] = refused

    with Ledger(tmp_path / "ledger") as ledger:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {n for n, answer in answers.items() if isinstance(answer, Refused)} == {0, 4, 8, 12}
        granted = [answer for answer in answers.values() if isinstance(answer, Granted)]
        assert len({prefix for answer in granted for prefix in answer.prefixes.values()}) == 12
        assert sorted(answer.serial for answer in granted) == list(range(1, 13))
        assert ledger.audit() == ()


def test_the_audit_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as ledger:
        ledger.reserve(POOL, {"a": 64, "b": 64, "c": 64}, 0)
    for sql, said in (
        ("UPDATE taken SET length=60 WHERE key='a'", "meets"), ("DELETE FROM taken WHERE key='b'", "are its own"),
        ("DELETE FROM free WHERE length=41", "are its own"), ("UPDATE taken SET start=x'3fff0431000000000000000000000000' WHERE key='c'", "outside"),
    ):  # fmt: skip
        copy = tmp_path / "copy"
        copy.write_bytes(path.read_bytes())
        with sqlite3.connect(copy) as db:
            db.execute(sql)
        db.close()
        with Ledger(copy) as ledger:
            assert any(said in line for line in ledger.audit()), sql


@pytest.mark.parametrize(("content", "code"), [
    (b"", "ledger.format"), (b"not a database at all, but long enough to be read as the header of one" * 90, "ledger.damaged"),
], ids=["empty", "strange"])  # fmt: skip
def test_what_is_no_ledger_is_refused_and_kept(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)
    with pytest.raises(Refused, match=code):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_ledger_of_a_later_version_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"ledger.missing"):
        Ledger(tmp_path / "ledger", create=False)
    Ledger(tmp_path / "ledger").close()
    with sqlite3.connect(tmp_path / "ledger") as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(Refused, match=r"ledger.format"):
        Ledger(tmp_path / "ledger")


def test_a_ledger_that_was_moved_away_takes_no_more_changes(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.reserve(POOL, {"a": 64}, 0)
        (tmp_path / "ledger").rename(tmp_path / "elsewhere")
        with pytest.raises(Refused, match=r"ledger.gone"):
            ledger.reserve(POOL, {"b": 64}, 0)
