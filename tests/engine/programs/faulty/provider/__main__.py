"""A provider with a durable cloud of its own, which fails, and kills, exactly where a test wants it.

`cloud.db` in the folder CLOUD: `things`, and `calls`, one row a call with what it came to. Check names a thing by the
engine's seed, as providers that name things themselves do (`exclusive`: by its plain name, and replaced after its
deletion); that label is its id and makes a creation idempotent. Properties: `size`, `ref`, `secret` (update), `place`,
`exclusive` (replace). Outputs: `address`, `key` (secret).

`faults.json`: {"create a": how}: "denied" (nothing was done, and that is said), "before: …", "after: …" (it was done),
"partial: …" (it was done and does not work), "hold" (it waits for the file `go`). `kill.json`: {"call": n, "phase": "before"|"within"|"after"|"answer",
"who": "worker"|"engine"|"both"}: SIGKILL at the n-th call.
"""

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from inventory.problems import Problem
from stacks.engine.values import secret, to_struct

REPLACES = ("place", "exclusive")
OUTPUTS = ("address", "key")


def plain(value):
    return None if value is None else value.value


def props(values):
    """What is there of a thing, or would be: its properties in clear."""
    return {key: plain(value) for key, value in values.items() if key not in OUTPUTS and plain(value) is not None}


def name_of(request):
    return request.urn.split("::")[-1]


def outputs(label):
    return {"address": PropertyValue(f"at-{label}"), "key": PropertyValue(f"key-of-{label}", is_secret=True)}


class Call:
    """One call to the cloud: what is asked for, and where it is to be cut."""

    def __init__(self, folder, op, name, label):
        self.folder, self.op, self.name = folder, op, name
        self.db = sqlite3.connect(folder / "cloud.db", timeout=60, isolation_level=None, check_same_thread=False)
        cursor = self.db.execute(
            "INSERT INTO calls(pid, op, name, label, begun) VALUES(?,?,?,?,?)",
            (os.getpid(), op, name, label, time.monotonic_ns()),
        )
        self.number = cursor.lastrowid
        self.kill = self.read("kill.json")
        self.fault = self.read("faults.json").get(f"{op} {name}", "")

    def read(self, file):
        path = self.folder / file
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def phase(self, phase):
        if self.kill.get("call") != self.number or self.kill["phase"] != phase:
            return
        if self.kill["who"] in ("engine", "both"):
            os.kill(os.getppid(), signal.SIGKILL)
        if self.kill["who"] in ("worker", "both"):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(5)  # until the kernel has told this process that its parent is gone

    def run(self, work):
        """Do the work in one durable transaction with the note of what it came to."""
        try:
            self.phase("before")
            if self.fault.startswith("denied"):
                error = RuntimeError(self.fault)
                error.problem = Problem("driver.denied", self.fault, self.fault)
                raise error
            if self.fault.startswith("before"):
                raise RuntimeError(self.fault)
            end = time.monotonic() + 60
            while self.fault == "hold" and not (self.folder / "go").exists() and time.monotonic() < end:
                time.sleep(0.01)
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("BEGIN IMMEDIATE")
            effect, found = work(self.db)
            self.db.execute("UPDATE calls SET effect=? WHERE number=?", (effect, self.number))
            self.phase("within")
            self.db.execute("COMMIT")
            self.phase("after")
            if self.fault.startswith("after"):
                raise RuntimeError(self.fault)
            self.db.execute("UPDATE calls SET ended=? WHERE number=?", (time.monotonic_ns(), self.number))
            self.phase("answer")
            return found
        finally:
            self.db.close()


class Cloud(p.Provider):
    async def call(self, op, request, label, work):
        """(what the work returns, why the thing does not work)."""
        call = Call(Path(os.environ["CLOUD"]), op, name_of(request), label)
        found = await asyncio.to_thread(call.run, work)
        return found, call.fault if call.fault.startswith("partial") else ""

    async def check_config(self, r):
        return p.CheckResponse(inputs=r.new_inputs)

    async def diff_config(self, r):
        replaces = ["region"] if plain(r.old_state.get("region")) != plain(r.new_inputs.get("region")) else []
        changes = provider_pb2.DiffResponse.DIFF_SOME if replaces else provider_pb2.DiffResponse.DIFF_NONE
        return p.DiffResponse(changes=changes, replaces=replaces)

    async def configure(self, r):
        return p.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False
        )

    async def check(self, r):
        inputs = {key: value for key, value in r.new_inputs.items() if key not in OUTPUTS}
        label = plain((r.old_inputs or {}).get("label"))
        if not label:
            seed = hashlib.sha256(r.random_seed).hexdigest()[:8]
            label = name_of(r) if plain(inputs.get("exclusive")) else f"{name_of(r)}-{seed}"
        return p.CheckResponse(inputs={**inputs, "label": PropertyValue(label)})

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
        wanted = props(r.properties)
        label = wanted["label"]
        if r.preview:
            return p.CreateResponse("", {**r.properties, **{key: PropertyValue(UNKNOWN) for key in OUTPUTS}})

        def work(db):
            there = db.execute("SELECT 1 FROM things WHERE label=?", (label,)).fetchone()
            db.execute("INSERT OR REPLACE INTO things VALUES(?,?,?)", (label, name_of(r), json.dumps(wanted)))
            return "found" if there else "made", None

        _, unwell = await self.call("create", r, label, work)
        made = {**r.properties, **outputs(label)}
        unhealthy(unwell, label, made)
        return p.CreateResponse(label, made)

    async def update(self, r):
        wanted = props(r.news)
        label = r.resource_id
        if r.preview:
            return p.UpdateResponse({**r.news, **outputs(label)})

        def work(db):
            row = db.execute("SELECT props FROM things WHERE label=?", (label,)).fetchone()
            if row is None:
                raise RuntimeError("there is no such thing")
            db.execute("UPDATE things SET props=? WHERE label=?", (json.dumps(wanted), label))
            return "same" if json.loads(row[0]) == wanted else "changed", None

        _, unwell = await self.call("update", r, label, work)
        made = {**r.news, **outputs(label)}
        unhealthy(unwell, label, made)
        return p.UpdateResponse(made)

    async def delete(self, r):
        label = r.resource_id

        def work(db):
            removed = db.execute("DELETE FROM things WHERE label=?", (label,)).rowcount
            return "removed" if removed else "absent", None

        await self.call("delete", r, label, work)

    async def read(self, r):
        label = r.resource_id

        def work(db):
            return "read", db.execute("SELECT props FROM things WHERE label=?", (label,)).fetchone()

        row, _ = await self.call("read", r, label, work)
        if row is None:
            return p.ReadResponse("", {}, {})
        there = json.loads(row[0])
        kept = {key: value for key, value in r.inputs.items() if plain(value) == there.get(key)}
        inputs = {**kept, **{key: PropertyValue(value) for key, value in there.items() if key not in kept}}
        return p.ReadResponse(label, {**inputs, **outputs(label)}, inputs)


def unhealthy(reason, label, made):
    """What a provider says of a thing that is there and does not work."""
    if reason:
        error = RuntimeError(reason)
        error.init_failed = provider_pb2.ErrorResourceInitFailed(id=label, reasons=[reason])
        to_struct({key: shown(value) for key, value in made.items()}, error.init_failed.properties)
        raise error


def shown(value):
    return secret(value.value) if value.is_secret else value.value


if __name__ == "__main__":
    server.main(sys.argv[1:], "0.1.0", Cloud())
