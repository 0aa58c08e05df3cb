"""A thing whose size follows from everything that `<stack>.json` in the folder READS tells the program to read."""

import json
import os
from pathlib import Path

import pulumi

folder, stack = Path(os.environ["READS"]), pulumi.get_stack()
wants = json.loads((folder / f"{stack}.json").read_text(encoding="utf-8"))
size = wants.get("size", 0)
size += sum(int((folder / name).read_text(encoding="utf-8")) for name in wants.get("files", ()))
size += sum((folder / name).exists() for name in wants.get("exists", ()))
size += sum(len(os.listdir(folder / name)) for name in wants.get("listed", ()))
size += sum(int(path.stem) for name in wants.get("matched", ()) for path in (folder / name).glob("*.txt"))
size += sum(len(os.environ.get(name, "")) for name in wants.get("variables", ()))
size += pulumi.Config().get_int("size") or 0
if wants.get("helper"):
    import helper

    size += helper.SIZE
if wants.get("process"):
    import subprocess

    subprocess.run(["true"], check=True)
if wants.get("writes"):
    (folder / "written").write_text("x", encoding="utf-8")
if wants.get("random"):
    import random

    size += random.randrange(1000)


class Thing(pulumi.CustomResource):
    """A thing of the test provider."""

    def __init__(self, name, props):
        super().__init__("test:index:Thing", name, props)


other = wants.get("ref")
if other:
    own, size = size, pulumi.StackReference(other).get_output("size")
    size = size.apply(lambda found: found + own)
Thing(f"{stack}-thing", {"size": size, "secret": pulumi.Output.secret("hidden")})
pulumi.export("size", size)
