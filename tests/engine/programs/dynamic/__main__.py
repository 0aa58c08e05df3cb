"""A program that brings its provider along: the SDK's dynamic providers."""

import os

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class Counting(ResourceProvider):
    def create(self, props):
        return CreateResult("made", {"size": props["size"], "double": props["size"] * 2})

    def diff(self, id, old, new):
        return DiffResult(changes=old["size"] != new["size"])

    def update(self, id, old, new):
        return UpdateResult({"size": new["size"], "double": new["size"] * 2})


class Counted(Resource):
    double: pulumi.Output[float]

    def __init__(self, name, size):
        super().__init__(Counting(), name, {"size": size, "double": None})


pulumi.export("double", Counted("one", int(os.environ["SIZE"])).double)
