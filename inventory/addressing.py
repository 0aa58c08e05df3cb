"""The address step: what `assigning` decides is reserved and committed in the ledger, then published for everyone else.

In: what was read, the time, and the inventory of the present network where one was imported, on which nothing new may lie.
Out: allocations, and the ledger and the file of an environment brought up to date. Only this step writes either. Nothing is
released unless it is asked for: what a system had stays its own for as long as nobody says that the system will not come
back (`release`), and then rests before anybody else gets it. What has to be in another segment than it is in moves there:
its old address rests in the same change, and begins its rest anew for as long as it still stands.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from inventory import estate, layout, moving, translation
from inventory.allocations import TABLES, Addresses, Allocations, Prefixes, load, save
from inventory.allotting import Entry, Pool, Prefix, parse, text
from inventory.allotting.nouns import State
from inventory.allotting.prefixes import address_text
from inventory.assigning import assign, layouts
from inventory.ledger import Ledger
from inventory.model import Address
from inventory.occupied import NOTHING, Occupied, occupied
from inventory.problems import Problem, Refused, nearest
from inventory.reading import Read

__all__ = ["Addresses", "Allocations", "Prefixes", "assign", "idle", "load", "proposed", "release", "save", "settle"]

_HOLD = 600.0
"""seconds for which the step reserves before it commits"""
_TRIES = 5
_WHO = "address step"
_PREFIXED = {"segments": ("segment6", "segment4", "ula"), "hosts": ("host6", "host4"), "vips": ("vip6", "vip4")}
"""table → kinds of its keys; the other tables have one, called as they are"""
_SINGLE = ("hosts", "vips", "loopbacks")


def settle(read: Read, now: datetime) -> Allocations:
    """Addresses for everything that is asked for, durable when this returns. A file of before there was a ledger is
    taken over as it is. What the imported inventory has on addresses that are given out moves nothing, and is among the
    problems of the result. Refused, and nothing changed, where something cannot be had or the inventory cannot be read."""
    present = _present(read)
    with Ledger(read.places.ledger) as ledger:
        at = now.timestamp()
        _taken_over(read, ledger, at)
        ledger.rest(moving.restless(read, ledger.entries(), at), at, _WHO)
        ledger.sweep(at, _WHO)
        for _ in range(_TRIES - 1):
            try:
                return _settled(read, ledger, at, present)
            except Refused as refused:
                if not {problem.code for problem in refused.problems} <= {"ledger.taken", "ledger.differs"}:
                    raise  # else another process was faster: look again
        return _settled(read, ledger, at, present)


def proposed(read: Read) -> Allocations:
    """What the step would decide now. Nothing is reserved, and nobody has it. Refused as `settle` is."""
    return assign(read, load(read.places.addresses), _present(read))


def idle(read: Read, allocations: Allocations) -> tuple[str, ...]:
    """Names that have addresses and that neither the city nor a request asks for any more."""
    return tuple(dict.fromkeys(name for _, name in _idle(read, allocations)))


def release(read: Read, words: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Let go of the addresses of systems (by stack name) or single names that nobody asks for any more: they rest, and
    are free after that. The names that this was. Refused, and nothing changed, where one is still asked for, still
    stands, or has no addresses."""
    at = now.timestamp()
    with Ledger(read.places.ledger) as ledger:
        _taken_over(read, ledger, at)
        known = _allocations(ledger.entries(), lambda entry: entry.state is not State.RESTING)
        gone = _idle(read, known)
        standing = {word for r in estate.published(read.places.estate) for word in (r.stack, r.name)}
        chosen: list[tuple[str, str]] = []
        problems: list[Problem] = []
        for word in words:
            places = [(t, name) for t, name in gone if name == word or name.startswith(f"{layout.slug(word)}-")]
            if read.request(word) or word in standing:
                problems.append(Problem("address.asked", "仍有申请或仍在运行:先撤回申请并拆除,再释放地址",
                                        "is still requested, or still stands: withdraw and destroy it first", word))  # fmt: skip
            elif not places:
                near = nearest(word, [name for _, name in gone])
                problems.append(Problem("address.nothing", "没有可释放的地址" + (f":是不是 {near}?" if near else ""),
                                        "has no addresses to release" + (f": did you mean {near}?" if near else ""), word))  # fmt: skip
            chosen += places
        if problems:
            raise Refused(problems)
        ledger.release(
            [f"{kind}/{name}" for table, name in chosen for kind in _PREFIXED.get(table, (table,))], at, "release"
        )
        _publish(read, ledger, Allocations())
    return tuple(dict.fromkeys(name for _, name in chosen))


def _taken_over(read: Read, ledger: Ledger, at: float) -> None:
    """What a file of before there was a ledger says, into one that has nothing."""
    if not ledger.entries() and (known := load(read.places.addresses)):
        assign(read, known)  # a file that contradicts itself or the plan does not become the ledger
        ledger.reserve_all(_claims(read.city.addresses, known, lambda _: True), at, who="taken over")


def _idle(read: Read, allocations: Allocations) -> list[tuple[str, str]]:
    asked = _asked(read)
    return [(t, name) for t in TABLES for name in sorted(getattr(allocations, t)) if (t, name) not in asked]


def _present(read: Read) -> Occupied:
    """What the imported inventory uses of the plan."""
    from inventory.exchange import store

    kept = store.kept(read.places)
    return occupied(store.load(kept), read.city) if kept.exists() else NOTHING


def _origins(read: Read) -> dict[str, str]:
    """Name → where it is asked for: file and line of a request, the folder of the city's data."""
    found = {name: "inventory/city" for _, name in _asked(read)}
    for request in read.requests:
        each = layout.of_request(read.city, request)
        found |= {
            thing.name: request.origin() for things in (each.segments, each.machines, each.vips) for thing in things
        }
    return found


def _settled(read: Read, ledger: Ledger, at: float, present: Occupied) -> Allocations:
    entries = ledger.entries()
    used = {key for key, entry in entries.items() if entry.state is State.USED}
    # what is held or rests is its own name's, and nobody else's
    decided = assign(read, _allocations(entries, lambda entry: True), present)
    asked = _asked(read)
    names = {(table, name) for table in TABLES for name in getattr(decided, table)}
    kept = {(t, n) for t, n in names if (t, n) in asked or f"{_PREFIXED.get(t, (t,))[0]}/{n}" in used}
    goes = {each.key for each in decided.moved}
    claims = _claims(read.city.addresses, decided, lambda place: place in asked)
    claims = [(p, {k: prefix for k, prefix in named.items() if k not in used and k not in goes}) for p, named in claims]
    if any(named for _, named in claims):
        held = ledger.reserve_all([each for each in claims if each[1]], at, _HOLD, _WHO)
        ledger.commit(held.prefixes, at, _WHO)
    if decided.moved:
        ledger.move(moving.moves(read.city.addresses, decided.moved), at, _WHO)
        entries = ledger.entries()
    done = replace(decided, **{t: {n: v for n, v in getattr(decided, t).items() if (t, n) in kept} for t in TABLES})
    woken = {key for _, named in claims for key in named}
    resting = {
        key: (text(entry.prefix), entry.until or at)
        for key, entry in sorted(entries.items())
        if entry.state is State.RESTING and key not in woken
    }
    given = ((name, table in _SINGLE, words) for *_, table, name, words in _rows(done))
    wrong = present.conflicts(given, _origins(read)) if present.rows else ()
    done = replace(done, resting=resting, problems=wrong, moved=moving.told(read, done, entries))
    _publish(read, ledger, done)
    return done


def _publish(read: Read, ledger: Ledger, done: Allocations) -> None:
    """What was decided, and whatever others have decided by now: of two steps at once the one that publishes last may be
    the one that knows less."""
    folder = os.open(read.places.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        now = _allocations(ledger.entries(), lambda entry: entry.state is State.USED)
        save(
            read.places.addresses,
            replace(done, **{t: moving.newest(getattr(now, t), getattr(done, t)) for t in TABLES}),
        )
    finally:
        os.close(folder)


def _asked(read: Read) -> set[tuple[str, str]]:
    """(table, name) of everything that the city and its requests come to."""
    city = read.city
    found = {("links", link.key) for link in city.links} | {("nat64", site.key) for site in city.sites}
    found |= {("pool4", site) for site in translation.sites(city)}
    found |= {
        (t, f"{role}-{s.key}") for s in city.sites for role in ("core", "access") for t in ("loopbacks", "locators")
    }
    for each in layouts(read):
        for table, things in (("segments", each.segments), ("hosts", each.machines), ("vips", each.vips)):
            found |= {(table, thing.name) for thing in things}
    return found


def _claims(
    plan: Address, of: Allocations, which: Callable[[tuple[str, str]], bool]
) -> list[tuple[Pool, Mapping[str, Prefix]]]:
    """The ledger's keys and the very prefixes for them, by pool."""
    scopes = {
        "segments6": plan.prefix6, "segments4": plan.prefix4, "ula": plan.ula, "hosts6": plan.prefix6, "hosts4": plan.prefix4,
        "links": plan.link6, "loopbacks": plan.loopback6, "locators": plan.locators and plan.locators.prefix,
        "nat64": plan.nat64 and plan.nat64.prefix, "pool4": plan.public4,
    }  # fmt: skip
    named: dict[str, dict[str, Prefix]] = {scope: {} for scope in scopes}
    for pool, kind, table, name, words in _rows(of):
        if which((table, name)):
            named[pool][f"{kind}/{name}"] = parse(words)
    return [(Pool(name, (parse(space),)), named[name]) for name, space in scopes.items() if space and named[name]]


def _rows(of: Allocations) -> Iterator[tuple[str, str, str, str, str]]:
    """(pool, kind of key, table, name, text) of everything."""
    for name, each in of.segments.items():
        for pool, kind, words in (
            ("segments6", "segment6", each.cidr6),
            ("segments4", "segment4", each.cidr4),
            ("ula", "ula", each.ula),
        ):
            if words:
                yield pool, kind, "segments", name, words
    for table, kind in (("hosts", "host"), ("vips", "vip")):
        for name, each in getattr(of, table).items():
            yield "hosts6", f"{kind}6", table, name, each.address6
            if each.address4:
                yield "hosts4", f"{kind}4", table, name, each.address4
    for table in TABLES[3:]:
        for name, words in getattr(of, table).items():
            yield table, table, table, name, words


def _allocations(entries: Mapping[str, Entry], which: Callable[[Entry], bool]) -> Allocations:
    """What the ledger says, by name."""
    by: dict[str, dict[str, Prefix]] = {}
    for key, entry in entries.items():
        kind, _, name = key.partition("/")
        if which(entry) and "@" not in name:
            by.setdefault(kind, {})[name] = entry.prefix

    def whole(kind: str, name: str) -> str | None:
        prefix = by.get(kind, {}).get(name)
        return text(prefix) if prefix else None

    def address(kind: str, name: str) -> str | None:
        prefix = by.get(kind, {}).get(name)
        return address_text(prefix.version, prefix.start) if prefix else None

    def table(kind: str, of: Callable[[str], object]) -> dict:
        return {name: of(name) for name in by.get(kind, {})}

    return Allocations(
        table("segment6", lambda n: Prefixes(whole("segment6", n) or "", whole("segment4", n), whole("ula", n))),
        table("host6", lambda n: Addresses(address("host6", n) or "", address("host4", n))),
        table("vip6", lambda n: Addresses(address("vip6", n) or "", address("vip4", n))),
        *(table(kind, partial(whole, kind)) for kind in TABLES[3:]),
        former=moving.former(entries),
    )
