"""Two resources of one type and name are refused; the same name under another parent or type is not."""

from pulumi import ResourceOptions
from things import Group, Thing, step

a = Thing("a", size=1)
named = Thing("a", ResourceOptions(depends_on=[a]), kind="Named", size=1)
child = Thing("a", ResourceOptions(parent=Group("group"), depends_on=[named]), size=1)
if step() == 2:
    Thing("a", ResourceOptions(depends_on=[child]), size=2)
