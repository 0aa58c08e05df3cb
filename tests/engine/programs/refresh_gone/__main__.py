"""What is gone from the cloud leaves the state, with what depended on it made again by the next run."""

from pulumi import ResourceOptions
from things import Group, Thing, step

a = Thing("a", size=1)
b = Thing("b", of=a.address)
Thing("c", ResourceOptions(depends_on=[b]), size=1)
group = Group("group")
Thing("child", ResourceOptions(parent=group), size=1)
Thing("guarded", ResourceOptions(protect=step() < 2), size=1)
Thing("owned", ResourceOptions(deleted_with=a), size=1)
