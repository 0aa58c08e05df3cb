"""An update fails and the state stays as it was; so does a replacement whose creation fails."""

from pulumi import ResourceOptions
from things import Thing, step

a = Thing("a", size=1)
b = Thing("b", ResourceOptions(depends_on=[a]), size=step(), place="there" if step() == 3 else "here")
Thing("c", ResourceOptions(depends_on=[b]), size=step())
