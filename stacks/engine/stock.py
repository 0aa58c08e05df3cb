"""The same stack on the stock engine: a Pulumi CLI found on PATH, driven through the Automation API.

Its state lies in a folder of its own beside ours (a `file://` back end: no registry, no service), its secrets under the
same passphrase; nothing is downloaded, and neither Pulumi.yaml nor the stack's file in the project is written to. In: a
program and one stack. Out: the same plans, outcomes and events as our own engine's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    ConfigValue,
    LocalWorkspace,
    PulumiCommand,
    Stack,
    StackNotFoundError,
)  # fmt: skip

from inventory import estate as nouns
from inventory import urns
from inventory.estate import Estate
from inventory.problems import Problem, Refused, refuse
from stacks.engine import configuring
from stacks.engine.command import Command
from stacks.engine.estate import resources
from stacks.engine.events import Event, Reporter
from stacks.engine.hearing import Hearing
from stacks.engine.options import DEFAULT, Options
from stacks.engine.plans import EstatePlan, Outcome, StackOutcome, StackPlan, Step
from stacks.engine.project import Program
from stacks.engine.records import Record
from stacks.engine.sealing import Sealer
from stacks.engine.stream import Stream

Verb = Literal["preview", "up", "refresh", "destroy"]


@dataclass(frozen=True)
class Ground:
    """One stack for the stock engine. `policies` are folders of policy packs; `variables` what the program reads."""

    program: Program
    name: str
    folder: Path
    """of the back end; made when it is missing"""
    passphrase: str
    policies: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    publish: Path | None = None


@dataclass(frozen=True)
class Run:
    """What a run on the stock engine came to."""

    outcome: Outcome
    plan: StackPlan | None
    before: Mapping[str, nouns.Resource]
    """URN → what the run found, for showing a difference"""
    begun: tuple[Step, ...] = ()
    """what it set out to do, whether it came to an end or not"""


def run(
    verb: Verb,
    on: Ground,
    observe: Callable[[Event], None],
    *,
    who: str,
    options: Options = DEFAULT,
    message: str = "",
    stopping: threading.Event | None = None,
) -> Run:
    """Preview, up, refresh or destroy. Refused where no CLI is found, or it cannot do what the options ask for."""
    _able(verb, options)
    command = Command(stopping or threading.Event())
    unusual = {k: v for k in ("targets", "excludes", "replace") if (v := getattr(options, k))}
    audit = on.folder / "events" if verb != "preview" else None
    with Stream(
        observe, verb, [on.name], who=who, engine="pulumi", options=unusual, message=message, audit=audit
    ) as tell:
        tell(Event(on.name, "stack-started"))
        began = time.monotonic()
        report = Reporter(on.name, tell, time.monotonic)
        heard = Hearing(report)
        try:
            stack, settings = _opened(on, command)
            _go(verb, stack, settings, on, heard, options, message)
        except ConcurrentUpdateError:
            report.problem(_locked(on))
        except CommandError as error:
            heard.finish()
            if not report.problems and not command.stopped:
                report.problem(_failed(error))
        heard.finish()
        records = [] if verb == "preview" else deployed(on, command)
        plan = _plan(on, heard) if verb == "preview" and not report.problems else None
        found = plan.resources if plan else resources(on.name, records)
        if on.publish and verb != "preview":
            nouns.publish(on.publish, on.name, Estate(found))
        return _told(on, tell, report, heard, found, plan, time.monotonic() - began, command.stopped)


def export(on: Ground, *, show_secrets: bool = False) -> dict[str, Any]:
    """The deployment document of the stock state."""
    command = Command(threading.Event())
    stack, _ = _opened(on, command)
    words = ["stack", "export", *(["--show-secrets"] if show_secrets else [])]
    return json.loads(_asked(stack, command, words))


def import_(on: Ground, file: Path) -> None:
    """Take a deployment document into the stock state. Refused where the CLI does not take it."""
    command = Command(threading.Event())
    stack, _ = _opened(on, command)
    _asked(stack, command, ["stack", "import", "--file", str(file.resolve())])


def deployed(on: Ground, command: PulumiCommand | None = None) -> list[Record]:
    """The records of the stock state, secrets opened and marked; empty where there is none."""
    command = command or Command(threading.Event())
    try:
        stack, _ = _opened(on, command, create=False)
        document = json.loads(_asked(stack, command, ["stack", "export"]))["deployment"]
    except StackNotFoundError:
        return []
    providers = document.get("secrets_providers") or {}
    sealer = Sealer(on.passphrase, (providers.get("state") or {}).get("salt", ""))
    return [Record(sealer.open(body, body["urn"])) for body in document.get("resources") or ()]


def _opened(on: Ground, command: PulumiCommand, *, create: bool = True) -> tuple[Stack, str]:
    """The stack, and the settings file of this run: a copy of the project's own, with the salt of the stock state.

    The stack is made from a folder that only has the project's name, because the CLI writes the salt of a new stack
    beside Pulumi.yaml."""
    project, backend = on.folder / "project", on.folder / "backend"
    for folder in (project, backend):
        folder.mkdir(parents=True, exist_ok=True)
    (project / "Pulumi.yaml").write_text(json.dumps({"name": on.program.name, "runtime": "python"}), encoding="utf-8")
    settings = project / f"Pulumi.{on.name}.yaml"
    _copied(_own(on), settings)
    home, environment = str(on.folder / "home"), _environment(on, backend)
    making = LocalWorkspace(work_dir=str(project), pulumi_home=home, env_vars=environment, pulumi_command=command)
    made = Stack.create_or_select(on.name, making) if create else Stack.select(on.name, making)
    for text in on.program.overrides:  # into the copy: the stock CLI's own -c would save them in the project
        key, value = configuring.override(text, on.program.name)
        made.set_config(key, ConfigValue(value))
    running = LocalWorkspace(work_dir=str(on.program.root.resolve()), pulumi_home=home, env_vars=environment,
                             pulumi_command=command)  # fmt: skip
    return Stack.select(on.name, running), str(settings)


def _own(on: Ground) -> Path:
    folder = on.program.settings.get("stackConfigDir") or on.program.settings.get("config") or ""
    return on.program.root / (folder if isinstance(folder, str) else "") / f"Pulumi.{on.name}.yaml"


_SALT = re.compile(r"^encryptionsalt:.*$", re.MULTILINE)


def _copied(source: Path, target: Path) -> None:
    salt = _SALT.search(target.read_text(encoding="utf-8")) if target.exists() else None
    text = source.read_text(encoding="utf-8") if source.exists() else ""
    if salt and not _SALT.search(text):
        text = f"{salt[0]}\n{text}"
    target.write_text(text, encoding="utf-8")


def _environment(on: Ground, backend: Path) -> dict[str, str]:
    return {
        **on.variables, "PULUMI_BACKEND_URL": f"file://{backend.resolve()}", "PULUMI_CONFIG_PASSPHRASE": on.passphrase,
        "PULUMI_DIY_BACKEND_ZSTD": "false",  # Python reads no such file, and so nobody could attest it
        "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
    }  # fmt: skip


def _go(verb: Verb, stack: Stack, settings: str, on: Ground, heard: Hearing, options: Options, message: str) -> None:
    common: dict[str, Any] = {
        "on_event": heard, "config_file": settings, "color": "never", "parallel": options.slots,
        "target": list(options.targets), "target_dependents": options.target_dependents,
    }  # fmt: skip
    if message:
        common["message"] = message
    if verb != "destroy":
        common |= {"exclude": list(options.excludes), "exclude_dependents": options.exclude_dependents}
    if verb in ("preview", "up"):
        common |= {"policy_packs": [str(folder) for folder in on.policies], "replace": list(options.replace)}
    if verb != "refresh":
        common["refresh"] = options.refresh
    if verb in ("up", "destroy"):
        common["continue_on_error"] = options.continue_on_error
    if verb != "preview":
        common["show_secrets"] = False
    getattr(stack, verb)(**common)


def _asked(stack: Stack, command: PulumiCommand, words: list[str]) -> str:
    space: Any = stack.workspace
    environment = {"PULUMI_HOME": space.pulumi_home, **space.env_vars}
    try:
        return command.run([*words, "--stack", stack.name], space.work_dir, environment).stdout
    except CommandError as error:
        raise Refused([_failed(error)]) from None


def _plan(on: Ground, heard: Hearing) -> StackPlan:
    after = resources(on.name, heard.after.values(), planned=True)
    still = all(step.op == "same" for step in heard.steps)
    return StackPlan(on.name, tuple(heard.steps), after, {}, 0, still).sealed()


def _told(
    on: Ground,
    tell: Stream,
    report: Reporter,
    heard: Hearing,
    found: tuple[nouns.Resource, ...],
    plan: StackPlan | None,
    seconds: float,
    interrupted: bool,
) -> Run:
    problems, counts = tuple(report.problems), heard.counts or report.counts
    root = next((r for r in found if urns.type_of(r.urn) == urns.STACK), None)
    if root and root.properties:
        tell(Event(on.name, "outputs", more={"outputs": root.properties}))
    tell(Event(on.name, "stack-failed" if problems or interrupted else "stack-done", seconds=seconds, counts=dict(counts),
               message=problems[0] if problems else None))  # fmt: skip
    tell.ended("interrupted" if interrupted else "failed" if problems else "succeeded", counts, len(problems))
    outcome = Outcome({on.name: StackOutcome(dict(counts), problems, seconds)}, Estate(found), problems, interrupted)
    before = {r.urn: r for r in resources(on.name, heard.before.values())}
    return Run(outcome, plan, before, tuple(heard.begun))


def planned(run: Run) -> EstatePlan:
    """A preview's run as a plan of the estate."""
    plans = {run.plan.stack: run.plan} if run.plan else {}
    return EstatePlan(plans, run.outcome.estate, run.outcome.problems)


def _able(verb: Verb, options: Options) -> None:
    if verb == "destroy" and options.excludes:
        raise refuse(
            "engine.stock-lacks",
            "原版引擎的 Automation API 不能在 destroy 时排除资源:请改用 --target,或用内嵌引擎",
            "the stock engine's Automation API cannot exclude resources from a destroy: use --target, or the embedded engine",
        )


def _locked(on: Ground) -> Problem:
    return Problem(
        "engine.stock-locked",
        "原版引擎的状态正被另一次更新占用:请等它结束;若它已不在,用 pulumi cancel 解除",
        "another update holds the stock engine's state: wait for it; where it is gone, `pulumi cancel` frees it",
        on.name,
        str(on.folder / "backend"),
    )


def _failed(error: CommandError) -> Problem:
    said = str(error).partition("stderr:")[2].strip() or str(error)
    last = [line for line in said.splitlines() if line.strip()][-5:]
    text = " ".join(line.strip() for line in last).removeprefix("error: ")
    return Problem("engine.stock", f"原版引擎报错:{text}", f"the stock engine failed: {text}")
