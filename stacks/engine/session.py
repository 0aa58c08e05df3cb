"""What a worker does with its one stack: plan, up, refresh or destroy it, on one event loop.

In: a job. Out: a result, plain enough to go through a pipe. The state is opened here, after the fork.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import sys
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

from inventory import estate as nouns
from inventory import urns
from inventory.estate import Estate, Resource
from inventory.problems import Problem, Refused
from stacks.engine import adopting, crash, ending
from stacks.engine.again import Again, Judge
from stacks.engine.attesting import Voucher, holds
from stacks.engine.builtin import PACKAGE, Builtin
from stacks.engine.callbacks import Callbacks
from stacks.engine.calls import Calls
from stacks.engine.deployment import Deployment, Ground
from stacks.engine.estate import resources
from stacks.engine.events import Reporter
from stacks.engine.executor import Executor
from stacks.engine.flight import Failed, Flight, Stopped
from stacks.engine.hooks import Hooks
from stacks.engine.monitor import Engine, Monitor, info
from stacks.engine.options import DEFAULT, Import, Options
from stacks.engine.plans import StackPlan
from stacks.engine.plugins import Plugins
from stacks.engine.plugins.inside import Inside
from stacks.engine.project import Program
from stacks.engine.providers import Registry
from stacks.engine.reach import GIVEN, Inputs, keep
from stacks.engine.reads import Heard, Reads, recording
from stacks.engine.records import Pending, Record
from stacks.engine.references import outputs_of
from stacks.engine.refreshing import refresh
from stacks.engine.sealing import Sealer
from stacks.engine.state import Holder, Shelf, Snapshot, Store, now
from stacks.engine.targeting import Targets
from stacks.engine.transforms import Transforms
from stacks.engine.values import secret

_BEAT = 0.5
"""seconds between looks at whether the run is to end"""

Verb = Literal["plan", "up", "refresh", "destroy", "import"]


@dataclass(frozen=True)
class Job:
    """One stack to work on."""

    verb: Verb
    program: Program
    stack: str
    state: Shelf
    """where the environment's stacks lie"""
    passphrase: str
    salt: str
    after: tuple[str, ...] = ()
    publish: Path | None = None
    """folder of the published estates"""
    plan: StackPlan | None = None
    """what may be done, and to which version of the state"""
    upstream: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """stack → its planned outputs, sealed: what references see in a preview"""
    options: Options = DEFAULT
    imports: tuple[Import, ...] = ()
    note: str = ""
    """goes into the history"""
    voucher: Voucher | None = None
    """who attests what an update comes to"""
    judge: Judge | None = None
    """who judges what the plan could not know"""
    inputs: Inputs = GIVEN
    """what the program is given beside what it reads by itself"""


@dataclass(frozen=True)
class Result:
    """What became of a job."""

    counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    resources: tuple[Resource, ...] = ()
    plan: StackPlan | None = None
    interrupted: bool = False
    version: int = 0
    """of the state afterwards; of a plan, the one that it was made from"""


class Session:
    """One job while it runs."""

    def __init__(self, job: Job, report: Reporter) -> None:
        self.job, self.report = job, report
        self._flight: Flight | None = None
        self._callbacks = Callbacks()
        self._plugins: Plugins | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interrupted = False
        self._version = 0
        self._reads = Reads()

    def stop(self) -> None:
        """Finish what is in flight, then end."""
        self._interrupted = True
        if self._flight:
            self._flight.stop()
        if self._plugins and self._loop:
            asyncio.run_coroutine_threadsafe(self._plugins.cancel(), self._loop)

    def run(self) -> Result:
        """Do the job; whatever goes wrong is among the result's problems."""
        found: tuple[Resource, ...] = ()
        plan = None
        try:
            if self.job.verb == "plan":
                plan = self._with_loop(self._plan)
                found = plan.resources
            else:
                found = self._with_loop(self._change)
        except Refused as refused:
            self._tell(refused)
        problems = tuple(self.report.problems)
        done = None if problems or self._interrupted else plan
        return Result(dict(self.report.counts), problems, found, done, self._interrupted, self._version)

    def _with_loop(self, work: Callable[[Calls], Any]) -> Any:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        calls = Calls(loop, self.job.options.slots)
        loop.set_default_executor(calls)
        return loop.run_until_complete(self._closing(work(calls)))

    async def _closing(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        finally:
            await self._callbacks.close()
            if self._plugins:
                await self._plugins.close()

    # ------------------------------------------------------------------ verbs

    async def _plan(self, calls: Calls) -> StackPlan:
        state = self.job.state.snapshot(self.job.stack, self.job.passphrase)
        self._version = state.version
        deployment = self._begin(state.records, state.pending, None, state.version)
        executor = deployment.executor
        await refresh(deployment, everything=self.job.options.refresh)
        await self._program(calls, deployment)
        await deployment.flight.idle()
        root = executor.records.get(deployment.root)
        sealer = Sealer(self.job.passphrase, self.job.salt)
        plan = StackPlan(
            self.job.stack,
            tuple(executor.steps),
            resources(self.job.stack, [r for r in executor.records.values() if not r.number or r.number not in executor.deleted], planned=True),
            sealer.seal(root.outputs if root else {}, self.job.stack),
            state.version,
            not executor.touched,
        ).sealed()  # fmt: skip
        if plan.still and self._well:
            keep(self._reads, self.job, sealer, state, self.report.counts, plan)
        return plan

    async def _change(self, calls: Calls) -> tuple[Resource, ...]:
        job = self.job
        store = job.state.open(job.stack, job.passphrase, job.salt)
        try:
            store.begin(job.verb, Holder.me(), job.verb, job.plan.digest if job.plan else "", job.note)
            heart = asyncio.ensure_future(self._heed(store))
            try:
                return await self._leased(calls, store)
            except Refused as refused:
                self._tell(refused)
                raise
            finally:
                heart.cancel()
                await store.finish(self._word, dict(self.report.counts))
        finally:
            store.close()

    async def _heed(self, store: Store) -> None:
        """Keep the lease. End the run when somebody asks for it, as Ctrl-C once does, and when the lease is lost."""
        heard = False
        while True:
            await asyncio.sleep(_BEAT)
            try:
                asked = await store.renew()
            except Refused as refused:
                self._tell(refused)
                if self._flight:
                    self._flight.stop()
                return
            if asked and not heard:
                heard = True
                self.report.log("state.cancelled", f"{asked}: cancel")
                self.stop()

    def _tell(self, refused: Refused) -> None:
        for problem in refused.problems:
            self.report.problem(problem)

    async def _leased(self, calls: Calls, store: Store) -> tuple[Resource, ...]:
        job, before = self.job, store.version
        if job.plan and job.plan.based_on != store.version:
            raise moved(job.stack)
        records, pending = store.records(), store.pending()
        deployment = self._begin(records, pending, store, store.version)
        try:
            if job.verb != "import":
                await refresh(deployment, everything=job.options.refresh or job.verb == "refresh")
            if job.verb == "up":
                store.remember_after(job.after)
                await self._program(calls, deployment)
            elif job.verb == "destroy" and job.options.run_program:
                deployment.destroying = True
                await self._program(calls, deployment)
            elif job.verb == "destroy":
                await ending.destroy(deployment)
            elif job.verb == "import":
                with contextlib.suppress(Stopped, Failed):
                    await deployment.refusing("", adopting.typed(deployment, job.imports))
            await deployment.flight.idle()
        finally:
            await store.flush()
            if job.verb == "up" and job.voucher:
                await self._attest(store, job.voucher)
            self._version = store.version
            final = records if store.version == before else store.records()
            if job.verb == "up" and self._well and not deployment.executor.touched:
                seen = Snapshot(records, pending, store.version)
                keep(self._reads, job, store.sealer, seen, self.report.counts)
            found = resources(job.stack, final)
            target = job.publish / f"{job.stack}.json" if job.publish else None
            if job.publish and target and (store.version != before or target.exists() == (not found)):
                nouns.publish(job.publish, job.stack, Estate(found))
        return found

    async def _attest(self, store: Store, voucher: Voucher) -> None:
        """Vouch for what the update came to, also where it failed half-way: nothing was done that was not judged. A
        state that has an attestation keeps it."""
        job = self.job
        if not holds(store.words().get("attested"), store.version, voucher.keys):
            return
        said = {
            "stack": job.stack, "inputs": job.inputs.digest, "plan": job.plan.digest if job.plan else "",
            "result": self._word, "at": now(),
        }  # fmt: skip
        await store.attest(lambda update, version, chain: voucher.statement(said, update, version, chain))

    @property
    def _word(self) -> str:
        return "interrupted" if self._interrupted else "failed" if self.report.problems else "succeeded"

    @property
    def _well(self) -> bool:
        return not self.report.problems and not self._interrupted and self.job.options.whole

    # ------------------------------------------------------------------ the program

    def _begin(self, records: list[Record], pending: list[Pending], store: Store | None, version: int) -> Deployment:
        job, preview = self.job, store is None
        flight = self._flight = Flight(self.report, job.options.slots, persevere=job.options.continue_on_error)
        hooks = Hooks(self._callbacks, self.report, preview=preview)
        again = Again(job.plan, job.judge) if job.plan and job.judge else None
        executor = Executor(store, pending, self.report, now, flight, hooks, job.plan, again)
        for record in records:
            self.report.learn([record.inputs, record.outputs])
        with recording(self._reads):
            config = job.program.config(job.stack, job.passphrase)
        self.report.learn([secret(text) for text in config.hidden])
        ground = Ground(job.stack, job.program.name, job.program.main, config, preview, version)
        outputs = self._reads.heard_of(outputs_of(job.state, job.passphrase, job.salt, job.upstream if preview else {}))
        builtin = Builtin(outputs, executor.records)

        plugins = self._plugins = Plugins(job.program, config, self.report)

        def load(package: str, version: str) -> Any:
            if package == PACKAGE:
                return builtin
            found = plugins.servicer(package, version)
            if not isinstance(found, Inside):
                self._reads.strange.append(f"{package} runs in a process of its own")
            return found

        registry = Registry(load, lambda: str(uuid.uuid4()))
        deployment = Deployment(ground, records, executor, registry, Targets(job.options), Transforms(self._callbacks))
        if self._interrupted:
            flight.stop()
        return deployment

    async def _program(self, calls: Calls, deployment: Deployment) -> None:
        job, preview, config = self.job, deployment.ground.preview, deployment.ground.config
        finish = ending.destroy if deployment.destroying else ending.finish
        values, keys = dict(config.values), sorted(config.secret_keys)
        deployed = info(job.program.name, job.stack, values, keys, preview=preview, parallel=job.options.slots)
        monitor = Heard(
            Monitor(calls, deployment, deployed, lambda: finish(deployment)), self._reads, job.program.folders
        )
        set_all_config(values, keys)
        configure(
            Settings(
                project=job.program.name, stack=job.stack, monitor=monitor, engine=Engine(self.report),
                parallel=job.options.slots, dry_run=preview, organization=urns.ORGANIZATION,
                root_directory=str(job.program.root.resolve()),
            )
        )  # fmt: skip
        folder = str(job.program.main)
        os.chdir(folder)
        sys.argv = [folder]
        sys.path.insert(0, folder)
        try:
            with recording(self._reads):
                await run_in_stack(lambda: _main(folder, self._reads))
        except BaseException as error:
            flight = deployment.flight
            ended = flight.stopping and (isinstance(error, pulumi.RunError) or crash.ending(error))
            flight.stop()
            if not ended:
                for problem in crash.problems(error, folder):
                    self.report.problem(problem)


async def _main(folder: str, reads: Reads) -> None:
    """Run the program, and let what it has registered begin. The SDK then waits for registrations one by one; with
    none begun it waits for the first of all outputs again and again, each time over all of them: quadratic."""
    reads.main = runpy.run_path(folder, run_name="__main__")
    await asyncio.sleep(0)


def moved(stack: str) -> Refused:
    """The state is not the one that the plan was made from."""
    return Refused(
        [
            Problem(
                "plan.stale",
                "状态在计划之后已被改动,计划作废:请重新运行 ./lz up 生成新计划",
                "the state has changed since the plan was made, so the plan no longer holds: run ./lz up again for a "
                "new one",
                stack,
            )
        ]
    )


def after_of(words: Mapping[str, str]) -> tuple[str, ...]:
    """The stacks that a state remembers as those it comes after."""
    return tuple(json.loads(words.get("after", "[]")))
