"""Transforms of single resources and of a component's children change properties and options, one after another."""

import pulumi
from pulumi import ResourceOptions, ResourceTransformResult
from things import Group, Thing, note, step


def grow(args):
    note("grow", name=args.name, type=args.type_, custom=args.custom, props=sorted(args.props))
    if args.custom:
        return ResourceTransformResult({**args.props, "size": step() * 10}, args.opts)


def guard(args):
    args.opts.protect = False
    args.opts.ignore_changes = ["word"]
    args.opts.delete_before_replace = True
    return ResourceTransformResult({**args.props, "word": f"word {step()}", "seen": args.props.get("size")}, args.opts)


def nothing(args):
    return None


group = Group("group", ResourceOptions(transforms=[grow]))
a = Thing("a", ResourceOptions(parent=group, transforms=[guard]), size=1)
Thing("b", ResourceOptions(parent=group), of=a.address)
inner = Group("inner", ResourceOptions(parent=group, transforms=[guard]), kind="Inner")
Thing("c", ResourceOptions(parent=inner), size=1)
Thing("d", ResourceOptions(transforms=[nothing, guard, grow]), hidden=pulumi.Output.secret("quiet"))


def depends(args):
    args.opts.depends_on = [a]
    args.opts.aliases = [pulumi.Alias(name="old-e")]
    args.opts.retain_on_delete = True
    args.opts.additional_secret_outputs = ["address"]
    args.opts.custom_timeouts = pulumi.CustomTimeouts(create="1m")
    args.opts.replace_on_changes = ["size"]
    return ResourceTransformResult(args.props, args.opts)


Thing("e", ResourceOptions(transforms=[depends]), size=step())
