"""Changes that are ignored: a property, a nested one, an element, every element, what is missing on either side."""

from pulumi import ResourceOptions
from things import Thing, step

new = step() > 1
one, two = (2, "b") if new else (1, "a")
extra = {"added": "yes"} if new else {"removed": "yes"}


def ignoring(*paths):
    return ResourceOptions(ignore_changes=list(paths) if step() < 3 else [])


Thing("plain", ignoring("size"), size=one, word=two)
Thing("nested", ignoring("spec.size"), spec={"size": one, "word": two})
Thing("quoted", ignoring('spec["a.b"]'), spec={"a.b": one, "c": 1})
Thing("element", ignoring("items[1]"), items=["x", two, "z"])
Thing("each", ignoring("items[*].size"), items=[{"size": one, "word": "w"}, {"size": one}])
Thing("every", ignoring("*"), size=one, spec={"word": two})
Thing("missing", ignoring("added", "removed"), size=1, **extra)
Thing("missing-nested", ignoring("spec.added", "spec.removed", "spec.never"), spec={"size": 1, **extra})
Thing("shorter", ignoring("items[2]"), items=["a", "b"] if new else ["a", "b", "c"])
Thing("longer", ignoring("items[2]"), items=["a", "b", "c"] if new else ["a", "b"])
Thing("detailed", ignoring("spec.size"), kind="Detailed", spec={"size": one, "word": "w"})
