"""The older transformations, which run in the program: on a resource, a component's children, the whole stack."""

import pulumi
from pulumi import ResourceOptions, ResourceTransformationResult
from things import Group, Thing, step


def tag(args):
    if args.type_ == "test:index:Thing":
        return ResourceTransformationResult({**args.props, "tag": f"by {args.name}"}, args.opts)


def protect(args):
    return ResourceTransformationResult(
        args.props, ResourceOptions.merge(args.opts, ResourceOptions(protect=step() == 1))
    )


pulumi.runtime.register_stack_transformation(tag)
group = Group("group", ResourceOptions(transformations=[protect]))
Thing("a", ResourceOptions(parent=group), size=1)
Thing("b", size=step())
