"""`python -m tests.bench.once VERB HOME`: one run in a process of its own, so that it can be measured whole.

VERB is `bare` (the program of the stack `one`, and a monitor that only answers), `alone` (the same for every stack that has
a request file in HOME/requests, each forked from a parent that has imported the SDK, two at once), or `plan`, `up`,
`destroy` of all these stacks. Prints one line of JSON; ends with 1 where anything went wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "programs" / "flat"
PASSPHRASE = "correct horse battery staple"


def bare(stack: str = "one") -> dict[str, Any]:
    """The SDK and the program alone. Nothing of the engine is imported."""
    from google.protobuf import empty_pb2
    from pulumi.runtime import Settings, configure, run_in_stack
    from pulumi.runtime.proto import engine_pb2, resource_pb2

    features = [
        resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
        resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
        resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    ]

    class Monitor:
        count = 0

        def GetDeploymentInfo(self, request: Any) -> Any:
            return resource_pb2.DeploymentInfo(
                project="flat", stack=stack, organization="organization", parallel=10, supportedFeatures=features
            )

        def RegisterResource(self, request: Any) -> Any:
            self.count += 1
            answer = resource_pb2.RegisterResourceResponse(
                urn=f"urn:pulumi:{stack}::flat::{request.type}::{request.name}"
            )
            if request.custom:
                answer.id = f"id-{request.name}"
                answer.object.CopyFrom(request.object)
                answer.object["seen"] = f"seen-{request.name}"
            return answer

        def ReadResource(self, request: Any) -> Any:
            answer = resource_pb2.ReadResourceResponse(urn=f"urn:pulumi:{stack}::flat::{request.type}::{request.name}")
            answer.properties.update({"name": request.id, "outputs": {"first": "seen"}, "secretOutputNames": []})
            return answer

        def RegisterResourceOutputs(self, request: Any) -> Any:
            return empty_pb2.Empty()

        SignalAndWaitForShutdown = RegisterResourceOutputs

    class Engine:
        root = ""

        def Log(self, request: Any) -> Any:
            return empty_pb2.Empty()

        def GetRootResource(self, request: Any) -> Any:
            return engine_pb2.GetRootResourceResponse(urn=self.root)

        def SetRootResource(self, request: Any) -> Any:
            self.root = request.urn
            return engine_pb2.SetRootResourceResponse()

    monitor = Monitor()
    configure(
        Settings(project="flat", stack=stack, monitor=monitor, engine=Engine(), parallel=10, dry_run=False,
                 organization="organization", root_directory=str(PROGRAM))
    )  # fmt: skip

    def program() -> None:
        runpy.run_path(str(PROGRAM), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run_in_stack(program))
    return {"counts": {"registered": monitor.count}, "problems": []}


def alone(home: Path) -> dict[str, Any]:
    """Every program, forked from here, two at once."""
    import pulumi.runtime  # noqa: F401 what the forks share

    running = 0
    stacks = sorted(path.stem for path in (home / "requests").glob("*.json"))
    failed = []
    for stack in stacks:
        if running == 2:
            failed.append(os.wait()[1])
            running -= 1
        if os.fork() == 0:
            bare(stack)
            os._exit(0)
        running += 1
    failed += [os.wait()[1] for _ in range(running)]
    return {"counts": {"stacks": len(stacks)}, "problems": [status for status in failed if status]}


def embedded(verb: str, home: Path) -> dict[str, Any]:
    """A verb of the engine over every stack that has a request; `up` is without a plan, as the stock CLI's is."""
    from stacks import engine

    requests = {path.stem: json.loads(path.read_text()) for path in sorted((home / "requests").glob("*.json"))}
    specs = [engine.Spec(name, (r["hub"],) if r.get("hub") else ()) for name, r in requests.items()]
    program, state = engine.Program(PROGRAM), home / "stacks"
    if verb == "plan":
        planned = engine.plan(program, specs, state, PASSPHRASE)
        counts: dict[str, int] = {}
        for plan in planned.stacks.values():
            for op, count in plan.counts.items():
                counts[op] = counts.get(op, 0) + count
        return {"counts": counts, "problems": [problem.en for problem in planned.problems]}
    work = {"up": engine.apply, "destroy": engine.destroy, "refresh": engine.refresh}[verb]
    done = work(program, specs, state, PASSPHRASE, publish=home / "estate")
    return {"counts": dict(done.counts), "problems": [problem.en for problem in done.problems]}


def main() -> None:
    verb, home = sys.argv[1], Path(sys.argv[2])
    os.environ["BENCH_REQUESTS"] = str(home / "requests")
    began = time.perf_counter()
    said = bare() if verb == "bare" else alone(home) if verb == "alone" else embedded(verb, home)
    said["inside"] = round(time.perf_counter() - began, 3)
    print(json.dumps(said))
    sys.exit(1 if said["problems"] else 0)


if __name__ == "__main__":
    main()
