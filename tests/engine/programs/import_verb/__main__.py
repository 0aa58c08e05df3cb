"""Resources are imported one by one without the program, which then declares them as they are."""

from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

group = Group("group")
own = Provider("own", region="east")
if step() > 1:
    Thing("plain", ResourceOptions(protect=True), size=5, word="w")
    Thing("child", ResourceOptions(parent=group, provider=own), size=6)
