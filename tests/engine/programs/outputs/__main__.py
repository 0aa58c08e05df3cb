"""What a stack exports: nested, secret, resources and components themselves, nothing, changed, and no more."""

import pulumi
from things import Group, Thing, step

a = Thing("a", size=step(), data={"x": [1, {"y": None}]})
group = Group("group")
group.register_outputs({"inside": a.address, "secret": pulumi.Output.secret("quiet")})
pulumi.export("plain", "text")
pulumi.export("nested", {"list": [1, 2.5, True, None, "x"], "empty": {}, "none": []})
pulumi.export("resource", a)
pulumi.export("component", group)
pulumi.export("secret", pulumi.Output.secret({"deep": "quiet"}))
pulumi.export("mixed", [a.address, pulumi.Output.secret("quiet")])
pulumi.export("nothing", None)
if step() == 1:
    pulumi.export("leaves", a.writes)
pulumi.export("plain", f"text {step()}")
