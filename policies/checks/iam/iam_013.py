"""IAM-013: no secret stands in clear in what is planned or deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds
from policies.checks.shape import PLAIN, Check, Looked, Params, concluded, not_applicable, unknown

CHECK = Check(
    id="IAM-013",
    title_zh="配置中没有明文凭据",
    title_en="No secret in clear",
    clauses=("GB/T 22239-2019 8.1.4.8 b)", "GB/T 39786-2021 8.4 存储机密性"),
    severity="high",
    severity_basis="project",
    scope="resource",
    kinds=("*",),
    fix_zh="用 sec.secret 资源或 pulumi.Config 的机密值传入,不要写明文;已经写过的凭据视为泄露,须更换",
    fix_en="pass it from a sec.secret or a secret of pulumi.Config, never in clear; what once stood in clear is "
    "disclosed and must be replaced",
)
_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_ASSIGNED = re.compile(
    r"(?:^|[\s;&\"'(-])(?:[A-Za-z][\w-]{0,60}[_-])?(?:passw(?:or)?d|secret|secret[_-]?key|access[_-]?key|api[_-]?key|token)"
    r"(?:=|:[ \t]{1,8})[\"']?[^\s\"'\\;$<%{*/][^\s\"'\\;]{5}",
    re.IGNORECASE,
)
"""a setting in a script or a start-up text; what is taken from a variable, a place-holder or a file is none"""
_NAMED = re.compile(
    r"(?:\w*_)?(?:passw(?:or)?d|admin_pass|secret_key|secret_access_key|access_key_secret|private_key|auth_token)",
    re.IGNORECASE,
)
"""an attribute of what was written for another cloud"""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off"})
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^/\s:@]+:[^/\s:@]+@", re.IGNORECASE)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a resource that has secrets, or that holds what looks like one. The value itself is never said."""
    del params
    table = kinds()
    for one in estate:
        kind = table.get(one.kind)
        fields = kind.secrets | kind.secret_outputs if kind else frozenset()
        given = [key for key in sorted(fields) if one.get(key) not in (None, "")]
        clear = [key for key in given if one[key] not in (SECRET, UNKNOWN)]
        if _any_suspect(one.properties.values()):
            clear += [path for path in _leaks(one) if path not in clear]
        if clear:
            words = ", ".join(clear)
            yield concluded(one, [(f"{words} 是明文凭据", f"{words} holds a secret in clear")])
        elif waiting := [key for key in given if one[key] == UNKNOWN]:
            words = ", ".join(waiting)
            yield unknown(one, f"{words} 要到变更时才确定", f"{words}: known only during the update")
        elif given:
            yield concluded(one, ())
        elif fields:
            yield not_applicable(one, "没有设置凭据", "no secret is set")


def _any_suspect(values: Iterable[Any]) -> bool:
    """Is there anything in them to be looked at closely: most values need no path."""
    for value in values:
        if isinstance(value, str):
            if _suspect(value):
                return True
        elif isinstance(value, list | tuple):
            if _any_suspect(value):
                return True
        elif (
            type(value) not in PLAIN
            and isinstance(value, Mapping)
            and (any(_named(key, item) for key, item in value.items()) or _any_suspect(value.values()))
        ):
            return True
    return False


def _suspect(value: str) -> bool:
    if "://" in value or "PRIVATE KEY" in value:
        return True
    return ("=" in value or ":" in value) and _telling(value)


def _telling(value: str) -> bool:
    """Has it any of the words that an assignment of a secret has; addresses are full of colons."""
    low = value.casefold()  # as the patterns, which ignore case
    return "passw" in low or "secret" in low or "key" in low or "token" in low


def _leaks(one: Resource) -> Iterator[str]:
    stack: list[tuple[str, Any]] = list(one.properties.items())
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            if _suspect(value) and (_KEY.search(value) or _LOGIN.search(value) or _ASSIGNED.search(value)):
                yield path
        elif isinstance(value, Mapping):
            yield from (f"{path}.{key}" for key, item in value.items() if _named(key, item))
            stack += [(f"{path}.{key}", item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(f"{path}[{index}]", item) for index, item in enumerate(value)]


def _named(key: Any, value: Any) -> bool:
    """Is it a secret by its name, in clear: no mark, no expression, no switch."""
    return (
        isinstance(key, str)
        and isinstance(value, str)
        and value not in ("", SECRET, UNKNOWN)
        and "${" not in value
        and value.lower() not in _WORDS
        and _NAMED.fullmatch(key) is not None
        and "encrypted" not in key.lower()
    )
