#!/usr/bin/env python3
"""The Ansible inventory, made from what is deployed: `ansible-inventory -i inventory/hosts.py --graph`.

In: the published estate of the environment that LIANGZHU_ENVIRONMENT names (default demo). Out: groups by site, zone,
pool, architecture, bureau, system and role, and for every real host how to reach it and what it shall be (`lz_…`).
No passwords: `playbooks.conduct` adds those of a run, and writes the known_hosts file that strict checking needs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # started as a program: the repository's root, not this folder, holds the packages
    _root = Path(__file__).resolve().parent.parent
    sys.path[0] = str(_root)
    _python = _root / ".venv" / "bin" / "python"
    if _python.exists() and Path(sys.prefix).resolve() != _python.parent.parent.resolve():
        os.execv(_python, [str(_python), str(Path(__file__).resolve()), *sys.argv[1:]])

from inventory import estate as graph
from inventory.estate import Estate, Resource
from inventory.places import Places, places
from inventory.rendering import flows, services
from inventory.rendering.nftables import nftables
from inventory.rendering.patroni import dynamic, etcd, patroni
from inventory.rendering.unbound import FOLDER, unbound
from inventory.rendering.unbound import files as zone_files

_POLICY = {
    "min_length": 12, "min_classes": 3, "max_age_days": 90, "history": 5,
    "lockout_tries": 5, "lockout_minutes": 10, "idle_minutes": 30,
}  # fmt: skip
"""used where the estate declares none; IAM-001 and IAM-002 judge the declared one"""
SIX_MONTHS = 184
"""days that logs are kept where no sink says more (网络安全法: at least six months)"""


def inventory(estate: Estate, at: Places) -> dict[str, Any]:
    """Ansible's dynamic inventory: groups, and `_meta.hostvars` of every host that is a machine."""
    hosts = flows.real_hosts(estate)
    groups: dict[str, list[str]] = {}
    for host in hosts:
        for group in _groups(host):
            groups.setdefault(group, []).append(host.name)
    return {
        "_meta": {"hostvars": {host.name: _variables(estate, host, at) for host in hosts}},
        "all": {"children": ["ungrouped", *sorted(groups)]},
        **{group: {"hosts": members} for group, members in sorted(groups.items())},
    }


def literal(value: Any) -> Any:
    """The same for Ansible's eyes: text in which it would see a template is marked as text. A request's title, or a
    rule of Prometheus, is never a program."""
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    if isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#")):
        return {"__ansible_unsafe": value}
    return value


def known_hosts(estate: Estate) -> str:
    """A known_hosts file that names every real host's key by its address; nothing is learned on first contact."""
    return "".join(f"{h['address6']} {' '.join(h['host_key'].split()[:2])}\n" for h in flows.real_hosts(estate))


def _groups(host: Resource) -> list[str]:
    words = {"arch": "architecture"}
    keys = ("site", "zone", "pool", "arch", "bureau", "system", "role")
    pairs = ((key, host.get(words.get(key, key))) for key in keys)
    return [f"{key}_{_slug(str(value))}" for key, value in pairs if value]


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in text)


def _variables(estate: Estate, host: Resource, at: Places) -> dict[str, Any]:
    system = estate.named("gov.system", host["system"]) if host.get("system") else None
    return {
        **_connection(host, at),
        "lz_host": host.name,
        "lz_address6": host["address6"],
        "lz_admin": host["admin"],
        "lz_site": host.get("site"),
        "lz_zone": host.get("zone"),
        "lz_role": host["role"],
        "lz_workload": host.get("workload"),
        "lz_bureau": host.get("bureau"),
        "lz_system": host.get("system"),
        "lz_title": str(system["title"]) if system else "",
        "lz_level": int(host["level"]) if host.get("level") else None,
        "lz_policy": _policy(estate),
        "lz_nftables": nftables(estate, host.name),
        "lz_time": _time(estate, host),
        "lz_log": _log(estate, host),
        "lz_names": _names(estate, host),
        "lz_ports": list(flows.served(estate, host)) if host["role"] in ("web", "app") else [],
        **_database(estate, host),
        **_resolver(estate, host),
    }


def _connection(host: Resource, at: Places) -> dict[str, Any]:
    options = [f"-o UserKnownHostsFile={at.ansible / 'known_hosts'}", "-o StrictHostKeyChecking=yes"]
    options += ["-o IdentitiesOnly=yes", "-o PasswordAuthentication=no"]
    if host.get("proxy_command"):
        options.append(f"-o ProxyCommand='{host['proxy_command']}'")
    return {
        "ansible_host": host["address6"],
        "ansible_user": host["admin"],
        "ansible_ssh_private_key_file": str(at.ansible / "id_ed25519"),
        "ansible_ssh_common_args": " ".join(options),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _policy(estate: Estate) -> dict[str, int]:
    declared = next(iter(estate.kind("iam.password_policy")), None)
    return {key: int(declared.get(key, value)) if declared else value for key, value in _POLICY.items()}


def _time(estate: Estate, host: Resource) -> dict[str, list[str]]:
    """Time servers that the rules let this host ask, and prefixes that may ask it."""
    others = (other for other in flows.real_hosts(estate) if other.name != host.name)
    asked = [o["address6"] for o in others if flows.passes(estate, host, o, flows.NTP, "udp")]
    allowed = {
        str(net)
        for rule in flows.rules(estate, host)
        if (rule["direction"], rule["protocol"], rule.get("purpose")) == ("ingress", "udp", "time")
        for net in flows.peers(rule)
    }
    return {"servers": sorted(asked), "allow": sorted(allowed)}


def _names(estate: Estate, host: Resource) -> dict[str, Any] | None:
    """Resolvers that the rules let this host ask, the near one first, and what short names are looked for in; None where
    the city has none and the host keeps what it has. A resolver asks itself."""
    zone = next(iter(estate.kind("dns.zone")), None)
    there = {h.name for h in flows.real_hosts(estate)}
    asked = [
        resolver["address6"]
        for resolver in services.resolvers(estate, host.get("site"))
        if resolver.name == host.name
        or (resolver.name in there and flows.passes(estate, host, resolver, flows.NAMES, "udp"))
    ]
    return {"servers": asked, "search": zone["domain"]} if asked and zone else None


def _resolver(estate: Estate, host: Resource) -> dict[str, Any]:
    zone = next(iter(estate.kind("dns.zone")), None)
    if host["role"] != "resolver" or zone is None:
        return {}
    files = zone_files(estate, zone["domain"], zone["reverse"])
    return {
        "lz_unbound": unbound(estate, host.name, zone["domain"], zone["reverse"]),
        "lz_zones": {f"{FOLDER}/{name}": text for name, text in files.items()},
    }


def _log(estate: Estate, host: Resource) -> dict[str, Any] | None:
    """Where this host's logs go: to a log host that a rule lets it reach, of its own site first."""
    days = {str(s["host"]): int(s["retention_days"]) for s in estate.kind("log.sink") if s.get("host")}
    targets = [h for h in flows.real_hosts(estate) if h["role"] == "log"]
    targets.sort(key=lambda h: (h.get("site") != host.get("site"), h.name))
    for target in targets:
        port = flows.log_port(estate, target)
        if target.name == host.name or flows.passes(estate, host, target, port):
            keep = days.get(target.name, SIX_MONTHS)
            return {"host": target.name, "address6": target["address6"], "port": port, "retention_days": keep}
    return None


def _database(estate: Estate, host: Resource) -> dict[str, Any]:
    database = flows.database_of(estate, host.name)
    if database is None:
        return {}
    facts = {
        "name": database.name, "mode": database["mode"], "port": int(database["port"]), "admin": database["admin"],
        "member": host.name in database["members"], "first": host.name == database["members"][0],
        "members": list(database["members"]), "voters": list(flows.voters(database)), "tls": bool(database["tls"]),
    }  # fmt: skip
    configuration = patroni(estate, database).get(host.name)
    more = {"lz_patroni": configuration, "lz_dynamic": dynamic(database, host["memory_mib"])} if configuration else {}
    return {"lz_database": facts, "lz_etcd": etcd(estate, database, host.name), **more}


def main(arguments: list[str]) -> str:
    """Answer Ansible: `--list`, or `--host NAME` (always {}, everything is in the list)."""
    import json

    from inventory.problems import Refused

    if arguments[:1] == ["--host"]:
        return "{}"
    if arguments not in ([], ["--list"]):
        raise SystemExit("用法 / usage: hosts.py --list | --host NAME")
    try:
        from inventory.reading import environment

        at = places(environment(os.environ.get("LIANGZHU_ENVIRONMENT", "demo")).state)
        return json.dumps(literal(inventory(graph.published(at.estate), at)), ensure_ascii=False, indent=1)
    except Refused as refused:
        raise SystemExit(str(refused)) from None


__all__ = ["inventory", "known_hosts", "literal", "main"]

if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
