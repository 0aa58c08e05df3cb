"""The seam between the provider and a cloud: a Protocol of seven methods, and its error contract.

Every driver passes one suite, `tests/drivers/`. Methods block; the provider calls them from threads, several at
once, so a driver is thread-safe. Every method may raise `DriverError` and nothing else for what the cloud says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from inventory.problems import Problem

Reason = Literal["quota", "conflict", "invalid", "unavailable", "denied", "unsupported", "not-found"]


@dataclass(frozen=True, slots=True)
class Thing:
    """What is wanted, or what is there. (`kind`, `name`) is the idempotency key in an environment."""

    kind: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    """wanted: inputs; there: inputs and the kind's outputs. Values of `Kind.secrets` come in clear and are never
    kept, shown or returned."""
    id: str = ""
    """the cloud's own; "" when wanted"""


class DriverError(Exception):
    """The cloud refused or failed. `reason` decides what the engine does: `unavailable` may be tried again."""

    def __init__(self, reason: Reason, zh: str, en: str, *, where: str = "") -> None:
        self.reason = reason
        self.problem = Problem(f"driver.{reason}", zh, en, where)
        super().__init__(str(self.problem))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.reason, self.problem.zh, self.problem.en, self.problem.where)


def _again(reason: Reason, zh: str, en: str, where: str) -> DriverError:
    return DriverError(reason, zh, en, where=where)


class Driver(Protocol):
    """A cloud."""

    name: str

    def create(self, want: Thing) -> Thing:
        """Make it and return it with id and outputs. The same key again returns what is there, made equal to
        `want`: a creation that was in doubt is found again and never doubled. quota, invalid, conflict,
        unavailable, denied, unsupported."""
        ...

    def read(self, kind: str, id: str) -> Thing | None:
        """What is there now; None where it is gone. unavailable, denied."""
        ...

    def find(self, kind: str, name: str) -> Thing | None:
        """By logical name; None where there is none. unavailable, denied."""
        ...

    def update(self, id: str, want: Thing) -> Thing:
        """Make what is there equal to `want`; id stays. not-found, quota, invalid, unavailable, denied."""
        ...

    def delete(self, kind: str, id: str) -> None:
        """Gone afterwards; already gone is no error. conflict where something still uses it, unavailable, denied."""
        ...

    def list(self) -> Iterator[Thing]:
        """Everything that this environment owns there, in no order. unavailable, denied."""
        ...

    def close(self) -> None:
        """Give back connections and files; things stay."""
        ...


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a driver wants of this machine, and whether it is there. `./lz doctor` lists them."""

    name: str
    """tool, privilege or service: `systemd-nspawn`, `root`"""
    present: bool
    zh: str
    """what it is for, and how to get it"""
    en: str
    package: str | None = None
    """Debian package that brings it"""
