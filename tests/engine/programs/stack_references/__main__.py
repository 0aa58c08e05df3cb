"""One stack uses what another one exports: plain, nested, secret, missing, required."""

import pulumi
from things import Thing, note, step

if pulumi.get_stack() == "one":
    a = Thing("a", size=step())
    pulumi.export("address", a.address)
    pulumi.export("nested", {"list": [a.writes, "x"], "none": None})
    pulumi.export("password", pulumi.Output.secret("hush hush"))
    pulumi.export("partly", {"open": 1, "shut": pulumi.Output.secret("hush")})
elif step() == 3:
    named = pulumi.StackReference("named", stack_name=f"organization/{pulumi.get_project()}/one")
    named.require_output("missing")
else:
    base = pulumi.StackReference(f"organization/{pulumi.get_project()}/one")
    Thing("user", of=base.get_output("address"), list=base.get_output("nested").apply(lambda nested: nested["list"]))
    Thing("secret-user", word=base.get_output("password"), partly=base.get_output("partly"))
    Thing("of-missing", word=base.get_output("missing"), size=1)
    base.get_output("password").apply(lambda value: note("password", length=len(value)))
    pulumi.export("passed-on", base.get_output("password"))
    pulumi.export("all", base.outputs)
