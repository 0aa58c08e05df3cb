"""Secrets in inputs: whole, nested, moved about, made plain, and the same ones again."""

import pulumi
from things import Thing, step

word = pulumi.Output.secret("open sesame")
other = pulumi.Output.secret({"deep": ["x", 1, None], "flag": True})
Thing("whole", word=word, size=step())
Thing("nested", spec={"list": ["plain", word], "map": {"key": word, "size": step()}})
Thing("object", data=other)
match step():
    case 1 | 2:
        Thing("moves", first=word, second="plain")
        Thing("opens", word=word)
        Thing("closes", word="plain")
    case 3:
        Thing("moves", first="plain", second=word)
        Thing("opens", word="open sesame")
        Thing("closes", word=pulumi.Output.secret("plain"))
Thing("twice", one=word, two=word, joined=pulumi.Output.concat("say ", word))
pulumi.export("word", word)
pulumi.export("nested", {"in": [word]})
