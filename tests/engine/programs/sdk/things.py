"""The package `test` for programs: resources, a component, functions, and what every program asks of its surroundings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pulumi


def step() -> int:
    """Which mutation of the program is to run."""
    return int(os.environ["STEP"])


def note(topic: str, **values: object) -> None:
    """Write into the log of the cloud what the program, a hook or a transform has seen."""
    line = json.dumps({"note": topic, **values}, ensure_ascii=False, default=str) + "\n"
    handle = os.open(Path(os.environ["CLOUD"]) / "calls.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, line.encode())
    os.close(handle)


class Thing(pulumi.CustomResource):
    """A resource with any properties. `kind`: Thing, Named, Detailed, Silent, Vault or Watched; `package`: test or other."""

    address: pulumi.Output[str]
    writes: pulumi.Output[int]

    def __init__(self, name, opts=None, *, kind="Thing", package="test", **props):
        outputs = {"address": None, "writes": None} | ({"token": None} if kind == "Vault" else {})
        super().__init__(f"{package}:index:{kind}", name, {**outputs, **props}, opts)

    @staticmethod
    def get(name, id, opts=None):
        return Thing(name, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))


class Group(pulumi.ComponentResource):
    """A component."""

    def __init__(self, name, opts=None, kind="Group", **props):
        super().__init__(f"test:index:{kind}", name, props, opts)


class Provider(pulumi.ProviderResource):
    """A provider of its own. Configuration: region, secrets, preview."""

    def __init__(self, name, opts=None, *, package="test", **props):
        super().__init__(package, name, props, opts)
