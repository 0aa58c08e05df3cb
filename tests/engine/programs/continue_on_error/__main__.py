"""What does not depend on a failure is still done when the run is to go on."""

from pulumi import ResourceOptions
from things import Thing, step

if step() < 3:
    a = Thing("a", size=step())
    Thing("after-a", of=a.writes)
    b = Thing("b", size=step())
    Thing("after-b", of=b.writes)
    Thing("c", ResourceOptions(delete_before_replace=True), place=str(step()))
if step() == 1:
    Thing("leaves", size=1)
