"""Values as the stock CLI reads them from YAML and writes them as text: what a program's `Config` hands out.

A program must see the same text under both engines: `1.50` is "1.5", `0443` is "291", `no` is "no", an object is its
JSON as Go writes it. In: a scalar and whether it stood without quotes. Out: Python's plain values, and their text.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d))"
    r"|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?))?"
)
_ESCAPED = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"})


def typed(text: str, plain: bool) -> Any:
    """A YAML scalar as a bool, number, text or None; times are the text that Go prints for them."""
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    time = _TIME.fullmatch(text)
    if time and (said := _time(time)):
        return said
    bare = text if text[0] == "." else text.replace("_", "")
    number = _integer(bare)
    if number is None and _FLOAT.fullmatch(bare) and math.isfinite(float(bare)):
        number = float(bare)
    return text if number is None else number


def as_text(value: Any) -> str:
    """What the program is given for a value; nested ones are JSON. ValueError for what is no number."""
    return "" if value is None else value if isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """JSON exactly as Go's encoder writes it: keys sorted, no spaces, `<`, `>` and `&` escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{as_json(key)}:{as_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def _integer(text: str) -> int | float | None:
    found = _INTEGER.fullmatch(text)
    if not found:
        return None
    sign, hexadecimal, binary, octal, decimal = found.groups()
    number = next(int(d, b) for d, b in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)) if d)
    number = -number if sign == "-" else number
    if -(2**63) <= number < 2**63 or (not sign and number < 2**64):
        return number
    return float(number) if decimal else None


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("JSON has no such number")
    if value.is_integer() and abs(value) < 1e21:
        return "-0" if str(value) == "-0.0" else str(int(value)) if abs(value) < 2**53 else _plain(value)
    if abs(value) < 1e-6 or abs(value) >= 1e21:
        digits, _, exponent = repr(value).partition("e")
        return f"{digits.removesuffix('.0')}e{int(exponent):+d}"
    return _plain(value)


def _plain(value: float) -> str:
    """The shortest digits that mean the number, without an exponent."""
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    whole, _, part = digits.partition(".")
    part = "" if part == "0" else part
    power = int(exponent)
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{whole}{part}"
    return f"{sign}{whole}{part.ljust(power, '0')}"


def _time(found: re.Match[str]) -> str | None:
    year, month, day, h, m, s, fraction, zone, *spaced = found.groups()
    if spaced[0]:
        h, m, s, fraction = spaced
    digits = (fraction or "").rstrip("0").removesuffix(".")
    offset = timedelta()
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(h or 0),
            int(m or 0),
            int(s or 0),
            tzinfo=timezone(offset) if zone else UTC,
        )
    except ValueError:
        return None
    shown = f"{moment:%z}"
    return f"{moment.year:04}{moment:-%m-%d %H:%M:%S}{digits} {shown} {'UTC' if not offset else shown}"
