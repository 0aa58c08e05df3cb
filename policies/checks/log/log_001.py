"""LOG-001: everything that holds data or grants rights writes down who did what."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.dr import holding
from policies.checks.mends import switched
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Params,
    Words,
    concluded,
    failed,
    missing,
    not_applicable,
    passed,
    unsure,
)
from policies.checks.told import absent, given, naming, unread, why

CHECK = Check(
    id="LOG-001",
    title_zh="审计覆盖数据库、集群、存储、身份和云接口",
    title_en="Databases, clusters, stores, identity and cloud interfaces are audited",
    clauses=("GB/T 22239-2019 8.1.4.3 a)",),
    severity="high",
    severity_basis="audit-missing",
    scope="resource",
    kinds=("db.instance", "k8s.cluster", "storage.bucket", "iam.idp", "net.management_endpoint", "audit.trail"),
    fix_zh="打开它自己的审计,或配一条审计(audit.trail)记录它",
    fix_en="switch its own audit on, or let a trail (audit.trail) record it",
)
_OWN = {"db.instance": "audit", "k8s.cluster": "audit", "storage.bucket": "access_log"}
"""kind → its own setting; what has none is audited by a trail"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer each, and one a trail that tells what it records; a bucket that only holds logs or copies is guarded
    otherwise (LOG-003)."""
    del params
    found = estate.kind(*_OWN, "iam.idp", "net.management_endpoint")
    yield from absent(estate, found, "须审计的资源", "resource that must be audited")
    logs = holding(estate)
    for one in found:
        if one.kind == "storage.bucket" and one.name in logs:
            yield not_applicable(one, "只存放备份或日志", "holds backups or logs only")
        else:
            yield _own(estate, one) or _trails(estate, one)
    for trail in estate.kind("audit.trail"):
        if given(trail, "of", "enabled", "events") and trail["enabled"] and trail["of"]:
            yield passed(trail) if _acts(trail) else _others(estate, trail)


def _own(estate: Estate, one: Resource) -> Looked | None:
    """What its own setting settles; None where a trail decides."""
    field = _OWN.get(one.kind, "")
    if open_ := unsure(one, field):
        return open_
    value = one.get(field)
    if value is True:
        return passed(one)
    if not isinstance(value, str) or not value:
        return None
    gone = [] if estate.named("log.sink", value) else [missing(one, "log.sink", value)]
    return concluded(one, (), gone)


def _trails(estate: Estate, one: Resource) -> Looked:
    trails, open_ = naming(estate, one, "of", "audit.trail")
    on = False
    for trail in trails:
        if hidden := unread(trail, "enabled"):
            open_ = [*open_, why(trail, hidden)]
        elif trail["enabled"]:
            on = on or not given(trail, "events") or _acts(trail)
    if on:
        return passed(one)
    # a store without a log of its own and a switch that is off are told; whether something has a trail elsewhere is not
    off = one.kind == "storage.bucket" or one.get("audit") is False or bool(trails)
    if off and not open_:
        return failed(one, "没有打开审计", "is not audited")
    return concluded(one, (), open_ or [("没有看到记录它的审计", "no trail of it is told")])


def _acts(trail: Resource) -> bool:
    """Does it record what people do; one of reads alone tells who looked."""
    return bool(set(trail["events"]) - {"read"})


def _others(estate: Estate, trail: Resource) -> Looked:
    """Of what a trail of reads alone is about, do other trails record the rest."""
    there, open_ = estate.derived(_recorded)
    left = [one for one in trail["of"] if not there & {one, f"{one.partition('/')[0]}/*", "*"}]
    words = ("只记读操作,没有审计记录谁做了什么", "records reads alone, and no trail records what is done")
    return concluded(trail, [words] if left and not open_ else (), open_ if left else ())


def _recorded(estate: Estate) -> tuple[set[str], list[Words]]:
    """What trails that are on record the acts of, and of which trails that cannot be told."""
    there: set[str] = set()
    open_: list[Words] = []
    for trail in estate.kind("audit.trail"):
        if hidden := unread(trail, "of", "enabled", "events"):
            open_.append(why(trail, hidden))
        elif trail["enabled"] and _acts(trail):
            there.update(trail["of"])
    return there, open_


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """Its own switch; where a bucket's log of reads should go, and which trail records what has none, people say."""
    del estate, params
    return switched(one, "audit") if _OWN.get(one.kind) == "audit" and one.get("audit") is False else None
