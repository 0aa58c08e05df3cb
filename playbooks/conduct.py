"""Makes the hosts right, proves it, and reads what they are. In: the deployed estate, where its files lie, and from where
to start.

`site` runs `site.yml`: every host, from any state, to what the estate says; once more, and nothing changes. `prove`
runs `prove.yml`: replication and the declared flows, tried from inside the hosts. Facts of the hosts
(`playbooks.facts`) are read on the way and published for whoever judges; `gather` reads them alone. Next: `playbooks.running`, which
runs Ansible, and `playbooks.runs`, what comes of it. Raises Refused where there is nothing to start from.
"""

from __future__ import annotations

import json
import secrets as randomness
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from inventory import replacing
from inventory.estate import Estate, Resource
from inventory.hosts import inventory, known_hosts
from inventory.places import Places
from inventory.problems import Problem, Refused, refuse
from inventory.rendering.patroni import credentials
from inventory.rendering.probes import Probe, probes
from inventory.vantage import inside
from playbooks import running
from playbooks.facts.hearing import TASK, Hearing
from playbooks.runs import Conducted, Connection, Event, Gathered, Proofs, Recap, Replication

SITE_SECONDS, PROVE_SECONDS, GATHER_SECONDS = 1200, 300, 300
"""limits; a run takes a fraction of them"""
_TRY_SECONDS = 2.0


def site(
    estate: Estate,
    places: Places,
    *,
    netns: str,
    secrets: Mapping[str, str],
    observe: Callable[[Event], None] = lambda event: None,
    stopping: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Conducted:
    """Configure every real host. `secrets`: name of `sec.secret` → value, used in this run and kept nowhere;
    `netns`: of the bastion, "" where SSH starts from this machine itself. Hosts fail one by one: the others go on."""
    begun, stopping = clock(), stopping or threading.Event()
    hosts = _prepared(estate, places, netns)
    _add_secrets(estate, hosts["_meta"]["hostvars"], secrets)
    _add_monitoring(hosts["_meta"]["hostvars"], places)
    failures: list[Problem] = []

    def told(what: str, host: str, task: str, result: Mapping[str, Any]) -> None:
        problem = None
        if what in ("failed", "unreachable"):
            problem = running.failure(what, host, task, result)
            failures.append(problem)
        if what != "skipped":
            name = "task" if what == "ok" else "failed" if what == "failed" else "unreachable"
            observe(Event(name, host, task, bool(result.get("changed")), problem, clock() - begun))

    done = running.run("site.yml", hosts, told, netns=netns, stopping=stopping, seconds=SITE_SECONDS)
    recaps = {name: _recap(done.stats, name) for name in hosts["_meta"]["hostvars"]}
    for name, recap in recaps.items():
        observe(Event("host-done", name, changed=bool(recap.changed), seconds=clock() - begun))
    failures += _ended_badly(done, bool(failures), stopping)
    changed = sum(1 for recap in recaps.values() if recap.changed)
    return Conducted(recaps, changed, _merged(failures), clock() - begun, stopping.is_set())


def prove(
    estate: Estate,
    places: Places,
    *,
    netns: str,
    stopping: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Proofs:
    """Replication: a row written now arrives at the standby. Connections: each probe, tried from inside its source. Facts
    of the hosts, on the way."""
    begun, stopping = clock(), stopping or threading.Event()
    hosts = _prepared(estate, places, netns)
    planned = probes(estate)
    names = set(hosts["_meta"]["hostvars"])
    by_source: dict[str, list[Probe]] = {}
    for probe in planned:
        by_source.setdefault(probe.source, []).append(probe)
    pairs = {source: [[p.address, p.port] for p in of] for source, of in by_source.items()}
    hosts["all"] = {**hosts["all"], "vars": {"lz_token": randomness.token_hex(12), "lz_probes": pairs}}
    for variables in hosts["_meta"]["hostvars"].values():
        variables.update(hosts["all"]["vars"])
    hearing = Hearing(estate, hosts["_meta"]["hostvars"])
    answers: dict[tuple[str, str], Any] = {}
    failures: list[Problem] = []

    with ThreadPoolExecutor(1) as aside:
        # a bastion is no host: what is tried from it is tried from here, while the hosts try theirs
        outside = [source for source in by_source if source not in names]
        seen = aside.submit(lambda: {s: inside(netns, lambda s=s: _try(pairs[s])) for s in outside} if netns else {})
        told = _listening(hearing, failures, answers)
        done = running.run("prove.yml", hosts, told, netns=netns, stopping=stopping, seconds=PROVE_SECONDS)
        for source, results in seen.result().items():
            answers[source, "connections"] = results
    failures += _ended_badly(done, bool(failures), stopping)
    replication = [r for database in estate.kind("db.instance") for r in _replication(estate, database, answers)]
    connections = [c for source, of in by_source.items() for c in _connections(source, of, answers, bool(netns))]
    facts = hearing.publish(places)
    return Proofs(tuple(replication), tuple(connections), facts, _merged(failures), clock() - begun)


def gather(
    estate: Estate,
    places: Places,
    *,
    netns: str,
    stopping: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Gathered:
    """Facts of every host, in place of those that were gathered before. Nothing is changed, and nothing written on a host."""
    begun, stopping = clock(), stopping or threading.Event()
    hosts = _prepared(estate, places, netns)
    hearing = Hearing(estate, hosts["_meta"]["hostvars"])
    failures: list[Problem] = []

    told = _listening(hearing, failures, {})
    done = running.run("gather.yml", hosts, told, netns=netns, stopping=stopping, seconds=GATHER_SECONDS)
    failures += _ended_badly(done, bool(failures), stopping)
    return replace(hearing.publish(places), failures=_merged(failures), seconds=clock() - begun)


def _listening(
    hearing: Hearing, failures: list[Problem], answers: dict[tuple[str, str], Any]
) -> Callable[[str, str, str, Mapping[str, Any]], None]:
    """What a run that only asks does with each answer: facts are heard, what else is said is kept by host and by the last
    word of the task's name."""

    def told(what: str, host: str, task: str, result: Mapping[str, Any]) -> None:
        asked = task.rsplit(" / ", maxsplit=1)[-1]
        if what in ("failed", "unreachable"):
            failures.append(running.failure(what, host, task, result))
        elif what == "ok" and asked == TASK:
            if odd := hearing.hear(host, str(result.get("stdout", ""))):
                failures.append(odd)
        elif what == "ok" and result.get("stdout"):
            answers[host, asked] = json.loads(result["stdout"])

    return told


def _prepared(estate: Estate, places: Places, netns: str) -> dict[str, Any]:
    """The inventory, with the file of host keys that it speaks of; nothing to configure is a refusal."""
    hosts = inventory(estate, places)
    if not hosts["_meta"]["hostvars"]:
        raise refuse(
            "playbooks.no-hosts",
            "没有可登录的主机:所用驱动只模拟主机;要配置主机,请在有 root 和网络命名空间的机器上用 lab 驱动运行 ./lz up",
            "there is no host to log in to: the driver in use only simulates them; to configure hosts, run ./lz up "
            "where the lab driver can work (root, network namespaces)",
        )
    key = places.ansible / "id_ed25519"
    if not key.exists():
        raise refuse(
            "playbooks.no-key",
            f"缺少登录主机的 SSH 密钥 {key}:运行 ./lz destroy 后再运行 ./lz up",
            f"the SSH key of the hosts, {key}, is missing: run ./lz destroy, then ./lz up",
        )
    replacing.replace(places.ansible / "known_hosts", known_hosts(estate), mode=replacing.SHARED)
    if netns:  # already where the proxy would lead to
        for variables in hosts["_meta"]["hostvars"].values():
            words = variables["ansible_ssh_common_args"].partition(" -o ProxyCommand=")[0]
            variables["ansible_ssh_common_args"] = words
    return hosts


def _add_secrets(estate: Estate, variables: dict[str, dict[str, Any]], secrets: Mapping[str, str]) -> None:
    missing = []
    for database in estate.kind("db.instance"):
        members = [name for name in database["members"] if name in variables]
        name = secret_of(estate, database)
        if members and (name is None or not secrets.get(name)):
            missing.append(
                Problem(
                    "playbooks.no-secret",
                    "状态中没有该数据库的口令:先运行 ./lz up 完成部署",
                    "the state holds no password for this database: run ./lz up to deploy it first",
                    database.name,
                )
            )
            continue
        for member in members:
            variables[member]["lz_credentials"] = credentials(secrets[str(name)], database.name)
    if missing:
        raise Refused(missing)


def secret_of(estate: Estate, database: Resource) -> str | None:
    """Name of the `sec.secret` whose value a database's password is: the one that it depends on."""
    made = [r for urn in database.dependencies if (r := estate.urn(urn)) is not None and r.kind == "sec.secret"]
    named = [r for r in estate.kind("sec.secret") if r.name.startswith(database.name)]
    return next((r.name for r in (*made, *named)), None)


def _add_monitoring(variables: dict[str, dict[str, Any]], places: Places) -> None:
    folder = places.monitoring
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.yml") if folder.is_dir() else ())
    }
    for name, of in variables.items():
        if of["lz_role"] == "monitor":
            if not {"prometheus.yml", "alertmanager.yml"} <= files.keys():
                raise refuse(
                    "playbooks.no-monitoring",
                    f"{folder} 中没有 prometheus.yml 和 alertmanager.yml:先由资源图生成监控配置",
                    f"{folder} has no prometheus.yml and alertmanager.yml: generate the monitors' files first",
                    where=name,
                )
            of["lz_monitoring"] = files


def _merged(failures: list[Problem]) -> tuple[Problem, ...]:
    """What went wrong alike on several hosts is said once."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for problem in failures:
        hosts.setdefault((problem.code, problem.zh, problem.en), []).append(problem.where)
    return tuple(Problem(*said, ", ".join(where)) for said, where in hosts.items())


def _recap(stats: Mapping[str, Mapping[str, int]], name: str) -> Recap:
    return Recap(*(int(stats.get(key, {}).get(name, 0)) for key in ("ok", "changed", "failures", "dark")))


def _ended_badly(done: running.Run, explained: bool, stopping: threading.Event) -> list[Problem]:
    if done.status == "successful" or stopping.is_set() or (explained and done.status == "failed"):
        return []
    if done.status == "timeout":
        return [
            Problem(
                "playbooks.timeout",
                f"{done.seconds:.0f} 秒仍未完成,已停止:重新运行 ./lz up 会接着做",
                f"not finished after {done.seconds:.0f} s and stopped: run ./lz up again, it carries on",
            )
        ]
    return [
        Problem(
            "playbooks.broken",
            f"Ansible 没有运行到底({done.status}):{done.said or '没有输出'}",
            f"Ansible did not run to its end ({done.status}): {done.said or 'it said nothing'}",
        )
    ]


def _replication(estate: Estate, database: Resource, answers: Mapping[tuple[str, str], Any]) -> list[Replication]:
    if database["mode"] != "synchronous":
        return []
    told = {name: answers.get((name, "replication")) or {} for name in database["members"]}
    leader = next((name for name, seen in told.items() if seen.get("role") == "leader"), "")
    streams = {s["name"]: s for s in told.get(leader, {}).get("standbys", [])}
    found = []
    for name in database["members"]:
        if name == leader:
            continue
        stream, seen, host = streams.get(name, {}), told[name], estate.named("compute.host", name)
        state, sync = stream.get("state", ""), stream.get("sync_state", "")
        arrived = bool(seen.get("arrived")) and seen.get("role") == "standby"
        ok = bool(leader) and state == "streaming" and sync in ("sync", "quorum") and arrived
        where = str(host["site"]) if host else ""
        seconds = float(seen.get("seconds", 0.0))
        found.append(Replication(database.name, leader, name, where, state, sync, arrived, seconds, ok))
    return found


def _connections(
    source: str, of: list[Probe], answers: Mapping[tuple[str, str], Any], inside_bastion: bool
) -> list[Connection]:
    results = answers.get((source, "connections"))
    if results is None:
        # a bastion that is a machine of its own is not tried from here
        known_source = inside_bastion or any(key[0] == source for key in answers)
        results = ["unanswered"] * len(of) if known_source else []
    return [
        Connection(p.source, p.target, p.port, p.expected, seen, _as_expected(p, seen))
        for p, seen in zip(of, results, strict=False)
    ]


def _as_expected(probe: Probe, seen: str) -> bool:
    return seen == "open" if probe.expected == "allowed" else seen in ("refused", "timeout")


def _try(pairs: list[list[Any]]) -> list[str]:
    def attempt(pair: list[Any]) -> str:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as one:
            one.settimeout(_TRY_SECONDS)
            try:
                one.connect((pair[0], pair[1]))
            except ConnectionRefusedError:
                return "refused"
            except TimeoutError:
                return "timeout"
            except OSError as error:
                return f"error: {error}"
        return "open"

    # sockets are made in this thread's children, which share its network namespace
    with ThreadPoolExecutor(max(1, len(pairs))) as pool:
        return list(pool.map(attempt, pairs))


__all__ = ["gather", "prove", "secret_of", "site"]
