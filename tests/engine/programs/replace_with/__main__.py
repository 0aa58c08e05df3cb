"""A resource is replaced whenever another one is."""

from pulumi import ResourceOptions
from things import Thing, step

leader = Thing("leader", place="here" if step() < 3 else "there", size=step())
follower = Thing("follower", ResourceOptions(replace_with=[leader]), size=1)
Thing("second", ResourceOptions(replace_with=[follower]), size=1)
Thing("first-deleted", ResourceOptions(replace_with=[leader], delete_before_replace=True), size=1)
if step() == 4:
    Thing("late", ResourceOptions(replace_with=[leader]), size=1)
