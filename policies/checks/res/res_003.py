"""RES-003: the cloud is operated from the mainland: bastions, remote access, administrators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.estate import Estate, Resource
from policies.checks import places
from policies.checks.prefixes import Span, inside, merged, span
from policies.checks.references import Pointers, pointing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, not_applicable, texts, unsure
from policies.checks.told import given, unread, why

CHECK = Check(
    id="RES-003",
    title_zh="只从境内运维",
    title_en="The cloud is operated from the mainland only",
    clauses=("GB/T 22239-2019 8.2.7.1",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("sec.bastion", "net.vpn", "iam.role", "iam.policy", "gov.site"),
    fix_zh="堡垒机和远程接入设在境内站点,来源地址只列境内网段;角色的授权写明 sources",
    fix_en="bastions and remote access at sites in the mainland, sources that are mainland prefixes only, also in grants of roles",
    assurance="partial",
    params={
        "mainland": Param(
            ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
            "境内和自有的网段", "prefixes of the mainland and of our own",
        ),
        "apart": Param(("site-to-site",), "不用于运维的接入", "purposes that are no operation"),
    },
)  # fmt: skip
_HERE = ("site",)
_ALL = ("site", "sites")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bastion, gateway and administrator role."""
    home = merged(found for prefix in params["mainland"] if (found := span(prefix)))
    for bastion in estate.kind("sec.bastion"):
        bad, unclear = _granted(bastion, pointing(estate, "resources", "iam.policy"), home)
        wrong, open_ = places.resident(estate, bastion, _HERE)
        yield concluded(bastion, wrong + bad, open_ + unclear)
    for vpn in estate.kind("net.vpn"):
        if answer := unsure(vpn, "purpose"):
            yield answer
        elif vpn.get("purpose") in params["apart"]:
            yield not_applicable(vpn, "不用于运维", "is not for operation")
        else:
            bad, unclear = _sources(vpn, home)
            wrong, open_ = places.resident(estate, vpn, _ALL)
            yield concluded(vpn, wrong + bad, open_ + unclear)
    for role in estate.kind("iam.role"):
        yield concluded(role, *_granted(role, pointing(estate, "principals", "iam.policy"), home))


def _granted(one: Resource, policies: Pointers, home: Sequence[Span]) -> tuple[list[Words], list[Words]]:
    """From where the policies that allow it let people come; where none says so, that is an open question."""
    wrong: list[Words] = []
    open_: list[Words] = []
    if policies.unsure:
        open_.append(("有授权给谁、对什么尚未确定", "whom or what some grant is about is not known yet"))
    allowing = sorted((row for row in policies.to(one) if row.get("effect") != "deny"), key=lambda row: row.name)
    open_ += [
        (f"{row.name} 没有写明是否允许", f"{row.name} does not tell its effect")
        for row in allowing
        if not given(row, "effect")
    ]
    if not allowing:
        open_.append(("没有授权写明可以从哪里来", "no grant says from where people may come"))
    for policy in allowing:
        bad, unclear = _sources(policy, home)
        wrong, open_ = wrong + bad, open_ + unclear
    return wrong, open_


def _sources(one: Resource, home: Sequence[Span]) -> tuple[list[Words], list[Words]]:
    if hidden := unread(one, "sources"):
        return [], [why(one, hidden)]
    if not (sources := texts(one["sources"])):
        return [(f"{one.name} 不限来源", f"{one.name} takes people from anywhere")], []
    abroad = [text for text in map(str, sources) if (found := span(text)) is None or not inside(found, home)]
    if abroad:
        return [
            (f"{one.name} 允许境外来源 {listed(abroad)}", f"{one.name} lets in {listed(abroad)}, not of the mainland")
        ], []
    return [], []
