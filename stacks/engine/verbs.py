"""The verbs of the engine over an estate of stacks: plan, apply, refresh, destroy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from inventory.estate import Estate
from inventory.places import home
from inventory.problems import Problem, Refused, refuse
from stacks.engine import attesting
from stacks.engine.again import Judge
from stacks.engine.attesting import Voucher
from stacks.engine.events import Event
from stacks.engine.options import DEFAULT, Import, Options
from stacks.engine.plans import EstatePlan, Outcome, StackOutcome, StackPlan
from stacks.engine.project import Program
from stacks.engine.reach import Inputs, Reach
from stacks.engine.running import Run
from stacks.engine.session import Job, Result, Verb, after_of, moved
from stacks.engine.state import Holder, Shelf, at, now
from stacks.engine.state.files import Folder, OneFile
from stacks.engine.stream import Stream

Observe = Callable[[Event], None]
State = str | Path | Shelf
"""a folder, one file, `postgresql://…`, or what `state.at` made of one"""


class Stack(Protocol):
    """A stack to run, the stacks that must have succeeded before it, and what its program is given (as in `Spec`)."""

    @property
    def name(self) -> str: ...
    @property
    def after(self) -> tuple[str, ...]: ...
    @property
    def inputs(self) -> str | None: ...
    @property
    def files(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Spec:
    """The plainest stack."""

    name: str
    after: tuple[str, ...] = ()
    inputs: str | None = ""
    """digest of all that its program is given of `files`, whoever read them; None where nobody knows that"""
    files: tuple[str, ...] = ()


def ignore(event: Event) -> None:
    """An observer that does nothing."""


def plan(
    program: Program,
    specs: Iterable[Stack],
    state: State,
    passphrase: str,
    observe: Observe = ignore,
    *,
    options: Options = DEFAULT,
    message: str = "",
    stopping: threading.Event | None = None,
) -> EstatePlan:
    """What an update would do. References between the stacks see what the previews before them promise. The state is
    not written to. A stack that nothing has reached since it was found unchanged is not evaluated. Refused where the
    program is none or the passphrase is wrong; all else is in the plan's problems."""
    specs, options = tuple(specs), _wanted(program, options)
    after, inputs = _order(specs), _inputs(specs)
    state = at(state)
    salt = _ready(program, state, passphrase, create=False)
    reach = Reach("plan", program, state, passphrase, salt, inputs)

    def prepare(stack: str, results: Mapping[str, Result]) -> Job | Result:
        plans = {name: result.plan for name, result in results.items() if result.plan}
        if options.whole and (still := reach.still(stack, plans)):
            return Result(still[0], (), still[1].resources, still[1], version=still[1].based_on)
        upstream = {name: plan.outputs for name, plan in plans.items()}
        return Job("plan", program, stack, state, passphrase, salt, after[stack], upstream=upstream, options=options,
                   inputs=inputs[stack])  # fmt: skip

    with _stream(observe, "preview", after, options, message) as tell:
        run = Run(after, prepare, tell, options.parallel, stopping or threading.Event())
        run.go()
        plans = {stack: result.plan for stack in after if (result := run.results.get(stack)) and result.plan}
        estate = Estate(tuple(resource for plan in plans.values() for resource in plan.resources))
        planned = EstatePlan(plans, estate, _problems(run))
        tell.ended(_word(run), planned.counts, len(planned.problems))
    return planned


def apply(
    program: Program,
    specs: Iterable[Stack],
    state: State,
    passphrase: str,
    observe: Observe = ignore,
    *,
    publish: Path | None = None,
    plan: EstatePlan | None = None,
    options: Options = DEFAULT,
    message: str = "",
    voucher: Voucher | None = None,
    judge: Judge | None = None,
    stopping: threading.Event | None = None,
) -> Outcome:
    """Make it so. With a plan, nothing is done that the plan does not hold, and a stack whose state has moved on since
    is refused. A stack for which the plan has nothing to do is only noted in its history; without a plan, one that
    nothing has reached since it was found unchanged. The `voucher` attests what each stack comes to; a state that has no
    attestation that holds gets one, whether anything is to be done or not. The `judge` looks at what the plan could not
    know, before it is made; what it forbids fails, and the next run goes on from there."""
    specs, options = tuple(specs), _wanted(program, options)
    after, inputs = _order(specs), _inputs(specs)
    state = at(state)
    salt = _ready(program, state, passphrase, create=True)
    reach = Reach("up", program, state, passphrase, salt, inputs)
    keys = voucher.keys if voucher else {}

    def vouched(stack: str) -> bool:
        found = attesting.standing(state, stack, keys) if voucher else None
        return found is None or found.attested

    still = {stack for stack in _still(after, plan.stacks if plan else {}, publish) if vouched(stack)}

    def prepare(stack: str, results: Mapping[str, Result]) -> Job | Result:
        planned = plan.stacks.get(stack) if plan else None
        if plan and planned is None:
            return Result({}, (_unplanned(stack),))
        if planned and stack in still:
            return _noted(state, planned, message)
        same = reach.still(stack, {}) if not plan and options.whole and _published(publish, stack) else None
        if same and vouched(stack):
            return _noted(state, same[1], message, same[0])
        return Job("up", program, stack, state, passphrase, salt, after[stack], publish, planned, options=options,
                   inputs=inputs[stack], note=message, voucher=voucher, judge=judge)  # fmt: skip

    with _stream(observe, "up", after, options, message, state, plan) as tell:
        return _outcome(after, Run(after, prepare, tell, options.parallel, stopping or threading.Event()), tell)


def refresh(
    program: Program,
    specs: Iterable[Stack],
    state: State,
    passphrase: str,
    observe: Observe = ignore,
    *,
    publish: Path | None = None,
    options: Options = DEFAULT,
    message: str = "",
    stopping: threading.Event | None = None,
) -> Outcome:
    """Read what is there into the state. Step `refresh`: it differed; `delete`: it is gone; `same` otherwise."""
    return _without_program(
        "refresh", program, _order(specs), state, passphrase, observe, publish, options, message, stopping
    )


def destroy(
    program: Program,
    specs: Iterable[Stack],
    state: State,
    passphrase: str,
    observe: Observe = ignore,
    *,
    publish: Path | None = None,
    options: Options = DEFAULT,
    message: str = "",
    alone: bool = False,
    stopping: threading.Event | None = None,
) -> Outcome:
    """Delete everything of these stacks, and, unless they are to go `alone`, of those that the state folder has beside
    them, each before what it depends on. An emptied stack keeps its history."""
    state, options = at(state), _wanted(program, options)
    after = _order(specs) if alone else {**_remembered(state, passphrase), **_order(specs)}
    before: dict[str, tuple[str, ...]] = {stack: () for stack in reversed(after)}
    for stack, needed in after.items():
        for other in needed:
            if other in before:
                before[other] += (stack,)
    return _without_program("destroy", program, before, state, passphrase, observe, publish, options, message, stopping)


def import_resources(
    program: Program,
    stack: str,
    imports: Iterable[Import],
    state: State,
    passphrase: str,
    observe: Observe = ignore,
    *,
    publish: Path | None = None,
    options: Options = DEFAULT,
    message: str = "",
    stopping: threading.Event | None = None,
) -> Outcome:
    """Take resources that exist into the state of one stack; the program is to declare them as they are."""
    after: dict[str, tuple[str, ...]] = {stack: ()}
    state = at(state)
    salt = _ready(program, state, passphrase, create=True)
    job = Job("import", program, stack, state, passphrase, salt, (), publish, options=options, imports=tuple(imports),
              note=message)  # fmt: skip
    with _stream(observe, "import", after, options, message, state) as tell:
        return _outcome(after, Run(after, lambda *_: job, tell, 1, stopping or threading.Event()), tell)


def stacks(state: State) -> tuple[str, ...]:
    """The stacks that have a state, by name."""
    return at(state).stacks()


def _without_program(
    verb: Verb,
    program: Program,
    after: Mapping[str, tuple[str, ...]],
    state: State,
    passphrase: str,
    observe: Observe,
    publish: Path | None,
    options: Options,
    message: str,
    stopping: threading.Event | None,
) -> Outcome:
    state = at(state)
    salt = _ready(program, state, passphrase, create=True)

    def prepare(stack: str, results: Mapping[str, Result]) -> Job | Result:
        if not state.exists(stack):
            return Result({}, ())
        return Job(verb, program, stack, state, passphrase, salt, after[stack], publish, options=options, note=message)

    with _stream(observe, verb, after, options, message, state) as tell:
        return _outcome(after, Run(after, prepare, tell, options.parallel, stopping or threading.Event()), tell)


def _stream(
    observe: Observe,
    verb: str,
    after: Mapping[str, tuple[str, ...]],
    options: Options,
    message: str,
    state: Shelf | None = None,
    plan: EstatePlan | None = None,
) -> Stream:
    """The run's events; of what may change something, a trail stays beside the state."""
    unusual = {key: value for key, value in asdict(options).items() if value != getattr(DEFAULT, key)}
    digests = {stack: planned.digest for stack, planned in plan.stacks.items()} if plan else {}
    return Stream(observe, verb, after, who=Holder.me().name, options=unusual, message=message, plan=digests,
                  audit=trail(state) if state else None)  # fmt: skip


def trail(state: State) -> Path:
    """The folder of the audit trail, one file a run: beside the state, or where a server has it, among the machine's
    environments."""
    place = at(state).place
    if isinstance(place, Folder):
        return place.path / "events"
    return place.path.with_name(f"{place.path.name}.events") if isinstance(place, OneFile) else home() / "events"


def _word(run: Run) -> Literal["succeeded", "failed", "interrupted"]:
    if run.interrupted or any(result.interrupted for result in run.results.values()):
        return "interrupted"
    return "failed" if _problems(run) else "succeeded"


def _outcome(after: Mapping[str, tuple[str, ...]], run: Run, tell: Stream) -> Outcome:
    run.go()
    found: dict[str, StackOutcome] = {}
    for stack in after:
        result = run.results.get(stack)
        if result is None:
            problem = run.skipped.get(stack)
            found[stack] = StackOutcome(problems=(problem,) if problem else (), skipped=True)
        else:
            found[stack] = StackOutcome(result.counts, result.problems, run.seconds[stack])
    estate = Estate(tuple(r for stack in after if stack in run.results for r in run.results[stack].resources))
    word = _word(run)
    outcome = Outcome(found, estate, _problems(run), word == "interrupted")
    tell.ended(word, outcome.counts, len(outcome.problems))
    return outcome


def _problems(run: Run) -> tuple[Problem, ...]:
    told = [problem for result in run.results.values() for problem in result.problems]
    return tuple(dict.fromkeys([*told, *filter(None, run.skipped.values())]))


def _ready(program: Program, state: Shelf, passphrase: str, *, create: bool) -> str:
    """Check the program, import what the workers will share, and derive the key: the environment's salt."""
    program.settings  # noqa: B018 refuses what is no program
    with ThreadPoolExecutor(
        1
    ) as beside:  # deriving the key and importing take as long, and neither waits for the other
        salt = beside.submit(state.salt, passphrase, create=create)
        program.warm()
        return salt.result()


def _wanted(program: Program, options: Options) -> Options:
    """The options; a project may want what is there to be read before every update."""
    return replace(options, refresh=True) if program.refreshes else options


def _order(specs: Iterable[Stack]) -> dict[str, tuple[str, ...]]:
    """stack → what it comes after, in an order that respects it. Refused where the stacks run in a circle."""
    given = {spec.name: tuple(spec.after) for spec in specs}
    ordered: dict[str, tuple[str, ...]] = {}
    while len(ordered) < len(given):
        free = [
            s for s, needed in given.items() if s not in ordered and all(n in ordered or n not in given for n in needed)
        ]
        if not free:
            circle = ", ".join(s for s in given if s not in ordered)
            raise refuse(
                "engine.circle",
                f"这些栈互相依赖成环:{circle};请去掉其中一个 after",
                f"these stacks depend on one another in a circle: {circle}; take one `after` away",
            )
        ordered |= {stack: given[stack] for stack in free}
    return ordered


def _remembered(state: Shelf, passphrase: str) -> dict[str, tuple[str, ...]]:
    return {name: after_of(state.snapshot(name, passphrase).words) for name in state.stacks()}


def _still(after: Mapping[str, tuple[str, ...]], plans: Mapping[str, StackPlan], publish: Path | None) -> set[str]:
    """Stacks that would not even be touched, and that come after none that would."""
    still: set[str] = set()
    for stack, needed in after.items():
        planned = plans.get(stack)
        alone = all(other in still or other not in after for other in needed)
        published = publish is None or (planned and (publish / f"{stack}.json").exists() == bool(planned.resources))
        if planned and planned.still and alone and published:
            still.add(stack)
    return still


def _noted(state: Shelf, planned: StackPlan, note: str, counts: Mapping[str, int] | None = None) -> Result:
    counts = {op: count for op, count in (counts or planned.counts).items() if op != "read"}
    try:
        if not state.unchanged(planned.stack, planned.based_on, Holder.me(), now(), planned.digest, counts, note):
            raise moved(planned.stack)
    except Refused as refused:
        return Result({}, refused.problems)
    return Result(counts, (), planned.resources, version=planned.based_on)


def _published(publish: Path | None, stack: str) -> bool:
    return publish is None or (publish / f"{stack}.json").exists()


def _inputs(specs: Iterable[Stack]) -> dict[str, Inputs]:
    return {spec.name: Inputs(spec.inputs, spec.files) for spec in specs}


def _unplanned(stack: str) -> Problem:
    return Problem(
        "plan.missing",
        "计划中没有该栈(它在计划时出错或尚不存在):请重新运行 ./lz up 生成新计划",
        "the plan does not have this stack (it failed while planning, or was not there): run ./lz up again for a new "
        "plan",
        stack,
    )
