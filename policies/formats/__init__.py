"""Reports of a result, one module a format: pure functions from `policies.result.Result` to text or bytes.

Edited by developers. In: a result. Out: files; equal results give equal bytes, nothing here knows the time, the machine
or the network (the PDF needs a font for Chinese, and is refused where there is none). Read next: `policies.result`,
then any module here; `FORMATS` is the table of them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from pathlib import Path

from inventory.problems import Problem, Refused, nearest, refuse
from inventory.replacing import SHARED, replace
from policies.result import Result

FORMATS: dict[str, dict[str, str]] = {
    "html": {"results.zh.html": "page:zh", "results.en.html": "page:en"},
    "pdf": {"results.zh.pdf": "paper:zh", "results.en.pdf": "paper:en"},
    "markdown": {"results.zh.md": "markdown:zh", "results.en.md": "markdown:en"},
    "csv": {"results.csv": "tables:results"},
    "gaps": {"gaps-mlps.csv": "tables:mlps"},
    "crypto": {"gaps-crypto.csv": "tables:crypto"},
    "xlsx": {"results.xlsx": "workbook:workbook"},
    "sarif": {"results.sarif": "sarif:sarif"},
    "junit": {"results.junit.xml": "junit:junit"},
    "oscal": {"assessment-results.oscal.json": "oscal:oscal"},
    "policyreport": {"policyreport.yaml": "policyreport:policyreport"},
}
"""format → file → "module:function" in this package"""


def chosen(words: Iterable[str]) -> tuple[str, ...]:
    """Formats by name, in the table's order, all where none is named. Refused with the nearest names."""
    wanted = [word for word in words if word]
    problems = []
    for word in wanted:
        if word not in FORMATS:
            near = nearest(word, FORMATS) or "sarif"
            problems.append(Problem(
                "judge.format", f"没有“{word}”格式:是不是 {near}?可用 {'、'.join(FORMATS)}",
                f"there is no format '{word}': did you mean {near}? There are {', '.join(FORMATS)}",
            ))  # fmt: skip
    if problems:
        raise Refused(problems)
    return tuple(name for name in FORMATS if not wanted or name in wanted)


def render(result: Result, format_: str) -> dict[str, bytes]:
    """The files of one format: name → content."""
    files = {}
    for name, place in FORMATS[format_].items():
        made = pkgutil.resolve_name(f"policies.formats.{place}")(result)
        files[name] = made if isinstance(made, bytes) else made.encode("utf-8", "replace")
    return files


def write(result: Result, folder: Path, formats: Iterable[str] = ()) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    """Write the files of these formats (all of them); returns what was written, and what could not be made here."""
    names = chosen(formats)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            files |= render(result, name)
        except Refused as refused:
            problems += refused.problems
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace(folder / name, content, mode=SHARED)
    except OSError as error:
        raise refuse(
            "judge.to", f"不能写入这个文件夹({error.strerror}):换一个,或改它的权限",
            f"this folder cannot be written ({error.strerror}): name another, or change its permissions", file=str(folder),
        ) from None  # fmt: skip
    return tuple(folder / name for name in files), tuple(problems)
