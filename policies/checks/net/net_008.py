"""NET-008: hosts and boundary devices start measured, and somebody is sent the measurements."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.references import pointing
from policies.checks.shape import Check, Looked, Params, Words, concluded
from policies.checks.wants import Want, among, true, weighed

CHECK = Check(
    id="NET-008",
    title_zh="主机和边界设备可信启动",
    title_en="Hosts and boundary devices start measured",
    clauses=("GB/T 22239-2019 8.1.2.3", "GB/T 22239-2019 8.1.3.6", "GB/T 22239-2019 8.1.4.6"),
    severity="low",
    severity_basis="project",
    scope="resource",
    kinds=(
        "compute.host",
        "sec.firewall",
        "sec.gap",
        "sec.waf",
        "sec.ips",
        "sec.ids",
        "sec.ddos",
        "sec.av",
        "sec.mailgw",
    ),
    fix_zh="启用 TPM 或 TCM 和安全启动,把度量结果送到安全管理中心",
    fix_en="switch on the TPM or TCM and secure boot, and send the measurements to the security centre",
    assurance="partial",
)
_MODULES = ("tpm", "tcm")


_SENT = Want("attestation", bool, "度量结果没有送出", "its measurements are sent to nobody")
_HOST = (
    Want("module", among(*_MODULES), "没有可信根(TPM 或 TCM)", "it has no root of trust (TPM or TCM)"),
    Want("secure_boot", true, "没有启用安全启动", "secure boot is off"),
    _SENT,
)
_DEVICE = (Want("trusted_boot", true, "没有可信启动", "it does not start measured"), _SENT)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host (by the facts of its start) and a device."""
    del params
    facts = pointing(estate, "host", "host.boot")
    for host in estate.kind("compute.host"):
        found = facts.at(host.name)
        wrong: list[Words] = []
        open_: list[Words] = []
        for fact in found:
            bad, unread = weighed(fact, _HOST)
            wrong += bad
            open_ += unread
        if not found:
            open_.append(("没有它启动的事实", "no facts of its start were gathered"))
        yield concluded(host, sorted(wrong), sorted(open_))
    for device in estate.kind(*CHECK.kinds[1:]):
        yield concluded(device, *weighed(device, _DEVICE))
