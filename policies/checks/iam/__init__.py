"""Identity: passwords, administrators, secrets. See policies/checks/__init__.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.estate import Resource
from policies.checks.told import unread


def duties(holders: Iterable[Resource]) -> Mapping[str, set[str]]:
    """Member → duties, over the roles or groups of which both are told."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in holders:
        if unread(one, "duty", "members") is None:
            for member in one["members"]:
                found[member].add(one["duty"])
    return found
