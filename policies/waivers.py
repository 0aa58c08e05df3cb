"""waivers.yaml → which failures are let through for a while, by whom, why, and what makes up for them.

Edited by the security centre. In: the file, the roster of approvers, the findings, the day. Out: the findings with
those that a waiver in force covers answered `waived`, and how each waiver stands. Pure but for reading the files.

A waiver covers one check and the resources whose URN matches, as they were when it was approved: the fingerprint of
their properties. Changed properties void it. It holds from `created` to the day before `expires`, at most 180 days; a
date that cannot be read counts as expired. The approver is another than the requester and signs the entry; an entry
without a valid signature covers nothing. `compensating` names a check that must not fail for the same resource.
Findings about the estate as a whole, unknown answers and broken checks cannot be waived.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from inventory.estate import Resource
from inventory.kinds import kinds
from inventory.problems import Problem, Refused, nearest
from inventory.reading import Document
from inventory.reading import load as load_document
from inventory.rendering.digest import sm3
from inventory.signing import canonical, verified
from policies.checks import CHECKS

FILE = Path(__file__).parent / "waivers.yaml"
PURPOSE = "waiver"
LONGEST = timedelta(days=180)
SOON = timedelta(days=30)
SIGNED = (
    "check", "urn", "fingerprint", "reason", "ticket", "requester", "approver", "created", "expires", "compensating",
)  # fmt: skip
"""what the signature covers, all of it required"""
Standing = Literal["in-force", "expiring", "unused", "expired", "not-yet", "void", "unsigned", "uncompensated"]
_WORDS: Mapping[str, tuple[str, str]] = {
    "in-force": ("有效", "in force"),
    "expiring": ("有效,30 天内到期", "in force, ends within 30 days"),
    "unused": ("没有对应的不通过项,可以删除", "covers nothing that fails: it can go"),
    "expired": ("已过期,或日期写错", "expired, or a date that cannot be read"),
    "not-yet": ("尚未生效", "not yet in force"),
    "void": ("资源的属性在批准之后变了,豁免作废", "the resource is not as it was when this was approved: void"),
    "unsigned": ("没有批准人的有效签名", "not validly signed by its approver"),
    "uncompensated": ("补偿检查项没有通过", "the check that makes up for it does not pass"),
}


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of the file."""

    check: str
    urn: str
    """pattern: `*` stands for anything"""
    fingerprint: str
    reason: str
    ticket: str
    requester: str
    approver: str
    created: str
    expires: str
    compensating: str
    signature: str
    file: str
    line: int

    def signed(self) -> dict[str, str]:
        """What the approver puts a name to."""
        return {key: getattr(self, key) for key in SIGNED}

    def covers(self, urn: str) -> bool:
        """Does the pattern match?"""
        return re.fullmatch(".*".join(map(re.escape, self.urn.split("*"))), urn) is not None


@dataclass(frozen=True, slots=True)
class Stands:
    """How a waiver stands on a day."""

    waiver: Waiver
    standing: Standing
    covered: tuple[str, ...]
    """URNs whose failure it lets through"""

    @property
    def words(self) -> tuple[str, str]:
        """The standing in Chinese and English."""
        return _WORDS[self.standing]


class Failure(Protocol):
    """What this module wants to know of a finding."""

    @property
    def check(self) -> str: ...
    @property
    def urn(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Waivers:
    """The file and the roster: approver → key name → public PEM."""

    entries: tuple[Waiver, ...]
    approvers: Mapping[str, Mapping[str, str]]


NONE = Waivers((), {})


def fingerprint(resource: Resource) -> str:
    """`sm3:…` over what was wanted of a resource: its inputs, without secrets and without where they were written.
    The same in a plan and once deployed, under every engine."""
    model = kinds().get(resource.kind)
    if model is None:
        kept: Mapping[str, Any] = resource.properties
    else:
        hidden = {"origin", *model.secrets, *model.secret_outputs, *model.outputs}
        kept = {
            key: resource.get(key)
            for key, field in model.model_fields.items()
            if key not in hidden and resource.get(key) != field.default
        }
    return sm3(canonical({"kind": resource.kind, "name": resource.name, "properties": _plain(kept)}))


def _plain(value: Any) -> Any:
    """Numbers as the wire has them (1 and 1.0 are one), nothing where nothing is."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items() if one not in (None, "", (), [])}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def day(text: str) -> date | None:
    """A date of the file; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def timely(waiver: Waiver, on: date) -> Standing:
    """What the dates alone say."""
    created, expires = day(waiver.created), day(waiver.expires)
    if created is None or expires is None or expires <= on or expires - created > LONGEST:
        return "expired"
    if created > on:
        return "not-yet"
    return "expiring" if expires - on <= SOON else "in-force"


def standing(
    waivers: Waivers,
    failures: Sequence[Failure],
    resources: Mapping[str, Resource],
    failing: Iterable[tuple[str, str]],
    on: date,
) -> tuple[Stands, ...]:
    """How each waiver stands: `failures` are findings with answer `fail`; `failing` has (check, URN) of everything that
    does not pass, with "" as URN for the estate as a whole; `resources` by URN."""
    bad = frozenset(failing)
    found: list[Stands] = []
    for one in waivers.entries:
        word = timely(one, on)
        hits = [f.urn for f in failures if f.check == one.check and f.urn and one.covers(f.urn)]
        same = [urn for urn in hits if urn in resources and fingerprint(resources[urn]) == one.fingerprint]
        made_up = [urn for urn in same if not bad & {(one.compensating, urn), (one.compensating, "")}]
        if word in ("in-force", "expiring"):
            if not verified(one.signature, waivers.approvers.get(one.approver, {}), PURPOSE, one.signed()):
                word = "unsigned"
            elif not hits:
                word = "unused"
            elif not same:
                word = "void"
            elif not made_up:
                word = "uncompensated"
        holds = word in ("in-force", "expiring")
        found.append(Stands(one, word, tuple(sorted(made_up)) if holds else ()))
    return tuple(found)


def read(file: Path = FILE) -> Waivers:
    """The file. Refused with everything that is wrong in it; what only time can make wrong is told by `standing`."""
    doc = load_document(file)
    problems: list[Problem] = []
    roster = {
        name: {str(index): str(pem) for index, pem in enumerate(keys if isinstance(keys, list) else [keys])}
        for name, keys in (doc.data.get("approvers") or {}).items()
    }
    entries = [
        entry
        for index, row in enumerate(doc.data.get("waivers") or [])
        if (entry := _entry(doc, index, row, roster, problems))
    ]
    if problems:
        raise Refused(problems)
    return Waivers(tuple(entries), roster)


def _entry(doc: Document, index: int, row: Any, roster: Mapping[str, Any], problems: list[Problem]) -> Waiver | None:
    place: tuple[str | int, ...] = ("waivers", index)
    before = len(problems)

    def wrong(key: str, zh: str, en: str) -> None:
        problems.append(doc.problem((*place, key), "policy.waiver", zh, en))

    if not isinstance(row, Mapping):
        wrong("", "豁免须写成“键: 值”", "a waiver is written as `key: value`")
        return None
    for key in row:
        if key not in (*SIGNED, "signature"):
            near = nearest(key, (*SIGNED, "signature")) or "reason"
            wrong(key, f"没有“{key}”:是不是 {near}?", f"no such key: did you mean {near}?")
    for key in SIGNED:
        if not row.get(key):
            wrong(key, f"必须写 {key}", f"'{key}' must be given")
    for key in ("check", "compensating"):
        if row.get(key) and row[key] not in CHECKS:
            near = nearest(row[key], CHECKS) or "NET-003"
            wrong(
                key, f"没有检查项“{row[key]}”:是不是 {near}?", f"there is no check '{row[key]}': did you mean {near}?"
            )
    if row.get("approver") and row["approver"] == row.get("requester"):
        wrong("approver", "批准人不能是申请人本人", "who asks for a waiver cannot approve it")
    if row.get("compensating") and row["compensating"] == row.get("check"):
        wrong("compensating", "补偿检查项须是另一项", "the check that makes up for it must be another one")
    if row.get("approver") and row["approver"] not in roster:
        wrong("approver", "approvers 中没有这个批准人", "approvers has no such name")
    created, expires = day(str(row.get("created"))), day(str(row.get("expires")))
    if created and expires and not timedelta(0) < expires - created <= LONGEST:
        wrong("expires", "须在 created 之后 180 天内", "must be within 180 days after created")
    if len(problems) > before:
        return None
    spot = doc.marks.get(place, (1, 1))
    return Waiver(**{key: str(row[key]) for key in SIGNED}, signature=str(row.get("signature") or ""), file=doc.file,
                  line=spot[0])  # fmt: skip
