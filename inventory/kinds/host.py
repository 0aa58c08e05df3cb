"""Facts of hosts, as Ansible gathers them. `host` is the name of the `compute.host`."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Packages(Recorded):
    """What is installed."""

    host: str | None = None
    role: str | None = None
    names: tuple[str, ...] | None = None


class Sockets(Recorded):
    """What listens: `<protocol>/<address>/<port>/<program>`."""

    host: str | None = None
    role: str | None = None
    listens: tuple[str, ...] | None = None


class Sshd(Recorded):
    """Effective settings of the SSH server, by its own option names in lower case."""

    host: str | None = None
    settings: dict[str, str] | None = None


class Pam(Recorded):
    """Password quality, age, history and lock-out of local accounts."""

    host: str | None = None
    min_length: int | None = None
    min_classes: int | None = None
    max_age_days: int | None = None
    history: int | None = None
    lockout_tries: int | None = None
    lockout_minutes: int | None = None
    idle_minutes: int | None = None


class Auditd(Recorded):
    """The kernel's audit."""

    host: str | None = None
    running: bool | None = None
    immutable: bool | None = None
    """`-e 2`: rules change only with a restart"""


class Filter(Recorded):
    """The packet filter that the platform loads, as `<algorithm>:<hex>` over its rules without their counters."""

    host: str | None = None
    loaded: str | None = None
    """what is in the kernel's memory"""
    wanted: str | None = None
    """the same when it was loaded last"""


class Integrity(Recorded):
    """Files whose change is noticed."""

    host: str | None = None
    tool: str | None = None
    """aide, ima"""
    algorithm: str | None = None
    paths: tuple[str, ...] | None = None
    """with `!` before one that is left out"""


class Repositories(Recorded):
    """Where packages come from, and whether signatures are checked."""

    host: str | None = None
    signed: bool | None = None
    sources: tuple[str, ...] | None = None


class Boot(Recorded):
    """Measured start."""

    host: str | None = None
    module: str | None = None
    """tpm, tcm, none"""
    secure_boot: bool | None = None
    attestation: str | None = None
