"""Records: what enters the estate without being built. Evidence and devices that people write down, sites and units as
the city's data has them, facts that were gathered.

In: `inventory/records/*.yaml`, the city, facts published by those who gathered them. Out: an estate of record kinds,
which the judge unites with what is planned or deployed. A file has one entry a record: `<kind> <name>: {fields}`, the
fields of the kind (`inventory.kinds`, those with `record`). Nothing here is ever provisioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inventory import wording
from inventory.documents import Document, load
from inventory.estate import Estate, Resource
from inventory.kinds import kinds
from inventory.kinds.net import Plan, PlanField
from inventory.model import City
from inventory.numbering import codes
from inventory.places import ROOT
from inventory.problems import Problem, Refused, nearest

FOLDER = ROOT / "inventory" / "records"
PLAN = "address-plan"
"""name of the address plan's record"""
STACK = "records"
"""what stands for a stack in findings about records"""


def record(kind: str, name: str, properties: Mapping[str, Any], origin: str = "") -> Resource:
    """One record as a resource. Only what was said is in it."""
    urn = f"urn:liangzhu:{STACK}::{kind}::{name}"
    return Resource(kind, name, STACK, urn, {"name": name, **properties}, origin=origin)


def declared(folder: Path = FOLDER) -> Estate:
    """The records that people wrote. Refused with everything that is wrong in any file."""
    problems: list[Problem] = []
    found: dict[tuple[str, str], Resource] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            doc = load(path)
        except Refused as refused:
            problems += refused.problems
            continue
        for head, fields in (doc.data or {}).items():
            one = _entry(doc, head, fields, problems)
            if one and (one.kind, one.name) in found:
                before = found[one.kind, one.name].origin
                problems.append(_wrong(doc, head, f"已在 {before} 写过", f"was written before, at {before}"))
            elif one:
                found[one.kind, one.name] = one
    if problems:
        raise Refused(problems)
    return Estate(tuple(found.values()))


def _entry(doc: Document, head: str, fields: Any, problems: list[Problem]) -> Resource | None:
    kind, _, name = head.partition(" ")
    allowed = {key: model for key, model in kinds().items() if model.record}
    if kind not in allowed:
        near = nearest(kind, allowed) or "gov.evidence"
        problems.append(
            _wrong(
                doc, head, f"没有可登记的类型“{kind}”:是不是 {near}?", f"no such record '{kind}': did you mean {near}?"
            )
        )
        return None
    if not name.strip():
        problems.append(_wrong(doc, head, "类型后面要写名称", "a name must follow the kind"))
        return None
    try:
        read = allowed[kind].model_validate({"name": name.strip(), **(fields or {})})
    except (ValidationError, TypeError) as error:
        if isinstance(error, TypeError):
            problems.append(_wrong(doc, head, "应为若干“键: 值”", "must be a set of 'key: value' lines"))
            return None
        for path, code, zh, en in wording.sentences(allowed[kind], error):
            problems.append(doc.problem((head, *path), f"record.{code}", zh, en, wording.dotted((head, *path))))
        return None
    line = doc.marks.get((head,), (1, 1))[0]
    return record(kind, read.name, read.model_dump(exclude_unset=True, exclude={"name"}), f"{doc.file}:{line}")


def _wrong(doc: Document, head: str, zh: str, en: str) -> Problem:
    return doc.problem((head,), "record.entry", zh, en, head)


def of_city(city: City) -> Estate:
    """Sites as the city's data has them (place, power, carriers, round trips in ms to the others), and the address plan."""
    trips: dict[str, dict[str, float]] = {site.key: {} for site in city.sites}
    for link in city.links:
        one, two = link.ends
        for here, there in ((one, two), (two, one)):
            trips[here][there] = min(link.rtt_ms, trips[here].get(there, link.rtt_ms))
    return Estate((*_sites(city, trips), _plan(city)))


def _sites(city: City, trips: Mapping[str, Mapping[str, float]]) -> Iterator[Resource]:
    for site in city.sites:
        yield record(
            "gov.site", site.key,
            {"site": site.key, "country": "CN", "mainland": site.mainland, "city": site.city, "power": site.power,
             "carriers": site.carriers, "rtt_ms": dict(trips[site.key])},
        )  # fmt: skip


def _plan(city: City) -> Resource:
    """Nothing provides it, and without it nobody could tell what the bits of an address say."""
    plan = city.addresses
    made = Plan(
        name=PLAN, prefix6=plan.prefix6, ula=plan.ula, prefix4=plan.prefix4, public4=plan.public4, link6=plan.link6,
        loopback6=plan.loopback6, locators=plan.locators.prefix if plan.locators else None,
        nat64=plan.nat64.prefix if plan.nat64 else None,
        fields=tuple(
            PlanField(name=part.name, of=part.of, bits=part.bits, reserved=tuple(kept.code for kept in part.reserved),
                      codes={} if part.of == "segment" else dict(codes(city, part)))
            for part in plan.fields
        ),
    )  # fmt: skip
    return record(Plan.kind(), PLAN, made.model_dump(mode="json", exclude={"name"}))


def united(parts: Iterable[Estate]) -> Estate:
    """Records of several sources as one estate. What people declared of a thing adds to what the city's data say of it,
    field by field; the later source wins."""
    found: dict[tuple[str, str], Resource] = {}
    for one in (resource for part in parts for resource in part):
        before = found.get((one.kind, one.name))
        if before is None:
            found[one.kind, one.name] = one
        else:
            merged = {**before.properties, **one.properties}
            found[one.kind, one.name] = record(one.kind, one.name, merged, one.origin or before.origin)
    return Estate(tuple(found.values()))
