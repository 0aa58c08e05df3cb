"""`./lz check`: request files, and what the judge says of what they ask for, before any program runs.

In: files, or an environment's own, and the function that drafts an estate from requests (handed over by the door). Out:
every error of the files; else findings by their place in the files, or JSON; code 1 where something would stop the
update. Nothing is reserved, planned or built, and no state is read: a department may ask as often as it likes.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from inventory.estate import Estate
from inventory.model import Request
from inventory.problems import Refused, placed
from inventory.reading import Read, proposed, read
from policies.checks.shape import Answer
from policies.judge import Finding, Verdict
from policies.judging import Around, around, judged, supposed

K = TypeVar("K", str, tuple[str, int, str])
Drafted = Callable[[Read], Estate]
_SHOWN = 3
"""names of resources in a line"""


@dataclass(frozen=True)
class Lint:
    """What was found of the named files, or of all of them."""

    stops: tuple[Finding, ...]
    """would stop the update, and would not be there without the files"""
    reported: tuple[Finding, ...]
    """fails and stops nothing"""
    later: int
    """answers that only the update can give: they are judged again before anything is made of them"""
    elsewhere: tuple[Finding, ...]
    """would stop the update too, with the files or without"""


def check(tell: Any, options: argparse.Namespace, drafted: Drafted) -> None:
    """`./lz check [FILE …]`: every error of the named request files, or of the environment's folder, then the verdict."""
    files = [Path(word) for word in options.what]
    try:
        of, named = proposed(options.environment, files) if files else (read(options.environment), ())
    except Refused as refused:
        if not options.json:
            raise
        tell.code = 1
        print(json.dumps({"problems": [asdict(one) for one in refused.problems]}, ensure_ascii=False, sort_keys=True))
        return
    given = supposed(around(of.environment, tell.clock()))
    verdict = judged(given, drafted(of), planned=True)
    found = lint(given, of, named, verdict, drafted)
    tell.code = 1 if found.stops else 0
    if options.json:
        print(json.dumps(_data(given, of, named, found), ensure_ascii=False, sort_keys=True))
        return
    _tell(tell, given, of, named, found)


def lint(given: Around, of: Read, named: tuple[Request, ...], verdict: Verdict, drafted: Drafted) -> Lint:
    """The findings of a verdict that the named requests answer for: all of them where none is named."""
    files, stacks = {request.file for request in named}, {request.stack for request in named}

    def mine(one: Finding) -> bool:
        return not named or one.stack in stacks or placed(one.origin)[0] in files

    stops = [one for one in verdict.blocking if mine(one)]
    others = [one for one in verdict.blocking if not mine(one)]
    if others:  # a full pool, a rule at somebody else's host: whose it is shows only without the files
        there = set(map(_key, judged(given, drafted(_without(of, stacks)), planned=True).blocking))
        stops += [one for one in others if _key(one) not in there]
        others = [one for one in others if _key(one) in there]
    blocking = set(verdict.blocking)
    return Lint(
        tuple(sorted(stops, key=_place)),
        tuple(one for one in verdict.findings if one.answer is Answer.FAIL and one not in blocking and mine(one)),
        sum(one.answer is Answer.UNKNOWN and mine(one) for one in verdict.findings),
        tuple(others),
    )


def _place(one: Finding) -> tuple[str, int, str, str]:
    file, line, _ = placed(one.origin)
    return file, line, one.check, one.name


def _without(of: Read, stacks: set[str]) -> Read:
    rest = tuple(request for request in of.requests if request.stack not in stacks)
    systems = tuple(stack for stack in of.environment.systems if stack not in stacks)
    if of.environment.systems and not systems:
        rest = ()  # no name would mean every system
    return replace(of, environment=of.environment.model_copy(update={"systems": systems}), requests=rest)


def _key(one: Finding) -> tuple[str, str, str]:
    return one.check, one.urn, one.en


def _tell(tell: Any, given: Around, of: Read, named: tuple[Request, ...], found: Lint) -> None:
    for request in named:
        tell.say(f"✓ {request.file}:“{request.system.name}”写法没有错误",
                 f"✓ {request.file}: '{request.system.name}' is written without errors")  # fmt: skip
    if not named:
        tell.say(
            f"✓ {len(of.requests)} 份申请写法没有错误", f"✓ {len(of.requests)} requests are written without errors"
        )
    for one in found.stops:
        problem = one.problem()
        tell.say(f"✗ {problem.text('zh')}", f"✗ {problem.text('en')}")
    for line in _lines(found.reported) if named else _counts(found.reported):
        tell.say(*line)
    for one in found.elsewhere[:1]:
        n = len(found.elsewhere)
        tell.say(f"! 另有 {n} 项阻断与所查文件无关,例如 {one.name} [{one.check}];./lz check 看全部",
                 f"! {n} more block and are not of these files, such as {one.name} [{one.check}]; ./lz check shows all")  # fmt: skip
    profile = given.profile
    tell.say(
        f"按{profile.title_zh}判定({given.on}):{len(found.stops)} 项会阻断,{len(found.reported)} 项只报告,{found.later} 处"
        "还不能判定(建的时候再判定,或要有登记)",
        f"judged by {profile.title_en} ({given.on}): {len(found.stops)} would stop it, {len(found.reported)} are only "
        f"reported, {found.later} cannot be said yet (judged again when it is built, or want a record)",
    )
    first = (found.stops or found.reported)[:1]
    for one in first:
        tell.say(f"依据和改法:./lz explain {one.check}", f"clauses and what to do: ./lz explain {one.check}")
    if not found.stops:
        stacks = " ".join(request.stack for request in named)
        tell.say(f"下一步 ./lz plan {stacks}".rstrip(), f"next ./lz plan {stacks}".rstrip())


def _lines(findings: Iterable[Finding]) -> Iterable[tuple[str, str]]:
    """What is only reported: a line a check and place, in the order of the places."""
    for (file, line, check), group in _grouped(findings, lambda one: _place(one)[:3]):
        one, place = group[0], f"{file}:{line}: " if file else ""
        names = ", ".join(dict.fromkeys(each.name for each in group[:_SHOWN]))
        zh, en = (f" 等 {len(group)} 处", f" and {len(group) - _SHOWN} more") if len(group) > _SHOWN else ("", "")
        yield (f"· {place}{one.title_zh}:{names}{zh} [{check}]", f"· {place}{one.title_en}: {names}{en} [{check}]")


def _counts(findings: Iterable[Finding]) -> Iterable[tuple[str, str]]:
    """The same of a whole environment: a line a check."""
    for check, group in _grouped(findings, lambda one: one.check):
        files = {placed(one.origin)[0] for one in group} - {""}
        yield (f"· {group[0].title_zh}:{len(group)} 处,{len(files)} 份申请 [{check}]",
               f"· {group[0].title_en}: {len(group)}, in {len(files)} requests [{check}]")  # fmt: skip


def _grouped(findings: Iterable[Finding], by: Callable[[Finding], K]) -> list[tuple[K, list[Finding]]]:
    """In the order of what they are grouped by; in a group as they come."""
    groups: defaultdict[K, list[Finding]] = defaultdict(list)
    for one in findings:
        groups[by(one)].append(one)
    return sorted(groups.items(), key=lambda pair: pair[0])


def _data(given: Around, of: Read, named: tuple[Request, ...], found: Lint) -> dict[str, Any]:
    return {
        "environment": of.environment.name, "profile": given.profile.name, "on": given.on.isoformat(),
        "files": [request.file for request in named or of.requests], "problems": [], "blocking": len(found.stops),
        "findings": [asdict(one) for one in (*found.stops, *found.reported)], "unknown": found.later,
        "elsewhere": [asdict(one) for one in found.elsewhere],
    }  # fmt: skip
