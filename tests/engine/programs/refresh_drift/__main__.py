"""What somebody changed in the cloud is read into the state, and set right by the next run."""

import pulumi
from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

group = Group("group")
a = Thing("a", ResourceOptions(parent=group), size=1, word=pulumi.Output.secret("quiet"))
Thing("b", of=a.address, size=1)
own = Provider("own", region="east")
Thing("by-own", ResourceOptions(provider=own, ignore_changes=["size"]), size=1)
Thing("protected", ResourceOptions(protect=True), size=1)
pulumi.export("size", a.size if step() == 1 else 2)
