"""DAT-008: personal information is kept private, encrypted, for a limited time, and who reads it is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import pointing, thing
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable, settled, unknown
from policies.checks.told import given
from policies.checks.wants import Want, false, true, unfound, weighed

CHECK = Check(
    id="DAT-008",
    title_zh="个人信息不公开、有期限、有访问记录",
    title_en="Personal information is private, limited in time, and logged",
    clauses=("GB/T 22239-2019 8.1.4.11 a)", "GB/T 22239-2019 8.1.4.11 b)"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("storage.bucket", "db.instance", "storage.bucket_policy", "storage.lifecycle", "gov.system"),
    fix_zh="关闭公开访问,指定 encryption_key 和 access_log(数据库为 audit),给存储桶设到期删除",
    fix_en="close public access, name an encryption_key and an access_log (audit of a database), let objects expire",
    assurance="partial",
)
_KEY = Want("encryption_key", bool, "没有加密", "is not encrypted", blank=True)
_WANTS = {
    "storage.bucket": (
        Want("public", false, "可公开访问", "is public"),
        _KEY,
        Want("access_log", bool, "没有访问记录", "does not record who reads it", blank=True),
    ),
    "db.instance": (_KEY, Want("audit", true, "没有审计", "has no audit")),
}
_NAMES = (("encryption_key", "kms.key"), ("access_log", "log.sink"))


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bucket and a database."""
    del params
    for kind, wants in _WANTS.items():
        for one in estate.kind(kind):
            if answer := _spared(estate, one):
                yield answer
                continue
            wrong, open_ = weighed(one, wants)
            for field, named in _NAMES:
                open_ += unfound(estate, one, field, named)
            bad, unclear = _bucket(estate, one) if kind == "storage.bucket" else ([], [])
            yield concluded(one, wrong + bad, open_ + unclear)


def _spared(estate: Estate, one: Resource) -> Looked | None:
    """It holds none, or nobody can tell: its own word, else that of its system."""
    own = one.get("personal_information")
    if own is None:
        system = thing(estate, f"gov.system/{one.get('system')}")
        own = system.get("personal_information") if system else None
    if own is None or not settled(own):
        return unknown(
            one,
            "它和(被检查的范围内)所属的系统都没有写明是否含个人信息",
            "neither it nor its system, as far as that was judged, says whether it holds personal information",
        )
    return None if own is True else not_applicable(one, "不含个人信息", "holds no personal information")


def _bucket(estate: Estate, one: Resource) -> tuple[list[Words], list[Words]]:
    """What policies and rules of deletion say of it."""
    wrong: list[Words] = []
    open_: list[Words] = []
    policies, rules = (pointing(estate, "bucket", f"storage.{kind}") for kind in ("bucket_policy", "lifecycle"))
    for policy in sorted(policies.at(one.name), key=lambda policy: policy.name):
        if not given(policy, "principals"):
            open_.append((f"策略 {policy.name} 的主体不明", f"policy {policy.name} does not tell its principals"))
        elif "*" in policy["principals"]:
            wrong.append((f"策略 {policy.name} 对所有人开放", f"policy {policy.name} lets everybody in"))
    if policies.unsure:
        open_.append(("有策略尚未写明存储桶", "a policy does not say yet which bucket it is of"))
    mine = [rule.get("expire_days") for rule in rules.at(one.name)]
    if any(isinstance(days, int) and days > 0 for days in mine):
        return wrong, open_
    if rules.unsure or not all(map(settled, mine)):
        open_.append(("保存期限尚未确定", "how long it is kept is not known yet"))
    else:
        wrong.append(("没有保存期限", "is kept without end"))
    return wrong, open_
