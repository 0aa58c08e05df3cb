"""Where two engines differ in one step, as lines that a developer can work down.

Calls are compared resource by resource, in order; across resources only where one depends on the other, because what
is independent runs in parallel.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.engine.differential.normal import Seen

_CHANGING = ("Create", "Update", "Delete")
_CONFIGURING = ("CheckConfig", "DiffConfig", "Configure")


def _asked_of_unchanged(call: dict[str, Any]) -> bool:
    return call.get("call") == "DiffConfig" and call.get("old_inputs") == call.get("news")


def _default(step: tuple[str, str]) -> bool:
    return step[1].startswith("~pulumi:providers:") and "::default" in step[1]


TOLERATED_CALLS = {
    "ours does not ask a provider whether a configuration differs that is the same": _asked_of_unchanged,
}  # fmt: skip
"""calls of either engine that are not compared: why, and which"""
TOLERATED_STEPS = {
    "the stock engine keeps default providers out of its plans": _default,
    "what is read before anything is decided is no step of ours": lambda step: step[0] == "refresh",
}
"""steps of a plan that are not compared: why, and which"""


def differences(stock: Seen, ours: Seen, before: Seen | None) -> Iterator[str]:
    """Of one step. `before`: what the stock engine came to in the step before, on the same stack."""
    if stock.outcome != ours.outcome:
        yield f"outcome: stock {stock.outcome}, ours {ours.outcome}: {_short(ours.said)}"
    if not _refused(stock, ours):
        half = {r["urn"] for r in (before.state if before else ()) if r.get("pendingReplacement")}
        yield from _calls(*(_without_half(_by_subject(seen), half) for seen in (stock, ours)))
    yield from _order(stock, ours, _needs((*stock.state, *(before.state if before else ()))))
    yield from _states("state", stock.state, ours.state)
    # an operation that failed for an unclear reason stays pending with ours until it is repeated: it may have been done
    lost = {p["resource"]["urn"] for p in stock.pending} - {p["resource"]["urn"] for p in ours.pending}
    yield from (f"pending: {urn}: only with the stock engine" for urn in sorted(lost))
    for where in sorted({*ours.resealed} - {*stock.resealed}):
        yield f"sealed: {where}: the same secret has a new ciphertext"
    if "failed" in (stock.outcome, ours.outcome):
        return  # a plan that failed is none
    theirs, mine = (
        {step for step in plan if not _tolerated(TOLERATED_STEPS, step)} for plan in (stock.plan, ours.plan)
    )
    yield from (f"plan: {urn}: stock has {op}" for op, urn in sorted(theirs - mine))
    yield from (f"plan: {urn}: ours has {op}" for op, urn in sorted(mine - theirs))


def _refused(stock: Seen, ours: Seen) -> bool:
    """Whether both engines refused before anything was done: how much they had asked by then is not compared."""
    failed = stock.outcome == ours.outcome == "failed"
    return failed and not any(call.get("call") in _CHANGING for seen in (stock, ours) for call in seen.calls)


def _without_half(subjects: dict[str, list[dict[str, Any]]], half: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Of what an earlier run had deleted to replace it, only how it is made: the stock engine asks about it once more
    with what it needs, and deletes it a second time."""
    return {
        urn: [call for call in calls if urn not in half or call.get("call") == "Create"]
        for urn, calls in subjects.items()
    }


def _tolerated(table: dict[str, Callable[[Any], bool]], item: Any) -> bool:
    return any(test(item) for test in table.values())


def _by_subject(seen: Seen) -> dict[str, list[dict[str, Any]]]:
    """URN, or topic of notes that belong to none → its calls. Providers that are configured and then asked nothing are
    left out: the stock engine readies all that its state has, ours those that it needs."""
    found = defaultdict(list)
    asked = {call["by"] for call in seen.calls if call.get("call") not in (None, *_CONFIGURING)}
    for call in sorted(seen.calls, key=lambda call: call["at"][0]):
        idle = call.get("call") == "Configure" and call["urn"].rpartition("::")[2] not in asked
        if not idle and not _tolerated(TOLERATED_CALLS, call):
            subject = call.get("urn") or " ".join(call[key] for key in ("note", "name", "token") if key in call)
            if call.get("call") == "Configure":
                subject += " (configuring)"  # beside whatever else a provider is asked
            if call.get("call") == "Invoke":  # the same function may be asked by several, in any order
                subject += f" {json.dumps(call.get('args'), sort_keys=True)} by {call['by']}"
            found[subject].append({k: v for k, v in call.items() if k not in ("at", "urn")})
    return found


def _calls(stock: dict[str, list[dict[str, Any]]], ours: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for urn in sorted(stock.keys() | ours.keys()):
        theirs, mine = stock.get(urn, []), ours.get(urn, [])
        names = [[call.get("call") or call["note"] for call in calls] for calls in (theirs, mine)]
        if names == [["Diff", "Delete"], ["Delete"]]:
            continue  # before a target goes, the stock engine asks what its end would replace: that goes with it anyhow
        if names[0] != names[1]:
            yield f"calls: {urn}: stock {' '.join(names[0]) or 'none'}; ours {' '.join(names[1]) or 'none'}"
            continue
        for their, my in zip(theirs, mine, strict=True):
            for path, old, new in _differing(their, my):
                yield f"calls: {urn}: {their.get('call') or their['note']}.{path}: stock {old}, ours {new}"


def _order(stock: Seen, ours: Seen, needs: dict[str, set[str]]) -> Iterator[str]:
    spans = [_spans(seen) for seen in (stock, ours)]
    for first, (_, ended) in spans[0].items():
        for second, (begun, _) in spans[0].items():
            related = first[0] in needs[second[0]] or second[0] in needs[first[0]]
            both = first in spans[1] and second in spans[1]
            if related and both and ended < begun and spans[1][first][1] >= spans[1][second][0]:
                yield f"order: stock ends {' '.join(first[::-1])} before {' '.join(second[::-1])} begins"


def _spans(seen: Seen) -> dict[tuple[str, str], tuple[int, int]]:
    """(URN, method) of what changes the cloud → its first beginning and its last end. What was replaced and is then
    cleared away is left out: nothing depends on it any more."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for call in sorted(seen.calls, key=lambda call: call["at"][0]):
        if call.get("call") in _CHANGING and not call.get("preview"):
            key = call["urn"], call["call"]
            if key[1] == "Delete" and (key[0], "Create") in found:
                continue
            begun, ended = found.get(key, (call["at"][0], call["at"][-1]))
            found[key] = min(begun, call["at"][0]), max(ended, call["at"][-1])
    return found


def _needs(state: tuple[dict[str, Any], ...]) -> dict[str, set[str]]:
    """URN → all that it depends on, however far."""
    direct: dict[str, set[str]] = defaultdict(set)
    for body in state:
        direct[body["urn"]] |= {*body.get("dependencies", ()), body.get("deletedWith", ""), body.get("parent", "")}
    found: dict[str, set[str]] = defaultdict(set)
    for urn in list(direct):
        waiting = [urn]
        while waiting:
            for needed in direct[waiting.pop()] - found[urn]:
                found[urn].add(needed)
                waiting.append(needed)
    return found


def _states(what: str, stock: Any, ours: Any) -> Iterator[str]:
    sides: list[dict[str, list[dict[str, Any]]]] = []
    for state in (stock, ours):
        by_urn: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for body in state:
            by_urn[body["urn"] + (" (to be deleted)" if body.get("delete") else "")].append(body)
        sides.append(by_urn)
    for urn in sorted(sides[0].keys() | sides[1].keys()):
        theirs, mine = sides[0].get(urn, []), sides[1].get(urn, [])
        if len(theirs) != len(mine):
            yield f"{what}: {urn}: stock has {len(theirs)}, ours {len(mine)}"
            continue
        for their, my in zip(theirs, mine, strict=True):
            for path, old, new in _differing(their, my):
                yield f"{what}: {urn}: {path}: stock {old}, ours {new}"


def _differing(stock: Any, ours: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(stock, dict) and isinstance(ours, dict):
        for key in sorted(stock.keys() | ours.keys()):
            below = f"{path}.{key}" if path else key
            if key not in stock or key not in ours:
                yield below, *(_short(side[key]) if key in side else "none" for side in (stock, ours))
            else:
                yield from _differing(stock[key], ours[key], below)
    elif stock != ours or type(stock) is not type(ours):
        yield path, _short(stock), _short(ours)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"
