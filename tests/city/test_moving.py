"""`./lz up` of what stands in one segment and belongs in another: told, built, and the same again."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from inventory import allocations, estate, layout, reading
from inventory.allotting.nouns import State
from inventory.ledger import Ledger
from tests.city.door import checkout, lz

pytestmark = pytest.mark.slow
ENVIRONMENT = ("-e", "simulator")
ENGLISH = (*ENVIRONMENT, "-l", "en")
THINGS, LIFELINES = "data-resources.things", "housing.lifelines"
OF_BEFORE = {
    "zone == ORDINARY.get(tier)": 'zone in (ORDINARY.get(tier), "iot")',
    "        small = role": "        name = segment_name(request.stack, tier, site, zone)\n"
    "        zone = segments[name].zone if name in segments else zone\n        small = role",
}
"""what a system's segments were called before their names said the zone: of two workloads of other zones, the first one's"""


def edited(root: Path, stack: str, old: str, new: str) -> None:
    request = root / "inventory" / "requests" / f"Pulumi.{stack}.yaml"
    text = request.read_text(encoding="utf-8")
    assert old in text
    request.write_text(text.replace(old, new), encoding="utf-8")


def up(home: Path, root: Path, *words: str, verb: str = "up") -> list[str]:
    done = lz(home, verb, *words, *ENGLISH, root=root)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def told(lines: list[str]) -> dict[str, str]:
    """Thing → what is said of its move."""
    rows = (line.split("↷", 1)[1].strip().split(": ", 1) for line in lines if "↷" in line)
    return {thing: words for thing, words in rows}


def _city(stack: str):
    read = reading.read("simulator")
    request = read.request(stack)
    assert request
    return read.city, request


def sound(home: Path) -> estate.Estate:
    """What stands is where the ledger says, inside its segment, and the ledger is whole."""
    there, known = (
        estate.published(home / "simulator" / "estate"),
        allocations.load(home / "simulator" / "addresses.json"),
    )
    for host in there.kind("compute.host"):
        segment = there.named("net.subnet", host["subnet"])
        assert segment
        assert ip_address(host["address6"]) in ip_network(segment["cidr6"])
        assert host["zone"] == segment["zone"]
        assert host["address6"] == known.host(host.name).address6
        assert host.get("address4") == known.host(host.name).address4
    for balancer in there.kind("net.lb"):
        assert (balancer["vip6"], balancer.get("vip4")) == (
            known.vip(balancer.name).address6,
            known.vip(balancer.name).address4,
        )
    for segment in there.kind("net.subnet"):
        assert segment["cidr6"] == known.segment(segment.name).cidr6
    with Ledger(home / "simulator" / "addresses.ledger", create=False) as ledger:
        assert ledger.audit() == ()
    return there


def test_a_city_of_before_comes_over_by_a_plain_up(tmp_path: Path) -> None:
    """It has the segments of before their names said the zone: people's consoles are among the devices."""
    root, home = checkout(tmp_path / "checkout"), tmp_path / "home"
    source = root / "inventory" / "layout.py"
    today = source.read_text(encoding="utf-8")
    before = today
    for new, old in OF_BEFORE.items():
        assert new in before
        before = before.replace(new, old)
    source.write_text(before, encoding="utf-8")
    up(home, root, THINGS, LIFELINES)
    there = sound(home)
    console, gateway = (there.named("compute.host", f"data-resources-things-{w}-a-1") for w in ("console", "gateway"))
    assert console
    assert gateway
    assert console["subnet"] == gateway["subnet"]
    source.write_text(today, encoding="utf-8")
    lines = up(home, root, THINGS, LIFELINES)
    hosts = {f"host {m.name}" for s in (THINGS, LIFELINES) for m in layout.of_request(*_city(s)).machines
             if m.workload in ("gateway", "console", "sensing")}  # fmt: skip
    segments = {f"segment data-resources-things-app-{site}" for site in ("a", "b")}
    assert told(lines).keys() == hosts | segments
    now = sound(home)
    for name in (
        "data-resources-things-console-a-1",
        "data-resources-things-gateway-a-1",
        "housing-lifelines-sensing-a-1",
    ):
        host = now.named("compute.host", name)
        assert host
        assert host["zone"] == ("dedicated" if "console" in name else "iot")
    assert "Nothing was changed." in up(home, root, THINGS, LIFELINES)


def test_a_workload_that_moves_is_told_planned_built_and_comes_back(tmp_path: Path) -> None:
    root, home = checkout(tmp_path / "checkout"), tmp_path / "home"
    up(home, root)
    first = sound(home)
    edited(root, "data-resources.identity", "pool: hygon", "pool: edge")
    edited(root, "ecology.air", "to: extranet", "to: internet")
    planned = up(home, root, verb="plan")
    moves = {thing: words.split(" (")[0] for thing, words in told(planned).items()}
    assert moves.keys() == {
        "host data-resources-identity-app-a-1", "host data-resources-identity-app-b-1", "host ecology-air-app-a-1",
        "load balancer ecology-air-app-a",
    }  # fmt: skip
    assert "belongs in segment access-a, was in ecology-air-web-a" in told(planned)["load balancer ecology-air-app-a"]
    replaced = {line.split()[2] for line in planned if line.startswith("  ± compute.host")}
    assert replaced == {thing.split()[1] for thing in moves if thing.startswith("host")}
    assert any(line.startswith("  ~ net.lb ecology-air-app-a") for line in planned)
    chinese = lz(home, "plan", *ENVIRONMENT, root=root).stdout
    assert "  ↷ 主机 ecology-air-app-a-1:" in chinese
    assert "(应在网段 ecology-air-web-a,原在 ecology-air-app-a)" in chinese
    built = up(home, root)
    assert {thing: words.split(" (")[0] for thing, words in told(built).items()} == moves, "as it was planned"
    there = sound(home)
    for host in there.kind("compute.host"):
        before = first.named("compute.host", host.name)
        assert before
        assert (host["address6"] != before["address6"]) == (f"host {host.name}" in moves)
    again = up(home, root)
    assert "Nothing was changed." in again
    assert not told(again)
    idle = up(home, root, "release", verb="addresses")
    assert [line for line in idle if line.startswith("- ")] == [
        f"- {name}" for name in ("data-resources-identity-app-a", "data-resources-identity-app-b", "ecology-air-app-a")
    ]
    with Ledger(home / "simulator" / "addresses.ledger", create=False) as ledger:
        left = {key: entry.state for key, entry in ledger.entries().items() if "@" in key}
    assert {key.partition("@")[0] for key in left} == {
        "host6/data-resources-identity-app-a-1", "host6/data-resources-identity-app-b-1", "host6/ecology-air-app-a-1",
        "vip6/ecology-air-app-a", "vip4/ecology-air-app-a",
    }  # fmt: skip
    assert set(left.values()) == {State.RESTING}
    edited(root, "data-resources.identity", "pool: edge", "pool: hygon")
    edited(root, "ecology.air", "to: internet", "to: extranet")
    assert told(up(home, root)).keys() == moves.keys()
    back = sound(home)
    for host in first.kind("compute.host"):
        now = back.named("compute.host", host.name)
        assert now
        assert (now["address6"], now.get("address4")) == (host["address6"], host.get("address4"))


def test_what_carries_data_is_not_moved_away_beneath_it(tmp_path: Path) -> None:
    """The database follows the pool of its system: told in the plan, at the request's line, and nothing is done."""
    root, home = checkout(tmp_path / "checkout"), tmp_path / "home"
    up(home, root)
    first = sound(home)
    edited(root, "ecology.air", "pool: x86", "pool: edge")
    for verb in ("plan", "up"):
        done = lz(home, verb, *ENGLISH, root=root)
        assert done.returncode == 1
        told_ = [line for line in done.stdout.splitlines() if "plan.host-carries-data" in line]
        assert len(told_) == 1
        assert "Pulumi.ecology.air.yaml:14" in told_[0]
        assert "ecology-air-db-a-1" in told_[0]
        assert "data disk ecology-air-db-a-1-data, database ecology-air-db" in told_[0]
        assert "Nothing was changed" in done.stdout
    assert estate.to_data(estate.published(home / "simulator" / "estate")) == estate.to_data(first)
    edited(root, "ecology.air", "pool: edge", "pool: x86")
    assert "Nothing was changed." in up(home, root)
