"""Resources of two packages, which one component hands down two providers for."""

from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

test, other = Provider("test", region="east"), Provider("other", package="other", region="west")
group = Group("group", ResourceOptions(providers=[test, other]))
a = Thing("a", ResourceOptions(parent=group), size=1)
Thing("b", ResourceOptions(parent=group), package="other", of=a.address)
Thing("c", package="other", size=step())
