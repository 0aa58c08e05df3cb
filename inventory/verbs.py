"""The verbs of this room: `check` a request file, generate the `schema`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from inventory import consistency, reading, schema
from inventory.places import ROOT
from inventory.problems import Refused


def check(tell: Any, options: argparse.Namespace) -> None:
    """`./lz check [FILE …]`: every error of the named request files, or of the environment's folder."""
    files = [Path(word) for word in options.what]
    if not files:
        read = reading.read(options.environment)
        tell.say(f"✓ {len(read.requests)} 份申请没有错误", f"✓ {len(read.requests)} requests, no errors")
        return
    city = reading.city()
    folder = ROOT / reading.environment(options.environment).requests
    found, problems = [], []
    named = {path.resolve() for path in files}
    for path in [*files, *(p for p in sorted(folder.glob("Pulumi.*.yaml")) if p.resolve() not in named)]:
        try:
            found.append(reading.one_request(path))
        except Refused as refused:
            problems += refused.problems if path in files else ()
    shown = {doc.file for request, doc in found if (ROOT / doc.file).resolve() in named}
    problems += [p for p in consistency.of_requests(city, found) if p.file in shown]
    if problems:
        raise Refused(sorted(problems, key=lambda p: (p.file, p.line, p.col)))
    for request, _ in found[: len(files)]:
        tell.say(
            f"✓ {request.file}:“{request.system.name}”没有错误;下一步 ./lz plan",
            f"✓ {request.file}: '{request.system.name}' has no errors; next ./lz plan",
        )


def schema_(tell: Any, options: argparse.Namespace) -> None:
    """`./lz schema`: bring inventory/schemas/ up to date with the model."""
    changed = schema.write()
    tell.say(f"更新了 {len(changed)} 个文件 {' '.join(changed)}", f"{len(changed)} files updated {' '.join(changed)}")
