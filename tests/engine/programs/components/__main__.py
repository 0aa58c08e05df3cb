"""Components hold children; a child, then an inner component with its child, leave; a new one comes."""

import pulumi
from things import Group, Thing, step

outer = Group("outer", label="first" if step() < 3 else "second")
pulumi.export("outer", outer.urn)
below = pulumi.ResourceOptions(parent=outer)
a = Thing("a", below, size=1)
if step() < 3:
    inner = Group("inner", below, kind="Inner")
    b = Thing("b", pulumi.ResourceOptions(parent=inner), of=a.address)
    inner.register_outputs({"b": b.address, "hidden": pulumi.Output.secret("quiet"), "nothing": None})
if step() == 1:
    Thing("c", below, size=3)
if step() == 3:
    Group("empty", below)
outer.register_outputs({"a": a.address, "count": 3 - step()})
