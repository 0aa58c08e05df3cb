"""Changes that replace although the provider would update: a property, a nested one, an element, any."""

from pulumi import ResourceOptions
from things import Thing, step

one, two = ("a", 1) if step() == 1 else ("b", 2)


def replacing(*paths):
    return ResourceOptions(replace_on_changes=list(paths))


Thing("property", replacing("size"), size=two, word="w")
Thing("other", replacing("word"), size=two, word="w")
Thing("top", replacing("spec"), spec={"size": two})
Thing("nested", replacing("spec.size"), spec={"size": two, "word": "w"})
Thing("nested-other", replacing("spec.word"), spec={"size": two, "word": "w"})
Thing("element", replacing("items[1]"), kind="Detailed", items=["a", one])
Thing("each", replacing("items[*].size"), kind="Detailed", items=[{"size": two}])
Thing("detailed", replacing("spec.size"), kind="Detailed", spec={"size": two, "word": "w"})
Thing("detailed-other", replacing("spec.word"), kind="Detailed", spec={"size": two, "word": "w"})
Thing("any", replacing("*"), size=two)
Thing("any-detailed", replacing("*"), kind="Detailed", spec={"size": two})
Thing("ignored", ResourceOptions(replace_on_changes=["size"], ignore_changes=["size"]), size=two)
