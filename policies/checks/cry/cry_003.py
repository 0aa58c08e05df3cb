"""CRY-003: nothing runs that nobody signed: registries, clusters and package sources enforce signatures."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.facts import Told, of_hosts
from policies.checks.mends import mend
from policies.checks.shape import Check, Looked, Mends, Params, below, concluded
from policies.checks.told import unread

CHECK = Check(
    id="CRY-003",
    title_zh="只运行签过名的镜像和软件包",
    title_en="Only signed images and packages run",
    clauses=("GB/T 39786-2021 8.3 可执行程序",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("compute.registry", "k8s.cluster", "compute.host", "host.repositories"),
    fix_zh="镜像仓库和集群准入把签名策略设为 enforce;主机的软件源一律校验签名",
    fix_en="set the signature policy of registries and of admission to enforce; let hosts check the signatures of all sources",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a registry, a cluster and a host, of level 3 and above."""
    del params
    for one in estate.kind("compute.registry", "k8s.cluster"):
        yield below(one, 3) or unread(one, "signatures") or _enforced(one)
    yield from of_hosts(estate, "host.repositories", _checked, least=3)


def _enforced(one: Resource) -> Looked:
    policy = one["signatures"]
    wrong = [(f"签名策略是“{policy}”", f"its policy on signatures is '{policy}'")] if policy != "enforce" else []
    return concluded(one, wrong)


def _checked(host: Resource, record: Resource) -> Told:
    del host
    if open_ := unread(record, "signed"):
        return [], [(open_.zh, open_.en)]
    return [] if record["signed"] else [("软件源不校验签名", "does not check the signatures of packages")], []


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The policy of a registry or cluster; what a host's sources do was seen there and is mended there."""
    del estate, params
    return mend(one, signatures="enforce") if one.kind in ("compute.registry", "k8s.cluster") else None
