"""A resource is replaced because whoever runs the engine says so."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", size=step())
b = Thing("b", ResourceOptions(delete_before_replace=True), of=a.address)
Thing("c", place=b.address)
