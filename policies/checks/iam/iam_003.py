"""IAM-003: nothing is administered over a channel on which somebody else reads what is typed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, not_applicable, unknown
from policies.checks.told import DEVICES, absent, unread

CHECK = Check(
    id="IAM-003",
    title_zh="远程管理只走加密协议",
    title_en="Administration only over encrypted protocols",
    clauses=("GB/T 22239-2019 8.1.4.1 c)", "GB/T 39786-2021 8.3 远程管理通道安全"),
    severity="high",
    severity_basis="clear-transmission",
    scope="resource",
    kinds=("net.listener", "net.management_endpoint", "host.sshd", "host.sockets", *DEVICES),
    fix_zh="关掉 telnet、http、SNMPv1/v2c 等明文协议,改用 SSHv2、HTTPS、TLCP、SNMPv3;SSH 去掉弱算法",
    fix_en="switch off telnet, http, SNMPv1/v2c and the like; use SSHv2, HTTPS, TLCP, SNMPv3, and SSH without weak "
    "ciphers",
    params={
        "protocols": Param(("ssh", "sshv2", "https", "tls", "tlcp", "snmpv3"), "允许的管理协议", "allowed protocols"),
        "zones": Param(("management",), "管理区", "zones of administration"),
        "ports": Param(("tcp/23", "tcp/512", "tcp/513", "tcp/514"), "明文登录端口", "ports of logins in clear"),
        "ciphers": Param(("cbc", "arcfour", "3des", "none"), "弱 SSH 算法", "weak SSH ciphers"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a device, a platform's endpoint, a host's SSH server and sockets, a listener of administration."""
    listeners, *others = CHECK.kinds
    # a listener of business says nothing of how the city is administered
    yield from absent(estate, estate.kind(*others), "管理协议的记录", "record of protocols of administration")
    for one in estate.kind(listeners, *others):
        field = _FIELDS.get(one.kind, "management_protocols")
        if one.kind == "net.listener" and (open_ := unread(one, "zone")):
            yield open_
        elif one.kind == "net.listener" and one["zone"] not in params["zones"]:
            yield not_applicable(one, "不是管理入口", "nothing is administered through it")
        else:
            yield unread(one, field) or _LOOK.get(one.kind, _protocols)(one, field, params)


def _protocols(one: Resource, field: str, params: Params) -> Looked:
    value = one[field]
    words = {str(word).strip().lower() for word in ((value,) if isinstance(value, str) else value)}
    wrong: list[Words] = []
    if clear := words.difference(params["protocols"]):
        wrong.append((f"可以用 {listed(clear)} 管理", f"is administered by {listed(clear)}"))
    return concluded(one, wrong)


def _sshd(one: Resource, field: str, params: Params) -> Looked:
    settings = one[field]
    wrong: list[Words] = []
    if "1" in str(settings.get("protocol")):
        wrong.append(("接受 SSHv1", "accepts SSHv1"))
    if not settings.get("ciphers"):
        return unknown(one, "没有记录 ciphers", "ciphers: not recorded")
    names = str(settings["ciphers"]).lower().split(",")
    if weak := [name for name in names if any(part in name for part in params["ciphers"])]:
        wrong.append((f"接受弱算法 {listed(weak)}", f"accepts weak ciphers {listed(weak)}"))
    return concluded(one, wrong)


def _sockets(one: Resource, field: str, params: Params) -> Looked:
    wrong: list[Words] = []
    for text in one[field]:
        protocol, _, rest = text.partition("/")
        port = rest.split("/")[-2:][0]  # an IPv6 address has no slash in it, and the program comes last
        if f"{protocol}/{port}" in params["ports"]:
            wrong.append((f"监听 {text}", f"listens at {text}"))
    return concluded(one, wrong)


_FIELDS = {
    "net.listener": "protocol",
    "net.management_endpoint": "protocol",
    "host.sshd": "settings",
    "host.sockets": "listens",
}
_LOOK = {"host.sshd": _sshd, "host.sockets": _sockets}
