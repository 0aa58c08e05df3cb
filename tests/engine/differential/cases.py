"""What is done with a program: `case.yaml` beside it, a list of steps."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from inventory import documents

PROGRAMS = Path(__file__).parent.parent / "programs"
SHARED = ("provider", "sdk")
"""folders of the programs' folder that are no programs"""


def _typed(value: Any) -> Any:
    """Scalars as JSON has them: the reader leaves every one a text."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


Json = Annotated[Any, BeforeValidator(_typed)]


class Taken(BaseModel):
    """A resource that exists and is imported. `parent` and `provider` are URNs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    name: str
    id: str
    parent: str = ""
    provider: str = ""
    protect: bool = True


class Step(BaseModel):
    """One run of an engine; options are called as the flags of the stock CLI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: Literal["preview", "up", "refresh", "destroy", "import"]
    step: int | None = None
    """the mutation of the program that runs; the one of the step before where it is not given"""
    expect: Literal["succeeded", "failed"] = "succeeded"
    stack: str = "one"
    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    excludes: tuple[str, ...] = ()
    exclude_dependents: bool = False
    replace: tuple[str, ...] = ()
    continue_on_error: bool = False
    refresh: bool = False
    resource: Taken | None = None
    """of an import"""
    run_program: bool = False
    faults: dict[str, str] = {}
    """what the cloud lets fail in this step: `create a` → reason"""
    drift: Json = {}
    """what somebody changes in the cloud before this step: id → properties that change (`$writes`: an output), or null for
    its removal"""
    files: dict[str, str] = {}
    """files of the program written before this step"""
    config: dict[str, Any] | None = None
    """the stack's configuration from this step on; `{secret: text}` is sealed"""


class Case(BaseModel):
    """A program and what is done with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    steps: tuple[Step, ...]


@cache
def case(name: str) -> Case:
    """The case of a program. Refused where its file is not one, with every error."""
    read = documents.validated(Case, documents.load(PROGRAMS / name / "case.yaml"))
    steps, number = [], 1
    for step in read.steps:
        number = step.step or number
        steps.append(step.model_copy(update={"step": number}))
    return Case(about=read.about, steps=tuple(steps))


def names() -> list[str]:
    """Every program that has a case."""
    return sorted(path.parent.name for path in PROGRAMS.glob("*/case.yaml"))


def digest(name: str) -> str:
    """Of all that decides what a program does: its folder, the provider, the SDK of the programs."""
    sum_ = hashlib.sha256()
    for folder in (name, *SHARED):
        for path in sorted((PROGRAMS / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                sum_.update(f"{path.relative_to(PROGRAMS)}\0".encode() + path.read_bytes() + b"\0")
    return sum_.hexdigest()
