"""What a stack's state is to everything that uses it: the store of one stack, and what can be known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from inventory.problems import Problem
from stacks.engine.records import Pending, Record
from stacks.engine.sealing import Sealer
from stacks.engine.state.chain import Entry
from stacks.engine.state.lease import Holder


class Store(Protocol):
    """A stack's state, open for writing by the one who holds its lease. Each change is durable when its future
    resolves; once a change could not be written, every later one is Refused."""

    sealer: Sealer

    @property
    def version(self) -> int:
        """Grows with every change; a plan is bound to it."""
        ...

    def records(self) -> list[Record]: ...
    def pending(self) -> list[Pending]: ...
    def words(self) -> Mapping[str, str]:
        """As in `Snapshot`."""
        ...

    def begin(self, kind: str, holder: Holder, reason: str, plan: str = "", note: str = "") -> None: ...
    def put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]: ...
    def drop(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]: ...
    def intend(self, op: str, body: dict[str, Any], record: int) -> tuple[int, asyncio.Future[None]]: ...
    def settle(self, numbers: tuple[int, ...]) -> asyncio.Future[None]: ...
    def replace(self, records: Iterable[Record], pending: Iterable[Pending] = ()) -> asyncio.Future[None]: ...
    def remember_after(self, stacks: tuple[str, ...]) -> None: ...
    def attest(self, statement: Callable[[int, int, str], str]) -> asyncio.Future[None]: ...
    async def renew(self) -> str: ...
    async def flush(self) -> None: ...
    async def finish(self, result: str, counts: Mapping[str, int]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state at one moment, read without holding it. All empty where there is none."""

    records: list[Record] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    version: int = 0
    words: Mapping[str, str] = field(default_factory=dict)
    """`after`: JSON list of the stacks that it comes after; `attested`: the last attestation (`engine.attesting`)"""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the record that can still be gone back to, and the update that ended with it."""

    version: int
    update: int
    kind: str
    who: str
    ended: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a state looks like from outside, without opening it."""

    version: int
    chain: str
    """digest of all that led to it"""
    resources: int
    word: str
    """the last attestation, "" where there is none"""
    entry: Entry | None
    """the last of the journal; None where it was folded away"""
    update: Mapping[str, Any] | None
    """the last that wrote to it, as in the history"""


@dataclass(frozen=True, slots=True)
class Repair:
    """What mending a state came to."""

    problems: tuple[Problem, ...]
    """what was found, before"""
    aside: str
    """where the state lies as it was found; "" where nothing was to be mended"""
    lost: tuple[str, ...] = ()
    """URNs of resources and operations of which no readable record is left"""
