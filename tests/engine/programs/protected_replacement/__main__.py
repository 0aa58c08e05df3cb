"""Protection and replacement that deletes first: the resource itself, and what would be deleted because of it."""

from pulumi import ResourceOptions
from things import Thing, step

place = {1: "a", 2: "b", 3: "b", 4: "c"}[step()]
guarded = ResourceOptions(delete_before_replace=True, protect=step() < 3)
a = Thing("a", guarded, place=place)
after = Thing("after-a", place=a.address)
base = Thing("base", ResourceOptions(delete_before_replace=True, depends_on=[after]), place="x" if step() < 4 else "y")
Thing("dependent", ResourceOptions(protect=True), place=base.address)
