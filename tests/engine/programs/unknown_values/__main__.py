"""What a preview does not know yet: whole values, parts of them, what is applied to them, ids, and exports."""

import pulumi
from things import Thing, note, step

a = Thing("a", size=step())
a.writes.apply(lambda value: note("knows writes", value=value))
a.address.apply(lambda value: note("knows address", value=value))
a.size.apply(lambda value: note("knows size", value=value))
a.id.apply(lambda value: note("knows id", value=value))
a.urn.apply(lambda value: note("knows urn", value=value))
twice = a.writes.apply(lambda value: value * 2)
Thing("b", size=twice, parts=[1, twice], spec={"known": 1, "unknown": twice}, place="here")
Thing("chained", of=twice.apply(lambda value: Thing("inner", size=1).address if value else "none"))
Thing("moves", place=twice.apply(str))
Thing("all", both=pulumi.Output.all(a.size, a.writes), text=pulumi.Output.format("{0}!", a.address))
Thing("secret", word=pulumi.Output.secret(a.address))
pulumi.export("twice", twice)
pulumi.export("parts", {"known": a.size, "unknown": [twice]})
pulumi.export("id", a.id)
