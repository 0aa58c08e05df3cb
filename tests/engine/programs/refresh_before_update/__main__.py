"""What its provider wants to be read before every update is read, and what somebody did to it is set right at once."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", kind="Watched", size=1 if step() < 3 else 2)
Thing("plain", ResourceOptions(depends_on=[a]), size=1)
if step() < 4:
    Thing("b", ResourceOptions(depends_on=[a]), kind="Watched", of=a.address)
