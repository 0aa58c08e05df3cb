"""BND-013: mail passes something that takes spam away."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.records import Said, means, reply, settled_by
from policies.checks.shape import Check, Looked, Params, below, concluded

CHECK = Check(
    id="BND-013",
    title_zh="邮件域前有反垃圾网关",
    title_en="Mail passes a gateway that takes spam away",
    clauses=("GB/T 22239-2019 8.1.3.4 b)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("mail.domain",),
    fix_zh="在邮件域前部署反垃圾邮件网关并启用过滤",
    fix_en="put a mail gateway before the domain and switch its spam filter on",
    assurance="partial",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a mail domain."""
    del params
    gateways = Said(estate, "protects", "sec.mailgw", says=lambda gateway: reply(gateway, "anti_spam"))
    for one in estate.kind("mail.domain"):
        if answer := below(one, 3):
            yield answer
            continue
        wrong = ("前面没有过滤垃圾邮件的网关", "no gateway before it takes spam away")
        yield concluded(one, *settled_by(gateways.replies(means(one)), wrong))
