"""The state of the stock CLI as its file back end keeps it: what is there now, and which updates led to it.

In: the folder that `engine.stock` gives the CLI. Out: values of its files; nothing is written, no CLI asked and no secret
opened. Only this back end is read: buckets and services keep other files, and `engine.stock` uses none of them.

A checkpoint is `.pulumi/stacks/<project>/<stack>.json`, one history entry of an update `….history.json`, with the
checkpoint as that update left it beside it. `pulumi stack import`, `pulumi state …` and editors write the checkpoint and
no history: what a state is can be told from its contents only.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory import contents
from inventory.problems import Refused
from stacks.engine.sealing import Sealer

_SUFFIXES = (".json", ".json.gz", ".json.zst")
_GZIP = b"\x1f\x8b"
_ENTRY = re.compile(r"-(\d+)\.history\.json(?:\.gz|\.zst)?")
_WRITTEN_ANEW = ("manifest", "metadata")
"""of a deployment: when and by which version it was saved last, at every save"""
_SETS = ("dependencies", "additionalSecretOutputs", "aliases", "replaceWith")
_NOTHING = frozenset({"same", "read", "refresh"})
"""counted of an update, and no change"""
_KINDS = {"update": "up", "resource-import": "import"}


class Unreadable(Exception):
    """No checkpoint that can be told for certain, or one that readers may take differently."""


@dataclass(frozen=True, slots=True)
class Where:
    """One stack of the stock CLI. `folder`: of `engine.stock`; `project`: "" in the layout of old versions."""

    folder: Path
    project: str
    stack: str

    @property
    def _kept(self) -> Path:
        return self.folder / "backend" / ".pulumi"

    def files(self) -> list[Path]:
        """What the CLI could take for its checkpoint; more than one where it was made to compress."""
        names = [self._kept / "stacks" / self.project / f"{self.stack}{suffix}" for suffix in _SUFFIXES]
        return [path for path in names if path.is_file()]

    @property
    def past(self) -> Path:
        """Folder of its history."""
        return self._kept / "history" / self.project / self.stack


@dataclass(frozen=True, slots=True)
class Content:
    """What a checkpoint holds."""

    things: int
    """resources, and operations that nobody knows the end of"""
    digest: str
    """over all of it but when and by whom it was saved; the same for equal JSON, however it is written"""


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of the history."""

    kind: str
    who: str
    ended: str
    changed: bool
    """whether it says that it changed anything, or cannot say that it did not"""

    @property
    def data(self) -> dict[str, str]:
        """As the history of our own engine says it."""
        return {"kind": self.kind, "who": self.who, "started": "", "ended": self.ended}


def stacks(folder: Path) -> tuple[Where, ...]:
    """Every stack of a back end, by name."""
    base = folder / "backend" / ".pulumi" / "stacks"
    found = {
        Where(folder, "" if path.parent == base else path.parent.name, path.name[: -len(suffix)])
        for pattern in ("*", "*/*")
        for path in base.glob(pattern)
        for suffix in _SUFFIXES
        if path.name.endswith(suffix) and path.is_file()
    }
    return tuple(sorted(found, key=lambda one: (one.stack, one.project)))


def now(of: Where) -> Content:
    """The checkpoint as it is. Unreadable where there is none, or more than one."""
    files = of.files()
    if len(files) != 1:
        raise Unreadable(f"{len(files)} checkpoints")
    return content(files[0])


def opened(path: Path, passphrase: str) -> str | None:
    """As the digest of its content, with the secrets in clear: the CLI seals them anew at every run, so that only this
    tells whether one changed anything. For comparing within a run, never to be kept. None where it cannot be told."""
    try:
        return content(path, passphrase).digest
    except (Unreadable, Refused):
        return None


def content(path: Path, passphrase: str | None = None) -> Content:
    """Of a checkpoint's file. With the passphrase, Refused where it opens no secret of it."""
    document = _document(path)
    checkpoint = _field(document, "checkpoint")
    latest = _field(checkpoint, "latest")
    resources = _field(latest, "resources") or []
    if passphrase is not None:
        salt = ((_field(latest, "secrets_providers") or {}).get("state") or {}).get("salt", "")
        resources = Sealer(passphrase, salt).open(resources, path.name)
    bare = {key: value for key, value in (latest or {}).items() if key not in _WRITTEN_ANEW}
    try:
        if resources:
            bare["resources"] = sorted((_plain(one) for one in resources), key=contents.of_data)
        whole = {**document, "checkpoint": {**(checkpoint or {}), "latest": bare}}
        digest = contents.of_data(whole)
    except (ValueError, RecursionError) as error:  # a number or letter that has no text
        raise Unreadable(str(error)) from None
    return Content(len(resources) + len(_field(latest, "pending_operations") or ()), digest)


def updates(of: Where) -> tuple[str, ...]:
    """Names of the entries of its history, in the order of their clocks."""
    found = []
    for path in of.past.iterdir() if of.past.is_dir() else ():
        rest = path.name.removeprefix(of.stack)
        if rest != path.name and (entry := _ENTRY.fullmatch(rest)):
            found.append((int(entry[1]), path.name))
    return tuple(name for _, name in sorted(found))


def update(of: Where, name: str) -> Update:
    """An entry of the history."""
    try:
        found = _document(of.past / name)
    except Unreadable:
        return Update("?", "?", "", changed=True)
    kind, at = str(found.get("kind") or "?"), found.get("endTime")
    ended = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if type(at) is int and at >= 0 else ""
    changes = found.get("resourceChanges")
    changes = {} if changes is None else changes
    same = isinstance(changes, Mapping) and not {op for op, count in changes.items() if count} - _NOTHING
    return Update(_KINDS.get(kind, kind), _who(found.get("environment")), ended, changed=not same)


def left(of: Where, name: str) -> Path | None:
    """The checkpoint as the update of this entry left it; copied by the CLI while it still held the stack."""
    path = of.past / name.replace(".history.json", ".checkpoint.json")
    return path if path.is_file() else None


def recorded(folder: Path) -> tuple[str, ...]:
    """The stacks of which a back end still records something, or may: it cannot be read."""
    return tuple(dict.fromkeys(one.stack for one in stacks(folder) if _holds(one)))


def _holds(one: Where) -> bool:
    try:
        return now(one).things > 0
    except Unreadable:
        return True


def _who(environment: Any) -> str:
    """The file back end knows no users, only whether it was typed (`cli`) or a program asked (`auto.local`): so did we."""
    word = environment.get("exec.kind") if isinstance(environment, Mapping) else None
    return f"pulumi {word}" if word else "pulumi"


def _document(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        if raw.startswith(_GZIP):  # told as the CLI tells it: a copy has the name of what is set, not of what it is
            raw = gzip.decompress(raw)
        found = json.loads(raw, object_pairs_hook=_object, parse_float=_number, parse_constant=_number)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    if not isinstance(found, dict):
        raise Unreadable("no object")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal keys the CLI keeps parts of both."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _field(of: Any, name: str) -> Any:
    """A field of the CLI's own, which it would find under any letter case too."""
    if of is None:
        return None
    if not isinstance(of, dict):
        raise Unreadable(f"{name}: no object around it")
    if set(_alike(of, name)) - {name}:
        raise Unreadable(f"{name} in other letters")
    found = of.get(name)
    if found is not None and not isinstance(found, dict | list):
        raise Unreadable(name)
    return found


def _plain(resource: Any) -> Any:
    """A resource without what the CLI writes anew, in another order or no longer, at updates and refreshes that change
    nothing."""
    if not isinstance(resource, dict):
        return resource
    found = dict(resource)
    for key in _SETS:
        if isinstance(found.get(key), list):
            found[key] = sorted(found[key], key=contents.of_data)
    by_property = found.pop("propertyDependencies", None)
    if isinstance(by_property, dict):
        kept = {key: sorted(of, key=contents.of_data) for key, of in by_property.items() if isinstance(of, list) and of}
        odd = {key: of for key, of in by_property.items() if not isinstance(of, list)}
        by_property = {**kept, **odd}
    return {**found, "propertyDependencies": by_property} if by_property else found


def _alike(of: Mapping[str, Any], name: str) -> Iterator[str]:
    return (key for key in of if key.casefold() == name)
