"""What is deleted with its owner is not deleted on its own, and is replaced when its owner is."""

from pulumi import ResourceOptions
from things import Thing, step

owner = Thing("owner", place="here" if step() == 1 else "there")
if step() < 4:
    box = Thing("box", size=1)
    Thing("in-box", ResourceOptions(deleted_with=box), size=1)
with_owner = ResourceOptions(deleted_with=owner)
Thing("owned", with_owner, size=1)
if step() < 3:
    Thing("leaves-alone", with_owner, size=1)
owned = Thing("moves", with_owner, place=str(step()))
Thing("twice", ResourceOptions(deleted_with=owned), size=1)
