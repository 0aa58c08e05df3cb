"""A transform of the whole stack sees every resource after its own transforms, providers included."""

import pulumi
from pulumi import ResourceOptions, ResourceTransformResult
from things import Group, Provider, Thing, note, step


async def label(args):
    note("label", name=args.name, type=args.type_)
    if args.type_ == "test:index:Thing":
        return ResourceTransformResult({**args.props, "label": f"{args.name}, {args.props.get('own')}"}, args.opts)
    if args.type_ == "pulumi:providers:test" and args.name == "own":
        return ResourceTransformResult({**args.props, "region": "moved" if step() > 1 else "east"}, args.opts)


def own(args):
    return ResourceTransformResult({**args.props, "own": "transformed"}, args.opts)


pulumi.runtime.register_resource_transform(label)
provider = Provider("own", region="nowhere")
group = Group("group")
Thing("a", ResourceOptions(parent=group, transforms=[own]), size=1)
Thing("b", ResourceOptions(provider=provider), size=1)
