"""IAM-012: the provider reaches a tenant's data with the tenant's consent, and only until it ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.references import day
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable
from policies.checks.told import given, unread

CHECK = Check(
    id="IAM-012",
    title_zh="云服务商经授权才能管理客户数据",
    title_en="The provider touches tenants' data with their consent only",
    clauses=("GB/T 22239-2019 8.2.4.5 b)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("iam.policy", "storage.bucket_policy", "kms.grant", "gov.grant"),
    fix_zh="撤下云服务商的主体,或补上租户的授权记录(gov.grant):给谁、哪些资源、到期日",
    fix_en="take the provider's principal out, or record the tenant's consent (gov.grant): to whom, for what, until when",
    dated=True,
    params={
        "data": Param(
            ("db.instance", "storage.bucket", "storage.volume", "storage.snapshot", "kms.key", "*"),
            "客户数据的种类",
            "kinds of tenants' data",
        )
    },
)
_FIELDS = {
    "iam.policy": ("effect", "principals", "resources"),
    "storage.bucket_policy": ("principals", "bucket"),
    "kms.grant": ("grantee", "key"),
}
_PREFIX = {"bucket": "storage.bucket/", "key": "kms.key/"}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy and a grant on a key."""
    consents: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    hidden = False
    for grant in estate.kind("gov.grant"):
        if unread(grant, "grantee", "resources"):
            hidden = True
            continue
        for word in grant["resources"]:
            consents[grant["grantee"], word].append(grant)
    for one in estate.kind(*_FIELDS):
        *_, who, what = _FIELDS[one.kind]
        if open_ := unread(one, *_FIELDS[one.kind]):
            yield open_
        elif one.get("effect") == "deny":
            yield not_applicable(one, "是禁止,不是授权", "it denies, it grants nothing")
        elif not (theirs := [name for name in _words(one[who]) if name.startswith("provider/")]):
            yield not_applicable(one, "没有授给云服务商", "grants nothing to the provider")
        else:
            touched = [_PREFIX.get(what, "") + word for word in _words(one[what])]
            wrong: list[Words] = []
            open_words: list[Words] = []
            for name in theirs:
                for word in touched:
                    kind = word.partition("/")[0]
                    grants = [*consents[name, word], *consents[name, f"{kind}/*"]]
                    if kind in params["data"] and not any(_holds(grant, params) for grant in grants):
                        # a consent that cannot be read, or whose end nobody told, may be the one
                        maybe = hidden or not all(given(grant, "expires") for grant in grants)
                        (open_words if maybe else wrong).append(
                            (f"{name} 对 {word} 没有在有效期内的授权", f"{name} has no consent in force for {word}")
                        )
            yield concluded(one, wrong, open_words)


def _holds(grant: Resource, params: Params) -> bool:
    ends = day(grant.get("expires"))
    return ends is not None and ends >= params["today"]


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
