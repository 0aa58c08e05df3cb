"""A deletion fails and is made again: alone, at the end of a replacement, before one, and while destroying."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", size=1)
if step() < 2:
    Thing("leaves", of=a.address)
place = "here" if step() < 3 else "there"
if step() < 4:
    Thing("moves", ResourceOptions(depends_on=[a]), place=place)
