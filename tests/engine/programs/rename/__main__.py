"""A resource that is renamed or retyped without an alias is another one: the new is made before the old goes."""

from things import Thing, step

a = Thing("a" if step() == 1 else "a-renamed", size=1)
Thing("b", kind="Thing" if step() < 3 else "Named", of=a.address)
Thing("c", size=1 if step() < 3 else "one")
