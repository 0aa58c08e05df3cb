"""Which comes first in a replacement: as the option says, else as the provider says."""

from pulumi import ResourceOptions
from things import Thing, step

place = "here" if step() == 1 else "there"
Thing("default", place=place)
Thing("asked", ResourceOptions(delete_before_replace=True), place=place)
Thing("exclusive", place=place, exclusive=True)
Thing("overridden", ResourceOptions(delete_before_replace=False), place=place, exclusive=True)
Thing("only-update", ResourceOptions(delete_before_replace=True), size=step())
Thing("forced", ResourceOptions(delete_before_replace=True, replace_on_changes=["size"]), size=step())
