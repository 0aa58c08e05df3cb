"""A creation fails: what depends on it is not begun; the next run makes it."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", size=1)
b = Thing("b", of=a.address)
Thing("c", ResourceOptions(depends_on=[b]), size=step())
