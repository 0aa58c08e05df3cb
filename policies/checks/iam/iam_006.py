"""IAM-006: no account of administration has a name that everybody knows, nor a password that stands in a file."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import SECRET, UNKNOWN, Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable, unsure
from policies.checks.told import unread

CHECK = Check(
    id="IAM-006",
    title_zh="不用默认管理账户和口令",
    title_en="No default accounts or passwords",
    clauses=("GB/T 22239-2019 8.1.4.2 b)",),
    severity="high",
    severity_basis="weak-passwords",
    scope="resource",
    kinds=("db.instance", "compute.host", "iam.user"),
    fix_zh="换一个管理账户名,口令引用 sec.secret 资源",
    fix_en="choose another name for the account and take the password from a sec.secret",
    params={
        "names": Param(
            ("admin", "administrator", "root", "sa", "sys", "system", "sysdba", "postgres", "mysql", "oracle", "dba",
             "guest", "test", "user", "ubuntu", "debian", "centos", "openeuler", "kylin"),
            "默认账户名", "default names",
        )
    },
)  # fmt: skip


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database, a host and an account of an administrator."""
    for user in estate.kind("iam.user"):
        if user.get("enabled") is False or user.get("administrator") is False:
            yield not_applicable(user, "已停用,或不是管理员", "is disabled, or administers nothing")
        else:
            yield unread(user, "administrator") or concluded(user, _named(user.name, params))
    for one in estate.kind("db.instance", "compute.host"):
        if open_ := unsure(one, "admin"):
            yield open_
            continue
        admin = str(one.get("admin") or "").strip()
        wrong = _named(admin, params) if admin else [("没有写管理账户", "names no account")]
        if one.kind == "db.instance":
            password = one.get("password")
            if not password:
                wrong.append(("没有设置口令", "has no password"))
            elif password not in (SECRET, UNKNOWN):  # what is computed or hidden is no default; the value is never said
                wrong.append(("口令直接写在配置里", "its password is written into the configuration"))
        yield concluded(one, wrong)


def _named(admin: str, params: Params) -> list[Words]:
    if admin.lower() not in params["names"]:
        return []
    return [(f"管理账户“{admin}”是默认名称", f"the account '{admin}' is a default")]
