"""A version of a plugin has a default provider of its own; so has a provider of the program's."""

from pulumi import ResourceOptions
from things import Provider, Thing, step

Thing("versioned", ResourceOptions(version="1.0.0"), size=1)
Thing("changing", ResourceOptions(version="1.0.0") if step() > 1 else None, size=1)
own = Provider("own", ResourceOptions(version="1.0.0" if step() > 1 else None), region="east")
Thing("by-own", ResourceOptions(provider=own), size=1)
