"""Waivers for tests: an approver with keys, entries that are right until a test makes them wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inventory.estate import Resource
from inventory.signing import new_key, sign
from policies.waivers import PURPOSE, Waiver, Waivers, fingerprint

PRIVATE, PUBLIC = new_key()
STRANGER, _ = new_key()
APPROVERS = {"security-centre": {"0": PUBLIC}}


def entry(check: str, resource: Resource, **changed: Any) -> Waiver:
    """A signed waiver for a resource as it is; `changed` before it is signed."""
    bare = Waiver(
        check, resource.urn, fingerprint(resource), "迁移期间", "T-1", "operations", "security-centre", "2026-05-01",
        "2026-09-01", "CHG-003", "", "policies/waivers.yaml", 3,
    )  # fmt: skip
    return signed(replace(bare, **changed))


def signed(waiver: Waiver, key: str = PRIVATE) -> Waiver:
    return replace(waiver, signature=sign(key, PURPOSE, waiver.signed()))


def roster(*entries: Waiver) -> Waivers:
    return Waivers(entries, APPROVERS)
