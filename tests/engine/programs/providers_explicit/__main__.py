"""Providers of the program's own: one whose region moves replaces what it made, one that only changes does not."""

from pulumi import ResourceOptions
from things import Provider, Thing, step

region = "east" if step() < 3 else "west"
if step() < 5:
    moving = Provider("moving", region=region)
    a = Thing("a", ResourceOptions(provider=moving), size=1)
    Thing("b", ResourceOptions(provider=moving), of=a.address)
    Thing("first", ResourceOptions(provider=moving, delete_before_replace=True), size=1)
changing = Provider("changing", region="north", note="x" if step() < 2 else "y")
Thing("steady", ResourceOptions(provider=changing), size=1)
Thing("switches", ResourceOptions(provider=changing if step() < 4 else None), size=1)
