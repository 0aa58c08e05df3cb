"""BND-012: malicious code is looked for at the boundary, by signatures that renew themselves."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.records import Said, listing, means, reply, settled_by
from policies.checks.shape import Check, Looked, Params, concluded
from policies.checks.told import expected
from policies.checks.wants import Want, true, weighed

CHECK = Check(
    id="BND-012",
    title_zh="边界防恶意代码并自动更新",
    title_en="Malicious code is looked for at the boundary",
    clauses=("GB/T 22239-2019 8.1.3.4 a)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("sec.firewall", "sec.av"),
    fix_zh="启用防火墙的防病毒,或在同一边界部署防病毒网关,并打开特征库自动更新",
    fix_en="switch on the firewall's antivirus or put an antivirus gateway at the same boundary, and let signatures update "
    "themselves",
    assurance="partial",
)
_FRESH = Want("signatures_updated", true, "特征库不自动更新", "its signatures do not update themselves")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a firewall and an antivirus gateway."""
    del params
    gateways = Said(estate, "protects", "sec.av")
    found = estate.kind(*CHECK.kinds)
    yield from expected(estate, found, "没有记录任何边界防病毒设备", "nothing against malicious code was recorded")
    for one in found:
        if one.kind == "sec.av":
            yield concluded(one, *weighed(one, [_FRESH]))
            continue
        own = reply(one, "antivirus")
        places = means(one) + [f"zone/{zone}" for zone in listing(one.get("zones"))]
        wrong, open_ = settled_by(
            [own, *gateways.replies(places)], ("边界上没有防恶意代码", "nothing at this boundary looks for it")
        )
        if own is True:
            wrong, open_ = weighed(one, [_FRESH])
        yield concluded(one, wrong, open_)
