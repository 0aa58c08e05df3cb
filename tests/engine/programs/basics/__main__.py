"""A resource is created, kept, updated, replaced and deleted; another one depends on it."""

import pulumi
from things import Thing, step

size = {1: 1, 2: 1, 3: 2, 4: 2}
if step() < 5:
    a = Thing("a", size=size[step()], place="there" if step() == 4 else "here")
    Thing("b", of=a.address, writes_of=a.writes)
    pulumi.export("address", a.address)
