"""What a check or a clause is about, as text: the page beside the check, with what the code and catalogue know."""

from __future__ import annotations

from typing import Literal

from inventory.problems import nearest, refuse
from policies.checks import CHECKS, load
from policies.checks.shape import Check, Param
from policies.clauses import Clause, assurance, checks_of, clause, clauses, high_risk, standards, successor, successors
from policies.editions import Standard
from policies.profiles import profiles

Language = Literal["zh", "en"]
_SEVERITY = {"high": "高", "medium": "中", "low": "低"}
_SCOPE = {
    "resource": ("单个资源", "one resource"),
    "stack": ("一个系统的资源", "one stack's resources"),
    "estate": ("全市各系统之间", "across all stacks"),
}
_MARK = ("(待确认)", " (to be confirmed)")
_ASSURANCE = {
    "full": ("全部:检查项查全这一条", "in full: checks settle all of it"),
    "partial": ("部分:其余须人工核查", "in part: people look at the rest"),
    "evidence": ("只查证据是否齐备、在期", "by evidence: whether it is there and not too old"),
    "none": ("无", "none"),
}


def explanation(id_: str, language: Language = "zh") -> str:
    """Of a check (`NET-003`) or a clause (`GB/T 22239-2019 8.1.2.1 c)`, or its number alone). Refused with the
    nearest id."""
    word = id_.strip()
    if word.upper() in CHECKS:
        return _check(word.upper(), language)
    found = clauses().get(word) or _by_number(word)
    if found:
        return _clause(found, language)
    near = nearest(word.upper(), CHECKS) or nearest(word, clauses())
    raise refuse(
        "policy.unknown-id",
        f"没有检查项或条款“{id_}”" + (f":是不是 {near}?" if near else ":见 docs/policies.md 的清单"),
        f"there is no check or clause '{id_}'"
        + (f": did you mean {near}?" if near else ": docs/policies.md lists them"),
    )


def page(id_: str, language: Language) -> str:
    """The half of a check's page in one language, without headings of the other."""
    zh, _, en = load(id_).page.read_text(encoding="utf-8").partition("\n<!-- en -->\n")
    return (zh if language == "zh" else en).strip()


def severity_basis(check: Check, language: Language) -> str:
    """Where a check's severity comes from."""
    if check.severity_basis == "project":
        return "本项目自定" if language == "zh" else "ours"
    zh, en = high_risk()[check.severity_basis]
    return f"T/ISEAA 001-2020:{zh}" if language == "zh" else f"T/ISEAA 001-2020: {en}"


def _check(id_: str, language: Language) -> str:
    check = load(id_).check
    chinese = language == "zh"
    lines = [page(id_, language), ""]
    lines += ["条款" if chinese else "Clauses"]
    lines += [f"  {named(clause(one), language)}" for one in check.clauses]
    lines += [""]
    severity = _SEVERITY[check.severity] if chinese else check.severity
    floor = "" if check.severity == "high" else ("起" if chinese else " or more")
    lines += [("严重程度" if chinese else "Severity") + f": {severity}{floor} ({severity_basis(check, language)})"]
    lines += [("范围" if chinese else "Scope") + f": {_SCOPE[check.scope][0 if chinese else 1]}"]
    lines += [("资源" if chinese else "Kinds") + f": {', '.join(check.kinds)}"]
    lines += [("怎么改" if chinese else "Fix") + f": {check.fix_zh if chinese else check.fix_en}"]
    if load(id_).remedy:
        lines += [("自动修复" if chinese else "Remedy") + ": ./lz judge --fix"]
    if check.params:
        lines += ["", "参数" if chinese else "Parameters"]
        lines += [
            f"  {name}: {param.zh if chinese else param.en} ({_value(param)})" for name, param in check.params.items()
        ]
    lines += ["", "方案" if chinese else "Profiles"]
    for name, profile in profiles().items():
        mode = next((entry.mode for entry in profile.entries if entry.loaded.check.id == id_), "off")
        lines += [f"  {name}: {mode}"]
    return "\n".join(lines)


def _clause(found: Clause, language: Language) -> str:
    chinese = language == "zh"
    standard = standards()[found.standard]
    side = 0 if chinese else 1
    lines = [named(found, language), f"  {standard.title}" if chinese else f"  {standard.en}"]
    lines += [_days(standard, chinese)]
    later = successor(standard)
    if later:
        ids = ("、" if chinese else ", ").join(one.id for one in successors(found)) or later.id
        lines += [f"  已由 {later.id} 代替,改引 {ids}" if chinese else f"  replaced by {later.id}: cite {ids}"]
    if found.level2007:
        words = ("2007 版灾难恢复能力等级", "level in the edition of 2007")
        lines += [f"  {words[side]}: {found.level2007}"]
    if found.counterpart:
        words = ("第三级中的同名控制点", "the control point of level 3")
        lines += [f"  {words[side]}: {found.counterpart}"]
    checks = checks_of(found.id)
    if checks:
        lines += [("查到的程度" if chinese else "Settled") + f": {_ASSURANCE[assurance(found.id)][side]}"]
        lines += ["检查项" if chinese else "Checks"]
        lines += [f"  {id_} {load(id_).check.title_zh if chinese else load(id_).check.title_en}" for id_ in checks]
    else:
        lines += ["没有检查项覆盖这一条,须人工核查。" if chinese else "No check covers it: to be looked at by people."]
    return "\n".join(lines)


def _days(standard: Standard, chinese: bool) -> str:
    first, last = standard.valid_from, standard.valid_to
    if chinese:
        return f"  自 {first} 起施行" + (f",至 {last} 止" if last else "")
    return f"  in force since {first}" + (f", until {last}" if last else "")


def named(found: Clause, language: Language) -> str:
    """`GB/T 22239-2019 8.1.2.1 c) 网络架构`, with its mark where it is to be confirmed."""
    mark = "" if found.confirmed else _MARK[0 if language == "zh" else 1]
    return f"{found.id} {found.point}{mark}"


def _by_number(word: str) -> Clause | None:
    hits = [one for one in clauses().values() if one.number == word]
    return hits[0] if len(hits) == 1 else None


def _value(param: Param) -> str:
    return ", ".join(map(str, param.default)) if isinstance(param.default, tuple) else str(param.default)


def overview() -> str:
    """The table of docs/policies.md: every check, its clauses and what each profile makes of it."""
    names = list(profiles())
    modes = {name: {e.loaded.check.id: e.mode for e in profile.entries} for name, profile in profiles().items()}
    words = {"mandatory": "阻断 blocks", "advisory": "报告 reports"}
    lines = ["| 检查项 check | 内容 what | 条款 clauses | 严重 severity | " + " | ".join(names) + " |"]
    lines += ["|---" * (4 + len(names)) + "|"]
    for id_ in CHECKS:
        check = load(id_).check
        path = load(id_).page.parent.name
        link = f"[{id_}](../policies/checks/{path}/{load(id_).page.name})"
        cells = [
            link,
            f"{check.title_zh}<br>{check.title_en}",
            "<br>".join(named(clause(one), "zh") for one in check.clauses),
        ]
        cells += [f"{_SEVERITY[check.severity]} {check.severity}"]
        cells += [words.get(modes[name].get(id_, ""), "–") for name in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
