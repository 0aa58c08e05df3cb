"""Only targets are changed; what is new and no target is left out, what depends on one comes along if asked."""

from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

a = Thing("a", size=step())
b = Thing("b", of=a.writes, size=step())
c = Thing("c", of=b.writes)
d = Thing("d", size=step())
group = Group("group", label=step())
Thing("child", ResourceOptions(parent=group), size=step())
own = Provider("own", region="east", note=str(step()))
Thing("by-own", ResourceOptions(provider=own), size=step())
if step() == 1:
    Thing("leaves", size=1)
    Thing("stays", size=1)
if step() > 1:
    Thing("new", size=1)
