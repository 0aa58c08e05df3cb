"""A resource is found again under the name, type, parent, stack, project or URN that it had."""

import pulumi
from pulumi import Alias, ResourceOptions
from things import Group, Thing, step

home = Group("home")
if step() == 1:
    Thing("by-name", size=1)
    Thing("by-type", size=1)
    Thing("by-parent", ResourceOptions(parent=home), size=1)
    Thing("by-urn", size=1)
    Thing("by-all", ResourceOptions(parent=home), size=1)
    Thing("no-parent", size=1)
    Thing("by-text", size=1)
    Thing("second-alias", size=1)
else:
    urn = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::test:index:Thing::"
    Thing("new-name", ResourceOptions(aliases=[Alias(name="by-name")]), size=1)
    Thing("by-type", ResourceOptions(aliases=[Alias(type_="test:index:Thing")]), kind="Named", size=1)
    Thing("by-parent", ResourceOptions(aliases=[Alias(parent=home)]), size=1)
    Thing("new-urn", ResourceOptions(aliases=[urn + "by-urn"]), size=1)
    Thing(
        "new-all",
        ResourceOptions(aliases=[Alias(name="by-all", type_="test:index:Thing", parent=home)]),
        kind="Named",
        size=2,
    )
    Thing("no-parent", ResourceOptions(parent=home, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]), size=1)
    Thing("new-text", ResourceOptions(aliases=[pulumi.Output.from_input(urn + "by-text")]), size=1)
    Thing(
        "third-name",
        ResourceOptions(
            aliases=[Alias(name="never"), Alias(stack="other", project="gone"), Alias(name="second-alias")]
        ),
        size=1,
    )
    if step() == 3:
        Thing("too-late", ResourceOptions(aliases=[Alias(name="by-name")]), size=1)
