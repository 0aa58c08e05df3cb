"""What checks on the agents of hosts share: is every host under one that does what is asked of it? Pure."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import word
from policies.checks.shape import Looked, Words, below, concluded, passed
from policies.checks.told import absent, unread, why
from policies.checks.trails import covering


def guarded(estate: Estate, fields: tuple[str, ...], lacks: Words) -> Iterator[Looked]:
    """One answer a host of level 3 and above: one agent with all of these fields set is enough. `lacks` says after an
    agent's name what it does not have; that is wrong only as long as no agent that may be another one is open."""
    hosts = estate.kind("compute.host")
    yield from absent(estate, hosts, "主机", "host")
    for host in hosts:
        yield below(host, 3) or _guarded(estate, host, fields, lacks)


def _guarded(estate: Estate, host: Resource, fields: tuple[str, ...], lacks: Words) -> Looked:
    agents, open_words = covering(estate, host, "sec.hids")
    open_words = list(open_words)
    wrong: list[Words] = [] if agents else [("没有主机防护代理", "has no agent")]
    for agent in sorted(agents, key=word):
        if hidden := unread(agent, *fields):
            open_words.append(why(agent, hidden))
        elif all(agent[field] for field in fields):
            return passed(host)
        else:
            wrong.append((f"{agent.name} {lacks[0]}", f"{agent.name} {lacks[1]}"))
    return concluded(host, () if open_words else wrong, open_words)
