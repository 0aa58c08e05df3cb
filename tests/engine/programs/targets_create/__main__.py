"""Targets in a stack that has nothing yet: what a target needs must be a target too."""

from pulumi import ResourceOptions
from things import Group, Thing

a = Thing("a", size=1)
b = Thing("b", of=a.address)
group = Group("group")
Thing("child", ResourceOptions(parent=group), size=1)
Thing("alone", size=1)
