"""`python -m tests.bench.reach [algebra] [backbone] [simulator] [city-32] [city] [--runs N] [--record]`: reachability, measured.

- `algebra`: the rules of the city of 32 systems as interval diagrams (what the platform uses), as boxes that do not
  overlap, as binary decision diagrams, and the number of their atomic predicates: a union, its complement, and whether the
  same rules in another order come to the same. What takes longer than some seconds is not tried with more rules.
- `backbone`: 200 routers in a ring with chords, 10,000 rules in their filters; from every router to every other.
- an environment (`simulator` is the demo): its estate as planned; the network, what arrives, each check, the whole
  judgement with and without the checks on reachability, and every single loss.

Figures are CPU seconds of this process, each run with nothing remembered. `--record` prints rows for docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from inventory import addressing, reading
from inventory.estate import Estate
from policies.judge import Verdict, judge, look
from policies.profiles import Profile, profile
from policies.reach import city as cities
from policies.reach import installed, nft, routing
from policies.reach.fields import TOP, Field, addresses
from policies.reach.filters import Chain, Ruleset
from policies.reach.headers import Headers, Space
from policies.reach.network import Link, Network, Node, Route
from policies.reach.proof import Proof
from policies.reach.spreading import reach
from tests.bench.algebras import Bdd, Box, Boxes, atoms
from tests.bench.measuring import machine

PROVED = ("BND-001", "BND-005", "TEN-002", "IP6-003", "NET-005")
PATIENCE = 4.0
"""CPU seconds: what takes longer is not tried with three times as many"""
SOME = 20
"""lines that are lost one by one"""
Rows = list[tuple[str, list[str], str]]
"""(what, every run, what is asked)"""


def estate(environment: str) -> Estate:
    """Of an environment, planned from nothing in a home of its own."""
    from stacks import provisioning

    with tempfile.TemporaryDirectory() as home:
        os.environ.update(LIANGZHU_HOME=home, LIANGZHU_ENVIRONMENT=environment)
        reading.read.cache_clear()  # it remembers the home of the environment before
        read = reading.read(environment)
        addressing.settle(read, datetime(2026, 11, 28, tzinfo=UTC))
        plan = provisioning.plan(provisioning.work(read.places, read, lambda event: None, threading.Event()))
    if plan.problems:
        sys.exit("\n".join(map(str, plan.problems)))
    return plan.estate


def timed(run: Callable[..., Any], *given: Any) -> tuple[float, Any]:
    began = time.process_time()
    result = run(*given)
    return time.process_time() - began, result


def environment(name: str, runs: int) -> Rows:
    rows: dict[str, list[str]] = {}
    made = estate(name)
    chosen = profile("level3")
    without = Profile("", "", "", tuple(e for e in chosen.entries if e.loaded.check.id not in PROVED))

    def note(what: str, took: float, more: str = "") -> None:
        rows.setdefault(f"{name}: {what}", []).append(f"{took:.2f} s{more}")

    for _ in range(runs):
        fresh = Estate(made.resources)
        installed.read.cache_clear()
        nft._rule.cache_clear()
        took, of = timed(cities.city, fresh)
        rules = sum(len(chain.rules) for node in of.network.nodes for chain in node.rules.chains)
        note("the network made of the estate, filters read", took, f" ({len(of.network.nodes)} nodes, {rules} rules)")
        proof = Proof(of)
        took, arrivals = timed(getattr, proof, "arrivals")
        note(
            "what arrives everywhere",
            took,
            f" ({sum(map(len, arrivals.values()))} pairs, {len(proof.space)} diagram nodes)",
        )
        lost = cities.losses(of)
        took, _ = timed(_each_loss, proof, lost)
        note(f"every single loss ({len(lost)})", took)
        vars(fresh)["reachability"] = proof
        for entry in chosen.entries:
            if entry.loaded.check.id in PROVED[:4]:
                took, looked = timed(look, fresh, entry)
                note(f"{entry.loaded.check.id} then", took, f" ({len(looked)} answers)")
        installed.read.cache_clear()
        nft._rule.cache_clear()
        took, _ = timed(_judged, made, without)
        note("the judgement without the checks on reachability", took)
        took, verdict = timed(_judged, made, chosen)
        note("the judgement with them", took, f" ({len(verdict.blocking)} blocking)")
        with tempfile.TemporaryDirectory() as home:
            kept = Path(home) / "proof"
            judge(Estate(made.resources), chosen, planned=True, proved=kept)
            for what, then in (("nothing changed", made), ("a port of one flow changed", edited(made))):
                installed.read.cache_clear()
                nft._rule.cache_clear()
                took, _ = timed(partial(judge, Estate(then.resources), chosen, planned=True, proved=kept))
                note(f"the judgement, the last proof kept, {what}", took)
    return [(what, all_, "1 s" if what == "simulator: the judgement with them" else "") for what, all_ in rows.items()]


def edited(made: Estate) -> Estate:
    """One declared flow to another port, at both of its ends."""
    rules = [one for one in made.kind("net.sg_rule") if one.get("purpose") == "declared"]
    port = rules[0]["ports"]
    pair = {str(rules[0][key]).partition("/")[0] for key in ("system", "peer")}
    moved = {
        one.urn
        for one in rules
        if one["ports"] == port and {str(one[key]).partition("/")[0] for key in ("system", "peer")} == pair
    }
    return Estate(
        tuple(
            replace(one, properties={**one.properties, "ports": [port[0], port[1] + 1]}) if one.urn in moved else one
            for one in made
        )
    )


def _each_loss(proof: Proof, lost: tuple[cities.Loss, ...]) -> None:
    for one in lost:
        for _ in proof.changes(one):
            pass


def _judged(made: Estate, by: Profile) -> Verdict:
    return judge(Estate(made.resources), by, planned=True)


def backbone(runs: int) -> Rows:
    """200 routers, each with 50 rules before what lies behind it."""
    took: list[str] = []
    losses: list[str] = []
    for run in range(runs):
        network, edges, held = backbone_made(random.Random(run))
        space = Space()
        seconds, pairs = timed(_pairs, space, network)
        took.append(f"{seconds:.1f} s ({pairs} pairs that anything passes between, {len(space)} diagram nodes)")
        used = over(space, network)
        seconds, _ = timed(_each_line, space, network, edges, held, used)
        losses.append(f"{seconds:.1f} s for {SOME} of {len(edges)} lines")
    return [
        ("200 routers, 10,000 rules: from every zone to every other", took, "60 s"),
        ("the same after the loss of each line", losses, "600 s"),
    ]


def _pairs(space: Space, network: Network) -> int:
    return sum(len(reach(space, network, f"z{n}", losses=False).arrived) for n in range(200))


Used = dict[str, dict[str, list[Headers]]]
"""line → source → what went over it, wherever it ended"""


def over(space: Space, network: Network) -> Used:
    used: Used = {}
    for n in range(200):
        for way in reach(space, network, f"z{n}").ways:
            for line in {hop.leaves for hop in way.hops}:
                used.setdefault(line, {}).setdefault(f"z{n}", []).append(way.headers)
    return used


def _each_line(space: Space, network: Network, edges: list[routing.Edge], held: list[routing.Held], used: Used) -> None:
    """What did not go over the lost line goes where it went: shortest ways that are left are the shortest."""
    for lost in edges[:SOME]:
        after = routed(network.without(links=[lost.name]), [edge for edge in edges if edge is not lost], held)
        for source, sets in sorted(used.get(lost.name, {}).items()):
            some = space.union(sets).assigned(Field.NEAR, [(0, 1)])
            reach(space, after, source, some, losses=False)


def backbone_made(
    dice: random.Random, filters: dict[str, str] | None = None
) -> tuple[Network, list[routing.Edge], list[routing.Held]]:
    """The network, its lines and what is held where; `filters`: router → text is written into it."""
    edges = [routing.Edge(f"e{n}", (f"r{n}", f"r{(n + 1) % 200}"), 1000 + n) for n in range(200)]
    edges += [routing.Edge(f"c{n}", (f"r{n}", f"r{(n * 7 + 50) % 200}"), 1500 + n) for n in range(0, 200, 2)]
    held = [routing.Held(f"3fff:{n:x}::/48", f"r{n}", rest=False) for n in range(200)]
    nodes, links = [], [Link(e.name, ((e.ends[0], e.name), (e.ends[1], e.name))) for e in edges]
    for n in range(200):
        lines = []
        for _ in range(50):
            some = ", ".join(f"3fff:{k:x}::/48" for k in sorted(dice.sample(range(200), 3)))
            lines.append(f"ip6 saddr {{ {some} }} ip6 daddr 3fff:{n:x}::/48 tcp dport {dice.randint(1, 9999)} accept")
        text = "\n".join(["ct state established accept", f'oifname != "z{n}" accept', *lines])
        head = "table inet t {\nchain forward {\ntype filter hook forward priority filter; policy drop;\n"
        whole = f"{head}{text}\n}}\n}}\n"
        if filters is not None:
            filters[f"r{n}"] = whole
        rules = Ruleset(f"r{n}", partial(_chains, whole, f"r{n}"))
        nodes.append(Node(f"r{n}", "router", (), (Route(f"3fff:{n:x}::/48", f"z{n}"),), rules, forwards=True))
        nodes.append(Node(f"z{n}", "outside", (f"3fff:{n:x}::/48",), (Route("::/0", "x"),)))
        links.append(Link(f"z{n}", ((f"z{n}", "x"), (f"r{n}", f"z{n}"))))
    return routed(Network(tuple(nodes), tuple(links)), edges, held), edges, held


def _chains(text: str, source: str) -> tuple[Chain, ...]:
    return nft.ruleset(text, source).chains


def routed(network: Network, edges: list[routing.Edge], held: list[routing.Held]) -> Network:
    routers = [node.name for node in network.nodes if node.kind == "router"]
    tables = routing.tables(routers, edges, held)
    nodes = [
        replace(
            node,
            routes=(
                Route(f"3fff:{int(node.name[1:]):x}::/48", "z" + node.name[1:]),
                *tables[node.name],
            ),
        )
        if node.kind == "router"
        else node
        for node in network.nodes
    ]
    return Network(tuple(nodes), network.links)


def algebra(runs: int) -> Rows:
    of = cities.city(estate("city-32"))
    rules = _rules(of)
    rows: Rows = []
    for count in (100, 300, 1000, len(rules)):
        some = rules[:count]
        mixed = random.Random(count).sample(some, len(some))
        for name, run in (("diagrams", _diagrams), ("binary diagrams", _binary), ("boxes", _boxes), ("atoms", _atoms)):
            if any(what == f"{name} given up" for what, _, _ in rows):
                continue
            said, seconds = [], 0.0
            for _ in range(runs):
                seconds, what = timed(run, some, mixed)
                said.append(f"{seconds:.2f} s ({what})")
                if seconds > PATIENCE:
                    break
            rows.append((f"{name}, {len(some)} rules", said, ""))
            if seconds > PATIENCE:
                rows.append((f"{name} given up", [f"not tried with more, as this took more than {PATIENCE:.0f} s"], ""))
            print("  ", rows[-1], flush=True)
    return rows


def _rules(of: cities.City) -> list[Box]:
    """Every rule of every host as boxes: its own address at one end, each of its peers at the other."""
    found: dict[Box, None] = {}
    space = Space()
    for node in of.network.nodes:
        own = [addresses(text) for text in node.local]
        for chain in node.rules.chains if node.kind == "host" else ():
            end = Field.TARGET if chain.hook == "input" else Field.SOURCE
            for rule in chain.rules:
                if rule.verdict == "accept" and rule.name:
                    some = space.box(dict(rule.ranges)) & space.box({end: own})
                    for part in some.boxes():
                        found[tuple(part.get(field, (0, TOP[field])) for field in Field)] = None
    boxes = list(found)
    random.Random(1).shuffle(boxes)
    return boxes


def _diagrams(rules: list[Box], mixed: list[Box]) -> str:
    space = Space()
    sets = [
        space.union(space.box(dict(zip(Field, ([r] for r in box), strict=True))) for box in some)
        for some in (rules, mixed)
    ]
    assert sets[0] == sets[1]
    assert (space.everything - sets[0]) | sets[0] == space.everything
    return f"{len(space)} nodes"


def _binary(rules: list[Box], mixed: list[Box]) -> str:
    table = Bdd()
    one, two = (table.union(map(table.box, some)) for some in (rules, mixed))
    assert one == two
    assert table.apply("|", table.apply("-", 1, one), one) == 1
    return f"{len(table)} nodes"


def _boxes(rules: list[Box], mixed: list[Box]) -> str:
    one, two = Boxes(rules), Boxes(mixed)
    assert one.same(two)
    rest = Boxes([tuple((0, top) for top in TOP)]).without(one)
    return f"{len(one.boxes)} boxes, {len(rest.boxes)} in the complement"


def _atoms(rules: list[Box], mixed: list[Box]) -> str:
    space = Space()
    found = atoms(space.box(dict(zip(Field, ([r] for r in box), strict=True))) for box in rules)
    return f"{len(found)} atoms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["algebra", "backbone", "simulator", "city-32", "city"])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="print Markdown rows")
    options = parser.parse_args()
    print(machine())
    for word in options.what:
        rows = {"algebra": algebra, "backbone": backbone}.get(word, lambda runs, w=word: environment(w, runs))(
            options.runs
        )
        for what, said, asked in rows:
            print(
                f"| {what} | {', '.join(said)} | {asked or '–'} |" if options.record else f"{what}: {', '.join(said)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
