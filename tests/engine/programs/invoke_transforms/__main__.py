"""A transform of invokes changes their arguments and their provider."""

import pulumi
from pulumi import InvokeOptions, InvokeTransformResult
from things import Provider, Thing, note, step

other = Provider("other", region="other")


def double(args):
    note("double", token=args.token, args=dict(args.args))
    if args.token == "test:index:twice":
        args.opts.provider = other
        return InvokeTransformResult({"number": args.args["number"] * 10}, args.opts)


pulumi.runtime.register_invoke_transform(double)
made = Thing("made", size=step())
result = pulumi.runtime.invoke_output("test:index:twice", {"number": made.writes}, InvokeOptions())
Thing("from-invoke", size=result.apply(lambda found: found["result"]))
Thing("untouched", found=pulumi.runtime.invoke_output("test:index:whisper", {"word": "w"}))
