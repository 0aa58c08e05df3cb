"""What enters the estate without a provider: in, the city; out, its records as resources, to be joined to what is planned
or deployed wherever that is judged.

There is one, the address plan: nothing provides it, and without it nobody could tell what the bits of an address say.
"""

from __future__ import annotations

from inventory.estate import Estate, Resource
from inventory.kinds.net import Plan, PlanField
from inventory.model import City
from inventory.numbering import codes

PLAN = "address-plan"
_STACK = "city-network"
"""the layer that it belongs to"""


def records(city: City) -> Estate:
    """The city's records, as they are written."""
    plan = city.addresses
    made = Plan(
        name=PLAN, prefix6=plan.prefix6, ula=plan.ula, prefix4=plan.prefix4, public4=plan.public4, link6=plan.link6,
        loopback6=plan.loopback6, locators=plan.locators.prefix if plan.locators else None,
        nat64=plan.nat64.prefix if plan.nat64 else None,
        fields=tuple(
            PlanField(name=part.name, of=part.of, bits=part.bits, reserved=tuple(kept.code for kept in part.reserved),
                      codes={} if part.of == "segment" else dict(codes(city, part)))
            for part in plan.fields
        ),
    )  # fmt: skip
    kind = Plan.kind()
    return Estate((Resource(kind, PLAN, _STACK, f"record:{kind}/{PLAN}", made.model_dump(mode="json")),))
