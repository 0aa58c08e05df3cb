"""What is recorded, and what is not: fields that say nothing, devices that stand before something. Pure.

A `Reply` is what one of several possible ways to meet a requirement says: it does, it does not, or why that cannot be
told. `settled_by` makes findings of them, for `shape.concluded`: one that does is enough, and nothing is wrong as long
as one cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.references import Pointers, level_of, pointing, word
from policies.checks.shape import Words, missing
from policies.checks.told import lacking

Reply = bool | Words
Findings = tuple[list[Words], list[Words]]
"""what is wrong, and what is not known"""

MOST = 1e300
"""beyond it there are no figures: what a state cannot hold, or infinity"""
HIGHEST = 4
"""等保 level that the city's own things are held to"""


def listing(value: Any) -> tuple[str, ...]:
    """A list property as words; a single value is a list of one."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def untold(resource: Resource, *fields: str) -> list[Words]:
    """Fields from which nothing can be concluded (`told.lacking`), said in an answer about another resource."""
    what = f"{resource.kind}/{resource.name}"
    found = [words for field in fields if (words := lacking(resource, field))]
    return [(f"{what}: {zh}", f"{what}: {en}") for zh, en in found]


def yes(value: Any) -> bool:
    """It is on."""
    return value is True


def reply(resource: Resource, key: str, good: Callable[[Any], bool] = yes) -> Reply:
    """What one field says."""
    gone = untold(resource, key)
    return gone[0] if gone else good(resource.get(key))


def one_of(replies: Iterable[Reply]) -> Reply:
    """Does one of them say yes; else the first that cannot be told; else no."""
    found = set(replies)
    return True in found or min((one for one in found if isinstance(one, tuple)), default=False)


def settled_by(replies: Iterable[Reply], wrong: Words) -> Findings:
    """Nothing, where one of the replies is yes; else what cannot be told; else what is wrong."""
    found = list(replies)
    if any(one is True for one in found):
        return [], []
    open_ = sorted({one for one in found if isinstance(one, tuple)})
    return ([] if open_ else [wrong]), open_


def jointly(replies: Iterable[Reply]) -> Reply:
    """Do all of them say yes, and is there any; one that says no decides."""
    found = list(replies)
    if not found or any(one is False for one in found):
        return False
    return min((one for one in found if isinstance(one, tuple)), default=True)


def graded(estate: Estate, resource: Resource) -> float | None:
    """等保 level; what has none is the city's own and is held to the highest; None where it cannot be told."""
    level = level_of(estate, resource)
    if level is None:
        return HIGHEST
    return level if isinstance(level, int | float) else None


def comparable(value: Any) -> Any:
    """A value that can be looked up; a number may have come back from the wire as 3.0."""
    return value if isinstance(value, int | float) else str(value)


def number(value: Any) -> float:
    """A figure; nothing, where it is none."""
    return float(value) if isinstance(value, int | float) and -MOST < value < MOST else 0.0


def absent(resource: Resource, reference: Any) -> Words:
    """Why nothing can be concluded of a `<kind>/<name>` word that leads nowhere."""
    kind, _, name = str(reference).partition("/")
    return missing(resource, kind, name)


def means(one: Resource | None) -> list[str]:
    """Words by which a device may name a thing: itself, its kind, its zone."""
    return [word(one), f"{one.kind}/*", f"zone/{one.get('zone')}"] if one else []


def silent(estate: Estate, key: str, *kinds: str) -> list[Words]:
    """One sentence, where some resource of these kinds does not say in a field what it is about."""
    mute = [one for one in estate.kind(*kinds) if untold(one, key)]
    if not mute:
        return []
    first = min(map(word, mute))
    return [
        (f"{first} 等 {len(mute)} 项没有说明 {key}", f"{len(mute)} ({first} and others) do not say their {key}"),
    ]


def _there(device: Resource) -> Reply:
    return True


class Said:
    """What all that name a thing in one field say of it, as one reply a word: a word is asked about once, so many devices
    before many things cost no more than both together."""

    __slots__ = ("_at", "_fold", "_known", "_says", "silent")

    def __init__(
        self, estate: Estate, key: str, *kinds: str, says: Callable[[Resource], Reply] = _there,
        fold: Callable[[Iterable[Reply]], Reply] = one_of,
    ) -> None:  # fmt: skip
        self._at: Pointers = pointing(estate, key, *kinds)
        self._known: dict[str, Reply] = {}
        self._says, self._fold = says, fold
        self.silent: list[Words] = silent(estate, key, *kinds)
        """why others may name the thing too"""

    def replies(self, words: Iterable[str]) -> list[Reply]:
        """Of those that name one of these words, and of those that do not say what they name."""
        return [*map(self.of, words), *self.silent]

    def of(self, word: str) -> Reply:
        """Of those that name this word."""
        if word not in self._known:
            self._known[word] = self._fold(map(self._says, self._at.at(word)))
        return self._known[word]
