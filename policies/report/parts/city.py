"""What the guidance asks for and who answers for it: coverage, systems, units, and where the data come from."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from inventory.estate import Estate, Resource
from policies.report.parts.words import DATA, MODES, PARTS, REACH, UNITS, duration, pair, unit, word


def coverage(read: Any, estate: Estate) -> list[dict[str, Any]]:
    """The sixteen items by part: clause, responsible units, systems requested and built."""
    city = getattr(read, "city", None)
    if city is None:
        return []
    built = {system.name for system in estate.kind("gov.system")}
    by_item: dict[str, list[str]] = defaultdict(list)
    for request in read.requests:
        by_item[_item(city, request)].append(request.stack)
    carried = {  # what carries an infrastructure is not a request but the city's own layers
        "computing": ("compute.pool", "compute.host"), "network": ("net.subnet", "net.link", "net.router"),
        "sensing": (), "security": ("net.sg", "kms.key", "iam.idp", "dr.replication"),
    }  # fmt: skip
    parts = []
    for part, (zh, en) in PARTS.items():
        rows = [
            {
                "key": item.key, "name": pair(item.name, item.en), "clause": item.clause,
                "summary": pair(item.summary, item.en_summary),
                "responsible": _responsible(city, item.responsible),
                "requested": len(by_item[item.key]) or bool(part == "infrastructure" and estate.kind(*carried.get(item.key, ()))),
                "systems": len(by_item[item.key]),
                "built": sum(stack in built for stack in by_item[item.key]),
                "resources": len(estate.kind(*carried.get(item.key, ()))) if part == "infrastructure" else None,
            }
            for item in city.items if item.part == part
        ]  # fmt: skip
        parts.append({"part": part, "title": pair(zh, en), "rows": rows})
    return parts


def systems(read: Any, estate: Estate) -> list[dict[str, Any]]:
    """Every system that is requested or there, by item and then by name."""
    city = getattr(read, "city", None)
    there = {system.name: system for system in estate.kind("gov.system")}
    hosts: dict[str, list[Resource]] = defaultdict(list)
    for host in estate.kind("compute.host"):
        hosts[str(host.get("system"))].append(host)
    rows = []
    for request in getattr(read, "requests", ()):
        wanted = request.system
        rows.append(
            _row(
                city, request.stack, wanted.name, wanted.en or wanted.name, _item(city, request), request.bureau,
                wanted.level, wanted.data, wanted.availability.mode, wanted.availability.remote, wanted.availability.rto,
                wanted.availability.rpo, _reach(w.to for load in wanted.workloads for w in load.serves),
                wanted.personal_information, hosts[request.stack], request.origin("config", "liangzhu:system"),
                request.stack in there, request.reserved,
            )
        )  # fmt: skip
    known = {row["stack"] for row in rows}
    for name, it in there.items():
        if name not in known:
            rows.append(
                _row(
                    city, name, it["title"], it["title"], it["item"], it.get("bureau"), it.get("level"),
                    it.get("data_class"), it["mode"], it["remote"], it["rto_s"], it["rpo_s"], it["exposure"],
                    it["personal_information"], hosts[name], it.origin, True, False,
                )
            )  # fmt: skip
    order = {item.key: place for place, item in enumerate(city.items)} if city else {}
    return sorted(rows, key=lambda row: (order.get(row["item_key"], 99), not row["built"], row["stack"]))


def _row(
    city: Any, stack: str, zh: str, en: str, item: str, bureau: Any, level: Any, data: Any, mode: str, remote: bool,
    rto: float, rpo: float, reach: str, personal: bool, hosts: list[Resource], origin: str, built: bool, reserved: bool,
) -> dict[str, Any]:  # fmt: skip
    found = city.item(item) if city else None
    counted = Counter(host["site"] for host in hosts)
    return {
        "stack": stack, "title": pair(zh, en), "item_key": item, "item": pair(found.name, found.en) if found else pair(item),
        "bureau_key": bureau, "bureau": unit(city, bureau), "level": level, "data": word(DATA, data),
        "mode": _with_remote(mode, remote), "rto": duration(rto), "rpo": duration(rpo), "exposure": word(REACH, reach),
        "personal": personal, "hosts": len(hosts), "sites": dict(sorted(counted.items())), "origin": origin,
        "built": built, "generated": reserved,
    }  # fmt: skip


def bureaus(read: Any, estate: Estate) -> list[dict[str, Any]]:
    """Every unit of the guidance: what it answers for, what it asked for, what stands."""
    city = getattr(read, "city", None)
    if city is None:
        return []
    answers: Counter[str] = Counter(key for item in city.items for key in item.responsible)
    requested: Counter[str] = Counter(request.bureau for request in read.requests)
    built: Counter[Any] = Counter(system.get("bureau") for system in estate.kind("gov.system"))
    hosts: Counter[Any] = Counter(host.get("bureau") for host in estate.kind("compute.host"))
    rows = [
        {
            "key": b.key, "name": pair(b.name, b.en), "type": word(UNITS, b.type), "items": answers[b.key],
            "requested": requested[b.key], "built": built[b.key], "hosts": hosts[b.key],
        }
        for b in city.bureaus
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["built"], -row["requested"], -row["items"], row["key"]))


def provenance(read: Any) -> dict[str, Any]:
    """What in the city's data is sourced, derived, illustrative; the rows that are not fact are named."""
    city = getattr(read, "city", None)
    if city is None:
        return {"counts": {}, "rows": []}
    tables: list[tuple[dict[str, str], Any]] = [
        (pair("四梁八柱", "items"), city.items), (pair("责任单位", "units"), city.bureaus),
        (pair("站点", "sites"), city.sites), (pair("线路", "links"), city.links), (pair("网络区域", "zones"), city.zones),
        (pair("资源池", "pools"), city.pools), (pair("共享平台", "platforms"), city.platforms),
        (pair("共享能力", "capabilities"), [c for p in city.platforms for c in p.capabilities]),
        (pair("地址规划", "address plan"), [city.addresses]),
    ]  # fmt: skip
    rows, counts = [], Counter()
    for title, members in tables:
        per: Counter[str] = Counter(member.provenance.basis for member in members)
        counts.update(per)
        assumed = sorted({key for member in members for key in getattr(member.provenance, "assumed", ()) or ()})
        rows.append({
            "table": title, "sourced": per["sourced"], "derived": per["derived"], "illustrative": per["illustrative"],
            "assumed": assumed, "sources": sorted({member.provenance.source for member in members}),
        })  # fmt: skip
    return {"counts": dict(sorted(counts.items())), "rows": rows}


def _responsible(city: Any, keys: tuple[str, ...]) -> list[dict[str, str]]:
    """The units in the document's order; where all districts answer, one phrase as in the document stands for them."""
    districts = [b.key for b in city.bureaus if b.type == "district"]
    if not districts or not set(districts) <= set(keys):
        return [unit(city, key) for key in keys]
    everyone = {
        **pair(f"各区县(市)人民政府({len(districts)} 个)", f"all {len(districts)} districts and counties"),
        "who": "、".join(unit(city, key)["zh"] for key in districts),
    }
    first = next(place for place, key in enumerate(keys) if key in districts)
    named: list[Any] = [unit(city, key) for key in keys[:first]]
    return [*named, everyone, *(unit(city, key) for key in keys[first:] if key not in districts)]


def _item(city: Any, request: Any) -> str:
    item = city.item(request.system.domain or request.system.platform or "")
    return item.key if item else ""


def _reach(reaches: Any) -> str:
    order = ("internet", "extranet", "private")
    return min(reaches, key=order.index, default="private")


def _with_remote(mode: str, remote: bool) -> dict[str, str]:
    said = word(MODES, mode)
    return pair(said["zh"] + "+异地", said["en"] + " + remote") if remote else said
