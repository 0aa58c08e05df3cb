"""The rules of giving out, shared by the book in memory and the ledger on disk. Pure but for the free blocks handed in.

The same keys get the same prefixes in whatever order they are asked for: those that name their prefix come first, in
the order of addresses, the others by length and key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.allotting.nouns import Entry, Move, Pool, State
from inventory.allotting.prefixes import BITS, Prefix, overlaps, text
from inventory.allotting.space import Free
from inventory.problems import Problem, Refused

Wanted = Mapping[str, int | Prefix]
"""key → the length of its prefix, or the very prefix (of what was planned elsewhere)"""


def sound(pool: Pool) -> None:
    """Refused where a pool's spans meet, are of both families, or do not hold what is barred."""
    problems: list[Problem] = []
    if not pool.spans:
        problems.append(
            Problem("ledger.pool", "没有地址范围:至少写一个前缀", "has no addresses: give a prefix", pool.name)
        )
    for (one, _), (other, _) in overlaps((span, "") for span in (*pool.spans,)):
        problems.append(
            Problem("ledger.pool", f"{one} 与 {other} 重叠:范围不能相交", f"{one} and {other} overlap", pool.name)
        )
    for span in pool.spans[1:]:
        if span.version != pool.version:
            problems.append(Problem("ledger.pool", f"{span} 与 {pool.spans[0]} 不是同一种地址:分成两个池",
                                    f"{span} is not of the family of {pool.spans[0]}: make two pools", pool.name))  # fmt: skip
    for one in pool.barred:
        if not any(one in span for span in pool.spans):
            problems.append(
                Problem("ledger.pool", f"保留的 {one} 不在池内", f"{one} is barred but not in it", pool.name)
            )
    for (one, _), (other, _) in overlaps((barred, "") for barred in pool.barred):
        problems.append(
            Problem("ledger.pool", f"保留的 {one} 与 {other} 重叠", f"barred {one} and {other} overlap", pool.name)
        )
    if problems:
        raise Refused(problems)


def length_of(pool: Pool, length: int) -> int:
    """The length that is really given: a nibble pool widens to a whole hexadecimal digit."""
    return length - length % 4 if pool.strategy == "nibble" else length


def known(pool: Pool, wanted: Wanted, found: Mapping[str, Entry]) -> tuple[dict[str, Prefix], list[str], list[Problem]]:
    """Of what is wanted, what its key has already: prefixes, the keys among them that have to be held again (they were
    released, or only held), and what contradicts what is asked."""
    kept: dict[str, Prefix] = {}
    again: list[str] = []
    problems: list[Problem] = []
    for key, entry in sorted(found.items()):
        want = wanted[key]
        same = entry.prefix == want if isinstance(want, Prefix) else entry.prefix.length == length_of(pool, want)
        if entry.pool != pool.name or not same:
            asked = text(want) if isinstance(want, Prefix) else f"/{want}"
            problems.append(
                Problem(
                    "ledger.differs",
                    f"已有 {entry.prefix}(池 {entry.pool}),与所要的 {asked}(池 {pool.name})不同:同一个名字不换地址,"
                    "请换个名字,或先释放并等静置期满",
                    f"has {entry.prefix} of pool {entry.pool}, which is not the {asked} of pool {pool.name} that is asked "
                    "for: a name does not change its prefix; take another name, or release it and let its rest end",
                    key,
                )
            )
            continue
        kept[key] = entry.prefix
        if entry.state is not State.USED:
            again.append(key)
    return kept, again, problems


def place(free: Free, pool: Pool, fresh: Wanted) -> tuple[dict[str, Prefix], list[Problem]]:
    """A prefix for each key, taken out of `free`; where there are problems everything has been given back."""
    exact = sorted((want, key) for key, want in fresh.items() if isinstance(want, Prefix))
    sized: dict[int, list[str]] = defaultdict(list)
    for key, want in fresh.items():
        if not isinstance(want, Prefix):
            sized[want].append(key)
    if pool.strategy == "nibble":
        exact_lengths, sized = sized, defaultdict(list)
        for length, keys in exact_lengths.items():
            sized[length_of(pool, length)] += keys
    taken: dict[str, Prefix] = {}
    problems: list[Problem] = []
    for want, key in exact:
        if want.version == pool.version and free.carve(want.length, want.start):
            taken[key] = want
        else:
            problems.append(
                Problem(
                    "ledger.taken", f"{want} 在池 {pool.name} 中不空闲:换一个前缀,或查明谁在用",
                    f"{want} is not free in pool {pool.name}: choose another prefix, or find out who has it", key,
                )
            )  # fmt: skip
    version, sparse = pool.version, pool.strategy == "sparse"
    for length, keys in sorted(sized.items()):
        starts: list[int] = []
        if 0 <= length <= pool.bits:
            starts = free.spread(length, len(keys)) if sparse else free.run(length, len(keys))
        keys.sort()
        taken.update(zip(keys, [Prefix(version, start, length) for start in starts], strict=False))
        if len(starts) < len(keys):
            problems.append(_full(pool, length, keys[len(starts) :]))
    if problems:
        for prefix in taken.values():
            free.give(prefix.length, prefix.start)
        return {}, problems
    return taken, []


def held(pool: str, prefix: Prefix, before: Entry | None, until: float | None) -> Entry:
    """The entry of a key that has been given its prefix, until a time, or for good."""
    if until is None:
        return Entry(pool, prefix, State.USED, None)
    if before is None:
        return Entry(pool, prefix, State.HELD, until)
    state = State.HELD if before.state is State.HELD else State.AGAIN
    return Entry(pool, prefix, state, max(until, before.until or until))


def former(key: str, prefix: Prefix) -> str:
    """The key under which a prefix rests that its key has left: the key's own still, and nobody else's."""
    return f"{key}@{text(prefix)}"


def touched(wanted: Mapping[str, Move]) -> list[str]:
    """The keys that moves have to know: those that move, and what they may come back to."""
    return [*wanted, *(former(key, move.after) for key, move in wanted.items() if move.after)]


def standing(pool: Pool, wanted: Mapping[str, Move], found: Mapping[str, Entry]) -> tuple[list[str], list[Problem]]:
    """Of keys that are to move: those that have not yet, and what contradicts what is asked. Who saw another prefix than
    the key has now has decided on what is not so any more."""
    left: list[str] = []
    problems: list[Problem] = []
    for key, (before, after) in sorted(wanted.items()):
        entry = found.get(key)
        gone = after is None and entry is not None and entry.state is State.RESTING
        if entry is None or entry.pool != pool.name or entry.prefix not in (before, after):
            has = entry.prefix if entry else None
            problems.append(
                Problem(
                    "ledger.differs", f"现在的前缀是 {has or '无'}(池 {pool.name}),不是 {before}:重新运行编址步骤",
                    f"has {has or 'nothing'} (pool {pool.name}) by now and not {before}: run the address step again", key,
                )
            )  # fmt: skip
        elif not gone and (entry.prefix != after or entry.state is not State.USED):
            left.append(key)
    return left, problems


def arriving(wanted: Mapping[str, Move], found: Mapping[str, Entry], left: Iterable[str]) -> dict[str, Prefix]:
    """Of keys that have not moved yet, what they come to that has to be free: not what they come back to."""
    return {
        key: after
        for key in left
        if (after := wanted[key].after) and found[key].prefix != after and former(key, after) not in found
    }


def leaving(entry: Entry, now: float, rest: float) -> Entry | None:
    """What stays of a prefix that its key leaves: at rest, but for what was only held, which is free."""
    if entry.state is State.HELD:
        return None
    return entry._replace(state=State.RESTING, until=now + rest if entry.state is State.USED else entry.until)


def lapsed(claims: Mapping[str, Prefix], found: Mapping[str, Entry], now: float) -> list[Problem]:
    """What of the claims cannot be committed, because it is not held (any more)."""
    return [
        Problem(
            "ledger.lapsed", f"{prefix} 的预留已失效或从未预留:重新预留后再确认",
            f"{prefix} is not held (any more): reserve again, then commit", key,
        )
        for key, prefix in sorted(claims.items())
        if (entry := found.get(key)) is None
        or entry.prefix != prefix
        or entry.state is State.RESTING
        or (entry.until is not None and entry.until <= now)
    ]  # fmt: skip


def moved(declared: Pool, spans: Iterable[Prefix], barred: Iterable[Prefix]) -> tuple[list[Prefix], list[Problem]]:
    """A pool may grow, and nothing else: the spans to add, or why that cannot be."""
    spans, barred = tuple(spans), tuple(barred)
    lost = [span for span in spans if not any(span in wide for wide in declared.spans)]
    if lost or set(declared.barred) != set(barred):
        was = "、".join(map(text, spans if lost else barred))
        zh, en = ("范围", "addresses") if lost else ("保留部分", "barred part")
        return [], [
            Problem(
                "ledger.pool", f"台账中该池{zh}为 {was},与规划不同:池只能扩大,请改回规划",
                f"the ledger has its {en} as {was}, the plan says otherwise: a pool can only grow; restore the plan",
                declared.name,
            )
        ]  # fmt: skip
    return [new for span in declared.spans for new in _without(span, spans)], []


def _without(span: Prefix, others: Iterable[Prefix]) -> Iterable[Prefix]:
    """What of a prefix is in none of the others, each of which lies inside or outside it."""
    free = Free.of(BITS[span.version], [span], [other for other in others if other in span])
    return (Prefix(span.version, start, length) for length, start in sorted(free.blocks()))


def _full(pool: Pool, length: int, keys: list[str]) -> Problem:
    more = f"(等 {len(keys)} 个)" if len(keys) > 1 else ""
    also = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
    whole = "、".join(map(text, pool.spans))
    return Problem(
        "ledger.full", f"池 {pool.name}({whole})中没有空闲的 /{length}{more}:扩大这个池,或释放不用的前缀",
        f"pool {pool.name} ({whole}) has no free /{length}{also}: widen it, or release what is not used", keys[0],
    )  # fmt: skip
