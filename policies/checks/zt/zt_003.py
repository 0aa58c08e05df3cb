"""ZT-003: whoever decides and enforces asks the city's identity provider, and keeps no users of its own."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded
from policies.checks.told import absent, follow, unread, why

CHECK = Check(
    id="ZT-003",
    title_zh="身份来自统一身份认证",
    title_en="Identities come from the city's provider",
    clauses=("GB/T 43696-2024 7.2",),
    severity="high",
    severity_basis="multi-factor",
    scope="estate",
    kinds=("zt.pdp", "zt.pep", "iam.idp"),
    fix_zh="把 identity 指向统一身份认证(iam.idp),它启用多因素;停用本地用户库",
    fix_en="let identity name the provider (iam.idp), which asks for several factors; switch local users off",
    params={"factors": Param(2, "因素个数下限", "fewest factors", least=2)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a decision point and an enforcement point."""
    found = estate.kind("zt.pdp", "zt.pep")
    yield from absent(estate, found, "零信任组件", "part of zero trust")
    for one in found:
        yield unread(one, "identity", "local_users") or _known(estate, one, params)


def _known(estate: Estate, one: Resource, params: Params) -> Looked:
    wrong: list[Words] = [("有本地用户库", "keeps users of its own")] if one["local_users"] else []
    if not one["identity"]:
        return concluded(one, [*wrong, ("没有身份来源", "names no identity provider")])
    provider, open_words = follow(estate, one, "identity", "iam.idp")
    if provider and (hidden := unread(provider, "mfa")):
        open_words.append(why(provider, hidden))
    elif provider and len(set(provider["mfa"])) < params["factors"]:
        wrong.append((f"{provider.name} 没有多因素", f"{provider.name} asks for too few factors"))
    return concluded(one, wrong, open_words)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """Users of its own go, where a provider with enough factors stands behind it."""
    provider, _ = follow(estate, one, "identity", "iam.idp")
    if provider is None or unread(provider, "mfa") or len(set(provider["mfa"])) < params["factors"]:
        return None
    return switched(one, "local_users", on=False)
