"""Which system a host runs, and so which of its files count. In: `systems.yaml` and /etc/os-release. Pure after reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from inventory import wording
from inventory.documents import load
from inventory.problems import Problem, Refused

FILE = Path(__file__).with_name("systems.yaml")


class System(BaseModel):
    """One profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    match: dict[str, str]
    """field of /etc/os-release → pattern of its whole value"""
    seen: Literal["real", "derived"]
    packages: Literal["dpkg", "rpm"]
    auth: tuple[str, ...]
    """PAM files through which people log in; the weakest counts"""
    password: tuple[str, ...]
    """PAM files through which they change their password"""
    aide: str
    """its configuration"""


@cache
def systems() -> Mapping[str, System]:
    """Every profile by its name, in order. Refused with every fault of the file."""
    doc = load(FILE)
    made: dict[str, System] = {}
    problems: list[Problem] = []
    for name, row in doc.data.items():
        try:
            made[name] = System.model_validate(row)
        except ValidationError as error:
            for path, code, zh, en in wording.sentences(System, error):
                problems.append(doc.problem((name, *path), f"systems.{code}", zh, en))
    if problems:
        raise Refused(problems)
    return made


def system(os_release: str) -> System | None:
    """The first profile that fits; None for a system that nobody described: of it little is read, and nothing guessed."""
    fields = release(os_release)
    for one in systems().values():
        if all(re.fullmatch(pattern, fields.get(key, "")) for key, pattern in one.match.items()):
            return one
    return None


def release(text: str) -> dict[str, str]:
    """os-release(5) as fields; quotes go."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs if key.strip()}
