"""What is retained is left in the cloud when it is deleted or replaced."""

from pulumi import ResourceOptions
from things import Thing, step

retain = ResourceOptions(retain_on_delete=True)
if step() != 3:
    Thing("leaves", retain, size=1)
Thing("moves", retain, place="here" if step() == 1 else "there")
Thing("moves-first", ResourceOptions(retain_on_delete=True, delete_before_replace=True), place=str(step()))
Thing("changes-mind", ResourceOptions(retain_on_delete=step() < 3), size=1)
Thing("other-mind", ResourceOptions(retain_on_delete=step() > 1), place=str(step()))
