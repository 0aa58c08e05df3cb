"""Resources that are only read: existing, with another id, gone, managed and only read again."""

import pulumi
from pulumi import ResourceOptions
from things import Thing, step

if step() < 6:
    read = Thing.get("read", "wild-1" if step() < 4 else "wild-2")
    uses = Thing("uses", of=read.address)
    pulumi.export("address", read.address)
if step() == 3:
    Thing.get("absent", "wild-9", ResourceOptions(depends_on=[uses]))
match step():
    case 1 | 2:
        turning = Thing.get("turning", "wild-1")
        made = Thing("made", size=1)
        Thing.get("by-output", made.id)
    case 4:
        Thing("turning", size=1)
    case 5:
        Thing.get("turning", "wild-2", ResourceOptions(additional_secret_outputs=["address"]))
