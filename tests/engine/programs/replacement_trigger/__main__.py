"""A resource is replaced when the value that it names as a trigger changes."""

from pulumi import ResourceOptions
from things import Thing, step

source = Thing("source", size=1 if step() < 4 else 2)
Thing("text", ResourceOptions(replacement_trigger="one" if step() < 3 else "two"), size=1)
Thing("added", ResourceOptions(replacement_trigger=None if step() == 1 else {"day": [1, 2]}), size=1)
Thing("removed", ResourceOptions(replacement_trigger="x" if step() < 5 else None), size=1)
Thing("output", ResourceOptions(replacement_trigger=source.writes), size=1)
