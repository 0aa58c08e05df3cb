"""A protected resource is neither deleted nor replaced until it is protected no more."""

from pulumi import ResourceOptions
from things import Thing, step

b = Thing("b", size=step())
if step() not in (2, 6):
    place = "there" if step() == 4 else "here"
    Thing("a", ResourceOptions(protect=step() < 5, depends_on=[b]), size=step(), place=place)
