"""A replacement that deletes first fails between its halves, and is gone on with or changed."""

from pulumi import ResourceOptions
from things import Thing, step

first = ResourceOptions(delete_before_replace=True)
if step() < 4:
    a = Thing("a", first, place="here" if step() < 2 else "there", size=2 if step() == 3 else 1)
    Thing("b", place=a.address)
