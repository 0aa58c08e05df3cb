"""Who vouches for what is built here: the runner's key and what it claims, and how every stack's state stands.

In: an environment and what the judge claims of its verdict. Out: the engine's voucher, standings for the monitor, and
records (`stack.update`) for the checks on changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from inventory import contents, estate, signing
from inventory.estate import Estate, Resource
from inventory.places import ROOT, Places, kept
from inventory.problems import refuse
from inventory.recording import record
from stacks import engine
from stacks.engine import Standing, Voucher, statements
from stacks.engine.again import Judge
from stacks.engine.state import Holder

PROGRAM = ("stacks", "inventory", "Pulumi.yaml", "requirements.lock")
STOCK = "pulumi"
"""folder of the stock CLI's state, beside ours"""
UPDATES, STATES = "updates", "states"
"""names of files among the facts"""


class Judged(Protocol):
    """What goes with a verdict (`policies.judging.Vouched`)."""

    @property
    def claims(self) -> Mapping[str, str]: ...
    @property
    def again(self) -> Judge | None: ...


def voucher(of: Places, claims: Mapping[str, str]) -> Voucher:
    """Of this machine. `claims`: of the verdict. Refused where the key is none."""
    runner = os.environ.get("LIANGZHU_RUNNER") or Holder.me().name
    return Voucher({**claims, "program": contents.digest(ROOT, PROGRAM), "runner": runner}, _key(of))


def standings(of: Places, runners: Mapping[str, str]) -> tuple[Standing, ...]:
    """How every stack's state stands, also what the stock CLI keeps: signed by one of the runners
    (`Environment.runners`), or else by this machine."""
    own = keys(of, runners)
    return (*engine.standings(of.stacks, own), *statements.standings(of.stacks / STOCK, own))


def keys(of: Places, runners: Mapping[str, str]) -> dict[str, str]:
    """Whose signatures count (name → public PEM)."""
    own = dict(runners)
    if not own and (os.environ.get("LIANGZHU_RUNNER_KEY") or of.runner_key.exists()):
        own = {"": signing.public_of(_key(of))}
    return own


def publish(of: Places, runners: Mapping[str, str]) -> None:
    """The last attested update of every stack, as records."""
    records = tuple(_records(standings(of, runners)))
    estate.publish(of.facts, UPDATES, Estate(records))


def compared(of: Places, found: tuple[Estate, Estate, Estate], when: datetime) -> None:
    """What a refresh found of every stack, as records `stack.state`: what was recorded, what was published of it for
    everybody else, and what is there."""
    before, shared, after = found
    records = [
        record("stack.state", stack, {
            "recorded": _digest(before, stack), "exported": _digest(shared, stack), "live": _digest(after, stack),
            "at": when.isoformat(timespec="seconds"), "system": stack,
        })
        for stack in before.stacks
    ]  # fmt: skip
    estate.publish(of.facts, STATES, Estate(tuple(records)))


def _digest(of: Estate, stack: str) -> str:
    mine = sorted(estate.to_data(Estate(of.where("stack", stack))), key=lambda row: row["urn"])
    return contents.of_data(mine)


def _records(found: tuple[Standing, ...]) -> Iterator[Resource]:
    for one in found:
        claims = one.claims
        if one.attested and "plan" in claims:
            said = {"applied_digest": claims["plan"], "runner": claims["runner"], "at": claims["at"]}
            name = f"{one.stack}-{claims['update']}{'-pulumi' if one.engine == 'pulumi' else ''}"
            yield record("stack.update", name, said | {"system": one.stack})


def _key(of: Places) -> str:
    given = os.environ.get("LIANGZHU_RUNNER_KEY")
    if not given:
        return kept(of.runner_key, lambda: signing.new_key()[0])
    try:
        return Path(given).read_text(encoding="utf-8")
    except OSError as error:
        raise refuse(
            "runner.key",
            f"读不到执行者的私钥({error.strerror}):核对 LIANGZHU_RUNNER_KEY",
            f"the runner's key cannot be read ({error.strerror}): check LIANGZHU_RUNNER_KEY",
            file=given,
        ) from None
