"""The verbs of this room: `check` a request file, generate the `schema`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from inventory import consistency, reading, schema
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


def schema_(tell: Any, options: argparse.Namespace) -> None:
    """`./lz schema`: bring inventory/schemas/ up to date with the model."""
    changed = schema.write()
    tell.say(f"更新了 {len(changed)} 个文件 {' '.join(changed)}", f"{len(changed)} files updated {' '.join(changed)}")
