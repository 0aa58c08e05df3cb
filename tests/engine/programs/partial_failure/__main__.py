"""A resource that was made or changed but is not ready is kept with its errors, and repaired by an update."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", size=1 if step() < 3 else 2)
Thing("b", ResourceOptions(depends_on=[a]), of=a.address)
