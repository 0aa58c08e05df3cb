"""What a remedy may change at all, and in which direction: never so that anybody gets further than before. Pure.

A closed table: field → whether going from one value to another closes, or protects, more. What is not in the table is
never changed by a machine: addresses, prefixes, ports, peers, rules, members, exposure, grants, names, dates. A value
that is hidden or not known yet is never replaced. That what is in the table cannot widen what the rendered
configuration lets through is proved by tests over reachability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from policies.checks.mends import empty
from policies.checks.shape import settled

Closes = Callable[[Any, Any], bool]
"""(before, after) → no wider than before"""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _on(before: Any, after: Any) -> bool:
    return after is True


def _off(before: Any, after: Any) -> bool:
    return after is False


def _more(before: Any, after: Any) -> bool:
    return _number(after) and (before is None or (_number(before) and after >= before))


def _sooner(before: Any, after: Any) -> bool:
    """Zero means never, or without limit: any limit is less."""
    return _number(after) and after > 0 and (before is None or (_number(before) and (before <= 0 or after <= before)))


def _fewer(before: Any, after: Any) -> bool:
    both = isinstance(before, list | tuple) and isinstance(after, list | tuple)
    return both and set(map(str, after)) <= set(map(str, before))


def _first(before: Any, after: Any) -> bool:
    """Something where nothing was said."""
    return empty(before) and not empty(after)


def _only(word: str) -> Closes:
    return lambda before, after: after == word


CLOSES: dict[str, Closes] = {
    field: closes
    for closes, fields in (
        (_on, ("tls", "tls_only", "versioning", "checksums", "secure_erase", "covers_copies", "deletion_protection", "audit",
               "waf", "ips", "anti_ddos", "default_deny", "signature_checked", "freshness")),
        (_off, ("public", "anonymous", "local_users", "internet_route")),
        (_more, ("min_length", "min_classes", "history", "lockout_minutes", "retention_days", "expire_days",
                 "deletion_window_days", "renew_before_days", "replicas")),
        (_sooner, ("max_age_days", "lockout_tries", "idle_minutes", "concurrent_sessions", "session_hours",
                   "reevaluate_minutes", "rotation_days", "interval_hours", "restore_test_days", "valid_days")),
        (_fewer, ("shared_with", "protocols")),
        (_first, ("encryption_key", "bureau", "level", "data_class")),
        (_only("deny"), ("default",)),
        (_only("enforce"), ("signatures",)),
        (_only("strong"), ("consistency",)),
    )
    for field in fields
}  # fmt: skip


def closes(field: str, before: Any, after: Any) -> bool:
    """May a remedy set the field so."""
    known = field in CLOSES and settled(before) and settled(after)
    return known and CLOSES[field](before, after)


def stricter(field: str, one: Any, two: Any) -> Any:
    """Of two values that two checks ask for, the one that contents both; the first, where neither does."""
    return two if closes(field, one, two) else one


def opening(changes: Iterable[tuple[str, Any, Any]]) -> tuple[str, ...]:
    """Fields of (field, before, after) that may not be changed so."""
    return tuple(field for field, before, after in changes if not closes(field, before, after))
