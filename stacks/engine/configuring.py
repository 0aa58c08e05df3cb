"""A stack's configuration as its program sees it: the project's declarations, the stack's values, overrides.

Pure. In: plain data of `Pulumi.yaml` and `Pulumi.<stack>.yaml`, typed as the stock CLI types it (scalars.py). Out: text
for every key, and which keys are secret. Everything that is wrong is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.problems import Problem, nearest, refuse
from stacks.engine.scalars import as_text

TYPES = ("string", "integer", "boolean", "array", "object")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Declared:
    """What Pulumi.yaml says of one key. `type` is "" where it says none; `value` None where it gives none."""

    key: str
    short: str
    """as it is written there"""
    type: str = ""
    items: Any = None
    value: Any = None
    secret: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the stack: secrets opened. `content` is as in the file, `text` what the program gets."""

    text: str
    content: Any
    hidden: tuple[str, ...] = ()
    """the secret texts inside; the whole value is secret then"""


def full_key(key: str, project: str) -> str | None:
    """`region` → `project:region`, `ns:config:name` → `ns:name`; None where it is no key."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project}:{key}"
    if len(parts) == 3 and parts[1] == "config":
        del parts[1]
    return ":".join(parts) if len(parts) == 2 else None


def override(text: str, project: str) -> tuple[str, str]:
    """`key=value` of a command line. Refused where it is none."""
    short, equals, value = text.partition("=")
    key = full_key(short.strip(), project)
    if not equals or not short.strip() or key is None:
        raise refuse(
            "config.override",
            f"“{text}”不是 键=值:请写成 区域=北区 或 命名空间:键=值 的形式",
            f"'{text}' is not key=value: write it as key=value or namespace:key=value",
        )
    return key, value


def value(raw: Any, opened: Callable[[str], str]) -> Value:
    """A value of the stack's file; `opened` decrypts what stands under `secure`. ValueError for what is no number."""
    hidden: list[str] = []

    def clear(part: Any) -> Any:
        if isinstance(part, dict):
            if part.keys() == {"secure"} and isinstance(part["secure"], str):
                hidden.append(opened(part["secure"]))
                return hidden[-1]
            return {key: clear(item) for key, item in part.items()}
        return [clear(item) for item in part] if isinstance(part, list) else part

    content = clear(raw)
    return Value(as_text(content), content, tuple(hidden))


def declarations(project: str, raw: Any, file: str) -> tuple[list[Declared], list[Problem]]:
    """What `config:` of Pulumi.yaml declares, and what is wrong with it."""
    found: list[Declared] = []
    problems: list[Problem] = []
    for short, given in (raw if isinstance(raw, dict) else {}).items():
        key = full_key(short, project)
        if key is None or re.search(r"[.\[\]]", short):
            problems.append(
                Problem(
                    "config.key",
                    f"“{short}”不是配置键:请写成 键 或 命名空间:键,嵌套的值写成整个对象",
                    f"'{short}' is no configuration key: write key or namespace:key, and nested values as a whole object",
                    f"config.{short}",
                    file,
                )
            )
            continue
        own = key.partition(":")[0] == project
        entry = given if isinstance(given, dict) else {"default" if own else "value": given}
        declared = Declared(
            key,
            short,
            str(entry.get("type") or ""),
            entry.get("items"),
            entry["value"] if entry.get("default") is None and "value" in entry else entry.get("default"),
            bool(entry.get("secret")),
            own and entry.get("default") is None and entry.get("value") is None,
        )
        found.append(declared)
        problems += [
            Problem("config.declaration", zh, en, f"config.{short}", file) for zh, en in _faults(declared, entry, own)
        ]
    return found, problems


def _faults(declared: Declared, entry: Mapping[str, Any], own: bool) -> Iterator[tuple[str, str]]:
    kind = declared.type
    if entry.get("default") is not None and entry.get("value") is not None:
        yield "default 与 value 只能写一个", "default and value exclude one another: keep one"
    if not own and (kind or entry.get("default") is not None):
        yield (
            "属于别的命名空间:只能写 value,不能写 type 或 default",
            "it belongs to another namespace: give it a value, no type and no default",
        )
    elif not own and entry.get("value") is None:
        yield "属于别的命名空间:请写 value", "it belongs to another namespace: give it a value"
    if kind and kind not in TYPES:
        close = nearest(kind, TYPES)
        yield (
            f"没有类型 {kind}{f'(是否指 {close}?)' if close else ''}:可用 {'、'.join(TYPES)}",
            f"there is no type {kind}{f' (did you mean {close}?)' if close else ''}: use one of {', '.join(TYPES)}",
        )
    elif kind == "array" and not isinstance(declared.items, dict):
        yield "数组须用 items 写明元素类型", "an array says with `items` what its elements are"
    elif kind and declared.value is not None and not fits(kind, declared.items, declared.value):
        yield f"默认值不是 {spelled(kind, declared.items)}", f"the default is no {spelled(kind, declared.items)}"


def missing(declared: Declared, stack: str, file: str) -> Problem:
    """A key that the project requires and the stack does not have."""
    return Problem(
        "config.missing",
        f"栈 {stack} 缺少项目要求的配置:请在该文件的 config 中写明 {declared.key}",
        f"the stack {stack} lacks a value that the project requires: set {declared.key} under `config` of this file",
        declared.short,
        file,
    )


def unfit(declared: Declared, found: Value, file: str) -> Problem | None:
    """What is wrong with a value of a declared key; never shows the value."""
    if declared.secret and not found.hidden:
        return Problem(
            "config.secret",
            "项目要求该值加密:请用 pulumi config set --secret 或 ./lz 写成 secure:",
            "the project wants this value encrypted: write it under `secure:` (pulumi config set --secret does)",
            declared.short,
            file,
        )
    content = found.content if isinstance(found.content, dict | list) else found.text
    if declared.type and not fits(declared.type, declared.items, content):
        kind = spelled(declared.type, declared.items)
        return Problem("config.type", f"应为 {kind}", f"this must be {kind}", declared.short, file)
    return None


def fits(kind: str, items: Any, content: Any) -> bool:
    """Whether a value is of a declared type; texts that read as integers and booleans are."""
    if kind == "string":
        return isinstance(content, str)
    if kind == "integer":
        whole = isinstance(content, int | float) and not isinstance(content, bool) and content == int(content)
        return whole or (isinstance(content, str) and bool(_INTEGER.fullmatch(content)))
    if kind == "boolean":
        return isinstance(content, bool) or content in ("true", "false")
    if kind == "object":
        return isinstance(content, dict)
    if not isinstance(content, list) or not isinstance(items, dict):
        return False
    return all(fits(str(items.get("type") or ""), items.get("items"), item) for item in content)


def spelled(kind: str, items: Any) -> str:
    """`array<string>`"""
    return f"array<{spelled(str(items.get('type') or ''), items.get('items'))}>" if isinstance(items, dict) else kind
