"""Components leave with all that they hold, deepest first; one stays without its children."""

from pulumi import ResourceOptions
from things import Group, Thing, step

if step() == 1:
    outer = Group("outer")
    inner = Group("inner", ResourceOptions(parent=outer), kind="Inner")
    a = Thing("a", ResourceOptions(parent=inner), size=1)
    b = Thing("b", ResourceOptions(parent=outer), of=a.address)
    Thing("child-of-custom", ResourceOptions(parent=b), size=1)
stays = Group("stays")
if step() < 3:
    Thing("c", ResourceOptions(parent=stays), size=1)
