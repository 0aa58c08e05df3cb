"""Property paths of Pulumi's options: `tags.owner`, `rules[0].port`, `rules[*]["a.b"]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from stacks.engine.values import is_secret

_STEP = re.compile(r'\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)')
_ABSENT = object()

Path = tuple[int | str, ...]


def parse(text: str) -> Path:
    """`a[0].b` → ("a", 0, "b")."""
    return tuple(
        int(index) if index.isdigit() else index or quoted.replace('\\"', '"') or plain
        for index, quoted, plain in _STEP.findall(text)
    )


def covers(pattern: Sequence[int | str], path: Sequence[int | str]) -> bool:
    """Whether the path is what the pattern names, or lies below it; `*` stands for any one step."""
    return len(pattern) <= len(path) and all(p in ("*", q) for p, q in zip(pattern, path, strict=False))


def kept(old: Any, new: Any, pattern: Sequence[int | str]) -> Any:
    """`new` with everything that the pattern names as it is in `old` (ignoreChanges). Neither is changed."""
    if not pattern:
        return old
    if is_secret(new):
        return {**new, "value": kept(old["value"] if is_secret(old) else old, new["value"], pattern)}
    old = old["value"] if is_secret(old) else old
    step, rest = pattern[0], pattern[1:]
    if isinstance(new, dict):
        keys = list({**new, **(old if isinstance(old, dict) else {})}) if step == "*" else [step]
        result = dict(new)
        for key in keys:
            before = old.get(key, _ABSENT) if isinstance(old, dict) else _ABSENT
            if not rest:
                result.pop(key, None)
                if before is not _ABSENT:
                    result[key] = before
            elif key in new and before is not _ABSENT:
                result[key] = kept(before, new[key], rest)
        return result
    if isinstance(new, list) and isinstance(old, list):
        result_list = list(new)
        for index in range(len(new)) if step == "*" else [step]:
            if isinstance(index, int) and index < min(len(new), len(old)):
                result_list[index] = kept(old[index], new[index], rest)
        return result_list
    return new
