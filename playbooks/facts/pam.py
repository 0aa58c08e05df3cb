"""Rules for local accounts: length and classes of passwords, age, history, lock-out, idle shells. Pure: an answer → fields
of `host.pam`. Where login and remote login have stacks of their own, the weaker one counts.

A rule that nobody enforces is 0 (or, as login.defs has it, -1 days); one that could not be read is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from playbooks.facts.answer import Answer
from playbooks.facts.stack import Module, Unread, modules
from playbooks.facts.systems import System

YEAR = 365 * 24 * 60
"""minutes; stands for a lock that only an administrator opens"""
_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")
_QUALITY = {
    "pam_pwquality": {"minlen": 8, "minclass": 0, "enforcing": 1, **dict.fromkeys(_CREDITS, 0)},
    "pam_cracklib": {"minlen": 9, "minclass": 0, "enforcing": 1, **dict.fromkeys(_CREDITS, 1)},
}
"""defaults, as the modules' manual pages have them"""
_SHORTEST = 6
"""to which credits of pwquality and cracklib may bring the length down"""
_NO_QUALITY = frozenset(
    ("pam_cap", "pam_deny", "pam_env", "pam_faillock", "pam_gnome_keyring", "pam_krb5", "pam_ldap", "pam_permit",
     "pam_pwhistory", "pam_sss", "pam_systemd_home", "pam_unix", "pam_winbind")
)  # fmt: skip
"""have no say in what a password looks like; any other module may"""


def pam(answer: Answer, system: System | None) -> dict[str, Any]:
    """Every field that can be told."""
    fields = {"max_age_days": _age(answer), "idle_minutes": _idle(answer)}
    if system:
        fields |= _weakest(answer, system.password, "password", _passwords)
        fields |= _weakest(answer, system.auth, "auth", _lockout)
    return {key: value for key, value in fields.items() if value is not None}


def _weakest(
    answer: Answer,
    paths: tuple[str, ...],
    kind: str,
    look: Callable[[Answer, tuple[Module, ...]], dict[str, int | None]],
) -> dict[str, int | None]:
    """What is true of every one of the stacks."""
    try:
        told = [look(answer, modules(answer, path, kind)) for path in paths]
    except (Unread, ValueError):
        return {}
    return {key: _worst(key, [one[key] for one in told]) for key in told[0]}


def _worst(key: str, values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    # none at all is weaker than many tries
    return min(known) if key != "lockout_tries" or 0 in known else max(known)


def _passwords(answer: Answer, stack: tuple[Module, ...]) -> dict[str, int | None]:
    return {**_quality(answer, stack), "history": _history(answer, stack)}


def _quality(answer: Answer, stack: tuple[Module, ...]) -> dict[str, int | None]:
    unix = max((int(one.values().get("minlen", 0)) for one in stack if one.name == "pam_unix"), default=0)
    module = next((one for one in stack if one.name in _QUALITY), None)
    if any(one.name not in _NO_QUALITY and one.name not in _QUALITY for one in stack):
        return {"min_length": None, "min_classes": None}
    if module is None:
        return {"min_length": unix, "min_classes": 0}
    conf = _settings(answer, "/etc/security/pwquality.conf", "/etc/security/pwquality.conf.d/*.conf")
    if conf is None:
        return {"min_length": None, "min_classes": None}
    given = conf if module.name == "pam_pwquality" else {}
    numbers = {
        key: int(module.values().get(key, given.get(key, default))) for key, default in _QUALITY[module.name].items()
    }
    if not numbers["enforcing"]:
        return {"min_length": unix, "min_classes": 0}
    credits_ = [numbers[key] for key in _CREDITS]
    shortest = max(_SHORTEST, numbers["minlen"] - sum(one for one in credits_ if one > 0))
    return {
        "min_length": max(unix, shortest),
        "min_classes": max(numbers["minclass"], sum(one < 0 for one in credits_)),
    }


def _history(answer: Answer, stack: tuple[Module, ...]) -> int | None:
    most = 0
    for one in stack:
        if one.name == "pam_unix":
            most = max(most, int(one.values().get("remember", 0)))
        elif one.name == "pam_pwhistory":
            conf = _settings(answer, "/etc/security/pwhistory.conf")
            if conf is None:
                return None
            most = max(most, int(one.values().get("remember", conf.get("remember", 10))))
    return most


def _lockout(answer: Answer, stack: tuple[Module, ...]) -> dict[str, int | None]:
    for one in stack:
        if one.name == "pam_faillock" and "authfail" in one.arguments:  # it alone counts failures
            conf = _settings(answer, "/etc/security/faillock.conf")
            if conf is None:
                return {"lockout_tries": None, "lockout_minutes": None}
            given = {"deny": "3", "unlock_time": "600", **conf, **one.values()}
            return {"lockout_tries": int(given["deny"]), "lockout_minutes": _minutes(given["unlock_time"])}
        if one.name == "pam_tally2":
            given = {"deny": "0", "unlock_time": "0", **one.values()}
            return {"lockout_tries": int(given["deny"]), "lockout_minutes": _minutes(given["unlock_time"])}
    return {"lockout_tries": 0, "lockout_minutes": 0}


def _minutes(seconds: str) -> int:
    """Whole minutes that a lock surely lasts."""
    return YEAR if seconds in ("never", "0") else int(seconds) // 60


def _age(answer: Answer) -> int | None:
    text = answer.text("/etc/login.defs")
    words = re.findall(r"^\s*PASS_MAX_DAYS\s+(\S+)", text, re.MULTILINE) if text is not None else []
    if text is None or (words and not re.fullmatch(r"-?\d{1,9}", words[-1])):
        return None
    return int(words[-1]) if words else -1


def _idle(answer: Answer) -> int | None:
    """Minutes after which an idle shell ends: the longest of what the shells' files say, none where one says never."""
    texts = answer.texts("/etc/profile", "/etc/profile.d/*.sh", "/etc/bashrc", "/etc/bash.bashrc")
    if texts is None:
        return None
    words = [word.strip("\"'") for text in texts for word in re.findall(r"TMOUT=(\S*?);?(?=\s|$)", text)]
    if not all(re.fullmatch(r"\d{1,9}", word) for word in words):
        return None
    seconds = [int(word) for word in words]
    return ceil(max(seconds) / 60) if seconds and 0 not in seconds else 0


def _settings(answer: Answer, *patterns: str) -> Mapping[str, str] | None:
    """`key = value` of the files, the later ones over the earlier; None where one could not be read."""
    texts = answer.texts(*patterns)
    if texts is None:
        return None
    rows = (line.partition("=") for text in texts for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in rows}
