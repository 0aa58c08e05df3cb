"""CRY-001: the digest that a security group carries is the digest of its rules, and hosts filter by what was loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from inventory.rendering.digest import rules_digest
from policies.checks.prefixes import FIELDS
from policies.checks.shape import Check, Looked, Params, failed, passed, texts, unknown, unsure
from policies.checks.told import garbled, unread

CHECK = Check(
    id="CRY-001",
    title_zh="访问控制规则的 SM3 摘要一致",
    title_en="The SM3 digest of the rules is right",
    clauses=("GB/T 39786-2021 8.2 d)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("net.sg", "host.filter"),
    fix_zh="重新运行 ./lz up,让程序按规则重算摘要;若规则被手工改过,先查清是谁改的",
    fix_en="run ./lz up again so that the program makes the digest anew; if the rules were changed by hand, find out by "
    "whom first",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a group and a host's filter."""
    del params
    rules: dict[str, list[Resource]] = defaultdict(list)
    for one in estate.kind("net.sg_rule"):
        rules[str(one.get("sg"))].append(one)
    for group in estate.kind("net.sg"):
        mine = rules[group.name]
        if open_ := unsure(group, "rules_digest"):
            yield open_
        elif any(_unread(one) for one in mine):
            yield unknown(group, "有规则尚不能读,摘要无法复算", "some rules cannot be read yet: no digest to compare")
        elif not group.get("rules_digest"):
            yield failed(group, "没有规则摘要", "carries no digest of its rules")
        elif group["rules_digest"] != (made := rules_digest(one.properties for one in mine)):
            yield failed(
                group,
                f"摘要与 {len(mine)} 条规则不符,应为 {made[:20]}…",
                f"its digest is not that of its {len(mine)} rules, {made[:20]}…",
            )
        else:
            yield passed(group)
    for one in estate.kind("host.filter"):
        yield unread(one, "loaded", "wanted") or _filter(one)


def _filter(one: Resource) -> Looked:
    if one["loaded"] == one["wanted"]:
        return passed(one)
    return failed(one, "内存中的过滤规则不是装入时的规则", "the rules in memory are not those that were loaded")


def _unread(rule: Resource) -> bool:
    ports = rule.get("ports")
    return garbled(rule, *FIELDS) is not None or (ports is not None and len(texts(ports)) != 2)
