"""A program that ends with an error: what it has made stays, nothing is deleted."""

import pulumi
from things import Thing, step

if step() == 5:
    import absent_module  # noqa: F401
a = Thing("a", size=step())
if step() == 2:
    raise ValueError("half-way")
b = Thing("b", size=1)
if step() == 3:
    b.address.apply(lambda address: 1 / 0)
if step() == 4:
    raise pulumi.RunError("a sentence")
pulumi.export("address", b.address)
