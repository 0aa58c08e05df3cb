"""HST-002: a host listens where its role must, and its groups open no port that nothing listens on."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Literal, NamedTuple

from inventory.estate import Estate, Resource
from policies.checks.facts import Told, allowed, fits, of_hosts
from policies.checks.prefixes import Rule, rule
from policies.checks.references import pointing, word
from policies.checks.shape import Check, Looked, Param, Params, Words, listed
from policies.checks.told import unread

CHECK = Check(
    id="HST-002",
    title_zh="主机只开放角色所需的端口",
    title_en="Hosts listen where their role must and nowhere else",
    clauses=("GB/T 22239-2019 8.1.4.4 b)",),
    severity="high",
    severity_basis="risky-ports",
    scope="stack",
    kinds=("compute.host", "host.sockets", "net.sg", "net.sg_rule"),
    fix_zh="停掉不需要的服务或改为只在本机监听;确实需要的写进该角色的清单(参数 allowed);删除无人监听的放行规则",
    fix_en="stop what is not needed or let it listen on the host itself only; write what is needed into the list of the "
    "role (parameter allowed); delete rules for ports that nothing listens on",
    params={
        "allowed": Param(
            ("*=tcp/22", "*=tcp/9100", "*=udp/123", "*=udp/323", "web=tcp/443", "app=tcp/443", "database=tcp/5432",
             "database=tcp/8008", "database=tcp/2379", "database=tcp/2380", "arbiter=tcp/2379", "arbiter=tcp/2380",
             "log=tcp/6514", "monitor=tcp/9090", "monitor=tcp/9093", "bastion=tcp/443", "resolver=tcp/53",
             "resolver=udp/53"),
            "各角色允许监听的端口,写作 <角色>=<协议>/<端口>",
            "ports that a role may listen on, as <role>=<protocol>/<port>",
        )
    },
)  # fmt: skip


class Socket(NamedTuple):
    """What listens and can be reached from outside."""

    protocol: str
    port: int


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host."""
    groups = pointing(estate, "hosts", "net.sg")
    rules = pointing(estate, "sg", "net.sg_rule")

    def look(host: Resource, record: Resource) -> Told:
        if open_ := unread(record, "listens"):
            return [], [(open_.zh, open_.en)]
        read = [_socket(text) for text in record["listens"]]
        if None in read:
            odd = record["listens"][read.index(None)]
            return [], [(f"看不懂监听记录“{odd}”", f"'{odd}' is no record of what listens")]
        sockets = {one for one in read if isinstance(one, Socket)}
        mine, open_words = allowed(params["allowed"], host, record)
        wrong: list[Words] = []
        if not open_words and (more := [one for one in sockets if not fits(f"{one.protocol}/{one.port}", mine)]):
            names = listed(f"{one.protocol}/{one.port}" for one in more)
            wrong.append((f"监听了角色不需要的 {names}", f"listens on {names}, which its role does not need"))
        opened = [one for group in groups.at(host.name) for one in rules.at(group.name)]
        for one in sorted(opened, key=word):
            read_rule = rule(estate, one)
            if isinstance(read_rule, Looked):
                open_words.append((f"规则 {one.name}:{read_rule.zh}", f"rule {one.name}: {read_rule.en}"))
            else:
                wrong += _unanswered(read_rule, sockets)
        return wrong, open_words

    yield from of_hosts(estate, "host.sockets", look)


def _socket(text: str) -> Socket | Literal[""] | None:
    """A socket that others can reach, "" for one of the host itself, None where the text is no record."""
    protocol, _, rest = text.partition("/")
    address, _, rest = rest.partition("/")
    port = rest.partition("/")[0]
    if not port.isdecimal():
        return None
    try:
        return "" if ipaddress.ip_address(address.strip("[]")).is_loopback else Socket(protocol, int(port))
    except ValueError:
        return Socket(protocol, int(port))  # a name of an interface or `*`: not the host itself


def _unanswered(opening: Rule, sockets: set[Socket]) -> list[Words]:
    """A rule that lets in what nothing listens for."""
    if not opening.ingress or opening.protocol not in ("tcp", "udp"):
        return []
    if any(one.protocol == opening.protocol and opening.touches([one.port]) for one in sockets):
        return []
    what = f"{opening.protocol}/{'–'.join(map(str, opening.ports or ('*',)))}"
    return [(f"规则放行 {what},却没有服务监听", f"a rule opens {what}, where nothing listens")]
