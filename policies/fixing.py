"""`./lz judge --fix`: what would mend what fails, shown as differences; `--write` writes it and judges again.

In: what was judged, its verdict, what was typed. Out: lines (or data for JSON), files, a second verdict. What may be
changed is decided in `policies.remedies`, where it is written in `policies.mending`; this module only asks and tells.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from inventory.documents import shown
from inventory.estate import Estate, marked
from inventory.problems import Refused, refuse
from policies.adapters import deployment
from policies.checks import load
from policies.checks.shape import listed
from policies.judge import Verdict
from policies.judging import Around, judged, whole
from policies.mending import Edit, Mending, difference, of_export, of_files, write
from policies.remedies import Change, Remedied, changed, remedied

Words = tuple[str, str]


@dataclass(frozen=True)
class Fix:
    """What was found, and where it is written."""

    estate: Estate
    """with the records: the one that was judged"""
    found: Remedied
    mending: Mending
    again: Callable[[Estate], Verdict]

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "files": [
                {"file": str(shown(edit.path)), "record": edit.record, "diff": difference(edit),
                 "changes": [self._row(one) for one in edit.changes]}
                for edit in self.mending.edits
            ],
            "already_in_the_request": [self._row(one) for one in self.mending.built],
            "by_people": [self._row(one) for one in self.mending.people],
            "refused": [self._row(one) for one in self.found.refused],
            "taken_back": [{"urn": urn, "field": field, "worse": list(checks)} for (urn, field), checks in self.found.worse.items()],
            "without_a_remedy": [{"check": one.check, "urn": one.urn} for one in self.found.left],
        }  # fmt: skip

    @staticmethod
    def _row(one: Change) -> dict[str, Any]:
        return {**asdict(one), "before": marked(one.before), "after": marked(one.after)}


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this verb's part."""
    parser.add_argument("--fix", action="store_true",
                        help="显示能自动修复的改动,不写 / show what would mend what fails, and change nothing")  # fmt: skip
    parser.add_argument("--write", nargs="?", const="", metavar="FILE",
                        help="写入申请文件;--export 时写入另一个文件 / write requests; of an export, a copy")  # fmt: skip
    parser.add_argument("--records", action="store_true",
                        help="也写登记:设备本身已照此改好 / records too: the things themselves have been changed")  # fmt: skip


def refused(typed: argparse.Namespace) -> None:
    """What does not go together, before anything is judged."""
    problems = [refuse("fix.words", zh, en) for wrong, zh, en in _rules(typed) if wrong]
    if problems:
        raise Refused(one for each in problems for one in each.problems)


def _rules(typed: argparse.Namespace) -> Iterable[tuple[bool, str, str]]:
    writes, exports = typed.write is not None, typed.export or []
    target = Path(typed.write) if typed.write else None
    yield writes and not typed.fix, "--write 要和 --fix 一起写", "--write wants --fix beside it"
    yield typed.records and not writes, "--records 要和 --fix --write 一起写", "--records wants --fix --write beside it"
    yield (
        typed.fix and typed.baseline is not None,
        "--fix 和 --baseline 只写一个",
        "write --fix or --baseline, not both",
    )
    yield (
        writes and bool(typed.terraform), "Terraform 资源的 JSON 不是人写的文件:去掉 --write,照显示的改 HCL",
        "JSON of Terraform is not what people wrote: leave --write out and change the HCL as shown",
    )  # fmt: skip
    yield (
        writes and bool(exports) and target is None, "写 --write 另一个文件:导出文件本身从不改写",
        "name another file behind --write: an export itself is never overwritten",
    )  # fmt: skip
    yield writes and len(exports) > 1, "--write 一次只写一个导出文件", "--write takes one exported file at a time"
    yield (
        target is not None and not exports and not typed.terraform, "--write 后面不写文件名:申请文件就地修改",
        "no file behind --write: requests are changed where they are",
    )  # fmt: skip
    same = target is not None and any(target.resolve() == Path(file).resolve() for file in exports)
    yield same, "--write 的文件不能是导出文件本身", "--write cannot name the exported file itself"


def fix(given: Around, estate: Estate, verdict: Verdict, typed: argparse.Namespace) -> Fix:
    """What would mend what fails, and where."""
    full = whole(given, estate, planned=typed.planned)
    apart = replace(given, proved=None)  # what is only supposed is not kept as the last proof

    def again(of: Estate) -> Verdict:
        return judged(apart, of, planned=typed.planned)

    found = remedied(full, verdict, given.profile.entries, given.on, again)
    return Fix(full, found, _mending(full, found.changes, typed), again)


def _mending(estate: Estate, changes: tuple[Change, ...], typed: argparse.Namespace) -> Mending:
    if typed.terraform:
        return Mending((), people=changes)
    if not typed.export:
        return of_files(estate, changes)
    parts = [of_export(Path(file), Path(typed.write or file), changes) for file in typed.export]
    done = {one for part in parts for edit in part.edits for one in edit.changes}
    return Mending(
        tuple(edit for part in parts for edit in part.edits), people=tuple(one for one in changes if one not in done)
    )


def told(tell: Any, of: Fix) -> None:
    """Everything, in the order of what is to be done about it."""
    edits = of.mending.edits
    counted = sum(len(edit.changes) for edit in edits)
    tell.say(
        f"自动修复:改 {len(edits)} 个文件,涉及资源属性 {counted} 项;没有自动修复的不通过项 {len(of.found.left)} 项",
        f"remedies: {len(edits)} files to change, for {counted} properties of resources; {len(of.found.left)} failing findings "
        "have none",
    )  # fmt: skip
    for edit in edits:
        tell.say(*_heading(edit))
        tell.verbatim(difference(edit))
    _say(
        tell, of, of.mending.built, "申请已经这样写:./lz up 建成即可", "the request says so already: ./lz up builds it"
    )
    for checks, some in _by_checks(of.mending.people):
        fixes = [load(check).check for check in checks]
        zh, en = ";".join(check.fix_zh for check in fixes), "; ".join(check.fix_en for check in fixes)
        _say(tell, of, some, f"没有可由机器改的文件:{zh}", f"cannot be mended by a file: {en}")
    for problem in (problem for refusal in of.mending.reasons for problem in refusal.problems):
        tell.say(problem.text("zh"), problem.text("en"))
    _say(
        tell,
        of,
        of.found.refused,
        "可能放宽,或看不出是收紧:不改",
        "may open something, or is not known to close: never made",
    )
    for (urn, field), checks in of.found.worse.items():
        name, words = _name(of.estate, urn), ", ".join(checks)
        tell.say(
            f"✗ {name} {field}:改了会使 {words} 变差,不改", f"✗ {name} {field}: would make {words} worse, not changed"
        )


def _heading(edit: Edit) -> Words:
    words = "、".join(
        dict.fromkeys(f"{check} {load(check).check.title_zh}" for one in edit.changes for check in one.checks)
    )
    en = ", ".join(
        dict.fromkeys(f"{check} {load(check).check.title_en}" for one in edit.changes for check in one.checks)
    )
    if edit.source:
        return (
            f"导出文件的改后副本(供比较,不要导入状态;在程序里照此改)— {words}",
            f"a remedied copy of the export (to compare with, not to be imported: change the program so) — {en}",
        )
    if edit.record:
        return (
            f"登记 — {words}。登记写的是已有的东西:先把它本身改好,再用 --fix --write --records 写入",
            f"a record — {en}. A record says what is: change the thing itself first, then --fix --write --records",
        )
    return f"申请 — {words}", f"a request — {en}"


def _by_checks(changes: Iterable[Change]) -> Iterable[tuple[tuple[str, ...], list[Change]]]:
    found: dict[tuple[str, ...], list[Change]] = {}
    for one in changes:
        found.setdefault(one.checks, []).append(one)
    return found.items()


def _say(tell: Any, of: Fix, changes: Iterable[Change], zh: str, en: str) -> None:
    """A line for each value that a property is to have, however many resources want it."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in changes:
        alike.setdefault((f"{one.field} → {_word(one.after)}", one.checks), []).append(_name(of.estate, one.urn))
    for (what, checks), names in alike.items():
        text = f"• {listed(names)}: {what} ({', '.join(checks)})"
        tell.say(f"{text}:{zh}", f"{text}: {en}")


def _name(estate: Estate, urn: str) -> str:
    found = estate.urn(urn)
    return f"{found.kind} {found.name}" if found else urn


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "–" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def written(of: Fix, typed: argparse.Namespace, given: Around) -> tuple[Verdict, Estate, tuple[Edit, ...]]:
    """Write what may be written, and judge again what the files then say. Records only where it was said that the things
    themselves were changed."""
    edits = tuple(edit for edit in of.mending.edits if typed.records or not edit.record)
    write(edits)
    if typed.export:
        files = [str(edit.path) for edit in edits] or typed.export
        estate = Estate.union(deployment.read(Path(file)) for file in files)
        return judged(replace(given, proved=None), estate, planned=typed.planned), estate, edits
    estate = changed(of.estate, (*(one for edit in edits for one in edit.changes), *of.mending.built))
    return of.again(estate), estate, edits
