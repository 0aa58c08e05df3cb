"""`python -m tests.bench.scanners [FILE] [--record]`: our checks against what public scanners say of the same resources.

Each labelled row is an estate of its own: the resource with what it refers to and what refers to it. Whatever gives the
label away is withheld before our side sees it: the upstream file, its label and its result, and every address, which is
renamed, in expressions too. The file of rows is not ours to copy: it is looked for beside the repository
(`../shared/fixtures/scanner-labels.jsonl`), in `LIANGZHU_SCANNER_LABELS`, or where the command says.

Positive is a label `fail`. A row is flagged where one of our checks that ask the same question fails. Unknown and not
applicable are no flag: they count against recall where the label is `fail`, and are told apart. `--record` prints rows for
docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from inventory.places import ROOT
from inventory.reading import document
from policies.adapters import terraform
from policies.checks import CHECKS, load
from policies.judge import look
from policies.profiles import Entry

DAY = date(2026, 6, 1)
REASONS = ROOT / "tests" / "cases" / "terraform" / "disagreements.yaml"
_WITHHELD = ("id", "source", "check", "title", "topic", "file", "file_sha256", "expected", "confirmed_by_cli")
_ORDER = ("fail", "error", "unknown", "pass", "not-applicable")


@dataclass(frozen=True)
class Asked:
    """Our check that asks an upstream check's question: with these parameters, about this part of its answer."""

    check: str
    about: str = ""
    """a failure counts where its English sentence has this (a regular expression): the check asks for more than upstream"""
    params: Mapping[str, Any] = field(default_factory=dict)


_PASSWORDS = "IAM-001"
ASKED: dict[str, tuple[Asked, ...]] = {
    "CKV_ALI_2": (Asked("BND-016", params={"ports": (22,)}),),
    "CKV_ALI_3": (Asked("BND-016", params={"ports": (3389,)}),),
    "CKV_OPENSTACK_3": (Asked("BND-016", params={"ports": (3389,)}),),
    "OPNSTK-0003": (Asked("BND-016"), Asked("BND-017"), Asked("BND-006", "any peer")),
    "CKV_TC_8": (Asked("BND-006", "any peer"),),
    "CKV_ALI_29": (Asked("BND-006", "any peer"),),
    "CKV_OPENSTACK_5": (Asked("BND-006", "names no group"),),
    "CKV_TC_4": (Asked("TEN-006"),),
    "CKV_ALI_41": (),
    "CKV_TC_7": (Asked("BND-009"),),
    "CKV_ALI_6": (Asked("DAT-001"), Asked("DAT-003")),
    "CKV_ALI_7": (Asked("DAT-001"),),
    "CKV_ALI_8": (Asked("DAT-001"), Asked("DAT-003")),
    "CKV_ALI_44": (Asked("DAT-001"),),
    "CKV_TC_1": (Asked("DAT-001"),),
    "CKV_ALI_20": (Asked("DAT-005"),),
    "CKV_ALI_33": (Asked("NET-006"),),
    "CKV_ALI_12": (Asked("LOG-001"),),
    "CKV_ALI_35": (),
    "CKV_ALI_5": (Asked("LOG-001", "reads alone"),),
    "CKV_TC_11": (),
    "CKV_TC_3": (Asked("MON-003", "target"),),
    "CKV_TC_6": (),
    "CKV_ALI_14": (Asked(_PASSWORDS, "classes"),),
    "CKV_ALI_17": (Asked(_PASSWORDS, "classes"),),
    "CKV_ALI_19": (Asked(_PASSWORDS, "classes"),),
    "CKV_ALI_16": (Asked(_PASSWORDS, "days of use"),),
    "CKV_ALI_23": (Asked("IAM-002", "failures before the lock"),),
    "CKV_ALI_24": (Asked("IAM-004", r"factor\(s\)"),),
    "CKV_TC_13": (Asked("IAM-013"),),
    "OPNSTK-0001": (Asked("IAM-013"),),
    # asked by rows that are not in the file that we know
    "CKV_ALI_1": (Asked("IAM-005"),),
    "CKV_ALI_9": (Asked("BND-016"),),
    "CKV_ALI_10": (Asked("DAT-006"),),
    "CKV_ALI_13": (Asked(_PASSWORDS, "length"),),
    "CKV_ALI_15": (Asked(_PASSWORDS, "classes"),),
    "CKV_ALI_18": (Asked(_PASSWORDS, "former passwords"),),
    "CKV_ALI_21": (Asked("NET-006"),),
    "CKV_ALI_22": (Asked("DAT-001"),),
    "CKV_ALI_25": (Asked("LOG-001"), Asked("LOG-004")),
    "CKV_ALI_27": (Asked("DAT-004"),),
    "CKV_ALI_32": (Asked("DAT-001"),),
    "CKV_ALI_42": (Asked("DAT-005"),),
    "CKV_ALI_43": (Asked("BND-016"),),
    "CKV_TC_2": (Asked("BND-009"),),
    "CKV_TC_9": (Asked("BND-016"),),
    "CKV_OPENSTACK_2": (Asked("BND-016", params={"ports": (22,)}),),
    "CKV_OPENSTACK_4": (Asked("IAM-013"),),
}
"""upstream check → ours; nothing, where none of ours asks that question"""


@dataclass(frozen=True)
class Answered:
    """One row: what upstream says, what we say. `ours` is `none` where no check of ours asks, `absent` where it is not
    in this tree."""

    id: str
    check: str
    topic: str
    label: str
    ours: str

    @property
    def agrees(self) -> bool:
        return (self.label == "fail") == (self.ours == "fail")


def labels() -> Path | None:
    """Where the rows are; None where they are not."""
    told = os.environ.get("LIANGZHU_SCANNER_LABELS")
    places = [Path(told)] if told else [ROOT.parent / "shared" / "fixtures" / "scanner-labels.jsonl"]
    return next((path for path in places if path.is_file()), None)


def rows(path: Path) -> list[dict[str, Any]]:
    """The labelled rows."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def blinded(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what gives its label away: addresses become `<type>.r1`, in expressions too."""
    kept = {key: value for key, value in row.items() if key not in _WITHHELD}
    around = [row, *row.get("related", ()), *row.get("referred_by", ())]
    addresses = dict.fromkeys(one["resource"] for one in around)
    named = {address: f"{address.rpartition('.')[0]}.r{number}" for number, address in enumerate(addresses, 1)}

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            if value in named:
                return named[value]
            if _BARE.fullmatch(value):
                return _anonymous(value, named)
            return _EXPRESSION.sub(lambda match: _anonymous(match[0], named), value) if "${" in value else value
        if isinstance(value, Mapping):
            return {key: renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    return renamed(kept)


_EXPRESSION = re.compile(r"\$\{[^}]*\}")
_BARE = re.compile(r"[a-z]+_[a-z0-9_]+\.[\w-]+\.[a-z_]+")
_ADDRESS = re.compile(r"\b([a-z]+_[a-z0-9_]+)\.([\w-]+)")


def _anonymous(text: str, named: Mapping[str, str]) -> str:
    """An expression with its addresses renamed; those that lead nowhere too."""
    return _ADDRESS.sub(lambda match: named.get(match[0], f"{match[1]}.elsewhere"), text)


def answered(row: Mapping[str, Any], folder: Path) -> Answered:
    """What our checks say of the row's resource and of what it implies."""
    path = folder / "row.json"
    seen = blinded(row)
    path.write_text(json.dumps(seen), encoding="utf-8")
    estate = terraform.read(path).estate
    asked = ASKED.get(row["check"], ())
    said: list[str] = [] if asked else ["none"]
    for one in asked:
        if one.check not in CHECKS:
            said.append("absent")
            continue
        loaded = load(one.check)
        params = {**{key: param.default for key, param in loaded.check.params.items()}, **one.params}
        for looked in look(estate, Entry(loaded, "mandatory", params), DAY):
            name = looked.resource.name if looked.resource else ""
            if name != seen["resource"] and not name.startswith((f"{seen['resource']}/", f"{seen['resource']}#")):
                continue
            other = looked.answer == "fail" and not re.search(one.about, looked.en)
            said.append("pass" if other else looked.answer.value)
    ours = next((word for word in (*_ORDER, "absent", "none") if word in said), "not-applicable")
    return Answered(row["id"], row["check"], row["topic"], row["expected"], ours)


def run(path: Path) -> list[Answered]:
    """Every row of the file."""
    with tempfile.TemporaryDirectory() as folder:
        return [answered(row, Path(folder)) for row in rows(path)]


@dataclass(frozen=True)
class Figures:
    """Of one check or topic."""

    rows: int
    hit: int
    false: int
    missed: int
    unknown: int
    """of the rows, those that we answered with unknown"""

    @property
    def precision(self) -> float | None:
        return self.hit / (self.hit + self.false) if self.hit + self.false else None

    @property
    def recall(self) -> float | None:
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else None


def figures(found: Iterable[Answered], by: str) -> dict[str, Figures]:
    """By `check` or by `topic`; rows whose check is not in this tree are left out."""
    groups: dict[str, list[Answered]] = defaultdict(list)
    for one in found:
        if one.ours != "absent":
            groups[getattr(one, by)].append(one)
    return {
        key: Figures(
            len(some),
            sum(one.label == one.ours == "fail" for one in some),
            sum(one.label == "pass" and one.ours == "fail" for one in some),
            sum(one.label == "fail" and one.ours != "fail" for one in some),
            sum(one.ours == "unknown" for one in some),
        )
        for key, some in sorted(groups.items())
    }


def reasons() -> dict[str, str]:
    """Row → why we say something else, as it is recorded."""
    return {id_: row["en"] for row in document(REASONS).values() for id_ in row["rows"]}


def told(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    path = Path(words[0]) if words else labels()
    if path is None:
        sys.exit("the labelled rows are not here: name the file, or set LIANGZHU_SCANNER_LABELS")
    found = run(path)
    if "--record" in sys.argv:
        print("| topic | rows | precision | recall | unknown |\n|---|---|---|---|---|")
        for key, one in figures(found, "topic").items():
            print(f"| {key} | {one.rows} | {told(one.precision)} | {told(one.recall)} | {one.unknown} |")
        return
    for by in ("check", "topic"):
        table = figures(found, by)
        print(f"{by:24} rows precision recall unknown")
        for key, one in table.items():
            print(f"{key:24} {one.rows:4} {told(one.precision):>9} {told(one.recall):>6} {one.unknown:7}")
        for word in ("precision", "recall"):
            values = [value for one in table.values() if (value := getattr(one, word)) is not None]
            print(f"mean {word} over {len(values)}: {sum(values) / len(values):.3f}")
    absent = Counter(one.check for one in found if one.ours == "absent")
    none = Counter(one.check for one in found if one.ours == "none")
    print("asked by none of ours:", ", ".join(f"{key} {count}" for key, count in none.items()) or "nothing")
    print("not in this tree:", ", ".join(f"{key} {count}" for key, count in absent.items()) or "nothing")
    why = reasons() if REASONS.exists() else {}
    for one in found:
        if not one.agrees and one.ours != "absent":
            print(f"{one.id} {one.check}: {one.label}, ours {one.ours}: {why.get(one.id, 'NO REASON RECORDED')}")


if __name__ == "__main__":
    main()
