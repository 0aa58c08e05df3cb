"""Hooks around creation, update and deletion see what is old and what is new; some also in previews."""

import pulumi
from pulumi import ResourceHook, ResourceHookBinding, ResourceHookOptions, ResourceOptions
from things import Group, Thing, note, step


def told(topic):
    def hook(args):
        values = {
            key: dict(getattr(args, key)) if getattr(args, key) else None
            for key in ("old_inputs", "new_inputs", "old_outputs", "new_outputs")
        }
        note(topic, urn=args.urn, id=args.id, name=args.name, type=args.type, **values)

    return hook


async def later(args):
    note("later", urn=args.urn)


always = ResourceHookOptions(on_dry_run=True)
binding = ResourceHookBinding(
    before_create=[ResourceHook("before create", told("before create"), always), ResourceHook("later", later)],
    after_create=[ResourceHook("after create", told("after create"))],
    before_update=[ResourceHook("before update", told("before update"), always)],
    after_update=[ResourceHook("after update", told("after update"))],
    before_delete=[ResourceHook("before delete", told("before delete"), always)],
    after_delete=[ResourceHook("after delete", told("after delete"))],
)
if step() < 4:
    Thing("a", ResourceOptions(hooks=binding), size=1 if step() < 2 else 2, place="there" if step() == 3 else "here")
    group = Group("group", ResourceOptions(hooks=binding), label=step())
    Thing("secret", ResourceOptions(parent=group), word=pulumi.Output.secret("quiet"))
