"""The step before the first: choose the drivers, bring what they want of this machine, and remember the choice.

An environment keeps the drivers that it was built with until it is destroyed; a machine that cannot do them any more
gets a sentence, never another cloud in silence. Workers read the record and probe nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from inventory.estate import Estate
from inventory.model import Environment
from inventory.places import Places, places
from inventory.problems import Refused, refuse
from stacks.drivers.base import Driver, Need
from stacks.drivers.choice import Choice, choose, load, router

Observe = Callable[[str, str], None]


def ready(environment: Environment, observe: Observe) -> Choice:
    """Choose, install, build images, restore what a reboot took. Refused where this machine cannot, with what is
    missing."""
    where = places(environment.state)
    choice = _recorded(where)
    if choice is None:
        choice = choose(environment, needs=partial(after_preparing, environment))
        kept = False
    else:
        kept = True
        _still_possible(environment, choice)
    for name in dict.fromkeys(choice.drivers.values()):
        prepare = getattr(load(name), "prepare", None)
        if prepare:
            prepare(observe)
    if not kept:
        where.folder.mkdir(parents=True, exist_ok=True)
        record = {"drivers": dict(choice.drivers), "reasons": [list(pair) for pair in choice.reasons]}
        (where.folder / "drivers.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    for name in dict.fromkeys(choice.drivers.values()):
        restore = getattr(load(name), "restore", None)
        if restore and (where.drivers / name).is_dir():
            back = load(name)(environment, where.drivers / name).restore()
            if back:
                observe(f"恢复了 {'、'.join(back)}", f"brought back {', '.join(back)}")
    return choice


def opened(environment: Environment) -> Callable[[str], Driver]:
    """kind → driver, by the recorded choice; chosen afresh where nothing was recorded (the stock CLI)."""
    where = places(environment.state)
    return router(environment, where, _recorded(where))


def ended(environment: Environment, observe: Observe) -> None:
    """After the last resource is gone: the drivers clear what is theirs, and the choice is forgotten."""
    where = places(environment.state)
    choice = _recorded(where)
    for name in dict.fromkeys(choice.drivers.values()) if choice else ():
        teardown = getattr(load(name), "teardown", None)
        if teardown:
            teardown(where.drivers / name, observe)
    (where.folder / "drivers.json").unlink(missing_ok=True)


def vantage(estate: Estate) -> tuple[str, bool]:
    """(network namespace of the bastion or "", whether the hosts are real machines)."""
    bastion = next(iter(estate.kind("sec.bastion")), None)
    real = any(host.get("host_key") for host in estate.kind("compute.host"))
    return (str(bastion.get("netns") or "") if bastion else ""), real


def _recorded(where: Places) -> Choice | None:
    try:
        data: dict[str, Any] = json.loads((where.folder / "drivers.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise refuse(
            "driver.record", "驱动记录损坏:从备份恢复,或用 ./lz destroy 重新开始",
            "the record of the drivers is damaged: restore it from a backup, or start again with ./lz destroy",
            file=str(where.folder / "drivers.json"),
        ) from None  # fmt: skip
    return Choice(data["drivers"], tuple((zh, en) for zh, en in data["reasons"]))


def after_preparing(environment: Environment, name: str) -> list[Need]:
    """What will still be missing once `prepare` has installed what it can."""
    needs = load(name).needs(environment)
    able = all(need.present for need in needs if need.name in ("root", "apt-get"))
    return [need for need in needs if not (able and need.package and not need.present)]


def _still_possible(environment: Environment, choice: Choice) -> None:
    lacking = [
        need
        for name in dict.fromkeys(choice.drivers.values())
        for need in after_preparing(environment, name)
        if not need.present
    ]
    if lacking:
        what = "、".join(need.name for need in lacking), ", ".join(need.name for need in lacking)
        problem = refuse(
            "driver.changed",
            f"环境 {environment.name} 是用驱动 {'、'.join(dict.fromkeys(choice.drivers.values()))} 建的,现在缺少 {what[0]}:补上后重试",
            f"environment {environment.name} was built with {', '.join(dict.fromkeys(choice.drivers.values()))} and now "
            f"{what[1]} is missing: bring it back and try again",
        )
        raise Refused(problem.problems)
