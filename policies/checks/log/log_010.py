"""LOG-010: logs are sealed, so that a change to them shows."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import (
    Answer,
    Check,
    Looked,
    Param,
    Params,
    below,
    concluded,
    failed,
    not_applicable,
    passed,
    unknown,
)
from policies.checks.told import DEVICES, absent, follow, naming, unread

CHECK = Check(
    id="LOG-010",
    title_zh="日志记录完整性保护",
    title_en="Logs are sealed",
    clauses=("GB/T 39786-2021 8.3 日志记录完整性",),
    severity="medium",
    severity_basis="audit-missing",
    scope="resource",
    kinds=("audit.trail", "kms.key", *DEVICES),
    fix_zh="为审计打开摘要(HMAC-SM3 或签名的摘要文件)并写明密钥;设备日志由这样的审计收取",
    fix_en="switch on the trail's digest (HMAC-SM3, or a signed digest file) and name its key; let such a trail take the "
    "logs of devices",
    params={"off": Param(("", "none", "off", "crc32", "md5", "sha1"), "等于没有保护的写法", "words for no protection")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a trail and a security device."""
    found = estate.kind("audit.trail", *DEVICES)
    yield from absent(estate, found, "审计和安全设备", "audit trail or security device")
    for one in found:
        yield below(one, 3) or (_trail if one.kind == "audit.trail" else _device)(estate, one, params)


def _trail(estate: Estate, one: Resource, params: Params) -> Looked:
    if one.get("enabled") is False:
        return not_applicable(one, "没有打开(见 LOG-001)", "is switched off (see LOG-001)")
    if open_ := unread(one, "digest"):
        return open_
    if one["digest"].lower() in params["off"]:
        return failed(one, "记录没有完整性保护", "its records are not sealed")
    return concluded(one, (), follow(estate, one, "digest_key", "kms.key")[1])


def _device(estate: Estate, one: Resource, params: Params) -> Looked:
    trails, open_ = naming(estate, one, "of", "audit.trail")
    answers = {_trail(estate, trail, params).answer for trail in trails}
    if Answer.PASS in answers:
        return passed(one)
    if answers == {Answer.FAIL} and not open_:
        return failed(one, "收取它日志的审计没有完整性保护", "the trail that takes its logs is not sealed")
    return unknown(one, "没有看到收取它日志的、有完整性保护的审计", "no sealed trail that takes its logs is told")
