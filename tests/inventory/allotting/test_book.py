"""Keys and prefixes: stable whatever is added, removed or reordered; nothing meets; what was released rests."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.allotting import Book, Pool, Prefix, parse
from inventory.allotting.book import SWEEP
from inventory.allotting.nouns import Entry, Move, State, Strategy
from inventory.allotting.prefixes import overlaps, text
from inventory.problems import Refused

SIX = Pool("six", (parse("3fff:430::/40"),), (parse("3fff:430::/64"),))
FOUR = Pool("four", (parse("198.18.0.0/20"), parse("198.19.0.0/24")), (parse("198.18.0.0/24"),))
DAY = 86400.0

KEYS = st.sampled_from([f"k{number}" for number in range(24)])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.dictionaries(KEYS, st.integers(56, 64), max_size=6)),
        st.tuples(st.just("drop"), st.sets(KEYS, max_size=4)),
        st.tuples(st.just("wait"), st.integers(0, 40)),
    ),
    max_size=12,
)


def everything(book: Book) -> list[tuple[Prefix, str]]:
    return [(entry.prefix, key) for key, entry in book.entries().items()]


def run(changes: list, pool: Pool, chance: random.Random) -> Book:
    """The changes, each dictionary and set in an order of chance; what must hold is looked at after each."""
    book, now, lengths = Book(), 0.0, dict[str, int]()
    for what, given_ in changes:
        before, resting = book.entries(), {k for k, e in book.entries().items() if e.state is State.RESTING}
        if what == "add":
            wanted = {key: lengths.setdefault(key, length) for key, length in given_.items()}
            items = list(wanted.items())
            chance.shuffle(items)
            book.reserve(pool, dict(items), now)
        elif what == "drop":
            keys = list(given_)
            chance.shuffle(keys)
            book.release(keys, now)
        else:
            now += given_ * DAY
        after = book.entries()
        for key, entry in before.items():
            ended = key in resting and entry.until is not None and entry.until <= now
            assert ended or after[key].prefix == entry.prefix, "nothing moves"
            if key not in after:
                lengths.pop(key)
        assert not list(overlaps(everything(book)))
        assert not [p for p, _ in everything(book) if p.meets(pool.barred[0]) or not any(p in s for s in pool.spans)]
        assert not after or book.free(pool.name) == pool.size - sum(prefix.size for prefix, _ in everything(book))
    return book


@settings(max_examples=150, deadline=None)
@given(CHANGES, st.sampled_from(["best-fit", "sparse", "nibble"]), st.integers())
def test_nothing_moves_or_meets_and_the_order_of_asking_does_not_matter(
    changes: list, strategy: Strategy, seed: int
) -> None:
    pool = Pool(SIX.name, SIX.spans, SIX.barred, strategy)
    one, other = run(changes, pool, random.Random(seed)), run(changes, pool, random.Random(seed + 1))
    assert one.entries() == other.entries()
    if strategy == "nibble":
        assert all(prefix.length % 4 == 0 for prefix, _ in everything(one))


def test_what_was_released_rests_and_is_its_own_keys_meanwhile() -> None:
    book = Book()
    before = book.reserve(SIX, {"a": 64, "b": 64}, 0).prefixes
    book.release(["a"], 0)
    assert book.reserve(SIX, {"c": 64}, 29 * DAY).prefixes["c"] not in before.values()
    assert book.reserve(SIX, {"a": 64}, 29 * DAY).prefixes["a"] == before["a"]
    book.release(["a"], 29 * DAY)
    assert book.reserve(SIX, {"d": 64}, 59 * DAY).prefixes["d"] == before["a"], "rested long enough: the lowest again"


def test_a_reservation_ends_unless_it_is_committed() -> None:
    book = Book()
    held = book.reserve(SIX, {"a": 64}, 0, hold=60).prefixes
    assert book.reserve(SIX, {"b": 64}, 59, hold=60).prefixes["b"] != held["a"]
    with pytest.raises(Refused, match=r"ledger.lapsed"):
        book.commit(held, 60)
    assert book.reserve(SIX, {"c": 64}, 60).prefixes["c"] == held["a"]
    with pytest.raises(Refused, match=r"ledger.lapsed"):
        book.commit(held, 61)


def test_who_takes_back_a_reservation_of_something_that_rests_leaves_it_resting() -> None:
    book = Book()
    was = book.reserve(SIX, {"a": 64}, 0).prefixes
    book.release(["a"], 0)
    assert book.reserve(SIX, {"a": 64}, DAY, hold=60).prefixes == was
    book.cancel(was)
    entry = book.entries()["a"]
    assert (entry.state, entry.until) == (State.RESTING, SIX.rest)


def test_cancel_takes_back_what_is_held_and_nothing_else() -> None:
    book = Book()
    used, held = book.reserve(SIX, {"a": 64}, 0).prefixes, book.reserve(SIX, {"b": 64}, 0, hold=60).prefixes
    assert book.cancel({**used, **held, "stranger": parse("3fff:430:1::/64")}).prefixes == held
    assert set(book.entries()) == {"a"}


A, B, C = (parse(f"3fff:430:{n}::/64") for n in (1, 2, 3))


def test_what_was_used_rests_what_was_held_is_free_and_what_rested_rests_on() -> None:
    book = Book()
    book.reserve(SIX, {"used": A, "gone": B}, 0)
    book.reserve(SIX, {"held": C}, 0, hold=60)
    book.release(["gone"], DAY)
    away = {"used": parse("3fff:430:4::/64"), "gone": parse("3fff:430:5::/64"), "held": parse("3fff:430:6::/64")}
    before = {"used": A, "gone": B, "held": C}
    done = book.move(SIX, {key: Move(before[key], to) for key, to in away.items()}, 2 * DAY)
    assert done.prefixes == away
    assert book.entries() == {
        **{key: Entry("six", to, State.USED, None) for key, to in away.items()},
        f"used@{text(A)}": Entry("six", A, State.RESTING, 2 * DAY + SIX.rest),
        f"gone@{text(B)}": Entry("six", B, State.RESTING, DAY + SIX.rest),
    }
    assert book.free("six") == SIX.size - 5 * A.size
    assert book.serial == 4
    book.move(SIX, {"used": Move(A, away["used"])}, 3 * DAY)
    assert book.serial == 4, "who asks again is told the same, and nothing is changed"


def test_a_key_comes_back_to_what_it_has_left_and_nobody_else_gets_that_before_it_has_rested() -> None:
    book = Book()
    book.reserve(SIX, {"a": A, "other": C}, 0)
    book.move(SIX, {"a": Move(A, B)}, 0)
    with pytest.raises(Refused, match=r"ledger.taken"):
        book.move(SIX, {"other": Move(C, A)}, DAY)
    with pytest.raises(Refused, match=r"ledger.taken"):
        book.reserve(SIX, {"new": A}, DAY)
    book.move(SIX, {"a": Move(B, A)}, 29 * DAY)
    assert book.entries(["a", f"a@{text(A)}", f"a@{text(B)}"]) == {
        "a": Entry("six", A, State.USED, None), f"a@{text(B)}": Entry("six", B, State.RESTING, 29 * DAY + SIX.rest),
    }  # fmt: skip
    book.rest([f"a@{text(B)}", "a"], 40 * DAY)
    book.sweep(69 * DAY)
    assert f"a@{text(B)}" in book.entries()
    book.sweep(70 * DAY)
    assert book.reserve(SIX, {"new": B}, 70 * DAY).prefixes == {"new": B}


def test_a_move_to_nowhere_is_a_release_and_a_move_of_what_was_seen_elsewhere_is_refused() -> None:
    book = Book()
    book.reserve(SIX, {"a": A, "b": B}, 0)
    assert book.move(SIX, {"a": Move(A, None)}, 0).prefixes == {}
    assert book.entries(["a"]) == {"a": Entry("six", A, State.RESTING, SIX.rest)}
    before, wrong = book.entries(), {"b": Move(A, C), "nobody": Move(A, C), "a": Move(A, C)}
    problems = book.immovable(SIX, wrong)
    assert [(p.code, p.where) for p in problems] == [("ledger.differs", "b"), ("ledger.differs", "nobody")]
    with pytest.raises(Refused, match=r"ledger.differs"):
        book.move(SIX, wrong, 0)
    with pytest.raises(Refused, match=r"ledger.taken"):
        book.move(SIX, {"a": Move(A, C), "b": Move(B, parse("198.18.0.0/24"))}, 0)
    assert (book.entries(), book.free("six")) == (before, SIX.size - 2 * A.size)


def test_a_change_is_refused_whole_with_every_reason() -> None:
    book = Book()
    book.reserve(SIX, {"a": 64, "x": parse("3fff:430:5::/64")}, 0)
    before = book.entries()
    left = book.free("six")
    with pytest.raises(Refused) as refused:
        book.reserve(
            SIX, {"n": 64, "huge": 39, "other": 39, "y": parse("3fff:430:5::/60"), "z": parse("198.18.1.0/24")}, 0
        )
    assert sorted(p.code for p in refused.value.problems) == ["ledger.full", "ledger.taken", "ledger.taken"]
    with pytest.raises(Refused) as refused:
        book.reserve(SIX, {"n": 64, "a": 63, "x": parse("3fff:430:6::/64")}, 0)
    assert [p.code for p in refused.value.problems] == ["ledger.differs", "ledger.differs"]
    assert book.entries() == before
    assert book.free("six") == left


def test_a_pool_grows_and_does_nothing_else() -> None:
    small = Pool("p", (parse("3fff:430:8000::/33"),))
    book = Book()
    first = book.reserve(small, {"a": 34, "b": 34}, 0).prefixes
    wide = Pool("p", (parse("3fff:430::/32"),))
    more = book.reserve(wide, {"c": 33}, 0).prefixes
    assert text(more["c"]) == "3fff:430::/33"
    assert not [1 for p in first.values() if p.meets(more["c"])]
    with pytest.raises(Refused, match=r"ledger.pool"):
        book.reserve(small, {"d": 64}, 0)
    with pytest.raises(Refused, match=r"ledger.pool"):
        book.reserve(Pool("p", wide.spans, (parse("3fff:430::/64"),)), {"d": 64}, 0)


@pytest.mark.parametrize("pool", [
    Pool("p", ()), Pool("p", (parse("3fff:430::/32"), parse("3fff:430:1::/48"))),
    Pool("p", (parse("3fff:430::/32"), parse("198.18.0.0/15"))), Pool("p", (parse("3fff:430::/32"),), (parse("3fff:431::/64"),)),
    Pool("p", (parse("3fff:430::/32"),), (parse("3fff:430::/64"), parse("3fff:430::/63"))),
], ids=["empty", "meeting", "mixed", "barred-outside", "barred-twice"])  # fmt: skip
def test_a_pool_that_is_none_is_refused(pool: Pool) -> None:
    with pytest.raises(Refused, match=r"ledger.pool"):
        Book().reserve(pool, {"a": 64}, 0)


def test_ipv4_takes_the_smallest_room_first() -> None:
    book = Book()
    got = book.reserve(FOUR, {"a": 27, "b": 24, "c": 20 + 3}, 0).prefixes
    assert {key: text(prefix) for key, prefix in got.items()} == {
        "c": "198.18.2.0/23", "b": "198.18.1.0/24", "a": "198.19.0.0/27",
    }  # fmt: skip


def test_one_change_clears_away_no_more_than_its_share() -> None:
    tight = Pool("p", (parse("198.18.0.0/22"),))
    book = Book()
    book.reserve(tight, {f"h{n}": 32 for n in range(1000)}, 0, hold=1)
    book.reserve(tight, {"x": 32}, 10)
    assert len(book.entries()) == 1000 + 1 - (SWEEP + 2)
    assert text(book.reserve(tight, {"wide": 23}, 10).prefixes["wide"]) == "198.18.2.0/23"
    assert set(book.entries()) == {"x", "wide"}, "but all where the room is needed"


def edits(count: int, seed: int, pool: Pool) -> int:
    """So many changes of a plan by chance, each shuffled; how many prefixes moved that the change did not name."""
    chance, book, now, moved, done = random.Random(seed), Book(), 0.0, 0, 0
    while done < count:
        before = book.entries()
        named: set[str] = set()
        names = [f"n{chance.randrange(4 * count)}" for _ in range(chance.randint(1, 20))]
        if chance.random() < 0.6:
            lengths = [pool.bits - chance.randint(*((0, 3) if pool.version == 4 else (64, 68))) for _ in names]
            wanted = {name: length for name, length in zip(names, lengths, strict=True) if name not in before}
            chance.shuffle(names)
            try:
                book.reserve(pool, wanted, now)
            except Refused as refused:
                if {problem.code for problem in refused.problems} != {"ledger.full"}:
                    raise
            named = set(wanted)
        else:
            known = sorted(before)
            named = set(chance.sample(known, min(len(known), len(names))))
            book.release(named, now)
        done += max(1, len(named))
        now += chance.random() * DAY
        after = book.entries()
        ended = {key for key, e in before.items() if e.until is not None and e.until <= now}
        moved += sum(after.get(key, entry).prefix != entry.prefix for key, entry in before.items() if key not in named)
        assert set(before) - set(after) <= ended | named
    assert not list(overlaps(everything(book)))
    return moved


@pytest.mark.slow
@pytest.mark.parametrize("pool", [SIX, FOUR], ids=["six", "four"])
@pytest.mark.parametrize("strategy", ["best-fit", "sparse", "nibble"])
def test_thousands_of_edits_move_nothing(pool: Pool, strategy: Strategy) -> None:
    assert edits(8000, 5, Pool(pool.name, pool.spans, pool.barred, strategy)) == 0


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["best-fit", "sparse"])
def test_a_hundred_thousand_edits_move_nothing(strategy: Strategy) -> None:
    wide = Pool("wide", (parse("3fff:430::/32"),), (parse("3fff:430::/64"),), strategy)
    assert edits(100_000, 11, wide) == 0
