"""DAT-005: databases and buckets talk only through TLS."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import Check, Looked, Mends, Params, failed, passed, unsure

CHECK = Check(
    id="DAT-005",
    title_zh="数据访问通道加密",
    title_en="Data is reached through TLS only",
    clauses=(
        "GB/T 22239-2019 8.1.4.7 a)",
        "GB/T 22239-2019 8.1.4.8 a)",
        "GB/T 39786-2021 8.4 传输机密性",
        "GB/T 39786-2021 8.4 传输完整性",
    ),
    severity="high",
    severity_basis="clear-transmission",
    scope="resource",
    kinds=("db.instance", "storage.bucket"),
    fix_zh="数据库打开 tls,存储桶打开 tls_only",
    fix_en="switch on tls of the database, tls_only of the bucket",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database and a bucket."""
    del params
    for kind, key in (("db.instance", "tls"), ("storage.bucket", "tls_only")):
        for one in estate.kind(kind):
            if open_ := unsure(one, key):
                yield open_
            elif one.get(key) is True:
                yield passed(one)
            else:
                yield failed(one, "接受明文连接", "accepts connections in clear")


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The switch of its kind."""
    del estate, params
    return switched(one, "tls" if one.kind == "db.instance" else "tls_only")
