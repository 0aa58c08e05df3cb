"""Resources and components as property values of others."""

from things import Group, Thing, step

a = Thing("a", size=step())
group = Group("group")
Thing("of-custom", thing=a)
Thing("of-component", group=group, list=[a, "x"])
Thing("of-both", spec={"things": [a, group]}, size=step())
group.register_outputs({"a": a})
