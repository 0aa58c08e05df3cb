"""Everything but what is excluded is changed."""

from pulumi import ResourceOptions
from things import Group, Thing, step

a = Thing("a", size=step())
b = Thing("b", of=a.writes, size=step())
Thing("c", of=b.writes)
group = Group("group")
Thing("child", ResourceOptions(parent=group), size=step())
if step() == 1:
    Thing("leaves", size=1)
if step() > 1:
    Thing("new", size=1)
