"""What each kind adds, uses and refuses in the simulated cloud. Pure: facts in, decision out; the store does the rest."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from inventory.kinds import kinds
from inventory.kinds.base import Kind
from stacks.drivers.base import DriverError, Thing

USES: dict[str, tuple[tuple[str, str], ...]] = {
    "compute.host": (("subnet", "net.subnet"), ("security_groups", "net.sg"), ("pool", "compute.pool")),
    "net.subnet": (("router", "net.router"),),
    "net.link": (("routers", "net.router"),),
    "net.sg_rule": (("sg", "net.sg"),),
    "net.listener": (("lb", "net.lb"), ("certificate", "sec.certificate")),
    "sec.bastion": (("subnet", "net.subnet"),),
    "db.instance": (("members", "compute.host"), ("arbiter", "compute.host"), ("encryption_key", "kms.key")),
    "storage.volume": (("host", "compute.host"), ("encryption_key", "kms.key")),
    "storage.bucket": (("encryption_key", "kms.key"),),
    "dr.backup_plan": (("encryption_key", "kms.key"),),
    "gov.quota": (("pool", "compute.pool"),),
    "k8s.namespace": (("pool", "compute.pool"),),
    "k8s.quota": (("namespace", "k8s.namespace"),),
    "k8s.network_policy": (("namespace", "k8s.namespace"),),
    "dns.zone": (("servers", "compute.host"),),
    "log.sink": (("host", "compute.host"), ("bucket", "storage.bucket")),
}
"""kind → (field, kind it names): what is named cannot be deleted while it is used"""

_PREFIXES = {
    "net.subnet": ("cidr4",),
    "net.router": ("loopback6",),
    "net.link": ("prefix6",),
    "net.sg_rule": ("peers6", "peers4"),
    "k8s.network_policy": ("peers",),
}
_ADDRESS = {"compute.host": "address6", "net.lb": "vip6", "sec.bastion": "address6"}


@dataclass(frozen=True, slots=True)
class Load:
    """What a thing takes of a pool: cores and MiB."""

    pool: str
    cpu: int
    memory_mib: int


def known(want: Thing) -> Kind:
    """The wanted thing as its kind. DriverError: unsupported kind, invalid properties (never their values)."""
    kind = kinds().get(want.kind)
    if kind is None or kind.record:
        raise DriverError(
            "unsupported",
            f"模拟云没有 {want.kind} 这种资源:检查类型的拼写",
            f"the simulated cloud has no {want.kind}: check the spelling of the kind",
            where=want.name,
        )
    try:
        thing = kind.model_validate(dict(want.properties))
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors(include_input=False)}))
        raise DriverError(
            "invalid",
            f"{want.kind} 的这些属性不对:{fields}。改正后重试",
            f"these properties of {want.kind} are not right: {fields}. Correct them and try again",
            where=want.name,
        ) from None
    for field in _PREFIXES.get(want.kind, ()):
        value = getattr(thing, field)
        for text in [value] if isinstance(value, str) else value or ():
            _parsed(thing, partial(ipaddress.ip_network, strict=False), text)
    return thing


def outputs(kind: str, id_: str, token: Callable[[int], str]) -> dict[str, Any]:
    """What the cloud adds on creation. There is no real host behind a simulated one, so its key is empty."""
    match kind:
        case "compute.host":
            return {"host_key": "", "proxy_command": "", "status": "running"}
        case "net.router" | "net.link":
            return {"status": "active"}
        case "k8s.namespace":
            return {"uid": token(16)}
        case "kms.key":
            return {"fingerprint": f"simulated:{token(16)}"}
        case "sec.bastion":
            return {"netns": ""}
    return {}


def used(thing: Kind) -> set[tuple[str, str]]:
    """(kind, name) of everything that it names."""
    found: set[tuple[str, str]] = set()
    for field, kind in USES.get(thing.kind(), ()):
        value = getattr(thing, field)
        found |= {(kind, name) for name in ([value] if isinstance(value, str) else value or ())}
    return found


def load(thing: Kind) -> Load | None:
    """What it takes of a pool; None where it takes nothing."""
    match thing.kind():
        case "compute.host" | "k8s.quota":
            return Load(thing.pool, thing.cpu, thing.memory_mib)  # type: ignore[attr-defined]
    return None


def fits(want: Kind, take: Load, pool: Mapping[str, Any], taken: tuple[int, int]) -> None:
    """Refuse what the pool cannot carry. `taken`: cores and MiB of everybody else. DriverError: invalid, quota."""
    architecture = getattr(want, "architecture", None)
    if architecture and pool.get("architecture") and architecture != pool["architecture"]:
        raise DriverError(
            "invalid",
            f"资源池 {take.pool} 是 {pool['architecture']},不能建 {architecture} 的主机:换资源池或指令集",
            f"pool {take.pool} is {pool['architecture']} and carries no {architecture} host: change the pool or the "
            "architecture",
            where=want.name,
        )
    if want.site and want.site not in pool.get("sites", ()):
        raise DriverError(
            "invalid",
            f"资源池 {take.pool} 不在站点 {want.site}:换站点或资源池",
            f"pool {take.pool} is not at site {want.site}: change the site or the pool",
            where=want.name,
        )
    cpu, memory = taken[0] + take.cpu, taken[1] + take.memory_mib
    if cpu > pool["cpu"] or memory > pool["memory_gib"] * 1024:
        raise DriverError(
            "quota",
            f"资源池 {take.pool} 放不下:共 {pool['cpu']} 核 {pool['memory_gib']} GiB,加上它需 {cpu} 核 {memory / 1024:g} GiB。"
            "缩小规格、换资源池或扩容",
            f"pool {take.pool} is full: it has {pool['cpu']} cores and {pool['memory_gib']} GiB, with this one {cpu} "
            f"cores and {memory / 1024:g} GiB would be taken. Make it smaller, change the pool or extend the pool",
            where=want.name,
        )


def span(thing: Kind) -> tuple[str, str] | None:
    """First and last address of a segment as text that sorts; None for anything else. DriverError: invalid."""
    if thing.kind() != "net.subnet":
        return None
    network = _parsed(thing, ipaddress.IPv6Network, thing.cidr6)  # type: ignore[attr-defined]
    return f"{int(network[0]):032x}", f"{int(network[-1]):032x}"


def address(thing: Kind) -> str | None:
    """The IPv6 address that nobody else may have, in its one spelling. DriverError: invalid."""
    field = _ADDRESS.get(thing.kind())
    return str(_parsed(thing, ipaddress.IPv6Address, getattr(thing, field))) if field else None


def inside(thing: Kind, text: str, segment: Mapping[str, Any]) -> None:
    """A host's address lies in its segment. DriverError: invalid."""
    if ipaddress.IPv6Address(text) not in ipaddress.IPv6Network(segment["cidr6"]):
        raise DriverError(
            "invalid",
            f"地址 {text} 不在网段 {segment['name']}({segment['cidr6']})内:重新分配地址",
            f"address {text} is not in segment {segment['name']} ({segment['cidr6']}): assign the addresses again",
            where=thing.name,
        )


def frozen(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Fields that differ although only a new resource can have them differ."""
    plain = json.loads(json.dumps(new))
    return sorted(field for field in kinds()[kind].replaces if old.get(field) != plain.get(field))


def _parsed(thing: Kind, kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise DriverError(
            "invalid", f"“{text}”不是地址或前缀:改正它", f"'{text}' is no address or prefix: correct it",
            where=thing.name,
        ) from None  # fmt: skip
