"""A provider that is configured with what another resource comes to: unknown in a preview, replaced with it."""

from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

network = Thing("network", place="here" if step() < 3 else "there", size=step())
regional = Provider("regional", region=network.address)
a = Thing("a", ResourceOptions(provider=regional), size=1)
group = Group("group", ResourceOptions(providers=[regional], depends_on=[network]))
Thing("b", ResourceOptions(parent=group), of=a.address)
holder = Group("holder")
inner = Provider("inner", ResourceOptions(parent=holder), region="inside")
Thing("c", ResourceOptions(parent=holder, provider=inner), size=1)
