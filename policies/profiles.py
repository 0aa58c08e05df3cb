"""profiles.yaml → which checks apply, in which mode, with which parameters. A profile may extend another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from inventory.problems import Problem, Refused, nearest, refuse
from inventory.reading import Document
from inventory.reading import load as load_document
from policies.checks import CHECKS, Loaded, load
from policies.checks.shape import Param, Value

FILE = Path(__file__).parent / "profiles.yaml"
Mode = Literal["mandatory", "advisory"]


@dataclass(frozen=True)
class Entry:
    """A check as a profile wants it."""

    loaded: Loaded
    mode: Mode
    params: Mapping[str, Value]


@dataclass(frozen=True)
class Profile:
    """An ordered set of checks."""

    name: str
    title_zh: str
    title_en: str
    entries: tuple[Entry, ...]


def profile(name: str, file: Path = FILE) -> Profile:
    """A profile by name. Refused with everything that is wrong in the file."""
    known = profiles(file)
    if name not in known:
        near = nearest(name, known)
        raise refuse(
            "policy.unknown-profile",
            f"没有名为“{name}”的检查方案:可用 {'、'.join(known)}" + (f";是不是 {near}?" if near else ""),
            f"there is no profile '{name}': there are {', '.join(known)}" + (f"; did you mean {near}?" if near else ""),
        )
    return known[name]


@cache
def profiles(file: Path = FILE) -> dict[str, Profile]:
    """Every profile of the file. Refused with everything that is wrong."""
    doc = load_document(file)
    problems: list[Problem] = []
    found: dict[str, Profile] = {}
    for name in doc.data or {}:
        merged = _merged(doc, name, problems)
        entries = []
        for id_ in sorted(merged, key=list(CHECKS).index):
            loaded = load(id_)
            mode, given = merged[id_]
            entries.append(
                Entry(loaded, mode, {key: given.get(key, p.default) for key, p in loaded.check.params.items()})
            )
        found[name] = Profile(
            name, str(doc.data[name].get("zh", name)), str(doc.data[name].get("en", name)), tuple(entries)
        )
    if problems:
        raise Refused(problems)
    return found


def _merged(
    doc: Document, name: str, problems: list[Problem], seen: tuple[str, ...] = ()
) -> dict[str, tuple[Mode, dict[str, Value]]]:
    row: Any = doc.data[name]
    base: dict[str, tuple[Mode, dict[str, Value]]] = {}
    parent = row.get("extends")
    if parent is not None:
        if parent not in doc.data or parent in (*seen, name):
            problems.append(
                doc.problem(
                    (name, "extends"), "policy.profile-extends", f"“{parent}”不存在或互相引用:写一个已有的方案",
                    f"'{parent}' does not exist or leads round in a circle: name a profile of this file",
                )
            )  # fmt: skip
        else:
            base = _merged(doc, parent, [], (*seen, name))
    for id_, wish in (row.get("checks") or {}).items():
        path = (name, "checks", id_)
        if id_ not in CHECKS:
            near = nearest(id_, CHECKS) or "NET-003"
            problems.append(
                doc.problem(
                    path, "policy.unknown-check", f"没有检查项“{id_}”:是不是 {near}?",
                    f"there is no check '{id_}': did you mean {near}?",
                )
            )  # fmt: skip
            continue
        options: dict[str, Any] = {"mode": wish} if isinstance(wish, str) else dict(wish or {})
        mode = options.pop("mode", base[id_][0] if id_ in base else None)
        if mode == "off":
            base.pop(id_, None)
            continue
        if mode not in ("mandatory", "advisory"):
            problems.append(
                doc.problem(
                    path, "policy.mode", f"mode 写成 mandatory、advisory 或 off,不是“{mode}”",
                    f"mode is mandatory, advisory or off, not '{mode}'",
                )
            )  # fmt: skip
            continue
        values = dict(base[id_][1]) if id_ in base else {}
        for key, raw in options.items():
            values[key] = _value(doc, (*path, key), key, raw, load(id_).check.params, problems)
        base[id_] = (mode, values)
    return base


def _value(
    doc: Document, path: tuple[str, ...], key: str, raw: Any, params: Mapping[str, Param], problems: list[Problem]
) -> Value:
    """The scalar of a file as the parameter's type; a problem and "" where it does not fit."""
    if key not in params:
        near = nearest(key, params)
        hint = (f":是不是 {near}?", f": did you mean {near}?") if near else (":删掉它", ": delete it")
        problems.append(
            doc.problem(
                path, "policy.unknown-parameter", f"没有参数“{key}”{hint[0]}", f"there is no parameter '{key}'{hint[1]}"
            )
        )
        return ""
    param = params[key]
    try:
        if isinstance(param.default, tuple):
            if not isinstance(raw, list):
                raise ValueError
            numbers = bool(param.default) and isinstance(param.default[0], int)
            return tuple(int(item) for item in raw) if numbers else tuple(str(item) for item in raw)
        if isinstance(param.default, int):
            value = int(raw)
            if (param.least is not None and value < param.least) or (param.most is not None and value > param.most):
                raise ValueError
            return value
        return str(raw)
    except (TypeError, ValueError):
        span = "" if param.least is None and param.most is None else f" {param.least}..{param.most}"
        kind_zh, kind_en = ("列表", "a list") if isinstance(param.default, tuple) else ("整数", "a whole number")
        problems.append(
            doc.problem(
                path, "policy.parameter", f"“{raw}”不合适:{param.zh}写成{kind_zh}{span}",
                f"'{raw}' will not do: {param.en}: {kind_en}{span}",
            )
        )  # fmt: skip
        return ""
