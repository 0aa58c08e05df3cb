"""The address step with its ledger: taken over without moving anything, published, released only when told so."""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory import addressing, reading, verbs
from inventory.addressing import Allocations
from inventory.allocations import TABLES
from inventory.allotting.nouns import REST, State
from inventory.ledger import Ledger
from inventory.places import ROOT, Places
from inventory.problems import Refused
from inventory.reading import Read

DEMO = reading.read("demo")
NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
GOLDEN = ROOT / "tests" / "cases" / "city" / "addresses.json"
WELFARE = "civil-affairs.welfare"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return dataclasses.replace(DEMO, places=Places(tmp_path / "home"))


def without(read: Read, *stacks: str) -> Read:
    return dataclasses.replace(read, requests=tuple(r for r in read.requests if r.stack not in stacks))


def test_kept_in_the_ledger_and_published(read: Read) -> None:
    all_ = addressing.settle(read, NOW)
    assert all_ == addressing.assign(read, Allocations())
    assert all_.fresh == len(all_)
    assert addressing.load(read.places.addresses) == all_
    with Ledger(read.places.ledger, create=False) as ledger:
        assert {entry.state for entry in ledger.entries().values()} == {State.USED}
        assert ledger.audit() == ()
        changes = list(ledger.history())
    again = addressing.settle(read, NOW)
    assert (again, again.fresh) == (all_, 0)
    with Ledger(read.places.ledger, create=False) as ledger:
        assert list(ledger.history()) == changes, "nothing to do, nothing written"


def test_a_file_of_before_there_was_a_ledger_is_taken_over_as_it_is(read: Read) -> None:
    """Also what the allocator would put elsewhere today."""
    before = json.loads(GOLDEN.read_text(encoding="utf-8"))
    area = before["segments"]["civil-affairs-welfare-data-a"][0].removesuffix("1::/64")
    before["segments"]["civil-affairs-welfare-data-a"][0] = f"{area}1234::/64"
    before["segments"]["gone-data-a"] = [f"{area}2000::/64", None]
    before["hosts"]["gone-data-a-1"] = [f"{area}2000::77", None]
    moved = [name for name, (six, _) in before["hosts"].items() if six.startswith(f"{area}1::")]
    assert moved
    for number, name in enumerate(moved):
        before["hosts"][name][0] = f"{area}1234::{number + 0x500:x}"
    read.places.folder.mkdir()
    read.places.addresses.write_text(json.dumps(before), encoding="utf-8")
    known = addressing.load(read.places.addresses)
    all_ = addressing.settle(read, NOW)
    new = 0
    for table in ("segments", "hosts", "vips", "links", "loopbacks"):
        now, had = getattr(all_, table), getattr(known, table)
        assert {name: now[name] for name in had} == had
        new += len(now) - len(had)
    assert new == 4 + 2 + 1, "networks of devices, resolvers and a line that the city did not have then"
    assert all_.fresh == new + len(all_.locators) + len(all_.nat64) + len(all_.pool4) == 21
    with Ledger(read.places.ledger, create=False) as ledger:
        assert ledger.audit() == ()


def test_a_damaged_or_contradictory_file_does_not_become_the_ledger(read: Read) -> None:
    read.places.folder.mkdir()
    before = json.loads(GOLDEN.read_text(encoding="utf-8"))
    before["segments"]["lost"] = before["segments"]["access-a"]
    for content, code in (('{"segments": {"x": 3', "address.damaged"), (json.dumps(before), "address.overlap")):
        read.places.addresses.write_text(content, encoding="utf-8")
        with pytest.raises(Refused, match=code):
            addressing.settle(read, NOW)
        assert read.places.addresses.read_text(encoding="utf-8") == content


def test_each_of_the_two_files_is_made_again_from_the_other(read: Read) -> None:
    all_ = addressing.settle(without(read, WELFARE), NOW)
    read.places.addresses.unlink()
    assert addressing.settle(without(read, WELFARE), NOW) == all_
    assert addressing.load(read.places.addresses) == all_
    read.places.addresses.write_text("{", encoding="utf-8")
    assert addressing.settle(without(read, WELFARE), NOW) == all_, "the ledger is what counts"
    read.places.ledger.unlink()
    assert addressing.settle(without(read, WELFARE), NOW) == all_


def test_what_was_reserved_and_never_committed_is_the_names_own_until_then(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            addressing.settle(read, NOW)
    assert not read.places.addresses.exists(), "nothing is published that is not durable"
    all_ = addressing.settle(read, NOW + timedelta(seconds=5))
    assert all_ == addressing.assign(read, Allocations())
    with Ledger(read.places.ledger, create=False) as ledger:
        assert {entry.state for entry in ledger.entries().values()} == {State.USED}


def test_nothing_is_released_unless_told_so(read: Read) -> None:
    all_ = addressing.settle(read, NOW)
    fewer = addressing.settle(without(read, WELFARE), NOW)
    assert fewer == all_
    gone = addressing.idle(without(read, WELFARE), fewer)
    assert gone
    assert all(name.startswith("civil-affairs-welfare-") for name in gone)
    assert addressing.idle(read, all_) == ()


def test_what_is_released_rests_and_is_the_systems_own_again_if_it_comes_back(read: Read) -> None:
    all_ = addressing.settle(read, NOW)
    rest = without(read, WELFARE)
    names = addressing.release(rest, [WELFARE], NOW)
    assert set(names) == set(addressing.idle(rest, all_))
    published = addressing.load(read.places.addresses)
    assert not set(names) & {*published.segments, *published.hosts, *published.vips}
    kept = [(t, n) for t in TABLES for n in getattr(all_, t) if not n.startswith("civil-affairs-welfare-")]
    assert sorted(kept) == sorted((t, n) for t in TABLES for n in getattr(published, t))
    with pytest.raises(Refused, match=r"address.missing"):
        published.segment("civil-affairs-welfare-data-a")
    later = NOW + timedelta(seconds=REST - 60)
    assert addressing.settle(rest, later) == published
    back = addressing.settle(read, later)
    assert back == all_, "the same addresses"
    addressing.release(rest, [WELFARE], later)
    much_later = later + timedelta(seconds=REST)
    addressing.settle(rest, much_later)
    with Ledger(read.places.ledger, create=False) as ledger:
        assert not [key for key in ledger.entries() if "civil-affairs-welfare" in key], "the rest has ended"
        assert ledger.audit() == ()


def test_what_rests_is_given_to_nobody_else(read: Read) -> None:
    all_ = addressing.settle(read, NOW)
    rest = without(read, WELFARE)
    addressing.release(rest, [WELFARE], NOW)
    copied = next(request for request in read.requests if request.stack == WELFARE)
    other = dataclasses.replace(
        rest, requests=(*rest.requests, dataclasses.replace(copied, stack="civil-affairs.other"))
    )
    now = addressing.settle(other, NOW)
    old = {a for n, a in all_.segments.items() if n.startswith("civil-affairs-welfare-")}
    new = {a for n, a in now.segments.items() if n.startswith("civil-affairs-other-")}
    assert len(new) == len(old) > 0
    assert not {a.cidr6 for a in old} & {a.cidr6 for a in new}
    assert not {a.cidr4 for a in old if a.cidr4} & {a.cidr4 for a in new}
    old_vips = {a for n, a in all_.vips.items() if n.startswith("civil-affairs-welfare-")}
    assert not old_vips & {a for n, a in now.vips.items() if n.startswith("civil-affairs-other-")}


def test_released_from_a_file_of_before_there_was_a_ledger(read: Read) -> None:
    read.places.folder.mkdir()
    read.places.addresses.write_bytes(GOLDEN.read_bytes())
    rest = without(read, WELFARE)
    assert set(addressing.release(rest, [WELFARE], NOW)) == set(
        addressing.idle(rest, addressing.assign(read, Allocations()))
    )
    with Ledger(read.places.ledger, create=False) as ledger:
        assert {key.split("/")[0] for key, e in ledger.entries().items() if e.state is State.RESTING} >= {
            "segment6",
            "host6",
        }


class Told:
    """Takes down what a verb says, in Chinese."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, zh: str, en: str) -> None:
        assert zh != en or zh.startswith("- ")
        self.said.append(zh)

    def enter(self, context: AbstractContextManager) -> None:
        context.__enter__()
        self.held = context

    def clock(self) -> datetime:
        return NOW


def test_the_verb_names_what_is_idle_and_lets_go_of_what_it_is_told(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    addressing.settle(read, NOW)
    rest = without(read, WELFARE)
    monkeypatch.setattr(verbs.reading, "read", lambda _: rest)
    tell = Told()
    verbs.addresses(tell, argparse.Namespace(environment="demo", what=["release"]))
    assert "- civil-affairs-welfare-web-a" in tell.said
    assert tell.said[-1].startswith(f"{len(tell.said) - 1} 个名字")
    before = len(addressing.load(read.places.addresses))
    tell.held.__exit__(None, None, None)
    verbs.addresses(tell, argparse.Namespace(environment="demo", what=["release", WELFARE]))
    assert "静置 30 天" in tell.said[-1]
    assert len(addressing.load(read.places.addresses)) < before
    tell.held.__exit__(None, None, None)


def test_what_is_asked_for_stands_or_has_nothing_is_not_released(read: Read) -> None:
    addressing.settle(read, NOW)
    rest = without(read, WELFARE)
    read.places.estate.mkdir()
    resource = {"kind": "gov.system", "name": WELFARE, "stack": WELFARE, "urn": "urn:x", "properties": {}}
    (read.places.estate / f"{WELFARE}.json").write_text(json.dumps([resource]), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        addressing.release(rest, [WELFARE, "ecology.air", "ecology.water"], NOW)
    assert [(p.code, p.where) for p in refused.value.problems] == [
        ("address.asked", WELFARE), ("address.asked", "ecology.air"), ("address.nothing", "ecology.water"),
    ]  # fmt: skip
    assert addressing.settle(read, NOW).fresh == 0


def _settle(read: Read) -> Allocations:
    return addressing.settle(read, NOW)


@pytest.mark.slow
def test_two_steps_at_once_come_to_the_same(read: Read) -> None:
    """Each knows half of the requests; nobody holds the environment for them."""
    read.places.folder.mkdir()
    halves = [dataclasses.replace(read, requests=read.requests[n::2]) for n in range(2)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        done = pool.map(_settle, halves * 6, chunksize=1)
    with Ledger(read.places.ledger, create=False) as ledger:
        assert ledger.audit() == ()
    published = addressing.load(read.places.addresses)
    final = addressing.settle(read, NOW)
    for each in done:
        for table in ("segments", "hosts", "vips", "links", "loopbacks", "locators", "nat64"):
            for known in (published, final):
                assert all(getattr(known, table)[name] == value for name, value in getattr(each, table).items())
