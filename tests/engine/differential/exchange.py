"""One engine goes on from what the other one left: over a document of its state, or from a recording of it."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from inventory import urns
from stacks.engine.exporting import FEATURES
from stacks.engine.sealing import Sealer
from stacks.engine.values import UNKNOWN, secret
from tests.engine.differential import recording
from tests.engine.differential.cases import Step, case
from tests.engine.differential.compare import differences
from tests.engine.differential.normal import SIGNATURES, Normal, Seen
from tests.engine.differential.ours import Ours
from tests.engine.differential.place import PASSPHRASE, Place, salt
from tests.engine.differential.stock import Stock


def exchange(name: str, first: type[Ours] | type[Stock], second: type[Ours] | type[Stock], folder: Path) -> list[str]:
    """What the second engine sees otherwise than the first in a preview of the state that the first has exported: after
    the last run that succeeded and left something, of the program that it ran."""
    steps = case(name).steps
    ended = [
        number
        for number, (step, seen) in enumerate(zip(steps, recording.read(name).steps, strict=True))
        if step.verb == "up" and seen.outcome == "succeeded" and seen.state
    ]
    if not ended:
        return []
    place = Place(name, folder)
    giver, normal = first(place), Normal(name)
    for step in steps[: ended[-1] + 1]:
        giver.run(step)
    again = Step(verb="preview", step=steps[ended[-1]].step, stack=steps[ended[-1]].stack)
    theirs = normal.seen(giver.run(again), again.stack)
    taker = second(place)
    for stack in dict.fromkeys(step.stack for step in steps[: ended[-1] + 1]):
        taker.import_(stack, giver.export(stack))
    mine = normal.seen(taker.run(again), again.stack)
    return list(differences(theirs, replace(mine, resealed=()), None))  # an import may seal everything anew


def resumed(place: Place, step: Step, before: dict[str, Seen], name: str) -> Seen:
    """What our engine's preview sees when it goes on from recorded states, stack by stack."""
    taker = Ours(place, "resumed")
    for stack, seen in before.items():
        taker.import_(stack, document(seen, f"urn:pulumi:{stack}::{name}::"))
    return replace(Normal(name).seen(taker.run(step), step.stack), resealed=())


def document(seen: Seen, home: str) -> dict[str, Any]:
    """A recorded state as the document that the stock engine would have exported."""
    sealer = Sealer(PASSPHRASE, salt())

    def written(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"$secret"}:
                return secret(written(value["$secret"]))
            special = {_SIGNATURES["$special"]: _SIGNATURES[value["$special"]]} if "$special" in value else {}
            return special | {key: written(item) for key, item in value.items() if key != "$special"}
        if isinstance(value, list | tuple):
            return [written(item) for item in value]
        if isinstance(value, str):
            return _SIGNATURES.get(value, value).replace("~", home) if value == "UNKNOWN" else value.replace("~", home)
        return value

    resources = [sealer.seal(written(body), body["urn"]) for body in seen.state]
    features = sorted({FEATURES[key] for body in resources for key in FEATURES if body.get(key)})
    return {
        "version": 4 if features else 3,
        **({"features": features} if features else {}),
        "deployment": {
            "manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""},
            "secrets_providers": {"type": "passphrase", "state": {"salt": salt()}},
            "resources": _ordered(resources),
            "pending_operations": [sealer.seal(written(operation), "pending") for operation in seen.pending],
        },
    }


_SIGNATURES = {word: signature for signature, word in SIGNATURES.items()} | {"UNKNOWN": UNKNOWN}


def _ordered(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is needed comes first, and what is to be deleted last."""
    living = {body["urn"]: body for body in resources if not body.get("delete")}
    needs = {
        urn: {
            *body.get("dependencies", ()), body.get("parent"), body.get("deletedWith"), *body.get("replaceWith", ()),
            *(urn for many in body.get("propertyDependencies", {}).values() for urn in many),
            urns.referenced(body.get("provider", ""))[0],
        } & living.keys()
        for urn, body in living.items()
    }  # fmt: skip
    return [living[urn] for urn in TopologicalSorter(needs).static_order()] + [b for b in resources if b.get("delete")]
