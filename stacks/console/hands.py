"""The two engines behind the verbs: our own, and the stock one found on PATH. Session picks by --engine.

In: a ground and the typed options. Out: plans and outcomes of the same shape from both.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from inventory import urns, verdicts
from inventory.estate import Estate, Resource
from inventory.problems import refuse
from inventory.verdicts import Said
from stacks import engine, vouching
from stacks.console import plans
from stacks.console.ground import Ground, stock_folder
from stacks.engine import EstatePlan, Event, Options, Outcome, StackPlan, Step, checkpoint, statements
from stacks.engine.estate import resources
from stacks.engine.records import Record
from stacks.engine.state import Holder
from stacks.engine.values import clear
from stacks.vouching import Judged

Observe = Callable[[Event], None]


class Hands(Protocol):
    """What a session asks of an engine, of its one stack."""

    def preview(self, observe: Observe) -> EstatePlan: ...
    def up(self, observe: Observe, plan: EstatePlan, vouched: Judged | None) -> Outcome:
        """`vouched`: what goes with the verdict; None where nobody judged."""
        ...

    def refresh(self, observe: Observe) -> Outcome: ...
    def destroy(self, observe: Observe) -> Outcome: ...
    def doomed(self, observe: Observe) -> StackPlan:
        """What a destroy would delete."""
        ...

    def before(self) -> Mapping[str, Resource]:
        """URN → what is recorded now, without secrets."""
        ...

    def others(self) -> Estate:
        """What is deployed of the stack and of its neighbours, for the judge; empty where the engine asks it itself."""
        ...

    def outputs(self, *, show_secrets: bool) -> dict[str, Any]: ...


class Embedded:
    """Our own engine."""

    def __init__(self, on: Ground, typed: argparse.Namespace, options: Options, stopping: threading.Event) -> None:
        self._on, self._options, self._stopping = on, options, stopping
        self._message = getattr(typed, "message", "")

    def preview(self, observe: Observe) -> EstatePlan:
        on = self._on
        return engine.plan(on.program, (on.spec,), on.state, on.key, observe, options=self._options,
                           message=self._message, stopping=self._stopping)  # fmt: skip

    def up(self, observe: Observe, plan: EstatePlan, vouched: Judged | None) -> Outcome:
        on = self._on
        voucher = vouching.voucher(on.places, vouched.claims) if on.places and vouched else None
        done = engine.apply(on.program, (on.spec,), on.state, on.key, observe, publish=on.publish, plan=plan,
                            options=self._options, message=self._message, voucher=voucher,
                            judge=vouched.again if vouched else None, stopping=self._stopping)  # fmt: skip
        if on.places and voucher:
            vouching.publish(on.places, on.runners)
        return done

    def refresh(self, observe: Observe) -> Outcome:
        on = self._on
        return engine.refresh(on.program, (on.spec,), on.state, on.key, observe, publish=on.publish,
                              options=self._options, message=self._message, stopping=self._stopping)  # fmt: skip

    def destroy(self, observe: Observe) -> Outcome:
        on = self._on
        return engine.destroy(on.program, (on.spec,), on.state, on.key, observe, publish=on.publish, alone=True,
                              options=self._options, message=self._message, stopping=self._stopping)  # fmt: skip

    def doomed(self, observe: Observe) -> StackPlan:
        return plans.deletion(self._on.name, self._on.state, self._on.key, self._options)

    def before(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self._there.where("stack", self._on.name)}

    def others(self) -> Estate:
        return self._there

    @cached_property
    def _there(self) -> Estate:
        return engine.deployed(self._on.state, self._on.key)

    def outputs(self, *, show_secrets: bool) -> dict[str, Any]:
        records = self._on.state.snapshot(self._on.name, self._on.key).records
        return _outputs(self._on.name, records, show_secrets)


class Stock:
    """The stock engine. Policies are asked by itself, from our policy pack; what it says of a run is told to us, for the
    attestation."""

    def __init__(self, on: Ground, typed: argparse.Namespace, options: Options, stopping: threading.Event) -> None:
        from stacks.engine import stock

        if getattr(typed, "plan", None) or getattr(typed, "save_plan", None):
            raise refuse(
                "engine.stock-plan",
                "计划文件只属于内嵌引擎:去掉 --plan/--save-plan,或去掉 --engine pulumi",
                "plan files are the embedded engine's own: leave out --plan and --save-plan, or --engine pulumi",
            )
        self._stock, self._on, self._options, self._stopping = stock, on, options, stopping
        self._ground = ground(on)
        self._message = getattr(typed, "message", "")
        self._before: Mapping[str, Resource] = {}
        self._where = checkpoint.Where(self._ground.folder, on.program.name, on.name)
        self._said: dict[str, Said | None] = {}

    def preview(self, observe: Observe) -> EstatePlan:
        run = self._run("preview", observe)
        self._before = run.before
        return self._stock.planned(run)

    def up(self, observe: Observe, plan: EstatePlan, vouched: Judged | None) -> Outcome:
        before = checkpoint.updates(self._where)
        run = self._run("up", observe)
        said = verdict(self._said, run.begun, plan.stacks[self._on.name])
        if said:
            done = run.outcome
            result = "interrupted" if done.interrupted else "failed" if done.problems else "succeeded"
            more = {"inputs": self._on.spec.inputs, "plan": plan.stacks[self._on.name].digest, "result": result}
            self._attest(before, said.claims, more)
        return run.outcome

    def refresh(self, observe: Observe) -> Outcome:
        on, where = self._on, self._where
        stood = statements.standing(where, vouching.keys(on.places, on.runners)) if on.places else None
        before = checkpoint.updates(where)
        seen = checkpoint.opened(where.files()[0], on.key) if stood and stood.attested else None
        done = self._run("refresh", observe).outcome
        if on.places and stood and seen:
            statements.carry(where, before, seen, on.key, stood, vouching.voucher(on.places, {}).key)
        return done

    def destroy(self, observe: Observe) -> Outcome:
        before = checkpoint.updates(self._where)
        done = self._run("destroy", observe).outcome
        if not done.problems and not done.interrupted:
            self._attest(before, {}, {"result": statements.DESTROYED})
        return done

    def doomed(self, observe: Observe) -> StackPlan:
        records = self._stock.deployed(self._ground)
        self._before = {r.urn: r for r in resources(self._on.name, records)}
        return plans.deleting(self._on.name, records, self._options)

    def before(self) -> Mapping[str, Resource]:
        return self._before

    def others(self) -> Estate:
        return Estate()

    def outputs(self, *, show_secrets: bool) -> dict[str, Any]:
        return _outputs(self._on.name, self._stock.deployed(self._ground), show_secrets)

    def _run(self, verb: Any, observe: Observe) -> Any:
        with tempfile.TemporaryDirectory(prefix="liangzhu-") as folder:
            told = Path(folder) / "verdict.json"
            variables = {**self._ground.variables, verdicts.ASKED: str(told)}
            run = self._stock.run(verb, replace(self._ground, variables=variables), observe, who=Holder.me().name,
                                  options=self._options, message=self._message, stopping=self._stopping)  # fmt: skip
            said = verdicts.taken(told, self._on.name)
            self._said[verb] = said if said and said.planned == (verb == "preview") else None
        return run

    def _attest(self, before: tuple[str, ...], claims: Mapping[str, str], more: Mapping[str, Any]) -> None:
        """Of an environment of ours: nobody judges the programs of others."""
        on = self._on
        if on.places is None:
            return
        statements.attest(self._where, before, vouching.voucher(on.places, claims), more)
        vouching.publish(on.places, on.runners)


def verdict(said: Mapping[str, Said | None], begun: Iterable[Step], plan: StackPlan) -> Said | None:
    """What an update may be vouched for with: what the pack said of what was made; where the update ended before the
    pack was asked, what it said of the preview, if nothing was begun that the preview does not hold. `said`: by verb."""
    made = said.get("up")
    if made is None and all(plan.holds(step.op, step.urn) for step in begun if step.op not in ("same", "read")):
        made = said.get("preview")
    return made if made and made.settled else None


def ground(on: Ground) -> Any:
    """The ground as the stock engine wants it."""
    from stacks.engine import stock

    policies = (on.policies,) if on.policies else ()
    return stock.Ground(on.program, on.name, stock_folder(on), on.key, policies, on.variables or {}, on.publish)


def _outputs(stack: str, records: list[Record], show_secrets: bool) -> dict[str, Any]:
    root = next((record for record in records if record.type == urns.STACK), None)
    if root is None:
        return {}
    return clear(root.outputs) if show_secrets else dict(resources(stack, [root])[0].properties)
