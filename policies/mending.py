"""What would mend an estate → the files that say it otherwise: their new texts, their differences, and their writing.

In: the changes of `policies.remedies`. Out: `Mending`. The files are those that people edit, never a state: requests and
records of an environment, or a copy of an exported deployment. Every change ends in one of four places: in a file; in a
record, which says what is and is changed after the thing itself; already in the request, so that only building it is
left; or with people, because no file of theirs says it. A difference is a unified one that `patch` and `git apply` take:
the checks that ask for a hunk stand behind its second `@@`.
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory import editing, replacing
from inventory.documents import Path_, document, shown
from inventory.estate import Estate
from inventory.problems import Refused, refuse
from inventory.written import Spot, Written
from policies.adapters.amending import amended
from policies.adapters.deployment import counts
from policies.remedies import Change

Asked = tuple[int, tuple[str, ...]]
"""line of the old text, from 0, and the checks that ask for a change there"""


@dataclass(frozen=True)
class Edit:
    """A file as it is and as it would be."""

    path: Path
    before: str
    after: str
    asked: tuple[Asked, ...]
    changes: tuple[Change, ...]
    record: bool = False
    source: Path | None = None
    """the file that this one is a copy of; None: it is changed itself"""
    view: Edit | None = None
    """what readers are shown instead: of an export, only what is changed"""


@dataclass(frozen=True)
class Mending:
    """Where each change is made."""

    edits: tuple[Edit, ...]
    built: tuple[Change, ...] = ()
    """the request says so already: what is deployed is older"""
    people: tuple[Change, ...] = ()
    """no file that people edit says it in a way that a machine may change"""
    reasons: tuple[Refused, ...] = ()


def of_files(estate: Estate, changes: Iterable[Change]) -> Mending:
    """In requests and records."""
    written = Written()
    spots: dict[tuple[Path, bool], dict[Path_, list[Change]]] = defaultdict(lambda: defaultdict(list))
    people: list[Change] = []
    built: list[Change] = []
    for change in changes:
        resource = estate.urn(change.urn)
        spot = written.spot(estate, resource, change.field) if resource else None
        if spot is None:
            people.append(change)
        elif _has(spot, change.after):
            built.append(change)
        else:
            spots[spot.file, spot.record][spot.path].append(change)
    edits: list[Edit] = []
    reasons: list[Refused] = []
    for (path, record), rows in sorted(spots.items()):
        edit, refused = _edit(path, record, rows)
        reasons += refused
        if edit:
            edits.append(edit)
        done = set(edit.changes) if edit else set()
        people += [one for some in rows.values() for one in some if one not in done]
    return Mending(tuple(edits), tuple(built), tuple(people), tuple(reasons))


def of_export(source: Path, target: Path, changes: Sequence[Change]) -> Mending:
    """In a copy of an exported deployment."""
    before = source.read_text(encoding="utf-8")
    asked: dict[str, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        asked[change.urn][change.field] = change.after
    after, lines = amended(before, asked)
    made = tuple(one for one in changes if (one.urn, one.field) in lines)
    rows = tuple((lines[one.urn, one.field], one.checks) for one in made)
    view = _shown_of(before, asked)
    laid, spots = amended(view, asked)
    marked = tuple((spots[one.urn, one.field], one.checks) for one in made)
    seen = Edit(target, view, laid, marked, made, source=source)
    edit = Edit(target, before, after, rows, made, source=source, view=seen)
    return Mending((edit,) if made else (), people=tuple(one for one in changes if one not in made))


def _shown_of(text: str, asked: Mapping[str, Mapping[str, Any]]) -> str:
    """Of a deployment, what is to be changed and nothing beside it: an export may hold secrets in clear, and its lines may be
    as long as the whole."""
    rows = [row for row in json.loads(text)["deployment"]["resources"] if counts(row) and row["urn"] in asked]
    few = [
        {"urn": row["urn"], "type": row["type"],
         **{side: {key: value for key, value in row[side].items() if key in asked[row["urn"]]}
            for side in ("inputs", "outputs") if isinstance(row.get(side), Mapping)}}
        for row in rows
    ]  # fmt: skip
    return json.dumps({"deployment": {"resources": few}}, ensure_ascii=False, indent=2) + "\n"


def _edit(path: Path, record: bool, rows: Mapping[Path_, list[Change]]) -> tuple[Edit | None, list[Refused]]:
    """One file; what cannot be changed in it by its characters alone is left to people, and the rest is done."""
    text = path.read_bytes().decode("utf-8")  # line ends as they are
    good: dict[Path_, Any] = {}
    reasons: list[Refused] = []
    for where, some in rows.items():
        value = some[0].after
        if any(one.after != value for one in some):
            continue  # one line of the file is two resources that want different things
        try:
            editing.edited(text, {where: value}, shown(path))
        except Refused as refused:
            reasons.append(refused)
        else:
            good[where] = value
    if not good:
        return None, reasons
    after, lines = editing.edited(text, good, shown(path))
    done = tuple(one for where in good for one in rows[where])
    asked = tuple(
        (lines[where], tuple(dict.fromkeys(check for one in rows[where] for check in one.checks))) for where in good
    )
    return Edit(path, text, after, asked, done, record), reasons


def _has(spot: Spot, value: Any) -> bool:
    data: Any = document(spot.file)
    try:
        for step in spot.path:
            data = data[step]
    except (LookupError, TypeError):
        return False
    return data == (editing.written(value) if not isinstance(value, str) else value)


def difference(edit: Edit, context: int = 3) -> str:
    """A unified diff; behind each hunk's `@@` the checks that ask for it."""
    edit = edit.view or edit
    before, after = edit.before.splitlines(keepends=True), edit.after.splitlines(keepends=True)
    lines = [f"--- {shown(edit.source or edit.path)}\n", f"+++ {shown(edit.path)}\n"]
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        # what is added after a line stands one further on than that line
        mine = [checks for line, checks in edit.asked if first[1] <= line < max(last[2], first[1] + 1)]
        words = " ".join(sorted({check for checks in mine for check in checks}))
        lines.append(f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@ {words}".rstrip() + "\n")
        for tag, i1, i2, j1, j2 in group:
            lines += _marked(" ", before[i1:i2]) if tag == "equal" else ()
            lines += _marked("-", before[i1:i2]) if tag in ("replace", "delete") else ()
            lines += _marked("+", after[j1:j2]) if tag in ("replace", "insert") else ()
    return "".join(lines).rstrip("\n")


def _span(start: int, end: int) -> str:
    length = end - start
    return f"{start + 1 if length else start}" if length == 1 else f"{start + 1 if length else start},{length}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def write(edits: Sequence[Edit]) -> None:
    """All files or none. Refused where one is no longer what the change was worked out from, or cannot be written."""
    done: list[Edit] = []
    try:
        with ExitStack() as stack:
            made: list[tuple[Edit, Path]] = []
            for edit in edits:
                _unchanged(edit)
                made.append((edit, stack.enter_context(replacing.beside(edit.path, edit.after, durable=True))))
            for edit, part in made:
                replacing.put(part, edit.path, durable=True)
                done.append(edit)
    except OSError as error:
        for edit in done:
            replacing.replace(edit.path, edit.before, durable=True)
        where = str(error.filename or "")
        raise refuse(
            "fix.write", f"写不了({error.strerror}):没有改动任何文件", f"cannot be written ({error.strerror}): no file was changed",
            file=where,
        ) from None  # fmt: skip


def _unchanged(edit: Edit) -> None:
    if edit.source:
        if edit.path.exists():
            raise refuse(
                "fix.exists",
                "文件已存在,不覆盖:换一个文件名",
                "the file is there and is not overwritten: name another",
                file=str(edit.path),
            )
        return
    if edit.path.read_bytes().decode("utf-8") != edit.before:
        raise refuse(
            "fix.moved",
            "判定之后文件又被改过:重新运行",
            "the file was changed after the verdict: run again",
            file=shown(edit.path),
        )
