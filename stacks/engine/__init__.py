"""The embedded engine: runs Pulumi programs where no Pulumi CLI can be installed.

Edited by developers. In: a program's folder and the stacks to run. Out: plans, outcomes, the estate. It may import
inventory only, and is, beside `policies/__main__.py`, the only place that touches Pulumi's protobufs.

The flow: `verbs` (plan, apply, refresh, destroy) → `running` (stacks in order, a forked `worker` each) → `session` (one
stack) → `monitor` (what the SDK calls) → `deployment` (registrations) → `steps` (the pure decision) → `executor`
(provider) and `state` (what is recorded, where, and who may write). Providers come from `plugins`; `exchanging` is the
way in and out for the stock CLI.
`docs/decisions/20261123-embedded-engine.md` says why.
"""

from stacks.engine.attesting import Standing, Voucher, standings
from stacks.engine.estate import deployed, secrets
from stacks.engine.events import Event
from stacks.engine.exchanging import export, import_
from stacks.engine.options import Import, Options
from stacks.engine.plans import EstatePlan, Outcome, StackOutcome, StackPlan, Step
from stacks.engine.project import Program
from stacks.engine.verbs import Spec, apply, destroy, import_resources, plan, refresh, stacks

__all__ = [
    "EstatePlan",
    "Event",
    "Import",
    "Options",
    "Outcome",
    "Program",
    "Spec",
    "StackOutcome",
    "StackPlan",
    "Standing",
    "Step",
    "Voucher",
    "apply",
    "deployed",
    "destroy",
    "export",
    "import_",
    "import_resources",
    "plan",
    "refresh",
    "secrets",
    "stacks",
    "standings",
]
