"""A program that ends with an error, at its beginning or half-way: what it has made stays, nothing is deleted."""

import pulumi
from things import Thing, step

match step():
    case 2:
        raise ValueError("at once")
    case 3:
        raise pulumi.RunError("a sentence")
    case 4:
        import absent_module  # noqa: F401
a = Thing("a", size=min(step(), 2))
b = Thing("b", of=a.address)
if step() == 5:
    b.address.apply(lambda address: 1 / 0)
else:
    Thing("c", size=1)
pulumi.export("address", b.address)
