"""Attestations of what the stock CLI did: statements beside its state, and whether its state has one that holds.

In: a voucher and what a run of ours came to. Out: one line more in `<folder>/attested/<project>/<stack>.jsonl`, never in
Pulumi's own files, which have no place for it. Each line is the statement that our own engine keeps in its journal
(`Voucher.statement`), with a digest of the state, of the names of all updates that led to it, and of all lines before.

What was written beside us is found by the digest of the state, and what was put back to an earlier state by the updates
that the history tells. Whoever puts back state, history and statements together puts back a backup: nothing here tells
that, as with the files of our own engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from inventory import contents
from inventory.replacing import synced
from stacks.engine import checkpoint
from stacks.engine.attesting import Standing, Voucher, Why, genuine, read
from stacks.engine.checkpoint import Unreadable, Where
from stacks.engine.state import now

DESTROYED = "destroyed"
"""the result of the statement after which a stack may be gone"""


def attest(of: Where, before: Iterable[str], voucher: Voucher, more: Mapping[str, Any]) -> bool:
    """Vouch for what an update of ours came to. `before`: the history as it was. False where it cannot be told which
    update was ours; a state that has an attestation keeps it.

    What is vouched for is what the CLI copied while it still held the stack: what is written after that is not covered."""
    past = checkpoint.updates(of)
    copy = _ours(of, before, past)
    if copy is None:
        return False
    stands = standing(of, voucher.keys)
    closing = more.get("result") == DESTROYED
    if stands is None if closing else stands is not None and stands.attested:
        return True
    try:
        found = checkpoint.content(copy)
    except Unreadable:
        return False
    if closing and found.things:
        return False
    said = {"at": now(), **more, "stack": of.stack, "project": of.project, "engine": "pulumi", "state": found.digest}
    update, chain = more.get("update", len(past)), _chain(found.digest, past)
    _append(of, lambda lines: voucher.statement({**said, "before": lines}, update, len(past), chain))
    return True


def carry(of: Where, before: Iterable[str], seen: str | None, passphrase: str, stood: Standing, key: str) -> bool:
    """Vouch again for a state that had an attestation, after a run of ours that sealed its secrets anew and changed
    nothing else. `seen`: `checkpoint.opened` of it, before; `key`: of whoever vouches now. The claims stay what they are."""
    copy = _ours(of, before, checkpoint.updates(of))
    if not stood.attested or copy is None or seen is None or seen != checkpoint.opened(copy, passphrase):
        return False
    return attest(
        of, before, Voucher({}, key), {key: value for key, value in stood.claims.items() if key != "signature"}
    )


def _ours(of: Where, before: Iterable[str], past: tuple[str, ...]) -> Path | None:
    """The checkpoint as the one update left it that is new in the history."""
    new = sorted(set(past) - set(before))
    return checkpoint.left(of, new[0]) if len(new) == 1 and set(before) <= set(past) else None


def standings(folder: Path, keys: Mapping[str, str]) -> tuple[Standing, ...]:
    """How each stack of a back end stands, and each that was there and is gone."""
    there = {*checkpoint.stacks(folder), *_stated(folder)}
    found = (standing(one, keys) for one in sorted(there, key=lambda one: (one.stack, one.project)))
    return tuple(one for one in found if one is not None)


def standing(of: Where, keys: Mapping[str, str]) -> Standing | None:
    """How one stack stands; None where there is nothing that could stand."""
    text, lines = _last(of)
    claims, past = read(text), checkpoint.updates(of)
    if not of.files():
        gone = text is not None and not (claims.get("result") == DESTROYED and genuine(claims, keys))
        return Standing(of.stack, len(past), "gone", {}, claims, "pulumi") if gone else None
    try:
        found = checkpoint.now(of)
    except Unreadable:
        return Standing(of.stack, len(past), "unreadable", _written(of, "", past), claims, "pulumi")
    if not found.things and text is None:
        return None
    why = _why(of, text, lines, found.digest, past, keys) if found.things else ""
    last = (
        _last_change(of, past) if claims.get("state") == found.digest and not why else _written(of, found.digest, past)
    )
    return Standing(of.stack, len(past), why, last, claims, "pulumi")


def _why(of: Where, text: str | None, lines: str, state: str, past: tuple[str, ...], keys: Mapping[str, str]) -> Why:
    claims = read(text)
    if not claims:
        return "unreadable" if text else "never"
    if not genuine(claims, keys):
        return "unknown-key"
    if (claims.get("stack"), claims.get("project"), claims.get("before")) != (of.stack, of.project, lines):
        return "altered"  # of another stack, or not after what it was written after
    if claims.get("state") != state:
        return "moved"
    known = claims.get("version")
    if type(known) is not int or claims.get("chain") != _chain(state, past[:known]):
        return "altered"
    return "moved" if any(checkpoint.update(of, name).changed for name in past[known:]) else ""


def _written(of: Where, state: str, past: tuple[str, ...]) -> dict[str, str]:
    """Who wrote to it last: the update that the history names, or else somebody who left no history."""
    copy = checkpoint.left(of, past[-1]) if past else None
    try:
        known = copy is not None and checkpoint.content(copy).digest == state
    except Unreadable:
        known = False
    if known:
        return _last_change(of, past)
    at = max((path.stat().st_mtime for path in of.files()), default=0.0)
    ended = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return {"kind": "edit", "who": "?", "started": "", "ended": ended}


def _last_change(of: Where, past: tuple[str, ...]) -> dict[str, str]:
    """The last update that says that it changed something, or else the last."""
    found = next((one for name in reversed(past) if (one := checkpoint.update(of, name)).changed), None)
    if found is None and past:
        found = checkpoint.update(of, past[-1])
    return found.data if found else {}


def _chain(state: str, past: tuple[str, ...]) -> str:
    return contents.of_data({"state": state, "updates": list(past)})


# ---------------------------------------------------------------------- lines


def _file(of: Where) -> Path:
    return of.folder / "attested" / of.project / f"{of.stack}.jsonl"


def _stated(folder: Path) -> Iterable[Where]:
    base = folder / "attested"
    for path in (*base.glob("*.jsonl"), *base.glob("*/*.jsonl")):
        yield Where(folder, "" if path.parent == base else path.parent.name, path.name.removesuffix(".jsonl"))


def _last(of: Where) -> tuple[str | None, str]:
    """The last line, whole or not, None where there is none; and the digest of what is before it. A line that cannot be
    read at all is one that says nothing."""
    try:
        raw = _file(of).read_bytes()
    except FileNotFoundError:
        return None, ""
    except OSError:
        return "-", ""
    body = raw.removesuffix(b"\n")
    start = body.rfind(b"\n") + 1
    return body[start:].decode(errors="replace") or "-", _digest(raw[:start])


def _append(of: Where, made: Any) -> None:
    """One line more, durable when this returns. `made`: the line, of the digest of what is before it."""
    path = _file(of)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("ab+") as file:
        file.seek(0)
        raw = file.read()
        if raw and not raw.endswith(b"\n"):  # cut by a crash: it stays as it is, and says nothing
            file.write(b"\n")
            raw += b"\n"
        file.write(made(_digest(raw)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        synced(path.parent)


def _digest(raw: bytes) -> str:
    return f"sha256:{sha256(raw).hexdigest()}"
