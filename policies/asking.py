"""`./lz judge` and `./lz waivers`: what was typed, what is judged, what is told. The judging itself is `policies.judging`.

Edited by developers. In: words, an environment or a file. Out: lines, or JSON on standard output; code 1 where
something blocks.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from inventory import replacing, signing
from inventory.estate import Estate, published
from inventory.places import places
from inventory.problems import Refused, nearest, refuse
from inventory.reading import Read, environment, read
from policies import baseline, fixing, formats, result, waivers
from policies.adapters import deployment, terraform
from policies.checks.shape import Answer
from policies.judge import Finding, Verdict
from policies.judging import BASELINES, CHINA, Around, around, judged, supposed
from policies.profiles import profile

_AGAIN = (
    ("再判定一次,按改后的申请(还没有建成:./lz plan 看计划,./lz up 建成):",
     "judged again, as the requests are now (not built yet: ./lz plan shows the plan, ./lz up builds it):"),
    ("再判定一次,按写出的副本:", "judged again, on the copy that was written:"),
)  # fmt: skip
_ALSO = "另有 / also: -e ENVIRONMENT, -l zh|en, --json"


def judge(tell: Any, options: argparse.Namespace, drafted: Callable[[Read], Estate] | None = None) -> None:
    """`./lz judge [--requests | --export FILE | --terraform FILE] [--to DIR] [--fix]`: the verdict on what is deployed in
    the environment, on what its requests ask for (`drafted`, handed over by the door), or on a file; with `--to` as reports
    too (`policies.formats`), with `--fix` what would mend it (`policies.fixing`)."""
    typed = _judge_words(options.what)
    chosen_formats = formats.chosen(typed.format.split(","))  # before anything is judged: a wrong name costs nothing
    chosen = environment(options.environment)
    given = around(chosen, tell.clock())
    if typed.profile:
        given = replace(given, profile=profile(typed.profile))
    if typed.on:
        given = replace(given, on=typed.on)
    untold: Counter[str] = Counter()
    if typed.export or typed.terraform:
        given = replace(given, proved=None)  # what is kept there is of the environment, and not of a stranger's file
    if typed.requests and drafted:
        estate, given = drafted(read(options.environment)), supposed(given)
    elif typed.export:
        estate = Estate.union(deployment.read(Path(file)) for file in typed.export)
    elif typed.terraform:
        found = [terraform.read(Path(file)) for file in typed.terraform]
        estate = Estate.union(one.estate for one in found)
        for one in found:
            untold.update(one.untold)
    else:
        estate = published(places(chosen.state).estate)
        if not len(estate):
            raise refuse(
                "judge.nothing", f"环境 {chosen.name} 还没有建成任何资源:先 ./lz up,或用 --requests 判定申请,或给出 --export 文件",
                f"nothing is deployed in {chosen.name} yet: ./lz up first, or judge the requests with --requests, or give "
                "--export FILE",
            )  # fmt: skip
    verdict = judged(given, estate, planned=typed.planned)
    if typed.baseline is not None:
        _write_baseline(tell, verdict, chosen.name, given, typed.baseline)
        return
    also: dict[str, Any] = {"without_a_kind": dict(untold)} if typed.terraform else {}
    if typed.fix:
        verdict, estate = _fixed(tell, options, typed, given, estate, verdict, also)
    else:
        _tell(tell, options, verdict, given, estate, also)
    if typed.to:
        _write_reports(tell, options, result.of(verdict, estate, given.on), typed.to, chosen_formats)


def _fixed(
    tell: Any,
    options: argparse.Namespace,
    typed: argparse.Namespace,
    given: Around,
    estate: Estate,
    verdict: Verdict,
    also: dict[str, Any],
) -> tuple[Verdict, Estate]:
    """What would mend it, told; and, where it is written, the verdict on what the files then say instead of the first."""
    found = fixing.fix(given, estate, verdict, typed)
    also["remedies"] = found.data()
    writes = typed.write is not None
    if not writes:
        _tell(tell, options, verdict, given, estate, also)
    if not options.json:
        fixing.told(tell, found)
    if not writes:
        return verdict, estate
    verdict, estate, edits = fixing.written(found, typed, given)
    also["written"] = [str(edit.path) for edit in edits]
    for path in () if options.json else also["written"]:
        tell.say(f"✓ {path}", f"✓ {path}")
    if not options.json:
        tell.say(*_AGAIN[bool(typed.export)])
    _tell(tell, options, verdict, given, estate, also)
    return verdict, estate


def _judge_words(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("lz judge", description=f"判定 / a verdict。{_ALSO}")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--export", nargs="+", metavar="FILE", help="部署文档(stack export)/ exported deployments")
    source.add_argument("--requests", action="store_true",
                        help="申请所要的,不论建没建 / what the requests ask for, built or not")  # fmt: skip
    source.add_argument(
        "--terraform", nargs="+", metavar="FILE", help="Terraform 资源的 JSON / resources of Terraform as JSON"
    )
    parser.add_argument("--profile", help="policies/profiles.yaml 中的方案 / a profile")
    parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="按哪一天判定 / as of a day (today)")
    parser.add_argument(
        "--planned", action="store_true", help="未知不阻断,如同计划 / unknown does not block, as in a plan"
    )
    parser.add_argument("--baseline", type=int, metavar="DAYS",
                        help="把现有的不通过项记为基线,若干天内不阻断 / keep what fails as a baseline for so many days")  # fmt: skip
    parser.add_argument("--to", type=Path, metavar="DIR", help="把报告写进这个文件夹 / write reports into this folder")
    parser.add_argument("--format", default="", metavar="NAME,…",
                        help=f"哪些格式(默认全部)/ which formats (all): {', '.join(formats.FORMATS)}")  # fmt: skip
    fixing.options(parser)
    typed = parser.parse_args(list(words))
    typed.planned |= typed.requests
    fixing.refused(typed)
    if typed.format and not typed.to:
        raise refuse("judge.to-missing", "给出 --format 时还要写 --to 文件夹", "--format wants --to DIR beside it")
    return typed


def _write_reports(
    tell: Any, options: argparse.Namespace, whole: result.Result, folder: Path, names: Sequence[str]
) -> None:
    written, problems = formats.write(whole, folder, names)
    for path in () if options.json else written:  # with --json standard output is the verdict alone
        tell.say(f"✓ {path}", f"✓ {path}")
    if problems:
        raise Refused(problems)


def _write_baseline(tell: Any, verdict: Verdict, name: str, given: Around, days: int) -> None:
    failing = [one for one in verdict.findings if one.answer is Answer.FAIL and one.mandatory]
    file = BASELINES / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    replacing.replace(file, baseline.text(baseline.made(failing, given.on, days)), mode=replacing.SHARED)
    until = given.on + min(timedelta(days), baseline.LONGEST)
    tell.say(
        f"✓ {file}:{len(failing)} 项,{until} 起不再有效;请审阅后提交",
        f"✓ {file}: {len(failing)} entries, no longer valid from {until}; review and commit it",
    )


def _tell(
    tell: Any,
    options: argparse.Namespace,
    verdict: Verdict,
    given: Around,
    estate: Estate,
    also: Mapping[str, Any],
) -> None:
    """`also`: what JSON has beside the verdict; of it `without_a_kind` is told in lines too."""
    tell.code = 1 if verdict.blocking else 0
    if options.json:
        print(json.dumps({"on": given.on.isoformat(), **also, **verdict.data()}, ensure_ascii=False, sort_keys=True))
        return
    blocking = set(verdict.blocking)
    for one in verdict.findings:
        tell.say(_line(one, one in blocking, "zh"), _line(one, one in blocking, "en"))
    totals = {answer.value: sum(c[answer.value] for c in verdict.results.values()) for answer in Answer}
    tell.say(
        f"{len(estate)} 个资源,{len(verdict.results)} 项检查({given.profile.title_zh},{given.on}):通过 {totals['pass']}、"
        f"不通过 {totals['fail']}、未知 {totals['unknown']}、出错 {totals['error']}、豁免 {totals['waived']}、"
        f"不适用 {totals['not-applicable']};阻断 {len(blocking)}",
        f"{len(estate)} resources, {len(verdict.results)} checks ({given.profile.title_en}, {given.on}): {totals['pass']} pass, "
        f"{totals['fail']} fail, {totals['unknown']} unknown, {totals['error']} error, {totals['waived']} waived, "
        f"{totals['not-applicable']} not applicable; {len(blocking)} block",
    )
    if untold := also.get("without_a_kind"):
        words = ", ".join(f"{type_} {count}" for type_, count in untold.items())
        tell.say(
            f"{sum(untold.values())} 个资源的类型没有对照表,除明文凭据外没有检查:{words}",
            f"{sum(untold.values())} resources are of types without a table, judged for secrets in clear alone: {words}",
        )
    for stands in verdict.waivers:
        if stands.standing != "in-force":
            _tell_waiver(tell, stands)


_MARKS = {"fail": "✗", "error": "!", "unknown": "?", "waived": "~"}


def _line(one: Finding, blocks: bool, language: Literal["zh", "en"]) -> str:
    problem = one.problem()
    if language == "zh":
        state = result.ANSWERS[one.answer][0] + (",阻断" if blocks else ",基线内" if one.known else ",只报告")
        state += (
            f";严重程度{result.SEVERITIES[one.base][0]}升为{result.SEVERITIES[one.severity][0]}:{one.raised_zh}"
            if one.base
            else ""
        )
    else:
        state = one.answer.value + (", blocks" if blocks else ", in the baseline" if one.known else ", reported")
        state += f"; {one.severity} instead of {one.base}: {one.raised_en}" if one.base else ""
    return f"{_MARKS[one.answer]} {problem.text(language)} ({state})"


def _tell_waiver(tell: Any, stands: waivers.Stands) -> None:
    one, (zh, en) = stands.waiver, stands.words
    tell.say(
        f"{one.file}:{one.line}: {one.check} {one.urn}: {zh}", f"{one.file}:{one.line}: {one.check} {one.urn}: {en}"
    )


def ask_waivers(tell: Any, options: argparse.Namespace) -> None:
    """`./lz waivers`: how each stands on what is deployed; `new CHECK NAME`: an entry to fill in; `sign TICKET KEY`: its
    signature; `key`: a new pair."""
    verb, *rest = options.what or ["list"]
    table = {"list": _list, "new": _new, "sign": _sign, "key": _key}
    if verb not in table:
        near = nearest(verb, table) or "list"
        raise refuse(
            "waiver.verb",
            f"写成 ./lz waivers list|new|sign|key;是不是 {near}?",
            f"write ./lz waivers list|new|sign|key; did you mean {near}?",
        )
    table[verb](tell, options, rest)


def _list(tell: Any, options: argparse.Namespace, rest: list[str]) -> None:
    chosen = environment(options.environment)
    verdict = judged(around(chosen, tell.clock()), published(places(chosen.state).estate), planned=False)
    if options.json:
        print(json.dumps(verdict.data()["waivers"], ensure_ascii=False, sort_keys=True))
        return
    for stands in verdict.waivers:
        _tell_waiver(tell, stands)
    if not verdict.waivers:
        tell.say("没有豁免", "there are no waivers")


def _new(tell: Any, options: argparse.Namespace, rest: list[str]) -> None:
    if len(rest) != 2:
        raise refuse("waiver.new", "写成 ./lz waivers new 检查项 资源名", "write ./lz waivers new CHECK NAME")
    chosen = environment(options.environment)
    estate = published(places(chosen.state).estate)
    verdict = judged(around(chosen, tell.clock()), estate, planned=False)
    failing = [one for one in verdict.findings if one.check == rest[0] and one.answer is Answer.FAIL]
    found = next((one for one in failing if one.name == rest[1]), None)
    resource = estate.urn(found.urn) if found else None
    if found is None or resource is None:
        near = nearest(rest[1], [one.name for one in failing])
        raise refuse(
            "waiver.not-failing", f"{rest[0]} 没有对“{rest[1]}”的不通过项" + (f":是不是 {near}?" if near else ""),
            f"{rest[0]} does not fail for '{rest[1]}'" + (f": did you mean {near}?" if near else ""),
        )  # fmt: skip
    today = tell.clock().astimezone(CHINA).date()
    print(
        f"- check: {found.check}\n  urn: {json.dumps(found.urn)}\n  fingerprint: {json.dumps(waivers.fingerprint(resource))}\n"
        f'  reason: ""\n  ticket: ""\n  requester: ""\n  approver: ""\n  created: {today}\n'
        f'  expires: {today + timedelta(90)}\n  compensating: ""\n  signature: ""'
    )


def _sign(tell: Any, options: argparse.Namespace, rest: list[str]) -> None:
    if len(rest) != 2:
        raise refuse("waiver.sign", "写成 ./lz waivers sign 工单号 私钥文件", "write ./lz waivers sign TICKET KEY-FILE")
    found = [one for one in waivers.read().entries if one.ticket == rest[0]]
    if not found:
        raise refuse("waiver.ticket", f"没有工单号为“{rest[0]}”的豁免", f"there is no waiver with ticket '{rest[0]}'")
    key = Path(rest[1])
    if not key.is_file():
        raise refuse("waiver.key", "私钥文件不存在", "there is no such key file", file=str(key))
    private = key.read_text(encoding="utf-8")
    for one in found:
        print(f"{one.file}:{one.line}: signature: {json.dumps(signing.sign(private, waivers.PURPOSE, one.signed()))}")


def _key(tell: Any, options: argparse.Namespace, rest: list[str]) -> None:
    if len(rest) != 1:
        raise refuse("waiver.new-key", "写成 ./lz waivers key 私钥文件", "write ./lz waivers key KEY-FILE")
    path = Path(rest[0])
    private, public = signing.new_key()
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise refuse(
            "waiver.key",
            f"不能新建私钥文件({error.strerror})",
            f"the key file cannot be made ({error.strerror})",
            file=str(path),
        ) from None
    path.write_text(private, encoding="utf-8")
    print(public, end="")
