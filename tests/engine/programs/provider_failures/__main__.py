"""A provider that refuses its configuration: nothing that needs it is done."""

from pulumi import ResourceOptions
from things import Provider, Thing, step

a = Thing("a", size=1)
if step() > 1:
    bad = Provider(
        "bad", ResourceOptions(depends_on=[a]), **({"invalid": "yes"} if step() == 2 else {"region": "east"})
    )
    Thing("b", ResourceOptions(provider=bad), size=1)
