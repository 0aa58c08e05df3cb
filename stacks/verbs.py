"""The verbs of this room: `refresh` and `destroy` an environment."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from inventory import estate, places, reading
from inventory.problems import refuse
from stacks import provisioning, vouching
from stacks.drivers import readiness


def refresh(tell: Any, options: argparse.Namespace) -> None:
    """`./lz refresh`: read everything that is recorded, and tell what differs; the next `up` mends it."""
    read = reading.read(options.environment)
    tell.enter(places.held(read.places, "refresh", tell.clock()))
    work = provisioning.work(read.places, read, tell.observe, tell.stopping)
    before = provisioning.deployed(work)
    tell.problems(unattested := provisioning.unattested(work))  # as it stood before anything is written here
    shared = estate.published(read.places.estate)
    done = tell.step("refresh", provisioning.refresh, work)
    after = {resource.urn: resource for resource in done.estate}
    vouching.compared(read.places, (before, shared, done.estate), tell.clock())
    drifted = 0
    for resource in before:
        now = after.get(resource.urn)
        if now is None:
            tell.say(f"- {resource.kind} {resource.name}:已不存在", f"- {resource.kind} {resource.name}: is gone")
            drifted += 1
        elif now.properties != resource.properties:
            keys = sorted(k for k in now.properties if now.get(k) != resource.get(k))
            tell.say(f"~ {resource.kind} {resource.name}:{'、'.join(keys)} 与记录不同",
                     f"~ {resource.kind} {resource.name}: {', '.join(keys)} differ from the record")  # fmt: skip
            drifted += 1
    if drifted:
        tell.say(f"共 {drifted} 处漂移;运行 ./lz up 恢复", f"{drifted} drifted; ./lz up mends them")
    else:
        tell.say("没有漂移", "no drift")
    tell.code = 1 if done.problems or unattested else tell.code


def destroy(tell: Any, options: argparse.Namespace) -> None:
    """`./lz destroy`: every resource, then everything that the drivers keep, then the environment's folder. The
    addresses stay: what is built again gets them again."""
    environment = reading.environment(options.environment)
    where = places.places(environment.state)
    if not where.folder.is_dir():
        tell.say(f"环境 {environment.name} 本来就没有建", f"environment {environment.name} is not there")
        return
    tell.enter(places.held(where, "destroy", tell.clock()))
    elsewhere = provisioning.recorded_elsewhere(where)
    if elsewhere:
        raise refuse(
            "environment.stock",
            f"这些栈由原版引擎记录:{'、'.join(elsewhere)};先逐个 ./lz stack destroy 栈名 --engine pulumi",
            f"the stock engine records these stacks: {', '.join(elsewhere)}; first ./lz stack destroy NAME --engine pulumi",
        )
    work = provisioning.work(where, None, tell.observe, tell.stopping)
    done = tell.step("destroy", provisioning.destroy, work)
    if done.problems or done.interrupted:
        tell.code = 130 if done.interrupted else 1
        return
    readiness.ended(environment, tell.observe)
    for folder in (
        where.stacks,
        where.estate,
        where.facts,
        where.drivers,
        where.monitoring,
        where.ansible,
        where.report,
    ):
        shutil.rmtree(folder, ignore_errors=True)
    where.proof.unlink(missing_ok=True)
    tell.say(f"环境 {environment.name} 已拆除,地址台账保留在 {where.addresses}",
             f"environment {environment.name} is down; its addresses stay in {where.addresses}")  # fmt: skip
