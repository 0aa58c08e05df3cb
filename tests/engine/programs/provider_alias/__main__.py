"""A provider is renamed, and later moves below a component: with aliases what it made stays as it is."""

import pulumi
from pulumi import Alias, ResourceOptions
from things import Group, Provider, Thing, step

match step():
    case 1:
        own = Provider("own", region="east")
    case 2:
        own = Provider("renamed", ResourceOptions(aliases=[Alias(name="own")]), region="east")
    case 3:
        home = ResourceOptions(parent=Group("group"), aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)])
        own = Provider("renamed", home, region="east")
    case 4:
        own = Provider("another", region="east")
a = Thing("a", ResourceOptions(provider=own), size=1)
Thing("b", ResourceOptions(provider=own, protect=True), of=a.address)
