"""What the provider's diff says: in detail, only names, that it cannot tell."""

from pulumi import ResourceOptions
from things import Thing, step

size = {1: 1, 2: 1, 3: 2}[step()]
Thing("silent", kind="Silent", size=size, place="here")
Thing("silent-replaced", ResourceOptions(replace_on_changes=["size"]), kind="Silent", size=size)
Thing("silent-ignoring", ResourceOptions(ignore_changes=["size"]), kind="Silent", size=size)
Thing("detailed", kind="Detailed", spec={"size": size, "list": [1] * size}, place="here" if step() < 3 else "there")
Thing("new-property", kind="Detailed", **({"size": 1} if step() < 3 else {"other": 1}))
