"""A renamed component takes its children and grandchildren along, named after it or not; so does one of another type."""

from pulumi import Alias, ResourceOptions
from things import Group, Thing, step

renamed, retyped = ("app", "Group") if step() == 1 else ("service", "Group"), "Box" if step() == 1 else "Crate"
name = renamed[0]
app = Group(name, ResourceOptions(aliases=[Alias(name="app")] if step() > 1 else []))
Thing("free", ResourceOptions(parent=app), size=1)
Thing(f"{name}-named", ResourceOptions(parent=app), size=1)
inner = Group(f"{name}-inner", ResourceOptions(parent=app), kind="Inner")
Thing(f"{name}-inner-child", ResourceOptions(parent=inner), size=1)
Thing(
    "own" if step() == 1 else "own-renamed",
    ResourceOptions(parent=inner, aliases=[Alias(name="own")] if step() > 1 else []),
    size=1,
)
box = Group("box", ResourceOptions(aliases=[Alias(type_="test:index:Box")] if step() > 1 else []), kind=retyped)
below = Group("below", ResourceOptions(parent=box), kind="Inner")
Thing("boxed", ResourceOptions(parent=below), size=1)
