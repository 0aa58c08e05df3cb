"""Only what a change can reach is evaluated: a stack whose evaluation would read the same as last time does the same.

An evaluation that found nothing to change leaves a fingerprint of everything that it read (`reads`), sealed, in a file
beside the state, of this machine and for one verb. A later run that finds all of it as it was, and the state at the
same version, takes the plan from the state: every resource `same`. It assumes of a provider what its protocol asks:
Check and Diff depend on inputs, state, and the provider's own code and configuration, not on the world.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory import urns
from inventory.problems import Refused
from stacks.engine.estate import resources
from stacks.engine.looks import INSTALLED, content, digest, importable, listing, properties, scan, unchanged
from stacks.engine.plans import StackPlan, Step
from stacks.engine.project import Program
from stacks.engine.reads import TICK, Reads, own_roots, own_sources, unrepeatable
from stacks.engine.records import REREAD
from stacks.engine.sealing import Sealer
from stacks.engine.state import Shelf, Snapshot
from stacks.engine.state.files import Folder, OneFile
from stacks.engine.values import secret

if TYPE_CHECKING:
    from stacks.engine.session import Job

_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a program is given by whoever runs it. `digest` stands for all that it sees of `files`: those, and all in
    those that are folders, are not compared themselves. None: nobody knows what it sees, so it is always evaluated."""

    digest: str | None = ""
    files: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        return any(path == file or path.startswith(f"{file}/") for file in self.files)


GIVEN = Inputs()
"""nothing: the program reads all by itself"""


# ---------------------------------------------------------------------- after an evaluation


def fingerprint(
    reads: Reads, program: Program, inputs: Inputs, version: int, counts: Mapping[str, int]
) -> dict[str, Any] | None:
    """Everything that the evaluation read, as plain data; None where it could not be held. To be sealed: variables are
    in it as they are."""
    if inputs.digest is None or reads.strange or any(unrepeatable(reads)):
        return None
    loaded = {path: _BORN for path in own_sources(reads.inherited)}
    loaded |= {path: reads.began for path in own_sources(sys.modules.keys() - reads.inherited)}
    loaded |= {str(folder / "__main__.py"): reads.began for folder in program.folders.values()}
    opened = {path: before for path, before in reads.files.items() if not inputs.covers(path)}
    files: dict[str, Any] = {}
    for path in loaded.keys() | opened.keys():
        entry = content(path)
        if path in opened and opened[path] != (tuple(entry[:3]) if entry else None):
            return None  # it has changed since it was read
        if path not in opened and entry and entry[1] > loaded[path] - TICK:
            return None  # it may not be what this process has loaded
        files[path] = entry
    return {
        "format": _FORMAT, "version": version, "counts": dict(counts), "inputs": inputs.digest, "machine": _machine(),
        "program": _program(program), "files": files,
        "listed": {path: seen for path, seen in reads.listed.items() if not inputs.covers(path)},
        "scanned": {path: seen for path, seen in reads.scanned.items() if not inputs.covers(path)},
        "asked": {path: seen for path, seen in reads.asked.items() if not inputs.covers(path)},
        "roots": {path: importable(path) for path in own_roots()},
        "variables": reads.variables, "names": sorted(reads.names) if reads.names is not None else None,
        "outputs": reads.outputs,
    }  # fmt: skip


def keep(
    reads: Reads, job: Job, sealer: Sealer, seen: Snapshot, counts: Mapping[str, int], plan: StackPlan | None = None
) -> None:
    """Keep the fingerprint of an evaluation of this state that found nothing to change. What cannot be written is not
    kept."""
    if any(record.body.get(REREAD) for record in seen.records):
        return  # only a look at what is there tells it
    path = _place(job.state, job.stack, job.verb)
    same = as_recorded(job.stack, seen, sealer).sealed()
    if plan.digest != same.digest if plan else dict(counts) != dict(same.counts):
        return  # the state alone does not tell it
    found = fingerprint(reads, job.program, job.inputs, seen.version, counts)
    if found is None or path is None:
        return
    found["digest"] = same.digest
    text = sealer.seal(secret(found), job.stack)["ciphertext"]
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(text, encoding="ascii")
        temporary.replace(path)


def as_recorded(stack: str, seen: Snapshot, sealer: Sealer, digest: str = "") -> StackPlan:
    """The plan of an evaluation that finds everything as the state has it; `digest`: its own, where that is known."""
    records = seen.records
    root = next((record for record in records if record.type == urns.STACK), None)
    return StackPlan(
        stack,
        tuple(Step("read" if record.external else "same", record.urn) for record in records),
        resources(stack, records, planned=True),
        sealer.seal(root.outputs if root else {}, stack),
        seen.version,
        still=True,
        digest=digest,
    )


# ---------------------------------------------------------------------- before the next


class Reach:
    """What of one run over many stacks need not be evaluated. `planned`: stack → its plan of this run."""

    def __init__(
        self, verb: str, program: Program, state: Shelf, passphrase: str, salt: str, inputs: Mapping[str, Inputs]
    ) -> None:
        self._verb, self._state, self._inputs = verb, state, inputs
        self._passphrase, self._sealer = passphrase, Sealer(passphrase, salt)
        self._here = _machine(), _program(program)
        self._outputs: dict[str, str] = {}

    def still(self, stack: str, planned: Mapping[str, StackPlan]) -> tuple[dict[str, int], StackPlan] | None:
        """(steps by op, plan) of a stack that nothing has reached; None where it must be evaluated."""
        path = _place(self._state, stack, self._verb)
        if path is None:
            return None
        try:
            text = path.read_text(encoding="ascii")
            held = json.loads(self._sealer.open_text(text, stack))
            if not holds(held, self._here, self._inputs[stack], lambda name: self._digest(name, planned)):
                return None
            seen = self._state.snapshot(stack, self._passphrase)
        except (OSError, ValueError, KeyError, Refused):
            return None
        if seen.version != held["version"] or seen.pending:
            return None
        return held["counts"], as_recorded(stack, seen, self._sealer, held["digest"])

    def _digest(self, name: str, planned: Mapping[str, StackPlan]) -> str:
        """Of the outputs of a stack: as its plan of this run promises, or as its state has them."""
        stack = name.rpartition("/")[2]
        if stack not in self._outputs:
            if stack in planned:
                outputs = self._sealer.open(dict(planned[stack].outputs), stack)
            else:
                records = self._state.snapshot(stack, self._passphrase).records
                root = next((record for record in records if record.type == urns.STACK), None)
                outputs = dict(root.outputs) if root else {}
            self._outputs[stack] = digest(outputs)
        return self._outputs[stack]


def _place(state: Shelf, stack: str, verb: str) -> Path | None:
    """Beside the state, where that lies in files; a fingerprint is of this machine, so a server is no place for it."""
    if isinstance(state.place, Folder):
        return state.place.path / "reach" / f"{stack}.{verb}"
    if isinstance(state.place, OneFile):
        return state.place.path.with_name(f"{state.place.path.name}.reach") / f"{stack}.{verb}"
    return None


def holds(held: Mapping[str, Any], here: tuple[str, str], inputs: Inputs, outputs: Callable[[str], str]) -> bool:
    """Whether an evaluation would read now what it read then. `here`: digests of the machine and of the program's
    settings; `outputs`: stack → digest of its outputs now."""
    return (
        held.get("format") == _FORMAT
        and held["inputs"] == inputs.digest
        and (held["machine"], held["program"]) == here
        and all(os.environ.get(name) == value for name, value in held["variables"].items())
        and held["names"] in (None, sorted(os.environ))
        and all(unchanged(path, then) for path, then in held["files"].items())
        and all(properties(path) == then for path, then in held["asked"].items())
        and all(listing(path) == then for path, then in held["listed"].items())
        and all(scan(path) == then for path, then in held["scanned"].items())
        and all(importable(path) == then for path, then in held["roots"].items())
        and all(outputs(stack) == digest for stack, digest in held["outputs"].items())
    )


def _program(program: Program) -> str:
    return digest([repr(program), program.settings])


def _machine() -> str:
    """This machine, its interpreter, and what is installed for it in which version."""
    versions = [
        sorted(name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info", ".pth", ".egg-link")))
        for folder in sorted(set(INSTALLED))
        if os.path.isdir(folder)
    ]
    return digest([sys.version, sys.prefix, sys.platform, socket.gethostname(), os.getuid(), versions])


def _born() -> int:
    """When this process began, in ns since the epoch: what changed later may not be what it has loaded."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    age = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return time.time_ns() - age


_BORN = time.time_ns()
with contextlib.suppress(OSError, ValueError, AttributeError):
    _BORN = _born()
