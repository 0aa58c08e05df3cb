"""Asks a plugin directly, in a process of its own: what has begun gRPC cannot be forked any more.

`python -m tests.engine.probe PROGRAM PACKAGE VERSION CALL…`; a call is `invoke`, `create:<do>`, `preview:<do>`, `ready`.
Prints one JSON object: what came of each call, and the log lines.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import provider_pb2 as wire

from inventory.problems import Refused
from stacks.engine import Program
from stacks.engine.events import Event, Reporter
from stacks.engine.plugins import Plugins, ProviderError, process
from stacks.engine.providers import Config


async def probe(program: Program, package: str, version: str, calls: list[str]) -> dict[str, Any]:
    events: list[Event] = []
    plugins = Plugins(program, Config({f"{package}:region": "north"}), Reporter("one", events.append, time.monotonic))
    results: list[Any] = []
    kind = ""
    try:
        servicer = plugins.servicer(package, version)
        kind = type(servicer).__name__
        for call in calls:
            results.append(await answer(servicer, call))
    except Refused as refused:
        results.append({"refused": [problem.data() for problem in refused.problems]})
    finally:
        await plugins.cancel()
        await plugins.close()
    logs = [(event.message.code, event.message.en) for event in events if event.message]
    return {"results": results, "logs": logs, "kind": kind}


async def answer(servicer: Any, call: str) -> Any:
    op, _, do = call.partition(":")
    try:
        if op == "ready":
            return {"handshake": (await servicer.ready()) is not None}
        if op == "invoke":
            request = wire.InvokeRequest(tok="strange:index:ask")
            request.args.update({"word": "梁柱"})
            return dict(getattr(await servicer.Invoke(request), "return"))
        if op == "schema":
            return {"schema": (await servicer.GetSchema(wire.GetSchemaRequest())).schema}
        request = wire.CreateRequest(urn="urn:pulumi:one::strange::strange:index:Thing::a", preview=op == "preview")
        request.properties.update({"do": do, "word": "梁柱"})
        reply = await servicer.Create(request)
        return {"id": reply.id, "made": dict(reply.properties).get("made")}
    except ProviderError as error:
        failed, wrong = error.init_failed, error.invalid
        return {
            "error": error.code.name,
            "message": error.message,
            "half": [failed.id, list(failed.reasons), dict(failed.properties)] if failed else None,
            "wrong": [[e.property_path, e.reason] for e in wrong.errors] if wrong else None,
        }
    except NotImplementedError:
        return {"error": "NOT IMPLEMENTED"}


if __name__ == "__main__":
    process.START = float(os.environ.get("PROBE_START", process.START))
    found = asyncio.run(probe(Program(Path(sys.argv[1])), sys.argv[2], sys.argv[3], sys.argv[4:]))
    print(json.dumps(found, ensure_ascii=False))
