"""What the provider's check does: fills values in, keeps what it filled in, refuses several at once."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", kind="Named", size=step())
labelled = Thing("labelled", kind="Named", label="mine" if step() < 3 else None, size=1)
moves = Thing("moves", kind="Named", place="here" if step() < 3 else "there")
if step() == 2:
    Thing("bad", ResourceOptions(depends_on=[a, labelled, moves]), invalid=True)
