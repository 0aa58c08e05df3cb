"""A resource moves below another parent: with an alias it stays, without one it is made anew."""

import pulumi
from pulumi import Alias, ResourceOptions
from things import Group, Thing, step

one, two = Group("one"), Group("two", kind="Other")
match step():
    case 1:
        Thing("kept", size=1)
        Thing("lost", ResourceOptions(parent=one), size=1)
        Thing("same-type", ResourceOptions(parent=one), size=1)
    case 2:
        Thing("kept", ResourceOptions(parent=one, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]), size=1)
        Thing("lost", ResourceOptions(parent=two), size=1)
        Thing("same-type", ResourceOptions(parent=Group("three")), size=1)
    case 3:
        Thing("kept", ResourceOptions(aliases=[Alias(parent=one)]), size=2)
        Thing("lost", ResourceOptions(parent=two), size=1)
