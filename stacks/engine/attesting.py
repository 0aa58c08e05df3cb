"""Attestations: what was judged before a state came to be, signed by the runner that made it so.

In: claims of whoever runs an update (digests of program, pack and verdict), and its key. Out: the statement that the
state keeps as its last word, and whether a state has one that holds. Whatever is written after it, by a rollback, a
refresh that found drift, an engine that nobody asked a judge for, leaves a state without: that is what the monitor
looks for. Somebody who may write to the store can forge everything in it but the signature.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from inventory import signing
from inventory.problems import Problem
from stacks.engine.state import Shelf, at
from stacks.engine.state.chain import Entry, entry_digest

PURPOSE = "attestation"
Why = Literal["", "never", "moved", "unknown-key", "altered", "unreadable", "gone"]
"""moved: written to since; unknown-key: signed by nobody whose key is known; altered: what led to it is not what was
signed; gone: there was a state, and nobody said that it may go"""


@dataclass(frozen=True, slots=True)
class Voucher:
    """Who vouches for an update. `claims`: plain data that is the same for every stack; `key`: a private key (PEM)."""

    claims: Mapping[str, Any]
    key: str = field(repr=False)

    @property
    def keys(self) -> dict[str, str]:
        """Its own public key, as a roster."""
        return {"": signing.public_of(self.key)}

    def statement(self, more: Mapping[str, Any], update: int, version: int, chain: str) -> str:
        """What the state keeps. `version` and `chain` are those that it stands on."""
        data = {**self.claims, **more, "update": update, "version": version, "chain": chain}
        return signing.canonical(data | {"signature": signing.sign(self.key, PURPOSE, data)}).decode()


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a stack's state has an attestation that holds, and what was written last."""

    stack: str
    version: int
    why: Why
    """ "" where it has one"""
    last: Mapping[str, Any] = field(default_factory=dict)
    """the last update that wrote to it, as in the history; empty where that is not known"""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """of the last attestation, whatever it is worth"""
    engine: Literal["embedded", "pulumi"] = "embedded"
    """whose state it is"""

    @property
    def attested(self) -> bool:
        return not self.why

    def problem(self) -> Problem:
        """Of a state without one."""
        zh, en = _WHY[self.why]
        by = self.last
        who = f"{by['kind']}, {by['who']}, {by['ended'] or by['started']}" if by else "?"
        stock = self.engine == "pulumi"
        again = f"./lz stack up {self.stack} --engine pulumi" if stock else "./lz up"
        of_zh = f"原版引擎的状态(更新 {self.version} 次后)" if stock else f"状态版本 {self.version} "
        of_en = (
            f"the stock engine's state after {self.version} updates"
            if stock
            else f"version {self.version} of the state"
        )
        return Problem(
            "state.unattested",
            f"{of_zh}没有有效的证明({zh};最后一次写入:{who}):查清是谁绕过了判定,再运行 {again} 重新判定",
            f"{of_en} has no attestation that holds ({en}; written last by {who}): find out who went round the judge, then "
            f"run {again}, which judges it again",
            self.stack,
        )


_WHY: Mapping[Why, tuple[str, str]] = {
    "never": ("从未有过", "it never had one"),
    "moved": ("证明之后又有写入", "it was written to since"),
    "unknown-key": ("签名不是登记的执行者的", "no runner that is known has signed it"),
    "altered": ("内容与签名时不同", "what led to it is not what was signed"),
    "unreadable": ("无法读取", "it cannot be read"),
    "gone": ("记录没有了", "its record is gone"),
}


def holds(body: str | None, version: int, keys: Mapping[str, str]) -> Why:
    """Whether a statement is that of this version, by one of the keys (name → public PEM)."""
    claims = read(body)
    if not claims:
        return "unreadable" if body else "never"
    if claims.get("version") != version - 1:  # its own entry is the next
        return "moved"
    return "" if genuine(claims, keys) else "unknown-key"


def genuine(claims: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Whether one of the keys (name → public PEM) has signed these claims."""
    said = {key: value for key, value in claims.items() if key != "signature"}
    try:
        return signing.verified(str(claims.get("signature", "")), keys, PURPOSE, said)
    except ValueError:  # JSON that has no text to be signed: NaN, half a letter
        return False


def read(body: str | None) -> dict[str, Any]:
    """The claims of a statement; {} where it is none."""
    try:
        found = json.loads(body or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def standings(state: str | Path | Shelf, keys: Mapping[str, str]) -> tuple[Standing, ...]:
    """How each stack stands that has a state, by name; one that never held anything needs no attestation. Refused where
    a state cannot be read."""
    shelf = at(state)
    found = (standing(shelf, stack, keys) for stack in shelf.stacks())
    return tuple(one for one in found if one is not None)


def standing(shelf: Shelf, stack: str, keys: Mapping[str, str]) -> Standing | None:
    """How one stack stands; None where there is nothing that could stand."""
    seen = shelf.standing(stack)
    if seen is None or not (seen.resources or seen.word):
        return None
    why = holds(seen.word, seen.version, keys)
    claims = read(seen.word)
    if not why and seen.entry and not _led(claims, seen.entry, seen.chain):
        why = "altered"
    return Standing(stack, seen.version, why if seen.resources else "", seen.update or {}, claims)


def _led(claims: Mapping[str, Any], entry: Entry, chain: str) -> bool:
    """Whether the entry of the statement follows what was signed, and the state follows the entry."""
    return entry_digest(str(claims.get("chain")), entry) == entry.digest == chain
