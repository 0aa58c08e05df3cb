"""Workloads of a pool that is a cluster: a namespace with its quota, and one network policy for each allowed caller.

In: a system's groups of pods and their rules. Out: `k8s.namespace`, `k8s.quota`, `k8s.network_policy`. The namespace
is closed to what no policy allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.kinds.k8s import Namespace, NetworkPolicy, Quota
from inventory.layout import slug
from inventory.model import Request
from stacks import flows
from stacks.blueprint import Group
from stacks.parts import Part, Wanted, shared


def pods(
    part: Part, request: Request, groups: Iterable[Group], rules: Mapping[str, Iterable[flows.Rule]]
) -> list[Wanted]:
    """A namespace in each cluster that the system uses."""
    by_pool: dict[str, list[Group]] = {}
    for group in groups:
        if group.cluster:
            by_pool.setdefault(group.cluster, []).append(group)
    return [_namespace(part, request, pool, groups_, rules) for pool, groups_ in by_pool.items()]


def _namespace(
    part: Part, request: Request, pool: str, groups: list[Group], rules: Mapping[str, Iterable[flows.Rule]]
) -> Wanted:
    name = slug(request.stack)
    workloads = {w.name: (n, w) for n, w in enumerate(request.system.workloads)}
    here = [workloads[group.workload] for group in groups]
    origin = request.origin("workloads", here[0][0])
    namespace = part.add(Namespace, name, pool=pool, origin=origin)
    part.add(
        Quota, name, after=[namespace], namespace=name, pool=pool,
        cpu=sum(w.cpu * w.replicas for _, w in here), memory_mib=sum(w.memory * w.replicas for _, w in here),
        pods=2 * sum(w.replicas for _, w in here), origin=origin,
    )  # fmt: skip
    for group in groups:
        common = {"namespace": name, "pool": pool, "workload": group.workload}
        for rule in rules[group.name]:
            if rule.direction == "ingress":
                part.add(
                    NetworkPolicy, rule.name, after=[namespace], ports=(rule.ports[0],),
                    peers=(*rule.peers6, *rule.peers4), origin=rule.origin, **common,
                )  # fmt: skip
    return namespace


def cluster_part(request: Request, parent: Part) -> Part:
    """Where a system's namespaces hang."""
    return parent.part("cluster:Pods", slug(request.stack), shared(request))
