"""Providers that take no secrets and no references, and one that is not asked in previews."""

import pulumi
from pulumi import ResourceOptions
from things import Provider, Thing, step

plain = Provider("plain", secrets="no")
shy = Provider("shy", preview="no")
word = pulumi.Output.secret(f"word {step()}")
a = Thing("a", ResourceOptions(provider=plain), word=word, spec={"deep": [word, "open"]}, open="o")
b = Thing("b", ResourceOptions(provider=shy), word=word, size=step())
Thing("c", of=a.word, size=b.writes, address=b.address)
Thing("d", ResourceOptions(provider=plain), thing=b, size=1)
pulumi.export("word", a.word)
