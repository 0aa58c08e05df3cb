"""What runs: recovery with its proof, hosts as configured, monitors. A step that did not happen is said with its
reason, never left out: a report that is silent about a skipped proof reads like one that passed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from inventory.estate import Estate
from policies.report.parts.words import duration, pair, plain, word

SYNC = {"synchronous": ("同步", "synchronous"), "asynchronous": ("异步", "asynchronous")}
METHODS = {"full": ("全量", "full"), "incremental": ("增量", "incremental"), "continuous": ("持续", "continuous")}
_NOT_RUN = {
    "configure": pair("本次没有配置主机。", "Hosts were not configured in this run."),
    "prove": pair("本次没有验证复制。", "Replication was not tried in this run."),
    "watch": pair("本次没有询问 Prometheus。", "Prometheus was not asked in this run."),
}


def reasons(steps: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Why steps were skipped, in the narrator's words, by step."""
    return {step["name"]: pair(step["zh"], step["en"]) for step in steps if step.get("skipped")}


def recovery(estate: Estate, proofs: Any, seen: Any, why: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Replications and backups with their targets, databases, and what the proof of streaming and heartbeat gave."""
    given = plain(proofs)
    replications = [
        {
            "name": r.name, "of": r["of"].partition("/")[2], "source": r["source_site"], "target": r["target_site"],
            "mode": word(SYNC, r["mode"]), "rto": duration(r["rto_s"]), "rpo": duration(r["rpo_s"]), "link": r["link"],
            "encrypted": r["encrypted"], "automatic": r["automatic"], "system": r.get("system") or "",
        }
        for r in sorted(estate.kind("dr.replication"), key=lambda r: r.name)
    ]  # fmt: skip
    backups = [
        {
            "name": b.name, "of": b["of"].partition("/")[2], "method": word(METHODS, b["method"]),
            "every": duration(b["interval_hours"] * 3600), "kept_days": b["retention_days"], "media": b["media"],
            "target": b["target_site"], "restore_test_days": b["restore_test_days"], "encrypted": bool(b.get("encryption_key")),
        }
        for b in sorted(estate.kind("dr.backup_plan"), key=lambda b: b.name)
    ]  # fmt: skip
    databases = [
        {
            "name": i.name, "mode": i["mode"], "members": list(i["members"]), "arbiter": i.get("arbiter") or "",
            "sites": list(i["sites"]), "version": i["version"],
        }
        for i in sorted(estate.kind("db.instance"), key=lambda i: i.name)
    ]  # fmt: skip
    return {
        "replications": replications, "backups": backups, "databases": databases,
        "proofs": (given or {}).get("replication") or [],
        "skipped": None if given else why.get("prove") or _NOT_RUN["prove"],
    }  # fmt: skip


def hosts(estate: Estate, conducted: Any, why: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The playbooks' recap a host, and the failures in their own words."""
    given = plain(conducted)
    if not given:
        return {"skipped": why.get("configure") or _NOT_RUN["configure"], "rows": [], "failures": []}
    roles = {host.name: host["role"] for host in estate.kind("compute.host")}
    rows = [
        {
            "name": name,
            "role": roles.get(name, ""),
            **{k: recap.get(k, 0) for k in ("ok", "changed", "failed", "unreachable")},
        }
        for name, recap in sorted((given.get("hosts") or {}).items())
    ]
    return {
        "skipped": None, "rows": rows, "changed": given.get("changed", 0), "failures": given.get("failures") or [],
        "seconds": given.get("seconds"),
    }  # fmt: skip


def monitors(seen: Any, why: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Targets by job, alerts that are pending or firing, problems of the watch step."""
    given = plain(seen)
    if not given:
        skipped = why.get("watch") or _NOT_RUN["watch"]
        return {
            "skipped": skipped,
            "up": 0,
            "expected": 0,
            "rules": 0,
            "jobs": [],
            "alerts": [],
            "targets": [],
            "problems": [],
        }
    targets = given.get("targets") or []
    states = Counter((target["job"], target["state"]) for target in targets)
    jobs = [
        {"job": job, "up": states[job, "up"], "expected": sum(n for (j, _), n in states.items() if j == job)}
        for job in dict.fromkeys(target["job"] for target in targets)
    ]
    return {
        "skipped": None, "up": given["up"], "expected": given["expected"], "rules": _number(given["rules"]), "jobs": jobs,
        "alerts": given["alerts"] if isinstance(given["alerts"], list) else [],
        "targets": [t for t in targets if t["state"] != "up"], "problems": given.get("problems") or [],
        "url": given.get("url", ""),
    }  # fmt: skip


def _number(value: Any) -> int:
    return value if isinstance(value, int) else len(value)
