"""DR-012: no single site carries a service that all others need: keys, identity, timestamps."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks import dr
from policies.checks.shape import Check, Looked, Param, Params, failed, listed, passed, unsure

CHECK = Check(
    id="DR-012",
    title_zh="公共服务不依赖单一站点",
    title_en="Shared services survive the loss of any site",
    clauses=("GB/T 20988-2025 备用网络与数据处理系统",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("kms.key", "iam.idp", "sec.tsa"),
    fix_zh="让密钥、身份认证和时间戳服务至少部署在两个站点",
    fix_en="run keys, identity and timestamps at two sites or more",
    assurance="partial",
    params={"sites": Param(2, "站点数下限", "fewest sites", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a key, identity provider and timestamp service."""
    for one in estate.kind("kms.key", "iam.idp", "sec.tsa"):
        if open_ := unsure(one, "sites", "site"):
            yield open_
            continue
        sites = dr.sites_of(one)
        if len(sites) >= params["sites"]:
            yield passed(one)
        else:
            where = listed(sites)
            yield failed(one, f"站点只有:{where}。失效即中断", f"has only these sites, and is lost with them: {where}")
