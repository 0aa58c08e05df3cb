"""Pools: what they have, what is taken of it, and how much of it is domestic (信创)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from inventory.estate import Estate, known
from policies.report.parts.words import pair, word

TYPES = {
    "virtual": ("虚拟化", "virtual"), "cluster": ("容器集群", "cluster"), "partner": ("合作算力", "partner"),
    "edge": ("边缘", "edge"),
}  # fmt: skip


def pools(city: Any, estate: Estate) -> dict[str, Any]:
    """Rows in the order of the city's data; the share counts cores that are given out, None where none are."""
    cores: Counter[str] = Counter()
    memory: defaultdict[str, float] = defaultdict(float)
    hosts: Counter[str] = Counter()
    for host in estate.kind("compute.host"):
        cores[host["pool"]] += host["cpu"]
        memory[host["pool"]] += host["memory_mib"] / 1024
        hosts[host["pool"]] += 1
    for quota in estate.kind("k8s.quota"):
        if known(quota["cpu"]):
            cores[quota["pool"]] += quota["cpu"]
            memory[quota["pool"]] += quota["memory_mib"] / 1024
    rows = [
        {
            "key": key, "name": name, "type": word(TYPES, type_), "architecture": architecture or "—", "make": make,
            "domestic": domestic, "sites": list(sites), "cpu": cpu, "memory": memory_, "used_cpu": cores[key],
            "used_memory": round(memory[key], 1), "hosts": hosts[key], "basis": basis,
        }
        for key, name, type_, architecture, make, domestic, sites, cpu, memory_, basis in _pools(city, estate)
    ]  # fmt: skip
    total = sum(row["used_cpu"] for row in rows)
    domestic = sum(row["used_cpu"] for row in rows if row["domestic"])
    capacity = sum(row["cpu"] for row in rows)
    return {
        "rows": rows,
        "domestic": {
            "share": domestic / total if total else None,
            "used": domestic,
            "of": total,
            "capacity_share": sum(r["cpu"] for r in rows if r["domestic"]) / capacity if capacity else None,
        },
    }


def _pools(city: Any, estate: Estate) -> list[tuple[Any, ...]]:
    if city is not None:
        return [
            (
                p.key, pair(p.name, p.en), p.type, p.architecture, p.make, p.xinchuang, p.sites, p.cpu, p.memory,
                "illustrative" if "cpu" in (getattr(p.provenance, "assumed", ()) or ()) else p.provenance.basis,
            )
            for p in city.pools
        ]  # fmt: skip
    return [
        (
            p.name, pair(p["title"]), p["type"], p.get("architecture"), p["make"], p["xinchuang"], p["sites"], p["cpu"],
            p["memory_gib"], "",
        )
        for p in estate.kind("compute.pool")
    ]  # fmt: skip
