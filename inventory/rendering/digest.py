"""SM3 digest of a security group's rules, so that a rule changed behind the program's back is noticed.

In: the rules of one group (`net.sg_rule` objects or their properties). Out: `sm3:<64 hex digits>`. The program writes
it into `net.sg.rules_digest`; the judge (CRY-001) makes it again from the rules that are planned or deployed.

Canonical form: one line a rule, `direction protocol first-last peer,peer,…`, with `-` for no ports, prefixes in
normal form and sorted (IPv6 before IPv4), lines sorted and without repetitions, each ended by a line feed, UTF-8.
Only what decides about packets counts: a renamed rule, another purpose or another line in the request is no change.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes

from inventory.kinds.net import SgRule


def rules_digest(rules: Iterable[SgRule | Mapping[str, Any]]) -> str:
    """Digest over the rules of one group, in any order; of no rules too."""
    return sm3(canonical(rules).encode())


def sm3(text: bytes) -> str:
    """`sm3:<64 hex digits>` (GB/T 32905)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(text)
    return f"sm3:{digest.finalize().hex()}"


def canonical(rules: Iterable[SgRule | Mapping[str, Any]]) -> str:
    """The text that is digested."""
    return "".join(f"{line}\n" for line in sorted({_line(rule) for rule in rules}))


def _line(rule: SgRule | Mapping[str, Any]) -> str:
    read = rule.get if isinstance(rule, Mapping) else lambda key: getattr(rule, key)
    ports = read("ports")
    # numbers come back from protobuf as floats
    span = "-" if ports is None else f"{int(ports[0])}-{int(ports[1])}"
    peers = [*sorted(map(_prefix, read("peers6") or ())), *sorted(map(_prefix, read("peers4") or ()))]
    return f"{read('direction')} {read('protocol')} {span} {','.join(peers)}"


@lru_cache(maxsize=65536)
def _prefix(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text  # another check refuses it; here it is only different from every prefix
