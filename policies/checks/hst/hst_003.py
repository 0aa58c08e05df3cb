"""HST-003: every host is looked over for known weaknesses, lately, and serious ones do not stay open."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import day, word
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.checks.told import absent, unread, why
from policies.checks.trails import covering

CHECK = Check(
    id="HST-003",
    title_zh="定期漏洞扫描并及时修补",
    title_en="Hosts are scanned, and serious weaknesses are mended in time",
    clauses=("GB/T 22239-2019 8.1.4.4 e)", "GB/T 22239-2019 8.1.10.5 a)"),
    severity="high",
    severity_basis="known-vulnerabilities",
    scope="stack",
    kinds=("compute.host", "sec.scanner"),
    fix_zh="把主机登记到漏洞扫描,按期扫描;高危漏洞在期限内修补或有补偿措施",
    fix_en="put the host into a scanner and scan it in time; mend serious weaknesses within the limit",
    assurance="partial",
    dated=True,
    params={
        "days": Param(30, "最近一次扫描距今天数上限", "most days since the last scan", least=1),
        "mend": Param(15, "高危漏洞未修补天数上限", "most days that a serious weakness stays open", least=0),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host, by all scanners that name it."""
    hosts = estate.kind("compute.host")
    yield from absent(estate, hosts, "主机", "host")
    for host in hosts:
        scanners, open_words = covering(estate, host, "sec.scanner")
        if scanners:
            wrong, open_words = [], []
            for one in sorted(scanners, key=word):
                _weigh(one, params, wrong, open_words)
        else:
            wrong = [] if open_words else [("没有登记到漏洞扫描", "is in no scanner")]
        yield concluded(host, wrong, open_words)


def _weigh(one: Resource, params: Params, wrong: list[Words], open_words: list[Words]) -> None:
    if hidden := unread(one, "last_scan", "open_high"):
        open_words.append(why(one, hidden))
        return
    scanned = day(one["last_scan"])
    if scanned is None:
        open_words.append((f"{one.name} 的扫描日期不是日期", f"{one.name}: the last scan is no date"))
    elif not 0 <= (params["today"] - scanned).days <= params["days"]:
        wrong.append(
            (f"{one.name} 最近扫描于 {scanned},应在 {params['days']} 天内", f"{one.name} scanned on {scanned}, wanted "
             f"within {params['days']} d")
        )  # fmt: skip
    if one["open_high"] > 0 and (hidden := unread(one, "oldest_high_days")):
        open_words.append(why(one, hidden))
    elif one["open_high"] > 0 and one["oldest_high_days"] > params["mend"]:
        days = one["oldest_high_days"]
        wrong.append(
            (f"高危漏洞 {days:g} 天未修补,上限 {params['mend']}", f"a serious weakness is open for {days:g} d")
        )
