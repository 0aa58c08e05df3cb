"""XC-002: what must run on domestic machines does, and a pool has one instruction set, that of its images too."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.facts import fits
from policies.checks.references import pointing, word
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, unsure
from policies.checks.told import absent, follow, given, unread, why

CHECK = Check(
    id="XC-002",
    title_zh="信创资源池不混用",
    title_en="Domestic pools are not mixed",
    clauses=("liangzhu 信创资源池",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.pool", "compute.host", "compute.image", "k8s.cluster"),
    fix_zh="把该系统的主机移到信创资源池;不同指令集的机器分池,镜像用本池的架构",
    fix_en="move the hosts of the system to a domestic pool; give each instruction set its own pool, and images of its own",
    params={
        "systems": Param(
            (), "必须在信创资源池运行的系统,* 为通配", "systems that must run on domestic pools, * for anything"
        )
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a pool and a host."""
    pools, hosts = estate.kind("compute.pool"), estate.kind("compute.host")
    yield from absent(estate, (*pools, *hosts), "资源池和主机", "pool or host")
    for pool in pools:
        yield unread(pool, "architecture") or _pure(estate, pool)
    for host in hosts:
        yield _placed(estate, host, params)


def _pure(estate: Estate, pool: Resource) -> Looked:
    """Machines and nodes of a pool have its own instruction set."""
    open_words: list[Words] = []
    others: set[str] = set()
    for field, kind in (("architecture", "compute.host"), ("architectures", "k8s.cluster")):
        for one in sorted(pointing(estate, "pool", kind).at(pool.name), key=word):
            if hidden := unread(one, field):
                open_words.append(why(one, hidden))
            else:
                others |= {one[field]} if isinstance(one[field], str) else set(one[field])
    names = listed(others - {pool["architecture"]})
    return concluded(pool, [(f"混有 {names} 的机器", f"has machines of {names} too")] if names else [], open_words)


def _placed(estate: Estate, host: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    pool, open_words = follow(estate, host, "pool", "compute.pool")
    if pool and (hidden := unread(pool, "xinchuang", "architecture")):
        open_words.append(why(pool, hidden))
    elif pool:
        if not pool["xinchuang"] and params["systems"]:
            if hidden := unsure(host, "system"):
                open_words.append((hidden.zh, hidden.en))
            elif given(host, "system") and fits(host["system"], params["systems"]):
                wrong.append(
                    (f"必须在信创资源池,却在 {pool.name}", f"must run on a domestic pool and runs on {pool.name}")
                )
        image, gone = follow(estate, host, "image", "compute.image")
        open_words += gone
        if image and not given(image, "architecture"):
            open_words.append(
                (f"镜像 {image.name} 的架构没有记录", f"the architecture of {image.name} was not recorded")
            )
        elif image and image["architecture"] != pool["architecture"]:
            kind = image["architecture"]
            wrong.append((f"镜像 {image.name} 的架构是 {kind}", f"its image {image.name} is of {kind}"))
    return concluded(host, wrong, open_words)
