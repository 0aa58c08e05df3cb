"""A program whose provider comes from outside: THINGS is JSON, name → properties of a `strange:index:Thing`."""

import json
import os

import pulumi


class Thing(pulumi.CustomResource):
    """`do` says how the provider behaves when the thing is created; `word` is secret; output `made`."""

    made: pulumi.Output[str]

    def __init__(self, name, props):
        super().__init__("strange:index:Thing", name, {**props, "made": None})


for name, props in json.loads(os.environ["THINGS"]).items():
    if "word" in props:
        props["word"] = pulumi.Output.secret(props["word"])
    pulumi.export(name, Thing(name, props).made)
