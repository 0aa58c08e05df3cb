"""A provider with a cloud of its own: `cloud.db` in the folder CLOUD holds the things and logs every call.

Properties: `size` (update), `place` (replace), `exclusive` (replaced after deletion), `delay` (seconds), `ref`, `secret`,
`list`. Outputs: `address`, `key`. A file `faults.json` in the folder names what fails: {"create a": "denied"}.
A creation is idempotent by name, as the drivers' contract has it.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from pathlib import Path

from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import Provider
from pulumi.runtime.proto import provider_pb2

REPLACES = ("place", "exclusive")
OUTPUTS = ("address", "key")


def plain(value):
    value = value.value
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def props(values):
    return {key: plain(value) for key, value in values.items() if key not in OUTPUTS and plain(value) is not None}


class Cloud(Provider):
    def db(self):
        db = sqlite3.connect(Path(os.environ["CLOUD"]) / "cloud.db", timeout=60, isolation_level=None)
        return db

    def call(self, op, name, work, delay=0):
        faults = Path(os.environ["CLOUD"]) / "faults.json"
        db = self.db()
        try:
            db.execute("INSERT INTO log VALUES(?,?,?,'begin')", (time.time(), op, name))
            fault = json.loads(faults.read_text()).get(f"{op} {name}") if faults.exists() else None
            if fault and not fault.startswith("after:"):
                raise RuntimeError(fault)
            found = work(db)
            time.sleep(delay)
            if fault:
                raise RuntimeError(fault)
            db.execute("INSERT INTO log VALUES(?,?,?,'end')", (time.time(), op, name))
            return found
        finally:
            db.close()

    async def check_config(self, r):
        return p.CheckResponse(inputs=r.new_inputs)

    async def diff_config(self, r):
        replaces = ["region"] if r.old_state.get("region") != r.new_inputs.get("region") else []
        # the SDK passes this on as the protocol's number, in which True would mean that nothing changes
        changes = provider_pb2.DiffResponse.DIFF_SOME if replaces else provider_pb2.DiffResponse.DIFF_NONE
        return p.DiffResponse(changes=changes, replaces=replaces)

    async def configure(self, r):
        return p.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False
        )

    async def check(self, r):
        failures = (
            [p.CheckFailure("size", "must be below 1000")]
            if plain(r.new_inputs.get("size", PropertyValue(0.0))) == 1000
            else []
        )
        return p.CheckResponse(inputs={k: v for k, v in r.new_inputs.items() if k not in OUTPUTS}, failures=failures)

    async def diff(self, r):
        old, new = props(r.old_state), props(r.new_inputs)
        keys = sorted(
            key for key in old.keys() | new.keys() if old.get(key) != new.get(key) and key not in r.ignore_changes
        )
        replaces = [key for key in keys if key in REPLACES]
        return p.DiffResponse(
            changes=bool(keys), replaces=replaces, diffs=keys, delete_before_replace=bool(new.get("exclusive"))
        )

    async def create(self, r):
        name = r.urn.split("::")[-1]
        if r.preview:
            return p.CreateResponse("", dict(r.properties))
        wanted = props(r.properties)

        def work(db):
            db.execute(
                "INSERT INTO things VALUES(?,?,?) ON CONFLICT(name) DO UPDATE SET props=excluded.props",
                (name, f"id-{name}", json.dumps(wanted)),
            )

        await asyncio.to_thread(self.call, "create", name, work, wanted.get("delay", 0))
        return p.CreateResponse(f"id-{name}", {**r.properties, **self.outputs(name)})

    def outputs(self, name):
        return {"address": PropertyValue(f"3fff::{name}"), "key": PropertyValue(f"key-of-{name}")}

    async def update(self, r):
        name = r.urn.split("::")[-1]
        if r.preview:
            return p.UpdateResponse({**r.news, **{k: r.olds[k] for k in OUTPUTS if k in r.olds}})
        wanted = props(r.news)

        def work(db):
            db.execute("UPDATE things SET props=? WHERE name=?", (json.dumps(wanted), name))

        await asyncio.to_thread(self.call, "update", name, work, wanted.get("delay", 0))
        return p.UpdateResponse({**r.news, **self.outputs(name)})

    async def delete(self, r):
        name = r.urn.split("::")[-1]
        delay = props(r.properties).get("delay", 0)

        def work(db):
            db.execute("DELETE FROM things WHERE name=?", (name,))

        await asyncio.to_thread(self.call, "delete", name, work, delay)

    async def read(self, r):
        name = r.urn.split("::")[-1]
        row = await asyncio.to_thread(
            self.call,
            "read",
            name,
            lambda db: db.execute("SELECT id, props FROM things WHERE name=?", (name,)).fetchone(),
        )
        if row is None:
            return p.ReadResponse("", {}, {})
        there = json.loads(row[1])
        kept = {key: value for key, value in r.inputs.items() if plain(value) == there.get(key)}
        inputs = {**kept, **{key: wire(value) for key, value in there.items() if key not in kept}}
        return p.ReadResponse(row[0], {**inputs, **self.outputs(name)}, inputs)


def wire(value):
    if isinstance(value, dict):
        return PropertyValue({key: wire(item) for key, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([wire(item) for item in value])
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


if __name__ == "__main__":
    server.main(sys.argv[1:], "0.1.0", Cloud())
