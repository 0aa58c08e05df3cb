"""IAM-009: a right is given to one account, for a schema, some tables or a part of a bucket."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded
from policies.checks.told import absent, given, unread

CHECK = Check(
    id="IAM-009",
    title_zh="授权细到用户和表",
    title_en="Grants are per account and per table",
    clauses=("GB/T 22239-2019 8.1.4.2 e)", "GB/T 22239-2019 8.1.4.2 f)"),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("db.grant", "storage.bucket_policy"),
    fix_zh="数据库按账户授权到模式或表;桶策略写明前缀",
    fix_en="grant to one account on a schema or on tables; name prefixes in the policy of a bucket",
    assurance="partial",
    params={
        "shared": Param(
            ("", "public", "all", "everyone", "*"), "不是一个账户的授权对象", "grantees that are no account"
        ),
        "whole": Param(("", "*", "/", "/*", "*.*"), "等于全部的写法", "words that mean everything"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a grant and a bucket's policy."""
    found = estate.kind(*CHECK.kinds)
    yield from absent(estate, found, "数据授权的记录", "record of grants on data")
    for one in found:
        yield below(one, 3) or (_grant(one, params) if one.kind == "db.grant" else _bucket(one, params))


def _grant(one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    if open_ := unread(one, "grantee"):
        return open_
    if one["grantee"].strip().lower() in params["shared"]:
        wrong.append((f"授权对象“{one['grantee']}”不是一个账户", f"its grantee '{one['grantee']}' is no account"))
    narrow = given(one, "tables") and _narrow(one["tables"], params)
    narrow = narrow or (given(one, "schema_name") and _narrow([one["schema_name"]], params))
    if not narrow and not wrong and (open_ := unread(one, "tables", "schema_name")):
        return open_
    if not narrow:
        wrong.append(("没有限定模式或表", "is for no schema and no tables"))
    return concluded(one, wrong)


def _bucket(one: Resource, params: Params) -> Looked:
    if open_ := unread(one, "prefixes"):
        return open_
    wrong = [] if _narrow(one["prefixes"], params) else [("没有限定前缀", "is for the whole bucket")]
    return concluded(one, wrong)


def _narrow(words: list[str], params: Params) -> bool:
    return bool(words) and not any(word.strip() in params["whole"] for word in words)
