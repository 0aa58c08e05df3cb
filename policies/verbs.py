"""The verbs of this room: `judge`, `waivers`, `explain` a check or a clause, write the `report` of the last run again."""

from __future__ import annotations

import argparse
import json
from typing import Any

from inventory import places, reading
from inventory.problems import refuse
from policies import asking, covering, explaining
from policies import report as reports
from policies.checks import CHECKS


def explain(tell: Any, options: argparse.Namespace) -> None:
    """`./lz explain CHECK|CLAUSE …`: what it looks at, why, and what to do; `--coverage [STANDARD …]`: what is checked of a
    standard and what is not."""
    if getattr(options, "coverage", False):
        rows = covering.covered(options.what)
        if options.json:
            print(json.dumps(covering.data(rows), ensure_ascii=False, sort_keys=True))
        else:
            tell.say(covering.text(rows, "zh"), covering.text(rows, "en"))
        return
    for index, word in enumerate(options.what or sorted(CHECKS)):
        text = explaining.explanation(word, options.language)
        tell.say(*(("\n" if index else "") + text,) * 2)


def report(tell: Any, options: argparse.Namespace) -> None:
    """`./lz report [-l en]`: the page of the last run in a language."""
    where = places.places(reading.environment(options.environment).state)
    source = where.report / "report.json"
    if not source.exists():
        raise refuse(
            "report.none", "还没有报告:先运行 ./lz up", "there is no report yet: run ./lz up first", file=str(source)
        )
    tell.step(
        "report", reports.write, where.report, json.loads(source.read_text(encoding="utf-8")), (options.language,)
    )


judge = asking.judge
waivers = asking.ask_waivers
