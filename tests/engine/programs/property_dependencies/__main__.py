"""Dependencies through values: nested, in lists, combined, through secrets, and on the id or URN alone."""

import pulumi
from things import Thing, step

a = Thing("a", size=step())
b = Thing("b", size=1)
Thing("nested", spec={"list": [a.address, "plain"], "deep": {"of": b.writes}}, plain=1)
Thing("joined", both=pulumi.Output.concat(a.address, "+", b.address))
Thing("by-id", id_of=a.id, urn_of=b.urn)
Thing("hushed", word=pulumi.Output.secret(a.address))
if step() == 1:
    Thing("applied", value=pulumi.Output.all(a.writes, b.writes).apply(sum))
