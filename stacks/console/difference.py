"""What a plan changes, line by line: sign, kind, name, and what each property was and would be. Pure.

In: the plan of one stack, and what the record says is deployed. Out: lines for a terminal. Secrets are `[secret]`,
what only the update will tell is `[unknown]`; neither estate holds more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from inventory import urns
from inventory.estate import SECRET, UNKNOWN, Resource, known
from stacks.console.words import OPS, SIGNS, WHY
from stacks.engine.paths import parse
from stacks.engine.plans import StackPlan, Step

_ABSENT: Any = object()
_LONGEST = 100
"""characters of a value; what is longer is cut"""
MOST = 60
"""steps of a stack that are told singly; of more, only with --diff"""


def lines(plan: StackPlan, before: Mapping[str, Resource], language: str, *, full: bool) -> Iterator[Text]:
    """What the plan does. `before`: URN → what is deployed; `full`: also what stays, and every property of what is
    created or deleted."""
    after = {resource.urn: resource for resource in plan.resources}
    for step in plan.steps:
        if step.op not in SIGNS:
            continue
        old, new = before.get(step.urn), after.get(step.urn)
        sign, style = SIGNS[step.op]
        words = [WHY[why][0 if language == "zh" else 1] for why in step.why if why in WHY]
        note = f"  ({'、'.join(words) if language == 'zh' else ', '.join(words)})" if words else ""
        yield Text(f"  {sign} {_kind(step.urn)} {urns.name(step.urn)}", style=style) + Text(note, style="dim")
        yield from _properties(step, old, new, language, full=full)


def summary(plan: StackPlan, language: str) -> Iterator[Text]:
    """A big plan by kind: `+ net.sg_rule × 120`."""
    counts: dict[tuple[str, str], int] = {}
    for step in plan.steps:
        if step.op in SIGNS:
            counts[step.op, _kind(step.urn)] = counts.get((step.op, _kind(step.urn)), 0) + 1
    for (op, kind), number in sorted(counts.items(), key=lambda item: (list(SIGNS).index(item[0][0]), item[0][1])):
        sign, style = SIGNS[op]
        word = OPS[op][0 if language == "zh" else 1]
        yield Text(f"  {sign} {kind} × {number}", style=style) + Text(f"  {word}", style="dim")


def _kind(urn: str) -> str:
    """Ours as `net.subnet`, all else as its Pulumi type."""
    from inventory.kinds import kind_of

    type_ = urns.type_of(urn)
    kind = kind_of(type_)
    return type_ if kind == "component" else kind


def _properties(step: Step, old: Resource | None, new: Resource | None, language: str, *, full: bool) -> Iterator[Text]:
    if step.op in ("update", "replace", "refresh"):
        forces = (
            ("  ← 需要替换", "  ← forces replacement")[0 if language == "zh" else 1] if step.op == "replace" else ""
        )
        for path in step.why:
            if path not in WHY and path != "new":
                yield from _change(path, old, new, forces)
        if step.op == "replace" and old and new:  # what changes beside that for which it is replaced
            told = {parse(path)[0] for path in step.why if path}
            for key in sorted(old.properties.keys() & new.properties.keys() - told):
                if known(new[key]) and old[key] != new[key]:
                    yield from _change(key, old, new, "")
    elif full:
        shown = new if step.op in ("create", "import") else old
        for key, value in sorted((shown.properties if shown else {}).items()):
            if value is not None:
                sign, style = SIGNS[step.op]
                yield Text(f"      {sign} {key}: {said(value)}", style=style)


def _change(path: str, old: Resource | None, new: Resource | None, forces: str) -> Iterator[Text]:
    steps = parse(path)
    before = _at(old.properties if old else _ABSENT, steps)
    after = _at(new.properties if new else _ABSENT, steps)
    leaves = list(_leaves(path, before, after)) or [(path, before, after)]
    for where, was, becomes in leaves:
        if was is _ABSENT and becomes is _ABSENT:
            yield Text(f"      ~ {where}", style="yellow") + Text(forces, style="magenta")
        elif was is _ABSENT:
            yield Text(f"      + {where}: {said(becomes)}", style="green") + Text(forces, style="magenta")
        elif becomes is _ABSENT:
            yield Text(f"      - {where}: {said(was)}", style="red") + Text(forces, style="magenta")
        else:
            yield Text(f"      ~ {where}: {said(was)} → {said(becomes)}", style="yellow") + Text(
                forces, style="magenta"
            )


def _leaves(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The innermost places where two values differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            plain = key.isidentifier() or key.replace("-", "_").isidentifier()
            where = f"{path}.{key}" if plain else f'{path}["{key}"]'
            yield from _leaves(where, old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (was, becomes) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(f"{path}[{index}]", was, becomes)
    elif old != new:
        yield path, old, new


def _at(value: Any, steps: tuple[int | str, ...]) -> Any:
    for step in steps:
        inside = isinstance(value, Mapping) and step in value
        if inside or (isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)):
            found: Any = value
            value = found[step]
        else:
            return _ABSENT
    return value


def said(value: Any) -> str:
    """A value on one line, without what may not be shown."""
    text = json.dumps(_shown(value), ensure_ascii=False, sort_keys=True, default=str)
    for word in ("[secret]", "[unknown]"):
        text = text.replace(f'"{word}"', word)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return "[secret]" if value == SECRET else "[unknown]" if value == UNKNOWN else value
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value
