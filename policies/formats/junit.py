"""JUnit XML, as continuous integration reads it: a suite a check, a case a resource.

A failure is what blocks, so that a pipeline is red exactly where `./lz judge` ends with 1; whatever else did not pass is
skipped with the reason, and never counted as passed. What broke is an error, what failed or is unknown a failure. What
passed is one case a check, with the number: the verdict does not keep the names of what is well.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from inventory.problems import placed
from policies.checks.shape import Answer
from policies.formats.words import answer, clean, effect, told
from policies.judge import Finding
from policies.result import Judged, Result


def junit(result: Result) -> str:
    """The document."""
    root = Xml.Element("testsuites", name=f"liangzhu {clean(result.verdict.profile)} {result.on}")
    by_check: dict[str, list[Finding]] = {}
    for one in result.rows:
        by_check.setdefault(one.check, []).append(one)
    suites = [_suite(result, check, by_check.get(check.id, [])) for check in result.checks]
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.extend(suites)
    Xml.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(result: Result, check: Judged, rows: list[Finding]) -> Xml.Element:
    suite = Xml.Element("testsuite", name=f"{check.id} {check.title_zh} / {check.title_en}")
    properties = Xml.SubElement(suite, "properties")
    for name, value in (
        ("severity", check.severity), ("area", check.area), ("clauses", "; ".join(check.clauses)),
        ("estate", result.estate),
    ):  # fmt: skip
        Xml.SubElement(properties, "property", name=name, value=clean(value))
    passed = check.counts.get("pass", 0)
    cases = [_case(result, one) for one in rows]
    if passed:
        cases.insert(
            0, Xml.Element("testcase", classname=check.id, name=f"{passed} 个资源通过 / {passed} resources pass")
        )
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    return suite


def _case(result: Result, one: Finding) -> Xml.Element:
    name = clean(f"{one.stack} {one.kind} {one.name}".strip()) or "estate"
    case = Xml.Element("testcase", classname=one.check, name=name)
    if one.origin:
        file, line, _ = placed(one.origin)
        case.set("file", clean(file))
        if line:
            case.set("line", str(line))
    stops = "error" if one.answer is Answer.ERROR else "failure"
    tag = stops if one in result.stops else "skipped"
    (zh, en), (effect_zh, effect_en) = answer(one), effect(result, one)
    note = Xml.SubElement(case, tag, message=clean(f"{zh}({effect_zh}):{told(one, 'zh')}"))
    if tag != "skipped":
        note.set("type", one.answer.value)
    lines = [f"{en} ({effect_en}): {told(one, 'en')}"]
    if one.answer is Answer.FAIL:
        lines += [one.fix_zh, one.fix_en]
    lines += [*one.clauses, one.urn, one.origin]
    note.text = clean("\n".join(line for line in lines if line))
    return case
