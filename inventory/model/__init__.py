"""The city: what people write, frozen and typed. The only place where a schema exists.

`base` has the shared scalars (durations, sizes), `city` what the guidance document names, `plan` the address plan,
`request` what a department asks for, `environment` where it is brought up. `inventory.reading` makes these from files
and `inventory/schemas/` is generated from them.
"""

from inventory.model.base import Duration, Frozen, Provenance, Size
from inventory.model.city import Bureau, Capability, City, Item, LinkPlan, Platform, Pool, Site, Zone
from inventory.model.environment import Environment
from inventory.model.plan import Address, Block, Family, Kept, Part
from inventory.model.request import (
    Availability,
    Contact,
    Exposure,
    Flow,
    Request,
    Serves,
    System,
    Workload,
)

__all__ = [
    "Address", "Availability", "Block", "Bureau", "Capability", "City", "Contact", "Duration", "Environment", "Exposure",
    "Family", "Flow", "Frozen", "Item", "Kept", "LinkPlan", "Part", "Platform", "Pool", "Provenance", "Request",
    "Serves", "Site", "Size", "System", "Workload", "Zone",
]  # fmt: skip
