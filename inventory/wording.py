"""What the schema found → sentences in Chinese and English, with the nearest right key or value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, get_args, get_origin

from inventory.problems import nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Path = tuple[str | int, ...]

_PLAIN = {
    "int_parsing": ("应为整数,写成了“{input}”", "must be a whole number, not '{input}'"),
    "float_parsing": ("应为数字,写成了“{input}”", "must be a number, not '{input}'"),
    "bool_parsing": ("应为 true 或 false,写成了“{input}”", "must be true or false, not '{input}'"),
    "greater_than_equal": ("“{input}”太小,至少 {ge}", "'{input}' is too small: at least {ge}"),
    "less_than_equal": ("“{input}”太大,至多 {le}", "'{input}' is too large: at most {le}"),
    "greater_than": ("“{input}”太小,须大于 {gt}", "'{input}' is too small: more than {gt}"),
    "string_too_short": ("太短,至少 {min_length} 个字", "too short: at least {min_length} characters"),
    "string_too_long": ("太长,至多 {max_length} 个字", "too long: at most {max_length} characters"),
    "too_short": ("至少要有 {min_length} 项", "at least {min_length} item(s) are needed"),
    "string_type": ("应为文字", "must be text"),
    "tuple_type": ("应为列表(每项以“- ”开头)", "must be a list (each item starts with '- ')"),
    "list_type": ("应为列表(每项以“- ”开头)", "must be a list (each item starts with '- ')"),
    "model_type": ("应为若干“键: 值”", "must be a set of 'key: value' lines"),
    "dict_type": ("应为若干“键: 值”", "must be a set of 'key: value' lines"),
    "model_attributes_type": ("应为若干“键: 值”", "must be a set of 'key: value' lines"),
    "string_pattern_mismatch": ("“{input}”不合格式 {pattern}", "'{input}' does not match {pattern}"),
}


def dotted(path: Iterable[str | int]) -> str:
    """("workloads", 0, "pool") → `workloads[0].pool`; the config key of a request is kept as the root."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text.removeprefix("config.")


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """The sentence for a key that is not in the schema."""
    known = list(known)
    near = nearest(key, known)
    if near:
        return f"没有“{key}”这一项:是不是 {near}?", f"there is no key '{key}': did you mean {near}?"
    listed = "、".join(known)
    return f"没有“{key}”这一项:可用 {listed}", f"there is no key '{key}': there are {', '.join(known)}"


def sentences(kind: Any, error: ValidationError) -> Iterator[tuple[Path, str, str, str]]:
    """(path, code, Chinese, English) of each thing that is wrong."""
    entries = error.errors(include_url=False)
    broken = {tuple(entry["loc"])[:n] for entry in entries for n in range(len(entry["loc"]))}
    for entry in entries:
        loc: Path = tuple(entry["loc"])
        if entry["type"] == "too_short" and loc in broken:
            continue  # the list is only short because its items were refused, each with its own sentence
        context = {**entry.get("ctx", {}), "input": entry["input"]}
        what = entry["type"]
        if what == "extra_forbidden":
            zh, en = unknown_key(str(loc[-1]), keys_at(kind, loc[:-1]))
            yield loc, "schema.unknown-key", zh, en
        elif what == "missing":
            yield loc, "schema.missing", f"缺少“{loc[-1]}”:请补上", f"'{loc[-1]}' is missing: add it"
        elif entry["input"] is None:
            yield loc, "schema.empty", f"“{loc[-1]}”没有填写:请填上", f"'{loc[-1]}' is empty: fill it in"
        elif what in ("literal_error", "enum"):
            values = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            near = nearest(str(context["input"]), values)
            hint_zh = f";是不是 {near}?" if near else ""
            hint_en = f"; did you mean {near}?" if near else ""
            yield (
                loc, "schema.value", f"“{context['input']}”不可用:可用 {'、'.join(values)}{hint_zh}",
                f"'{context['input']}' is not known: there are {', '.join(values)}{hint_en}",
            )  # fmt: skip
        elif what == "value_error":
            zh, _, en = str(context["error"]).partition(" / ")
            yield loc, "schema.value", f"“{context['input']}”:{zh}", f"'{context['input']}': {en or zh}"
        elif what in _PLAIN:
            zh, en = _PLAIN[what]
            yield loc, f"schema.{what.replace('_', '-')}", zh.format(**context), en.format(**context)
        else:
            yield loc, f"schema.{what.replace('_', '-')}", f"不合要求:{entry['msg']}", entry["msg"]


def keys_at(kind: Any, path: Path) -> list[str]:
    """The keys that the schema has at a place."""
    for step in path:
        kind = _inside(kind, step)
    kind = _model(kind)
    return [field.alias or name for name, field in kind.model_fields.items()] if kind else []


def _model(kind: Any) -> type[BaseModel] | None:
    from pydantic import BaseModel  # plain data is read without it

    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next(filter(None, map(_model, get_args(kind))), None)


def _inside(kind: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return next((arg for arg in get_args(kind) if _model(arg)), None) if get_origin(kind) else kind
    model = _model(kind)
    if model is None:
        return None
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return None
