"""As many things as the stack's request file asks for: BENCH_REQUESTS names the folder of `<stack>.json`.

Things come in tens: the first of each ten is referred to by the other nine. `hub`: a stack whose output the first refers
to, or none. Where BENCH_CALLS names a file, a line `<seconds since the epoch> program -` says when it began.
"""

import json
import os
from pathlib import Path

import pulumi


class Thing(pulumi.CustomResource):
    """A thing of the no-op provider; output: `seen`."""

    seen: pulumi.Output[str]

    def __init__(self, name, **props):
        super().__init__("noop:index:Thing", name, {**props, "seen": None})


if os.environ.get("BENCH_CALLS"):
    import time

    with open(os.environ["BENCH_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(f"{time.time()} program -\n")
stack = pulumi.get_stack()
request = json.loads(Path(os.environ["BENCH_REQUESTS"], f"{stack}.json").read_text(encoding="utf-8"))
hub = request.get("hub")
above = pulumi.StackReference(f"organization/flat/{hub}").get_output("first") if hub else "none"
first = None
for i in range(request["things"]):
    ten = i // 10
    ref = above if first is None or i % 10 == 0 else first.seen
    thing = Thing(
        f"{stack}-{i:05}",
        cidr=f"3fff:{ten:x}:{i % 10:x}::/48",
        size=request.get("size", 1),
        tags={"system": stack, "owner": "bench"},
        ref=ref,
    )
    if i % 10 == 0:
        first = thing
    if i == 0:
        pulumi.export("first", thing.seen)
