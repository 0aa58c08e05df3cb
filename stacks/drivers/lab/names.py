"""How the lab calls what it makes in the kernel. Pure: a folder → an id → names that two labs never share."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

NETNS = Path("/run/netns")
KINDS = {"net.router": "r", "sec.bastion": "b", "compute.host": "h"}
"""kinds that are a network namespace, and the letter that says so in its name"""
OWNED = re.compile(r"lz([0-9a-f]{6})-")
"""what a name of any lab begins with"""


def lab_id(folder: Path) -> str:
    """Six hexadecimal digits of a lab's folder."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]


def netns(lab: str, kind: str, name: str) -> str:
    """Network namespace of a router, a bastion or a host."""
    return f"lz{lab}-{KINDS[kind]}-{name}"


def path(namespace: str) -> str:
    """Where `ip netns` keeps it."""
    return str(NETNS / namespace)


def port(lab: str, kind: str, name: str) -> str:
    """A router's device towards a host or a bastion; at most 15 characters, as the kernel wants."""
    return _device(ports(lab), kind, name)


def ports(lab: str) -> str:
    """What every `port` begins with."""
    return f"lz{lab}p"


def wire(lab: str, *what: str) -> str:
    """A router's device towards another router."""
    return _device(wires(lab), *what)


def wires(lab: str) -> str:
    """What every `wire` begins with."""
    return f"lz{lab}w"


def _device(head: str, *what: str) -> str:
    return head + hashlib.sha256("|".join(what).encode()).hexdigest()[: 15 - len(head)]


def machine(lab: str, host: str) -> str:
    """What systemd-nspawn calls a host; at most 64 characters, whatever the host's name is."""
    return f"lz{lab}-{hashlib.sha256(host.encode()).hexdigest()[:10]}"


def thing_id(lab: str, name: str, nonce: str) -> str:
    """Id of a thing: made again under the same name it has another."""
    return f"lab-{lab}-{name}-{nonce}"


def name_of(lab: str, id: str) -> str | None:
    """The name in an id of this lab, None for any other id."""
    head = f"lab-{lab}-"
    name = id.removeprefix(head).rpartition("-")[0]
    return name if id.startswith(head) and name else None
