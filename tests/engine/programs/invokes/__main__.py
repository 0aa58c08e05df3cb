"""Functions of the provider: plain, as outputs of known and unknown arguments, after resources, with secrets."""

import pulumi
from pulumi import InvokeOptions, InvokeOutputOptions, ResourceOptions
from pulumi.runtime import invoke, invoke_output
from things import Group, Provider, Thing, note, step

note("plain", value=invoke("test:index:twice", {"number": 21}).value)
note("whisper", value=invoke("test:index:whisper", {"word": "w"}).value["plain"])
made = Thing("made", size=step())
counted = invoke_output("test:index:count", {}, InvokeOutputOptions(depends_on=[made]))
after = Thing("after", count=counted.apply(lambda found: found["result"]))
later = ResourceOptions(depends_on=[after])
twice = invoke_output("test:index:twice", {"number": made.writes})
Thing("of-unknown", later, found=twice.apply(lambda found: found["result"]))
Thing("secret-argument", later, found=invoke_output("test:index:twice", {"number": pulumi.Output.secret(4)}))
Thing("secret-result", later, found=invoke_output("test:index:whisper", {"word": "w"}))
own = Provider("own", region="east")
group = Group("group", ResourceOptions(providers=[own]))
Thing("by-own", later, found=invoke_output("test:index:twice", {"number": 1}, InvokeOptions(provider=own)))
Thing("by-parent", later, found=invoke_output("test:index:twice", {"number": 2}, InvokeOptions(parent=group)))
