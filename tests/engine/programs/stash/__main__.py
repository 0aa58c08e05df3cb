"""A stash keeps the value that it was made with."""

import pulumi
from things import Thing, step

word = pulumi.Stash("word", input={"text": f"word {step()}"})
hidden = pulumi.Stash("hidden", input=pulumi.Output.secret("quiet"))
Thing("user", of=word.output, hidden=hidden.output)
pulumi.export("word", word.output)
