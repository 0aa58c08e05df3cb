"""One suite for every store: a folder of files, one file, a schema of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.engine import state
from stacks.engine.records import Record
from stacks.engine.sealing import new_salt
from stacks.engine.state import Holder, Shelf, Store
from tests.engine.state import server

PASSPHRASE = "correct horse battery staple"
STORES = ("folder", "file", "postgresql")
_schemas = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    if server.binaries() is None:
        pytest.skip(server.MISSING)
    with server.postgresql() as location:
        yield location


@pytest.fixture(params=STORES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return place(request, tmp_path)


def place(request: pytest.FixtureRequest, folder: Path) -> Shelf:
    """An empty store of the kind that the test asks for."""
    if request.param == "folder":
        return state.at(folder / "stacks")
    if request.param == "file":
        return state.at(folder / "state.db")
    return fresh(request.getfixturevalue("postgres"))


def fresh(location: str) -> Shelf:
    """A schema of its own."""
    return state.at(f"{location}&schema=s{next(_schemas)}")


def record(name: str, size: Any = 1, **more: Any) -> Record:
    """A resource as a program's run records it."""
    urn = f"urn:pulumi:one::p::t:t:T::{name}"
    body = {"urn": urn, "custom": True, "type": "t:t:T", "inputs": {"size": size}, "id": f"id-{name}"}
    return Record(body | {"outputs": {"size": size, "名": "梁柱"}} | more)


def named(records: list[Record]) -> dict[str, Any]:
    """name → size, of the resources."""
    return {r.urn.rpartition("::")[2]: r.inputs["size"] for r in records}


@cache
def salt() -> str:
    """One for all tests: each costs a key derivation."""
    return new_salt(PASSPHRASE)


def open_store(shelf: Shelf, stack: str = "one") -> Store:
    return shelf.open(stack, PASSPHRASE, salt())


@contextmanager
def held(shelf: Shelf, kind: str = "up", stack: str = "one", holder: Holder | None = None) -> Iterator[Store]:
    """A store with its lease; the caller finishes, or does not."""
    store = open_store(shelf, stack)
    try:
        store.begin(kind, holder or Holder.me(), kind)
        yield store
    finally:
        store.close()


def update(shelf: Shelf, work: Callable[[Store], Any], kind: str = "up", stack: str = "one") -> int:
    """One update in which `work` writes. The version afterwards."""

    async def run() -> int:
        with held(shelf, kind, stack) as store:
            work(store)
            await store.finish("succeeded", {"create": 1})
            return store.version

    return asyncio.run(run())


def put(shelf: Shelf, *records: Record, stack: str = "one") -> int:
    """An update that records these."""
    return update(shelf, lambda store: [store.put("create", r) for r in records], stack=stack)


def do(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def execute(shelf: Shelf, sql: str, *values: Any, stack: str = "one") -> list[Any]:
    """A statement past the engine: what a fault, or somebody with an editor, does."""
    db = shelf.place.open(stack, write=True)
    assert db is not None
    try:
        with db.writing():
            if sql.startswith("SELECT"):
                return db.all(sql, values)
            db.run(sql, values)
            return []
    finally:
        db.close()
