"""A program that builds what a JSON file says: GRAPH names it, the stack's name chooses the part.

Each entry: `name`, `props` (`{"$ref": name}` stands for the address of another, `{"$secret": value}`,
`{"$stack": [stack, output]}`), `group` or `provider` where it is no thing, and options under the SDK's names, in which
a name stands for the resource. `exports`: output → name of a thing, whose address it is.
"""

import json
import os
from pathlib import Path

import pulumi
from pulumi import ResourceOptions

REFERRING = ("parent", "provider", "deleted_with", "depends_on", "replace_with")


class Thing(pulumi.CustomResource):
    """A thing of the test provider; outputs: `address`, `key`."""

    address: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name, props, opts=None):
        super().__init__("test:index:Thing", name, {**props, "address": None, "key": None}, opts)


class Group(pulumi.ComponentResource):
    """A component that only groups."""

    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, None, opts)
        self.register_outputs({"members": name})


def value(raw):
    if not isinstance(raw, dict):
        return raw
    if "$ref" in raw:
        return made[raw["$ref"]].address
    if "$secret" in raw:
        return pulumi.Output.secret(raw["$secret"])
    stack, output = raw["$stack"]
    if stack not in references:
        references[stack] = pulumi.StackReference(stack)
    return references[stack].get_output(output)


def options(entry):
    opts = dict(entry.get("opts", {}))
    for key in REFERRING:
        if key in opts:
            opts[key] = [made[name] for name in opts[key]] if isinstance(opts[key], list) else made[opts[key]]
    return ResourceOptions(**opts)


graph = json.loads(Path(os.environ["GRAPH"]).read_text(encoding="utf-8"))[pulumi.get_stack()]
made, references = {}, {}
for entry in graph["things"]:
    name, props = entry["name"], {key: value(raw) for key, raw in entry.get("props", {}).items()}
    if entry.get("group"):
        made[name] = Group(name, options(entry))
    elif entry.get("provider"):
        made[name] = pulumi.ProviderResource("test", name, props, options(entry))
    else:
        made[name] = Thing(name, props, options(entry))
for output, name in graph.get("exports", {}).items():
    pulumi.export(output, made[name].address)
