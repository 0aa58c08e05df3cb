"""SLA-001: with every tenant there is an agreement on service and one on confidentiality, both in force."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import day
from policies.checks.shape import Check, Looked, Params, Words, concluded
from policies.checks.told import absent, unread

CHECK = Check(
    id="SLA-001",
    title_zh="服务协议和保密协议在有效期内",
    title_en="Agreements on service and confidentiality are in force",
    clauses=("GB/T 22239-2019 8.2.6.1 b)", "GB/T 22239-2019 8.2.6.1 c)", "GB/T 22239-2019 8.2.6.1 d)",
             "GB/T 22239-2019 8.2.6.1 e)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.tenant",),
    fix_zh="与单位签订服务水平协议和保密协议,把编号和到期日写进租户记录;到期前续签",
    fix_en="conclude both agreements with the unit, write their numbers and ends into the tenant's record, renew in time",
    assurance="evidence",
    dated=True,
)  # fmt: skip
_DOCUMENTS = (
    ("sla", "sla_expires", "服务协议", "agreement on service"),
    ("confidentiality", "confidentiality_expires", "保密协议", "agreement on confidentiality"),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a tenant."""
    found = estate.kind("gov.tenant")
    yield from absent(estate, found, "租户记录", "record of a tenant")
    for one in found:
        wrong: list[Words] = []
        open_words: list[Words] = []
        for document, expires, zh, en in _DOCUMENTS:
            if hidden := unread(one, document):
                open_words.append((hidden.zh, hidden.en))
            elif not one[document]:
                wrong.append((f"没有{zh}", f"has no {en}"))
            elif hidden := unread(one, expires):
                open_words.append((hidden.zh, hidden.en))
            else:
                _ends(one, expires, (zh, en), params, wrong)
        yield concluded(one, wrong, open_words)


def _ends(one: Resource, expires: str, what: Words, params: Params, wrong: list[Words]) -> None:
    ends, (zh, en) = day(one[expires]), what
    if ends is None:
        wrong.append((f"{zh}的到期日不是日期", f"the end of the {en} is no date"))
    elif ends < params["today"]:
        wrong.append((f"{zh}已于 {ends} 到期", f"the {en} ended on {ends}"))
