"""Sites, lines, segments, hosts and flows: what the map draws and the address and flow tables list."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from inventory.estate import Estate, Resource, known
from policies.report.parts.words import ROLES, SITE_ROLES, pair, plain, rate, shown, unit, word

_ZONES = ("internet", "public", "dedicated", "video", "iot", "management")


def drawn(read: Any, estate: Estate, proofs: Any) -> dict[str, Any]:
    """Sites, zones, links and hosts as the map wants them, and flows between hosts (source, target, port)."""
    city = getattr(read, "city", None)
    titles = {system.name: pair(system["title"]) for system in estate.kind("gov.system")}
    # the graph has the Chinese title only
    titles |= {
        r.stack: pair(r.system.name, r.system.en or "") for r in getattr(read, "requests", ()) if r.stack in titles
    }
    hosts = [
        {
            "name": r.name, "site": r["site"], "zone": r.get("zone") or "", "role": r.get("role") or "lb",
            "label": titles.get(r.get("system") or "", pair(r.get("system") or r.name)), "system": r.get("system") or "",
            "workload": r.get("workload") or "lb",
        }
        for r in sorted(estate.kind("net.lb", "compute.host"), key=lambda r: (r.stack, r.name))
    ]  # fmt: skip
    names = {z.key: pair(z.name, z.en) for z in city.zones} if city else {}
    used = {host["zone"] for host in hosts} | {s.get("zone") for s in estate.kind("net.subnet")}
    zones = [{"key": key, "name": names.get(key, pair(key))} for key in _ZONES if key in used]
    if city:
        sites = [
            {"key": s.key, "name": pair(s.name, s.en), "role": word(SITE_ROLES, s.role), "city": s.city}
            for s in city.sites
        ]
    else:
        keys = sorted({host["site"] for host in hosts})
        sites = [{"key": key, "name": pair(key), "role": pair(""), "city": ""} for key in keys]
    links = [
        {
            "name": link.name, "ends": list(link["ends"]), "rate": rate(link["bandwidth_mbps"]), "rtt_ms": link["rtt_ms"],
            "lines": link["lines"], "encryption": link["encryption"], "backup": bool(link.get("backup")),
        }
        for link in sorted(estate.kind("net.link"), key=lambda link: link.name)
    ]  # fmt: skip
    return {"sites": sites, "zones": zones, "links": links, "hosts": hosts, "flows": _between(estate, plain(proofs))}


def _between(estate: Estate, proofs: Any) -> list[dict[str, Any]]:
    """Allowed connections between hosts and from balancers, once each, and the refused ones that were tried."""
    proved = {(c["source"], c["target"], c["port"]): c for c in (proofs or {}).get("connections") or ()}
    owner = {h["address6"]: h.name for h in estate.kind("compute.host") if known(h["address6"])}
    groups = {sg.name: sg["hosts"] for sg in estate.kind("net.sg")}
    found: dict[tuple[str, str, int], str] = {}
    for rule in _ingress(estate):
        for peer in rule["peers6"] if known(rule["peers6"]) else ():
            source = owner.get(str(peer).removesuffix("/128"))
            for target in groups.get(rule["sg"], ()) if source else ():
                found[str(source), target, rule["ports"][0]] = "declared"
    for listener in estate.kind("net.listener"):
        balancer = estate.named("net.lb", listener["lb"])
        for member in balancer["members"] if balancer else ():
            found[listener["lb"], member, listener["port"]] = "entrance"
    for key, connection in proved.items():
        if connection["ok"]:
            found[key] = "allowed" if connection["expected"] == "allowed" else "denied"
    return [{"source": s, "target": t, "port": p, "state": state} for (s, t, p), state in sorted(found.items())]


def _ingress(estate: Estate) -> list[Resource]:
    return [
        rule
        for rule in estate.kind("net.sg_rule")
        if rule["direction"] == "ingress" and rule["purpose"] == "declared" and rule.get("ports")
    ]


def addresses(read: Any, allocations: Any, estate: Estate) -> dict[str, Any]:
    """The plan, how much of it is assigned, and every segment and host that stands."""
    city = getattr(read, "city", None)
    plan = plain(city.addresses.model_dump()) if city else {}
    tables = ("segments", "hosts", "vips", "links", "loopbacks")
    return {
        "plan": {key: plan[key] for key in ("prefix6", "prefix4", "public4", "link6", "loopback6") if key in plan},
        "assigned": {name: len(getattr(allocations, name, ())) for name in tables} if allocations is not None else {},
        "segments": [
            {
                "name": s.name, "site": s["site"], "zone": s.get("zone") or "", "tier": s["tier"], "cidr6": shown(s["cidr6"]),
                "cidr4": shown(s.get("cidr4")) or "", "system": s.get("system") or "",
            }
            for s in sorted(estate.kind("net.subnet"), key=lambda s: (s["site"], s.name))
        ],
        "hosts": [
            {
                "name": h.name, "role": word(ROLES, h["role"]), "site": h["site"], "zone": h.get("zone") or "", "pool": h["pool"],
                "architecture": h["architecture"], "cpu": h["cpu"], "memory": round(h["memory_mib"] / 1024, 1),
                "address6": shown(h["address6"]), "address4": shown(h.get("address4")) or "", "system": h.get("system") or "",
                "unit": unit(city, h.get("bureau")),
            }
            for h in sorted(estate.kind("compute.host"), key=lambda h: (h.get("system") or "", h.name))
        ],
    }  # fmt: skip


def flows(city: Any, estate: Estate, proofs: Any, reasons: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Declared flows, one row for a caller, callee and port; and what was proved from inside the hosts."""
    hosts = {host.name: host for host in estate.kind("compute.host")}
    groups = {sg.name: sg["hosts"] for sg in estate.kind("net.sg")}
    rows: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    counted: defaultdict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for rule in _ingress(estate):
        first, last = rule["ports"]
        port = f"{rule['protocol']}/{first}" + (f"–{last}" if last != first else "")
        for name in groups.get(rule["sg"], ()):
            host = hosts.get(name)
            target = f"{host.get('system') or host['role']}/{host['workload']}" if host else rule["sg"]
            key = (str(rule["peer"]), target, port, rule.origin)
            counted[key].add(name)
            rows.setdefault(key, {"source": key[0], "target": target, "port": port, "origin": rule.origin})
    declared = [{**row, "hosts": len(counted[key])} for key, row in sorted(rows.items())]
    counts: defaultdict[str, int] = defaultdict(int)
    for rule in estate.kind("net.sg_rule"):
        counts[rule["purpose"]] += 1
    return {"declared": declared, "rules": dict(sorted(counts.items())), "proofs": _proofs(plain(proofs), reasons)}


def _proofs(proofs: Any, reasons: dict[str, dict[str, str]]) -> dict[str, Any]:
    if not proofs:
        return {
            "skipped": reasons.get("prove") or _NOT_PROVED,
            "rows": [],
            "good": 0,
            "total": 0,
            "allowed": 0,
            "denied": 0,
        }
    rows = [
        {key: connection.get(key) for key in ("source", "target", "port", "expected", "seen", "ok")}
        for connection in proofs.get("connections") or ()
    ]
    return {
        "skipped": None, "rows": rows, "good": sum(bool(row["ok"]) for row in rows), "total": len(rows),
        "allowed": sum(row["expected"] == "allowed" for row in rows),
        "denied": sum(row["expected"] == "denied" for row in rows),
    }  # fmt: skip


_NOT_PROVED = pair("本次没有验证连接。", "Connections were not tried in this run.")
