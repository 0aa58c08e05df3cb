"""A hook that hears of a failed operation decides whether it is tried again."""

import json
import os
from pathlib import Path

from pulumi import ErrorHook, ResourceHookBinding, ResourceOptions
from things import Thing, note, step


def mend(args):
    note(
        "mend", urn=args.urn, name=args.name, failed=args.failed_operation, errors=len(args.errors),
        new=dict(args.new_inputs or {}), old=dict(args.old_inputs or {}),
    )  # fmt: skip
    if len(args.errors) == 2:
        (Path(os.environ["CLOUD"]) / "faults.json").write_text(json.dumps({}))
    return True


def give_up(args):
    note("give up", urn=args.urn, failed=args.failed_operation)
    return False


hook = ErrorHook("mend", mend)
a = Thing("a", ResourceOptions(hooks=ResourceHookBinding(on_error=[hook])), size=min(step(), 2))
hopeless = ErrorHook("give up", give_up)
Thing("b", ResourceOptions(depends_on=[a], hooks=ResourceHookBinding(on_error=[hopeless])), size=max(step(), 2))
