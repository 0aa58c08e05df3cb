"""The filter of a host. In: the estate, a host, and filters that were read before. Out: a `Ruleset`, read now or later.

The text is a pure function of the host's rules, so the digest of all that it takes from them stands for it: a filter that
was made, read and understood before is neither made nor read again until somebody looks at its chains.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from hashlib import blake2b

from inventory.estate import Estate, Resource
from inventory.rendering import flows
from inventory.rendering.nftables import nftables
from policies.reach import nft
from policies.reach.filters import Chain, Ruleset


def filter_of(estate: Estate, host: Resource, read_before: Mapping[str, str]) -> tuple[Ruleset, str]:
    """What is installed on a host, and its text. `read_before`: digest → text. Refused, or an error of its values, where
    it cannot be made or is not understood."""
    digest = digest_of(host.name, flows.rules(estate, host))
    text = read_before.get(digest)
    if text is not None:
        return Ruleset(host.name, partial(read, text, host.name), digest), text
    text = nftables(estate, host.name)
    return Ruleset(host.name, read(text, host.name), digest), text


def digest_of(name: str, rules: tuple[Resource, ...]) -> str:
    """Of everything that a host's text is made of, and of whom its rules name: two hosts, or two times, of one digest
    have one text."""
    said = blake2b(name.encode(), digest_size=16)
    for rule in rules:
        said.update(_said(rule).encode())
    return said.hexdigest()


def _said(rule: Resource) -> str:
    """Numbers come back from the state as floats, so ports are said as `flows.span` has them."""
    of = rule.get
    return repr((rule.name, of("direction"), of("protocol"), flows.span(rule), of("peer"),
                 tuple(of("peers6") or ()), tuple(of("peers4") or ())))  # fmt: skip


@lru_cache(maxsize=4096)
def read(text: str, source: str) -> tuple[Chain, ...]:
    """The same text is the same filter: an unchanged host is not read twice."""
    return nft.ruleset(text, source).chains
