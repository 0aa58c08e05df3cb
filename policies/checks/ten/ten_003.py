"""TEN-003: every tenant has rules of its own, and a role of its own that may change them."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import Findings, Reply, listing, reply, settled_by, untold
from policies.checks.shape import Check, Looked, Params, Words, concluded, missing
from policies.checks.told import expected

CHECK = Check(
    id="TEN-003",
    title_zh="租户自主设置安全策略",
    title_en="Tenants set their own rules",
    clauses=("GB/T 22239-2019 8.2.2.1 c)", "GB/T 22239-2019 8.2.2.1 d)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.tenant",),
    fix_zh="给租户建一套自己的防火墙策略(scope 为 tenant),并让租户的一个角色可以修改它",
    fix_en="make the tenant a firewall policy of its own (scope tenant), and let a role of the tenant change it",
    assurance="partial",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a tenant."""
    del params
    found = estate.kind("gov.tenant")
    yield from expected(estate, found, "没有记录任何租户", "no tenant was recorded")
    for one in found:
        if lacking := untold(one, "bureau", "firewall_policies"):
            yield concluded(one, (), lacking)
            continue
        names = sorted(listing(one.get("firewall_policies")))
        wrong: list[Words] = [] if names else [("没有自己的策略", "it has no policy of its own")]
        open_: list[Words] = []
        for name in names:
            bad, unread = _own(estate, one, name)
            wrong += bad
            open_ += unread
        yield concluded(one, wrong, open_)


def _own(estate: Estate, tenant: Resource, name: str) -> Findings:
    """Is a policy the tenant's, and may the tenant change it."""
    policy = estate.named("sec.fw_policy", name)
    if policy is None:
        return [], [missing(tenant, "sec.fw_policy", name)]
    if lacking := untold(policy, "scope", "bureau", "editors"):
        return [], lacking
    if policy.get("scope") != "tenant" or policy.get("bureau") != tenant.get("bureau"):
        return [(f"策略 {name} 不是它自己的", f"policy {name} is not its own")], []
    roles = [_role(estate, policy, editor, tenant) for editor in listing(policy.get("editors"))]
    return settled_by(roles, (f"策略 {name} 没有它自己的角色可改", f"no role of its own may change policy {name}"))


def _role(estate: Estate, policy: Resource, name: str, tenant: Resource) -> Reply:
    role = estate.named("iam.role", name)
    if role is None:
        return missing(policy, "iam.role", name)
    return reply(role, "bureau", lambda bureau: bureau == tenant.get("bureau"))
