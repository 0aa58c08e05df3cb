"""CII-001: a system that was designated as critical knows what it depends on, survives a site, is watched and exercised."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.evidence import shown
from policies.checks.references import pointing, word
from policies.checks.shape import Answer, Check, Looked, Param, Params, Words, concluded, not_applicable
from policies.checks.told import given, naming, nothing

CHECK = Check(
    id="CII-001",
    title_zh="关键信息基础设施的重点保护",
    title_en="Critical infrastructure is protected first",
    clauses=("GB/T 39204-2022 分析识别", "GB/T 39204-2022 安全防护", "GB/T 39204-2022 监测预警",
             "GB/T 39204-2022 主动防御", "GB/T 39204-2022 事件处置"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("gov.system", "gov.evidence", "compute.host", "mon.target"),
    fix_zh="补齐依赖清单、供应链记录、演练记录(gov.evidence),部署到两个站点,接入监控",
    fix_en="record dependencies, supply chain and drills (gov.evidence), run at two sites, and have its hosts watched",
    assurance="evidence",
    dated=True,
    params={
        "days": Param(365, "证据距今天数上限", "most days since the evidence", least=1),
        "sites": Param(2, "站点个数下限", "fewest sites", least=2),
        "subjects": Param(("dependency-inventory", "supply-chain", "drill"), "必须有的证据", "evidence that must be there"),
    },
)  # fmt: skip
_DESIGNATION = "cii-designation"


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system; which of them are critical, a record of their designation says."""
    hosts = pointing(estate, "system", "compute.host")
    for system in estate.kind("gov.system"):
        named, open_words = naming(estate, system, "about", "gov.evidence")
        open_words = open_words + nothing(estate, "gov.evidence")
        open_words += [
            (f"{one.name} 没有写明主题", f"{one.name} does not say what it is of")
            for one in sorted(named, key=word)
            if not given(one, "subject")
        ]
        if any(one.get("subject") == _DESIGNATION for one in named):
            yield concluded(system, *_protected(estate, system, sorted(hosts.at(system.name), key=word), params))
        elif open_words:
            yield concluded(system, (), open_words)
        else:
            yield not_applicable(system, "没有被认定为关键信息基础设施", "was not designated as critical")


def _protected(
    estate: Estate, system: Resource, hosts: list[Resource], params: Params
) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    open_words: list[Words] = []
    for subject in params["subjects"]:
        looked = shown(estate, system, subject, params["today"], params["days"])
        if looked.answer is not Answer.PASS:
            (wrong if looked.answer is Answer.FAIL else open_words).append((looked.zh, looked.en))
    sites = {host["site"] for host in hosts if given(host, "site")}
    if not hosts:
        open_words.append(("看不到它的主机", "none of its hosts is in sight"))
    elif len(sites) < params["sites"]:
        hidden = not all(given(host, "site") for host in hosts)
        (open_words if hidden else wrong).append((f"只在 {len(sites)} 个站点", f"runs at {len(sites)} sites"))
    for host in hosts:
        watched, mute = naming(estate, host, "of", "mon.target")
        if not watched:
            mute = mute + nothing(estate, "mon.target")
            (open_words if mute else wrong).append((f"{host.name} 没有监控", f"{host.name} is not watched"))
    return wrong, open_words
