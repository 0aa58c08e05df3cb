"""Tables of the lab's routers: what is proved, what is in the kernel, and when FRR says the one in the other."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from inventory.estate import Estate, Resource
from inventory.rendering import nodes
from inventory.rendering.routes import UNREACHABLE, Hop
from stacks.drivers.base import Thing
from stacks.drivers.lab import names, routing, shell

PATIENCE = 60
"""seconds; a busy machine makes a protocol slow"""


def proved(things: Iterable[Thing], place: Path, down: Iterable[str] = ()) -> dict[str, frozenset[Hop]]:
    """What `policies.reach` proves over, as far as it lies between routers."""
    net = nodes.net(Estate(tuple(Resource(it.kind, it.name, "", "", it.properties) for it in things)))
    tables = nodes.tables(net, partial(names.wire, names.lab_id(place)), down)
    routers = {router.name: tables[router.name].hops for router in net.routers}
    return {
        name: frozenset(hop for hop in hops if hop.via not in ("", UNREACHABLE) and not hop.onlink)
        for name, hops in routers.items()
    }


def found(place: Path, router: str, table: str, protocols: tuple[str, ...]) -> frozenset[Hop]:
    """What is in a kernel's table from these protocols."""
    space = names.netns(names.lab_id(place), "net.router", router)
    rows = [row for family in ("-4", "-6") for row in shell.ip_json(space, family, "route", "show", "table", table)]
    return frozenset(
        Hop(nodes.normal(row["dst"]), row.get("gateway") or row.get("via", {}).get("host", ""), row.get("dev", ""))
        for row in rows if row.get("protocol") in protocols
    )  # fmt: skip


def spoken(place: Path, router: str) -> frozenset[Hop]:
    """What FRR has put into a router's kernel."""
    return found(place, router, "main", ("bgp", "ospf"))


def agree(place: Path, things: Iterable[Thing], down: Iterable[str] = (), but: Iterable[str] = ()) -> float:
    """Wait until FRR says what is computed, at all routers except `but`; returns the seconds. The prefix of a line is
    left out at its ends, where the kernel knows it by itself, as long as it has its carrier."""
    things = list(things)
    want = {router: hops for router, hops in proved(things, place, down).items() if router not in but}
    own = {(end, nodes.normal(it.properties["prefix6"])) for it in things if it.kind == "net.link"
           for end in it.properties["routers"]}  # fmt: skip

    def rest(router: str, hops: Iterable[Hop]) -> frozenset[Hop]:
        return frozenset(hop for hop in hops if (router, hop.prefix) not in own)

    began = time.monotonic()
    while wrong := [it for it in want if rest(it, spoken(place, it)) != rest(it, want[it])]:
        if time.monotonic() - began > PATIENCE:
            raise AssertionError("\n".join(_different(place, it, rest(it, want[it])) for it in wrong))
        time.sleep(0.05)
    return time.monotonic() - began


def _different(place: Path, router: str, want: Iterable[Hop]) -> str:
    """What a router does otherwise than computed, and what its daemons say of it."""
    folder = str(routing.folder_of(names.lab_id(place), router))
    there = spoken(place, router)
    said = [shell.run("vtysh", "--vty_socket", folder, "-c", f"show {what}", check=False)
            for what in ("bgp summary", "bfd peers brief", "interface brief", "ipv6 route", "ip route")]  # fmt: skip
    return "\n".join([
        f"{router}: missing {sorted(set(want) - there)}, too many {sorted(there - set(want))}",
        *said,
        shell.run("ip", "-n", names.netns(names.lab_id(place), "net.router", router), "-6", "route", check=False),
    ])  # fmt: skip
