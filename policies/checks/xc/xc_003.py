"""XC-003: keys and timestamps come from certified products."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, below, failed, passed, unsure

CHECK = Check(
    id="XC-003",
    title_zh="密码产品经过检测认证",
    title_en="Cryptographic products are certified",
    clauses=("GB/T 22239-2019 8.1.9.3 a)", "GB/T 22239-2019 8.1.9.3 b)"),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("kms.key", "sec.tsa"),
    fix_zh="密钥由经认证的密码机产生,签名与时间戳服务写明商用密码产品认证证书编号",
    fix_en="let a certified module make the key; write the product certificate's number of the timestamp service",
    assurance="partial",
    params={"provenance": Param(("hsm",), "认可的密钥来源", "accepted origins of keys")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a key of level 3 and above and a timestamp service."""
    for key in estate.kind("kms.key"):
        if answer := below(key, 3) or unsure(key, "provenance"):
            yield answer
        elif key.get("provenance") in params["provenance"]:
            yield passed(key)
        else:
            yield failed(
                key,
                f"密钥来自 {key.get('provenance')},不是经认证的密码机",
                f"comes from {key.get('provenance')}, not from a certified module",
            )
    for service in estate.kind("sec.tsa"):
        if open_ := unsure(service, "certificate_number"):
            yield open_
        elif service.get("certificate_number"):
            yield passed(service)
        else:
            yield failed(service, "没有产品认证证书编号", "names no product certificate")
