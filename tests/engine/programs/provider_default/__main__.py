"""The default provider takes its configuration from the stack's; none is kept that nothing uses."""

import pulumi
from pulumi import ResourceOptions
from things import Provider, Thing, step

if step() < 3:
    a = Thing("a", size=1)
    Thing("b", of=a.address)
own = Provider("own", region="own")
Thing("c", ResourceOptions(provider=own), size=1)
pulumi.export("note", pulumi.Config("test").get("note"))
