"""Facts that were gathered on hosts: one answer a host, out of all records of it; and lists of what a role may have.

A host of which nothing was gathered is `unknown`, and so is a record of a host that is not in what is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache

from inventory.estate import Estate, Resource
from policies.checks.references import pointing, word
from policies.checks.shape import Looked, Words, below, concluded, missing, unknown
from policies.checks.told import absent, given, unread

Told = tuple[list[Words], list[Words]]
"""what is wrong, and what is open"""


def of_hosts(estate: Estate, kind: str, look: Callable[[Resource, Resource], Told], least: int = 1) -> Iterator[Looked]:
    """One answer a host from a level on, by what `look` says of the host and each record of this kind about it."""
    hosts, records = estate.kind("compute.host"), estate.kind(kind)
    yield from absent(estate, (*hosts, *records), "主机", "host")
    about = pointing(estate, "host", kind)
    for host in hosts:
        yield below(host, least) or _concluded(
            host, kind, [look(host, one) for one in sorted(about.at(host.name), key=word)]
        )
    for one in records:
        if open_ := unread(one, "host"):
            yield open_
        elif estate.named("compute.host", one["host"]) is None:
            yield unknown(one, *missing(one, "compute.host", one["host"]))


def _concluded(host: Resource, kind: str, said: list[Told]) -> Looked:
    if not said:
        return unknown(host, f"没有采集到它的 {kind}", f"no {kind} was gathered of it")
    return concluded(host, [one for wrong, _ in said for one in wrong], [one for _, open_ in said for one in open_])


def allowed(words: tuple[str, ...], host: Resource, record: Resource) -> tuple[tuple[str, ...], list[Words]]:
    """Patterns for a host's role out of `<role>=<pattern>` words, those for every role (`*`) too; and why there are none:
    the role is not told, or has no list of its own."""
    role = next((str(one["role"]) for one in (record, host) if given(one, "role")), None)
    if role is None:
        return (), [("没有记录它的角色", "its role was not recorded")]
    common, own = _patterns(words, "*"), _patterns(words, role)
    if not own:
        return (), [(f"角色 {role} 没有允许清单", f"there is no list of what the role {role} may have")]
    return common + own, []


@lru_cache
def _patterns(words: tuple[str, ...], role: str) -> tuple[str, ...]:
    return tuple(pattern for word in words for who, _, pattern in [word.partition("=")] if who == role)


@lru_cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


@lru_cache(maxsize=65536)
def fits(word: str, patterns: tuple[str, ...]) -> bool:
    """Does one of the patterns (`*`, `?`, `[…]`) match the whole word; hosts share most words, so it is remembered."""
    return _expression(patterns).match(word) is not None
