"""What the stock engine did, kept as data: `recorded/<program>.json`, one call or resource a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.differential.normal import Seen

RECORDED = Path(__file__).parent.parent / "recorded"
_LISTS = ("calls", "state", "pending", "plan", "resealed")


@dataclass(frozen=True)
class Recording:
    """Of one program. `versions`: of the stock engine; `digest`: of what was run."""

    versions: dict[str, str]
    digest: str
    steps: tuple[Seen, ...]


def path(name: str) -> Path:
    return RECORDED / f"{name}.json"


def write(name: str, recording: Recording) -> None:
    """Keep it."""
    RECORDED.mkdir(exist_ok=True)
    steps = ",\n".join(_step(seen) for seen in recording.steps)
    head = json.dumps({**recording.versions, "digest": recording.digest}, ensure_ascii=False)[:-1]
    path(name).write_text(f'{head}, "steps": [\n{steps}\n]}}\n', encoding="utf-8")


def read(name: str) -> Recording:
    """The recording of a program. FileNotFoundError where there is none."""
    data = json.loads(path(name).read_text(encoding="utf-8"))
    steps = tuple(
        Seen(step["outcome"], **{key: tuple(map(_item, step.get(key, ()))) for key in _LISTS})
        for step in data.pop("steps")
    )
    return Recording({key: data[key] for key in ("pulumi", "sdk")}, data["digest"], steps)


def _step(seen: Seen) -> str:
    parts = [f' "outcome": {json.dumps(seen.outcome)}']
    for key in _LISTS:
        items = getattr(seen, key)
        if items:
            lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in items)
            parts.append(f' "{key}": [\n  {lines}]')
    return "{" + ",\n".join(parts)[1:] + "}"


def _item(item: Any) -> Any:
    return tuple(item) if isinstance(item, list) else item
