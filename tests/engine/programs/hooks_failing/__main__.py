"""A failing hook: before an operation it is not done, after it the failure is only told; errors may be ignored."""

from pulumi import ResourceHook, ResourceHookBinding, ResourceHookOptions, ResourceOptions
from things import Thing, note, step


def failing(topic):
    def hook(args):
        note(topic, urn=args.urn)
        raise RuntimeError(f"{topic} went wrong")

    return hook


before, after = ResourceHook("before", failing("before")), ResourceHook("after", failing("after"))
lenient = ResourceHook("lenient", failing("lenient"), ResourceHookOptions(ignore_errors=True))
ignoring = Thing("ignoring", ResourceOptions(hooks=ResourceHookBinding(before_create=[lenient])), size=1)
match step():
    case 1:
        Thing("a", ResourceOptions(depends_on=[ignoring], hooks=ResourceHookBinding(before_create=[before])), size=1)
    case 2:
        Thing("a", ResourceOptions(depends_on=[ignoring], hooks=ResourceHookBinding(after_create=[after])), size=1)
    case 3:
        Thing("a", ResourceOptions(depends_on=[ignoring], hooks=ResourceHookBinding(before_update=[before])), size=2)
    case 4:
        Thing("a", ResourceOptions(depends_on=[ignoring], hooks=ResourceHookBinding(before_delete=[before])), size=1)
