"""The verbs of this room: `check` a request file, `release` addresses, generate the `schema`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from inventory import addressing, consistency, places, reading, schema
from inventory.allotting.nouns import REST
from inventory.examining import examine
from inventory.places import ROOT
from inventory.problems import Refused


def check(tell: Any, options: argparse.Namespace) -> None:
    """`./lz check [FILE …]`: every error of the named request files, or of the environment's folder."""
    files = [Path(word) for word in options.what]
    if not files:
        read = reading.read(options.environment)
        tell.say(f"✓ {len(read.requests)} 份申请没有错误", f"✓ {len(read.requests)} requests, no errors")
        return
    folder = ROOT / reading.environment(options.environment).requests
    named = {path.resolve() for path in files}
    others = [path for path in sorted(folder.glob("Pulumi.*.yaml")) if path.resolve() not in named]
    examined = [examine(path) for path in [*files, *others]]
    mine = {each.document.file for each in examined[: len(files)] if each.document}
    problems = [problem for each in examined[: len(files)] for problem in each.problems]
    problems += [p for p in consistency.of_requests(reading.city(), examined) if p.file in mine]
    if problems:
        raise Refused(sorted(problems, key=lambda p: (p.file, p.line, p.col)))
    for each in examined[: len(files)]:
        if each.request:
            tell.say(
                f"✓ {each.request.file}:“{each.request.system.name}”没有错误;下一步 ./lz plan",
                f"✓ {each.request.file}: '{each.request.system.name}' has no errors; next ./lz plan",
            )


def release(tell: Any, options: argparse.Namespace) -> None:
    """`./lz release [SYSTEM …]`: without names, what has addresses and is asked for by nobody; with names, let go of it.
    The addresses rest before anybody else gets them, and are the system's own again if it comes back meanwhile."""
    read = reading.read(options.environment)
    tell.enter(places.held(read.places, "release", tell.clock()))
    if not options.what:
        gone = addressing.idle(read, addressing.load(read.places.addresses))
        for name in gone:
            tell.say(f"- {name}", f"- {name}")
        tell.say(f"{len(gone)} 个名字占有地址而无人申请;释放:./lz release 单位.系统",
                 f"{len(gone)} names have addresses and nobody asks for them; to let go: ./lz release bureau.system")  # fmt: skip
        return
    names = addressing.release(read, options.what, tell.clock())
    days = int(REST // 86400)
    tell.say(f"释放了 {len(names)} 个名字的地址,静置 {days} 天后才会另行分配",
             f"let go of the addresses of {len(names)} names; nobody else gets them for {days} days")  # fmt: skip


def schema_(tell: Any, options: argparse.Namespace) -> None:
    """`./lz schema`: bring inventory/schemas/ up to date with the model."""
    changed = schema.write()
    tell.say(f"更新了 {len(changed)} 个文件 {' '.join(changed)}", f"{len(changed)} files updated {' '.join(changed)}")
