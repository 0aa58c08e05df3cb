"""`python -m tests.bench.judging [versus] [growth] [again] [--size N] [--keep FOLDER] [--record]`: what judging costs.

- `versus`: the same checks on the same resources over gRPC, by our pack and by the stock `pulumi_policy` SDK
  (`tests.bench.packs`), CPU seconds of the process that judges, from the request to its answer.
- `again`: the judge after a change, the last proof of reachability kept.
- `growth`: the judge on estates of 2,500 to 20,000 resources, each in a process of its own: CPU, peak memory, exponent.

Estates are those of `tests.bench.estates`, made first; `--keep` keeps them for the next time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inventory.estate import SECRET, UNKNOWN, Estate
from inventory.kinds import kinds, token
from inventory.places import ROOT
from tests.bench import estates
from tests.bench.measuring import machine, measure

SIZES = (2_500, 5_000, 10_000, 20_000)
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 3 * 3600
Rows = list[tuple[str, str, str]]
"""(what, measured, what is asked)"""


def request(estate: Estate) -> Any:
    """An estate as the engine shows it to a pack: with every value, for the SDK says nothing at all of a policy that
    meets one that is not known yet, and secrets in their wrapping."""
    from google.protobuf import json_format
    from pulumi.runtime.proto import analyzer_pb2 as proto

    made = proto.AnalyzeStackRequest()
    for one in estate:
        resource = made.resources.add(
            type=token(one.kind) if one.kind in kinds() else "liangzhu:city:Component", urn=one.urn, name=one.name,
            parent=one.parent, dependencies=one.dependencies,
        )  # fmt: skip
        json_format.ParseDict(_wire({**one.properties, "origin": one.origin}), resource.properties)
    return made


def _wire(value: Any) -> Any:
    if isinstance(value, str):
        if value == SECRET:
            return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hidden"}
        return "made" if value == UNKNOWN else value
    if isinstance(value, Mapping):
        return {str(key): _wire(one) for key, one in value.items()}
    return [_wire(one) for one in value] if isinstance(value, list | tuple) else value


@contextmanager
def pack(which: str) -> Iterator[tuple[int, Any]]:
    """A pack's process and a stub to ask it with."""
    import grpc
    from pulumi.runtime.proto import analyzer_pb2_grpc

    command = [sys.executable, "-u", "-m", "tests.bench.packs", which]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        large = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=large) as channel:
            yield process.pid, analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()


def cpu(pid: int) -> float:
    """User and system seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def versus(estate: Estate, packs: tuple[str, ...]) -> Rows:
    """Ours first. What the packs say of how many resources is compared too: secrets apart, it must be the same."""
    asked, took, said = request(estate), {}, {}
    for which in packs:
        with pack(which) as (pid, stub):
            stub.AnalyzeStack(request(Estate()), timeout=_PATIENCE)  # whatever is loaded once is loaded
            before, began = cpu(pid), time.monotonic()
            answer = stub.AnalyzeStack(asked, timeout=_PATIENCE)
            took[which] = cpu(pid) - before
            said[which] = Counter((one.policyName, one.urn) for one in answer.diagnostics)
            print(f"  {which}: {took[which]:.2f} CPU s, {time.monotonic() - began:.1f} s wall, "
                  f"{len(answer.diagnostics)} diagnostics", flush=True)  # fmt: skip
    rows: Rows = [(f"our pack, {len(estate)} resources", f"{took['ours']:.2f} CPU s", "–")]
    for which in packs[1:]:
        apart = {check for check, _ in (said["ours"] - said[which]) + (said[which] - said["ours"])}
        rows.append(
            (f"the stock SDK, {which}", f"{took[which]:.1f} CPU s: {took[which] / took['ours']:.1f} times; checks that "
             f"say something else: {', '.join(sorted(apart)) or 'none'}", "20 times")
        )  # fmt: skip
    return rows


def growth(keep: Path) -> Rows:
    """Each in a process of its own, with nothing but the estate in it."""
    rows: Rows = []
    found: list[tuple[int, float]] = []
    for size in SIZES:
        estates.estate(size, keep)
        one = measure([sys.executable, "-m", "tests.bench.judging", "one", "--size", str(size), "--keep", str(keep)],
                      memory=True)  # fmt: skip
        found.append((size, one.said["cpu"]))
        slow = ", ".join(f"{check} {seconds:.2f}" for check, seconds in one.said["slow"])
        rows.append((f"{size} resources judged", f"{one.said['cpu']:.2f} CPU s; the process {one} ({slow})",
                     "30 s and 1024 MiB" if size == SIZES[-1] else "–"))  # fmt: skip
        print(" ", rows[-1][:2], flush=True)
    (small, first), (large, last) = found[0], found[-1]
    exponent = math.log(last / first) / math.log(large / small)
    rows.append((f"growth exponent of CPU from {small} to {large}", f"{exponent:.2f}", "1.1"))
    return rows


def again(size: int, keep: Path) -> Rows:
    """With the last proof of reachability kept: the same estate, and one with a declared flow to another port. Each in a
    process of its own, which remembers nothing of another but what is kept."""
    estates.estate(size, keep)
    rows: Rows = []
    with tempfile.TemporaryDirectory() as home:
        proved = str(Path(home) / "proof")
        command = [sys.executable, "-m", "tests.bench.judging", "one", "--size", str(size), "--keep", str(keep)]
        for what, also in (("nothing kept", []), ("nothing changed", []), ("one flow", ["--edited"])):
            took = measure([*command, "--proved", proved, *also], memory=True).said["cpu"]
            rows.append((f"{size} resources, {what}", f"{took:.2f} CPU s", "1 s" if also else "–"))
            print(" ", rows[-1][:2], flush=True)
    return rows


def one(size: int, keep: Path, proved: Path | None, changed: bool) -> None:
    """Judge an estate, or one in which a flow is another; say the CPU seconds and the slowest checks."""
    from policies.judge import judge
    from tests.bench.packs import TODAY
    from tests.bench.reach import edited

    estate = estates.estate(size, keep)
    estate = Estate((edited(estate) if changed else estate).resources)
    judge(Estate(), "level3", planned=True, on=TODAY)  # whatever is loaded once is loaded
    took: dict[str, float] = {}
    last = [time.process_time()]

    def note(check: str, counts: Mapping[str, int]) -> None:
        took[check], last[0] = time.process_time() - last[0], time.process_time()

    began = last[0]
    judge(estate, "level3", planned=True, on=TODAY, observe=note, proved=proved)
    slow = sorted(took.items(), key=lambda row: -row[1])[:5]
    print(json.dumps({"cpu": time.process_time() - began, "slow": slow}))


def main(typed: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m tests.bench.judging")
    parser.add_argument("what", nargs="*", default=["versus", "again", "growth"])
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--packs", default="ours,favoured", help="also `stock`: as the SDK would be used, and slower")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--proved", type=Path, help="of `one`: where the last proof is kept")
    parser.add_argument("--edited", action="store_true", help="of `one`: a flow is another")
    parser.add_argument("--record", action="store_true", help="print rows for docs/benchmarks.md")
    options = parser.parse_args(typed)
    with tempfile.TemporaryDirectory() as scratch:
        keep = options.keep or Path(scratch)
        if options.what == ["one"]:
            one(options.size, keep, options.proved, options.edited)
            return 0
        rows: Rows = []
        if "versus" in options.what:
            rows += versus(estates.estate(options.size, keep), tuple(options.packs.split(",")))
        if "again" in options.what:
            rows += again(options.size, keep)
        if "growth" in options.what:
            rows += growth(keep)
    print(machine())
    for what, measured, asked in rows:
        print(f"| {what} | {measured} | {asked} |" if options.record else f"{what}: {measured} (asked: {asked})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
