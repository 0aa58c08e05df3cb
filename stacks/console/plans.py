"""Plans as files, and the plan of a deletion.

A plan file is what `preview --save-plan` writes and `up --plan` holds a run to: JSON, with the digest that the history
notes. It says nothing of secrets (they are sealed) and is no use to a program or state other than the one it was made of.
"""

from __future__ import annotations

import json
from pathlib import Path

from inventory.estate import Estate
from inventory.problems import Refused, refuse
from stacks.engine import EstatePlan, Options, StackPlan, Step
from stacks.engine.estate import resources
from stacks.engine.records import Record
from stacks.engine.state import Shelf
from stacks.engine.targeting import Targets

FORMAT = "liangzhu-plan/1"


def save(file: str, program: str, plan: EstatePlan) -> None:
    """Write a plan. Refused where the file cannot be written."""
    data = {"format": FORMAT, "program": program, "stacks": {name: each.data() for name, each in plan.stacks.items()}}
    try:
        Path(file).write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise refuse(
            "plan.file", f"计划写不进去({error.strerror})", f"the plan cannot be written ({error.strerror})", file=file
        ) from None


def load(file: str, program: str, stack: str) -> EstatePlan:
    """The plan that a file holds, of this one stack. Refused where it is none, of something else, or was edited."""
    try:
        data = json.loads(Path(file).read_text(encoding="utf-8"))
        found, made_of = StackPlan.of(data["stacks"][stack]), data["program"]
    except OSError as error:
        raise refuse("plan.file", f"计划读不了({error.strerror})", f"the plan cannot be read ({error.strerror})",
                     file=file) from None  # fmt: skip
    except KeyError as error:
        raise _unfit(file, f"其中没有 {error}", f"it has no {error}") from None
    except (ValueError, TypeError, AttributeError):
        raise _unfit(file, "这不是计划文件", "this is no plan") from None
    if made_of != program:
        raise _unfit(file, f"它是项目 {made_of} 的", f"it is of the project {made_of}")
    if found.sealed().digest != found.digest:
        raise _unfit(file, "它被改动过,与摘要不符", "it was changed and does not fit its digest")
    return EstatePlan({stack: found}, Estate(found.resources))


def deletion(stack: str, state: Shelf, key: str, options: Options) -> StackPlan:
    """What destroying a stack would delete."""
    found = state.snapshot(stack, key)
    return deleting(stack, found.records, options, found.version)


def deleting(stack: str, records: list[Record], options: Options, version: int = 0) -> StackPlan:
    """The deletion of these records, or of what the options name of them, as a plan: users before what they use."""
    order: dict[str, None] = {}
    needs = {record.urn: record.needs for record in records}

    def after(urn: str) -> None:
        if urn in needs and urn not in order:
            for needed in sorted(needs[urn]):
                after(needed)
            order[urn] = None

    for record in records:
        after(record.urn)
    may = Targets(options).deletable(records)
    goes = {record.urn: record.ends_as for record in records if may(record)}
    steps = tuple(Step(goes[urn], urn) for urn in reversed(order) if urn in goes)
    return StackPlan(stack, steps, resources(stack, records), {}, version, not records)


def _unfit(file: str, zh: str, en: str) -> Refused:
    return refuse(
        "plan.file",
        f"{zh}:请用 preview --save-plan 重新生成",
        f"{en}: make it anew with preview --save-plan",
        file=file,
    )
