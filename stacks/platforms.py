"""Shared platforms of the city (stack `city-platforms`): what each offers, and the highest level that it may host.

In: the platforms of the city. Out: `gov.platform`.
"""

from __future__ import annotations

from typing import Any

from inventory.kinds.gov import Platform
from inventory.model import Platform as Offer
from stacks.parts import Draft
from stacks.sheets import Sheet


def city(blue: Sheet, draft: Draft) -> dict[str, Any]:
    """Stack `city-platforms`. Exports capability → the stack that provides it, "" where the city's layers do."""
    part = draft.part("platforms:Platforms", "platforms")
    for offer in blue.city.platforms:
        part.add(
            Platform, offer.key, title=offer.name, item=offer.item, bureau=offer.operator, level=hosting(blue, offer),
            capabilities=tuple(capability.key for capability in offer.capabilities),
        )  # fmt: skip
    offered = (capability for offer in blue.city.platforms for capability in offer.capabilities)
    return {"capabilities": {capability.key: capability.system or "" for capability in offered}}


def hosting(blue: Sheet, offer: Offer) -> int:
    """The level that every pool under the platform's systems reaches (a cloud graded below what it hosts is a high
    risk); of a platform without a system of its own, that of the zone where the city's own services stand."""
    stacks = {capability.system for capability in offer.capabilities if capability.system}
    levels = [level for stack in stacks for level in blue.levels(stack)]
    management = blue.city.zone("management")
    return min(levels) if levels else management.level if management else 3
