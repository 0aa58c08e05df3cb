"""What depends on a resource that is deleted to be replaced is deleted before it, if the change would replace it too."""

from pulumi import ResourceOptions
from things import Group, Thing, step

first = ResourceOptions(delete_before_replace=True)
a = Thing("a", first, place="here" if step() == 1 else "there", size=1)
b = Thing("b", place=a.address)
c = Thing("c", place=b.address)
d = Thing("d", place=c.address, exclusive=True)
Thing("updated", size=a.address)
Thing("explicit", ResourceOptions(depends_on=[a]), size=1)
group = Group("group")
Thing("child", ResourceOptions(parent=group), place=a.address)
Thing("of-id", place=a.id)
Thing("apart", size=1)
if step() == 3:
    Thing("new", place=d.address)
