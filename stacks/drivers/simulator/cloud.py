"""The driver `simulator`. In: what is wanted. Out: what the file then holds. The rules are in `behaviour`.

A generated secret (`sec.secret`) is handed over once, by the call that makes it. Making the same one again, as after
a crash between the cloud and the state, gives a new value: nobody can hold the old one, because it was never recorded.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sqlite3
import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from inventory.kinds import kinds
from inventory.kinds.base import Kind
from inventory.model import Environment
from stacks.drivers.base import DriverError, Need, Thing
from stacks.drivers.simulator import behaviour
from stacks.drivers.simulator.store import Store, by_id, by_name, text

_ALPHABET = string.ascii_letters + string.digits


class Simulator:
    """See the package. `latency`: seconds that each call takes; `token`: n → text of n random bytes."""

    name = "simulator"

    def __init__(
        self,
        environment: Environment | None,
        folder: Path,
        *,
        latency: float = 0,
        token: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self.environment = environment
        self._store = Store(folder)
        self._latency = latency
        self._token = token

    @staticmethod
    def needs(environment: Environment | None = None) -> list[Need]:
        """Nothing: it runs wherever Python does."""
        return []

    def create(self, want: Thing) -> Thing:
        thing = behaviour.known(want)
        with self._call("create", want.kind, want.name) as connection:
            there = by_name(connection, want.kind, want.name)
            id_ = there["id"] if there else f"sim-{want.kind.replace('.', '-').replace('_', '-')}-{self._token(6)}"
            added = json.loads(there["outputs"]) if there else behaviour.outputs(want.kind, id_, self._token)
            made = self._put(connection, id_, want, thing, added, there)
        if want.kind == "sec.secret":
            return self._secret(made, thing)
        return made

    def read(self, kind: str, id: str) -> Thing | None:
        with self._call("read", kind, id, write=False) as connection:
            row = by_id(connection, id)
            return _thing(row) if row and row["kind"] == kind else None

    def find(self, kind: str, name: str) -> Thing | None:
        with self._call("find", kind, name, write=False) as connection:
            row = by_name(connection, kind, name)
            return _thing(row) if row else None

    def update(self, id: str, want: Thing) -> Thing:
        thing = behaviour.known(want)
        with self._call("update", want.kind, want.name) as connection:
            row = by_id(connection, id)
            if row is None or row["kind"] != want.kind:
                raise DriverError(
                    "not-found", f"{want.kind} {want.name} 已不存在:运行 ./lz up 重新创建",
                    f"{want.kind} {want.name} is gone: run ./lz up to make it again", where=want.name,
                )  # fmt: skip
            fixed = behaviour.frozen(want.kind, json.loads(row["properties"]), want.properties)
            if fixed:
                raise DriverError(
                    "invalid", f"{'、'.join(fixed)} 不能就地修改:删除后重建",
                    f"{', '.join(fixed)} cannot be changed in place: delete it and make it again", where=want.name,
                )  # fmt: skip
            return self._put(connection, id, want, thing, json.loads(row["outputs"]), row)

    def delete(self, kind: str, id: str) -> None:
        with self._call("delete", kind, id) as connection:
            row = by_id(connection, id)
            if row is None or row["kind"] != kind:
                return
            user = connection.execute(
                "SELECT t.kind, t.name FROM uses u JOIN things t USING(id) WHERE u.kind = ? AND u.name = ? LIMIT 1",
                (kind, row["name"]),
            ).fetchone()
            if user:
                raise DriverError(
                    "conflict", f"{kind} {row['name']} 仍被 {user['kind']} {user['name']} 使用:先删除后者",
                    f"{kind} {row['name']} is still used by {user['kind']} {user['name']}: delete that first",
                    where=row["name"],
                )  # fmt: skip
            connection.execute("DELETE FROM things WHERE id = ?", (id,))
            connection.execute("DELETE FROM uses WHERE id = ?", (id,))

    def list(self) -> Iterator[Thing]:
        with self._store.transaction(write=False) as connection:
            rows = connection.execute("SELECT * FROM things ORDER BY kind, name").fetchall()
        return map(_thing, rows)

    def close(self) -> None:
        self._store.close()

    def _put(
        self, connection: sqlite3.Connection, id_: str, want: Thing, thing: Kind, outputs: dict[str, Any], old: Any
    ) -> Thing:
        hidden = kinds()[want.kind].secrets
        shown = {key: value for key, value in want.properties.items() if key not in hidden and key not in outputs}
        digests = {key: self._store.digest(want.properties[key]) for key in hidden if key in want.properties}
        take = behaviour.load(thing)
        pool = by_name(connection, "compute.pool", take.pool) if take else None
        if take and pool:
            taken = connection.execute(
                "SELECT coalesce(sum(cpu), 0), coalesce(sum(memory_mib), 0) FROM things WHERE pool = ? AND id != ?",
                (take.pool, id_),
            ).fetchone()
            behaviour.fits(thing, take, json.loads(pool["properties"]), (taken[0], taken[1]))
        span, address = behaviour.span(thing), behaviour.address(thing)
        if span:
            _no_overlap(connection, id_, thing, span)
        if address:
            _own_address(connection, id_, thing, address)
        new = text(shown), text(outputs), text(digests)
        changed = old is None or (old["properties"], old["outputs"], old["digests"]) != new
        if changed:
            connection.execute(
                "INSERT OR REPLACE INTO things VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (id_, want.kind, want.name, *new, old["revision"] + 1 if old else 1,
                 take.pool if take else None, take.cpu if take else None, take.memory_mib if take else None,
                 *(span or (None, None)), address),
            )  # fmt: skip
            connection.execute("DELETE FROM uses WHERE id = ?", (id_,))
            connection.executemany("INSERT INTO uses VALUES(?,?,?)", [(id_, *pair) for pair in behaviour.used(thing)])
        return Thing(want.kind, want.name, {**json.loads(new[0]), **outputs}, id_)

    def _secret(self, made: Thing, thing: Any) -> Thing:
        value = "".join(secrets.choice(_ALPHABET) for _ in range(thing.length))
        with self._store.transaction() as connection:
            digests = text({"value": self._store.digest(value)})
            connection.execute(
                "UPDATE things SET digests = ?, revision = revision + 1 WHERE id = ?", (digests, made.id)
            )
        return Thing(made.kind, made.name, {**made.properties, "value": value}, made.id)

    def _call(self, operation: str, kind: str, name: str, *, write: bool = True) -> _Call:
        return _Call(self._store, self._latency, operation, kind, name, write)


class _Call:
    """One call: latency, a fault before the effect, the transaction, a fault after it."""

    def __init__(self, store: Store, latency: float, operation: str, kind: str, name: str, write: bool) -> None:
        self._store, self._latency, self._key = store, latency, (operation, kind, name)
        self._write = write
        self._fault: tuple[str, str] | None = None

    def __enter__(self) -> sqlite3.Connection:
        with self._store.transaction(write=False) as connection:
            row = connection.execute(
                "SELECT (SELECT value FROM meta WHERE key = 'latency') AS latency, EXISTS(SELECT 1 FROM faults) AS faults"
            ).fetchone()
        time.sleep(self._latency + float(row["latency"] or 0))
        if row["faults"]:
            self._fault = self._take()
        if self._fault and self._fault[1] == "refuse":
            raise self._refusal()
        self._transaction = self._store.transaction(self._write)
        return self._transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)
        if self._fault and error[0] is None:
            if self._fault[1] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            raise self._refusal()

    def _take(self) -> tuple[str, str] | None:
        operation, kind, name = self._key
        with self._store.transaction() as connection:
            named = by_id(connection, name)  # read and delete know the id only
            row = connection.execute(
                "SELECT rowid, reason, how FROM faults WHERE operation IN (?, '*') AND kind IN (?, '*')"
                " AND name IN (?, ?, '*') AND remaining > 0 LIMIT 1",
                (operation, kind, name, named["name"] if named else name),
            ).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE faults SET remaining = remaining - 1 WHERE rowid = ?", (row["rowid"],))
            connection.execute("DELETE FROM faults WHERE remaining <= 0")
            return row["reason"], row["how"]

    def _refusal(self) -> DriverError:
        assert self._fault
        operation, kind, name = self._key
        return DriverError(
            self._fault[0],  # type: ignore[arg-type]
            f"模拟的故障:{operation} {kind} 失败({self._fault[0]})。再运行一次 ./lz up 会继续",
            f"a simulated fault: {operation} of {kind} failed ({self._fault[0]}). Run ./lz up again to go on",
            where=name,
        )


def _thing(row: sqlite3.Row) -> Thing:
    return Thing(row["kind"], row["name"], {**json.loads(row["properties"]), **json.loads(row["outputs"])}, row["id"])


def _no_overlap(connection: sqlite3.Connection, id_: str, thing: Kind, span: tuple[str, str]) -> None:
    row = connection.execute(
        # spans in the file never overlap, so the last one that starts before our end is the only candidate
        "SELECT name, high FROM things WHERE low IS NOT NULL AND low <= ? AND id != ? ORDER BY low DESC LIMIT 1",
        (span[1], id_),
    ).fetchone()
    if row and row["high"] >= span[0]:
        raise DriverError(
            "conflict",
            f"网段与 {row['name']} 重叠:重新分配地址",
            f"the segment overlaps with {row['name']}: assign the addresses again",
            where=thing.name,
        )


def _own_address(connection: sqlite3.Connection, id_: str, thing: Kind, address: str) -> None:
    row = connection.execute("SELECT name FROM things WHERE address = ? AND id != ?", (address, id_)).fetchone()
    if row:
        raise DriverError(
            "conflict",
            f"地址 {address} 已属于 {row['name']}:重新分配地址",
            f"address {address} already belongs to {row['name']}: assign the addresses again",
            where=thing.name,
        )
    segment = by_name(connection, "net.subnet", getattr(thing, "subnet", ""))
    if segment:
        behaviour.inside(thing, address, json.loads(segment["properties"]))
