"""What replaces comes before what is replaced goes, and what depends on it follows in between, newest first in going."""

from pulumi import ResourceOptions
from things import Thing, step

place = "here" if step() == 1 else "there"
a = Thing("a", place=place)
b = Thing("b", place=a.address)
c = Thing("c", of=b.address)
Thing("d", ResourceOptions(depends_on=[c]), place=place)
if step() == 1:
    Thing("leaves", of=c.address)
