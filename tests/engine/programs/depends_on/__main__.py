"""Explicit dependencies: on resources, on a component and so on all that it holds, on nothing any more."""

from pulumi import ResourceOptions
from things import Group, Thing, step

group = Group("group")
member = Thing("member", ResourceOptions(parent=group), size=1)
inner = Group("inner", ResourceOptions(parent=group), kind="Inner")
Thing("deep", ResourceOptions(parent=inner), of=member.address)
first = Thing("first", size=1)
second = Thing("second", ResourceOptions(depends_on=[first] if step() < 3 else []), size=1)
Thing("third", ResourceOptions(depends_on=second), size=1)
if step() < 4:
    Thing("after-group", ResourceOptions(depends_on=[group, first]), size=step())
holder = Group("holder", ResourceOptions(depends_on=[second]))
Thing("held", ResourceOptions(parent=holder), size=1)
