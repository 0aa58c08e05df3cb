"""What a check is, and what it may answer.

A check is a module with a frozen `CHECK` and a pure function `judge(estate, params)` that yields one `Looked` for each
resource it looked at. It never prints, never blocks anything and never sees a clock: `policies.judge` decides what
an answer means. The helpers below keep the answers alike: what is only known after the update, or is hidden as a
secret, is `unknown`; a name that leads nowhere in the estate is `unknown` too (it may stand in a stack that is not
here), so that nothing passes because nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from inventory.estate import SECRET, UNKNOWN, Estate, Resource

Severity = Literal["high", "medium", "low"]
Scope = Literal["resource", "stack", "estate"]
Words = tuple[str, str]
"""a sentence in Chinese and in English"""
Value = int | str | tuple[str, ...] | tuple[int, ...]
Params = Mapping[str, Any]

ORDER = {"general": 0, "important": 1, "core": 2}
"""data classes from low to high (GB/T 43697-2024)"""


class Answer(StrEnum):
    """All that can be said of a resource."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    ERROR = "error"
    """the check itself broke"""
    WAIVED = "waived"
    """failed, and a waiver in force covers it"""


@dataclass(frozen=True, slots=True)
class Param:
    """A number, word or list of a check that a profile may set; its type is the type of the default."""

    default: Value
    zh: str
    en: str
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """What is known of a check without running it."""

    id: str
    title_zh: str
    title_en: str
    clauses: tuple[str, ...]
    """`<standard> <number>`, each of them in the catalogue"""
    severity: Severity
    severity_basis: str
    """key of an item in catalogue/high-risk.yaml, or `project` where the severity is ours"""
    scope: Scope
    kinds: tuple[str, ...]
    fix_zh: str
    fix_en: str
    assurance: Literal["full", "partial", "evidence"] = "full"
    """how much of the clause it settles"""
    params: Mapping[str, Param] = field(default_factory=dict)
    seconds: float = 120
    """how long it may run: far more than it needs; what runs over it has concluded nothing"""
    dated: bool = False
    """it wants to know the day: `params["today"]`, a date"""


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer about one resource; `resource` is None where the answer is about the estate as a whole."""

    answer: Answer
    resource: Resource | None
    zh: str = ""
    en: str = ""


Judge = Callable[[Estate, Params], Iterator[Looked]]


@dataclass(frozen=True, slots=True)
class Mend:
    """A resource and those of its properties that ought to be otherwise."""

    resource: Resource
    changes: Mapping[str, Any]


Mends = tuple[Mend, ...]
Remedy = Callable[[Estate, Resource, Params], Mends | None]
"""what would make an answer `fail` about a resource a `pass`; None where nobody can say what is right (`checks.mends`)"""


def passed(resource: Resource | None) -> Looked:
    """All is well with it."""
    return Looked(Answer.PASS, resource)


def failed(resource: Resource | None, zh: str, en: str) -> Looked:
    """It is not as it must be; the sentences say what is wrong, `Check.fix_*` what to do."""
    return Looked(Answer.FAIL, resource, zh, en)


def not_applicable(resource: Resource | None, zh: str, en: str) -> Looked:
    """The requirement does not concern it; the sentences say why."""
    return Looked(Answer.NOT_APPLICABLE, resource, zh, en)


def unknown(resource: Resource | None, zh: str, en: str) -> Looked:
    """Nothing may be concluded yet; the sentences say what is missing."""
    return Looked(Answer.UNKNOWN, resource, zh, en)


PLAIN = frozenset((bool, int, float, type(None)))
"""types of values that hold nothing else and hide nothing"""
_HIDDEN = frozenset((str(UNKNOWN), str(SECRET)))


def settled(value: Any) -> bool:
    """False where the value, or a part of it, is not known yet or is hidden."""
    if type(value) in PLAIN:
        return True
    if isinstance(value, str):
        return value not in _HIDDEN
    if isinstance(value, list | tuple):  # before mappings: asking for these is dear where the answer is no
        return all(map(settled, value))
    return not isinstance(value, Mapping) or all(map(settled, value.values()))


def unsure(resource: Resource, *fields: str) -> Looked | None:
    """`unknown` where one of the fields cannot be read; None where the check may go on."""
    got = resource.properties.get
    hidden = [key for key in fields if not settled(got(key))]
    if not hidden:
        return None
    words = ", ".join(hidden)
    return unknown(
        resource, f"{words} 要到变更时才确定,或是机密,现在不能判断", f"{words}: known only during the update, or secret"
    )


def missing(resource: Resource, kind: str, name: Any) -> Words:
    """Why nothing can be concluded of a reference that leads nowhere."""
    return (
        f"它引用的 {kind} “{name}” 不在被检查的范围内",
        f"it refers to {kind} '{name}', which is not in what was judged",
    )


def below(resource: Resource, least: int) -> Looked | None:
    """`not-applicable` for what serves systems under a level (所在系统低于该等级); None where the check applies.
    What has no level is the city's own and is held to the highest."""
    level = resource.get("level")
    if level is None:
        return None
    if not settled(level):
        return unsure(resource, "level")
    if not isinstance(level, int | float):
        return unknown(resource, f"等级“{level}”不是数字", f"level '{level}' is no number")
    if level >= least:
        return None
    return not_applicable(
        resource, f"第 {level:g} 级系统不适用(第 {least} 级起要求)", f"level {level:g}: asked for from level {least} on"
    )


def concluded(resource: Resource | None, wrong: Iterable[Words], open_: Iterable[Words] = ()) -> Looked:
    """One answer out of several findings about one resource: what is wrong weighs more than what is not known."""
    for answer, words in ((Answer.FAIL, list(wrong)), (Answer.UNKNOWN, list(open_))):
        if words:
            return Looked(answer, resource, "；".join(zh for zh, _ in words), "; ".join(en for _, en in words))
    return passed(resource)


def texts(value: Any) -> tuple[str, ...]:
    """A list property as a tuple; nothing, where it is not set; what is no list is a list of one."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) if value else ()


def listed(words: Iterable[Any], most: int = 5) -> str:
    """Names for a sentence, sorted, the rest counted."""
    names = sorted(map(str, words))
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" … +{rest}" if rest > 0 else "")
