"""RES-001: every site is in the mainland, and every site that something stands at is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks import places
from policies.checks.shape import Check, Looked, Param, Params, concluded, listed, unknown
from policies.checks.wants import Want, among, weighed

CHECK = Check(
    id="RES-001",
    title_zh="云基础设施都在境内",
    title_en="All infrastructure is in the mainland",
    clauses=("GB/T 22239-2019 8.2.1.1",),
    severity="high",
    severity_basis="cloud-location",
    scope="estate",
    kinds=("gov.site", "*"),
    fix_zh="只用境内的站点,并把每个站点登记为 gov.site(mainland、country)",
    fix_en="use sites in the mainland only, and record each as gov.site (mainland, country)",
    params={"countries": Param(("CN",), "站点可在的国家和地区", "countries and regions where a site may be")},
)
_FIELDS = ("site", "sites", "source_site", "target_site")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a site, and one about the estate where something stands at a site that nobody recorded."""
    # a site that says whether it is in the mainland need not say its country
    country = Want("country", among(None, *params["countries"]), "在 {}", "is in {}", blank=True)
    for site in estate.kind("gov.site"):
        yield concluded(site, *weighed(site, (places.MAINLAND, country)))
    used = {name for one in estate for name in places.named(one, _FIELDS)[0]}
    if strange := [name for name in used if estate.named("gov.site", name) is None]:
        yield unknown(None, f"站点 {listed(strange)} 没有登记", f"nobody recorded the sites {listed(strange)}")
