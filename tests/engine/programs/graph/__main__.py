"""A program that builds what a JSON file says: GRAPH names it, the stack's name chooses the part.

Each thing: name, props (`{"$ref": [name, output]}`, `{"$secret": value}`, `{"$stack": [stack, output]}` stand for
themselves), parent, depends, and options under their Pulumi names. `exports`: output → [thing, output].
"""

import json
import os
from pathlib import Path

import pulumi
from pulumi import ResourceOptions


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
    if isinstance(raw, dict):
        if "$ref" in raw:
            thing, output = raw["$ref"]
            return made[thing].urn if output == "urn" else getattr(made[thing], output)
        if "$secret" in raw:
            return pulumi.Output.secret(raw["$secret"])
        if "$stack" in raw:
            stack, output = raw["$stack"]
            if stack not in references:
                references[stack] = pulumi.StackReference(stack)
            return references[stack].get_output(output)
        return {key: value(item) for key, item in raw.items()}
    return [value(item) for item in raw] if isinstance(raw, list) else raw


def options(thing):
    opts = dict(thing.get("opts", {}))
    for key in ("parent", "provider", "deleted_with"):
        if key in opts:
            opts[key] = made[opts[key]]
    if "replacement_trigger" in opts:
        opts["replacement_trigger"] = value(opts["replacement_trigger"])
    if "depends" in thing:
        opts["depends_on"] = [made[name] for name in thing["depends"]]
    if "aliases" in opts:
        opts["aliases"] = [pulumi.Alias(**alias) for alias in opts["aliases"]]
    if opts.pop("migration", False):
        opts["state_migrations"] = [lambda args: None]
    return ResourceOptions(**opts)


graph = json.loads(Path(os.environ["GRAPH"]).read_text(encoding="utf-8"))[pulumi.get_stack()]
made, references = {}, {}
if graph.get("say"):
    print(graph["say"])
    pulumi.log.info(graph["say"])
for thing in graph.get("things", ()):
    if thing.get("group"):
        made[thing["name"]] = Group(thing["name"], options(thing))
    elif thing.get("provider"):
        made[thing["name"]] = pulumi.ProviderResource(
            "test", thing["name"], value(thing.get("props", {})), options(thing)
        )
    else:
        made[thing["name"]] = Thing(thing["name"], value(thing.get("props", {})), options(thing))
for output, source in graph.get("exports", {}).items():
    pulumi.export(output, value({"$ref": source} if isinstance(source, list) else source))
if graph.get("crash"):
    raise ValueError(graph["crash"])
