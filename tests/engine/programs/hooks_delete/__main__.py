"""Deletion hooks need the program: destroying without it refuses, and a hook that is no more is told."""

from pulumi import ResourceHook, ResourceHookBinding, ResourceOptions
from things import Thing, note, step


def told(args):
    note("deleted", urn=args.urn, old_inputs=dict(args.old_inputs or {}))


if step() < 3:
    hook = ResourceHook("told", told)
    Thing("kept", ResourceOptions(hooks=ResourceHookBinding(before_delete=[hook], after_delete=[hook])), size=1)
    if step() == 1:
        Thing("gone", ResourceOptions(hooks=ResourceHookBinding(before_delete=[hook], after_delete=[hook])), size=1)
