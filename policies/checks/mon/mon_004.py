"""MON-004: protection from malicious code and patches are managed in one place, for every host."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Params, Words, below, concluded
from policies.checks.told import absent, unread, why
from policies.checks.trails import covering

CHECK = Check(
    id="MON-004",
    title_zh="主机防护与补丁集中管理",
    title_en="Protection and patches are managed in one place",
    clauses=("GB/T 22239-2019 8.1.5.4 e)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "sec.hids"),
    fix_zh="给主机装主机防护代理(sec.hids),写明集中管理端和补丁基线",
    fix_en="put the host under an agent (sec.hids) that names its central manager and its baseline of patches",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host."""
    del params
    hosts = estate.kind("compute.host")
    yield from absent(estate, hosts, "主机", "host")
    for host in hosts:
        yield below(host, 3) or _managed(estate, host)


def _managed(estate: Estate, host: Resource) -> Looked:
    agents, open_words = covering(estate, host, "sec.hids")
    open_words = list(open_words)
    wrong: list[Words] = [] if agents else [("没有主机防护代理", "has no agent")]
    for agent in agents:
        if hidden := unread(agent, "manager", "patch_baseline"):
            open_words.append(why(agent, hidden))
        elif agent["manager"] and agent["patch_baseline"]:
            return concluded(host, ())
        else:
            wrong.append((f"{agent.name} 没有管理端或补丁基线", f"{agent.name} lacks a manager or a baseline"))
    return concluded(host, () if open_words else wrong, open_words)
