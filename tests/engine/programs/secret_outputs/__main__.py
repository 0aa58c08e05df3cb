"""Outputs that are secret: because the program says so, because the provider says so, because an input was."""

import pulumi
from pulumi import ResourceOptions
from things import Thing, step

additional = ["address"] if step() < 3 else []
a = Thing("a", ResourceOptions(additional_secret_outputs=additional), size=1)
plain = Thing("plain", of=a.address)
vault = Thing("vault", kind="Vault", size=1)
Thing("user", token=vault.token, length=vault.token.apply(len))
Thing("more", ResourceOptions(additional_secret_outputs=["size", "never"]), size=step())
pulumi.export("address", a.address)
pulumi.export("token", vault.token)
pulumi.export("plain", pulumi.Output.unsecret(vault.token))
