"""HST-004: every important host has an agent that notices intruders and malicious code."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import word
from policies.checks.shape import Check, Looked, Params, Words, below, concluded
from policies.checks.told import absent, unread, why
from policies.checks.trails import covering

CHECK = Check(
    id="HST-004",
    title_zh="主机入侵检测与恶意代码防范",
    title_en="Hosts notice intruders and malicious code",
    clauses=("GB/T 22239-2019 8.1.4.4 f)", "GB/T 22239-2019 8.1.4.5"),
    severity="high",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "sec.hids"),
    fix_zh="给主机装主机防护代理(sec.hids),并打开恶意代码防范(malware)",
    fix_en="put the host under an agent (sec.hids) that looks for malicious code too (malware)",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host of level 3 and above."""
    del params
    hosts = estate.kind("compute.host")
    yield from absent(estate, hosts, "主机", "host")
    for host in hosts:
        yield below(host, 3) or _guarded(estate, host)


def _guarded(estate: Estate, host: Resource) -> Looked:
    agents, open_words = covering(estate, host, "sec.hids")
    if not agents:
        return concluded(host, [] if open_words else [("没有主机防护代理", "has no agent")], open_words)
    wrong: list[Words] = []
    hidden_words: list[Words] = []
    for agent in sorted(agents, key=word):
        if hidden := unread(agent, "malware"):
            hidden_words.append(why(agent, hidden))
        elif agent["malware"]:
            return concluded(host, ())
        else:
            wrong.append((f"{agent.name} 不防恶意代码", f"{agent.name} does not look for malicious code"))
    return concluded(host, [] if hidden_words else wrong, hidden_words)
