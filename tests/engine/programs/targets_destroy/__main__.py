"""Destroying targets: refused where something depends on them, unless that goes too."""

from pulumi import ResourceOptions
from things import Group, Thing

a = Thing("a", size=1)
b = Thing("b", of=a.address)
Thing("c", of=b.address)
group = Group("group")
Thing("child", ResourceOptions(parent=group), size=1)
Thing("alone", size=1)
Thing("guarded", ResourceOptions(protect=True), size=1)
