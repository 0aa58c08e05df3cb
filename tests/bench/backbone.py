"""`python -m tests.bench.backbone [incremental] [losses] [routers] [--runs N] [--of N]`: the backbone of 200 routers and 10,000 rules.

- `incremental`: all pairs of zones proved and kept; then, each time in a process of its own, one rule of one router is
  changed and what is kept is renewed: importing, loading, reading the configuration, proving.
- `losses`: each of the 300 lines is lost once; `routers`: each of the 200 routers. Both cores work. After each loss all
  routes are worked out anew, everything that went over what was lost spreads again, and of it only what is declared may
  arrive, and all that arrived before must, unless its own router is what was lost.

Zones send from every address, so what may arrive at one is the same from all: the prefixes and ports that its router names.
Wall and CPU seconds, every run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from policies.reach import keeping, nft
from policies.reach.arriving import Arrivals
from policies.reach.connections import opening
from policies.reach.fields import PROTOCOLS, Field, addresses
from policies.reach.filters import Ruleset
from policies.reach.headers import Headers, Space
from policies.reach.network import Network
from policies.reach.spreading import reach
from tests.bench.measuring import machine
from tests.bench.reach import backbone_made, over, routed

Loss = tuple[tuple[str, ...], tuple[str, ...]]
"""routers and lines that are gone"""


def proved(file: Path, changed: bool) -> dict[str, float]:
    """What an operator's command does: the configuration read, what is kept loaded, the proof, what is new kept."""
    began = time.process_time()
    kept = keeping.load(file)
    loaded = time.process_time()
    network, texts = _configured(kept.texts if kept else {}, changed)
    read = time.process_time()
    space = Space()
    everything = opening(space) & space.box({Field.STATE: [(0, 0)]})
    arrivals = Arrivals(space, network, lambda name: everything, kept)
    done = time.process_time()
    if made := arrivals.keep(texts, {}, {}):
        keeping.save(file, made)
    return {
        "load": loaded - began, "read": read - loaded, "prove": done - read, "keep": time.process_time() - done,
        "again": len(arrivals.changed), "pairs": sum(map(len, arrivals.every().values())),
        "said": int(sha256(repr(_boxes(arrivals)).encode()).hexdigest()[:12], 16),
    }  # fmt: skip


def _boxes(arrivals: Arrivals) -> list[object]:
    seen: dict[object, str] = {}
    found: list[object] = []
    for target, by in sorted(arrivals.every().items()):
        for source, headers in sorted(by.items()):
            said = seen.setdefault(headers.node, "") or repr(list(headers.boxes()))
            seen[headers.node] = said
            found.append((target, source, said))
    return found


def _configured(read_before: Mapping[str, str], changed: bool) -> tuple[Network, dict[str, str]]:
    texts = {}
    network, _, _ = backbone_made(random.Random(0), filters := {})
    nodes = []
    for node in network.nodes:
        if node.kind == "router":
            text = filters[node.name]
            if changed and node.name == "r17":
                text = text.replace("tcp dport ", "udp dport ", 1)
            digest = sha256(text.encode()).hexdigest()
            texts[digest] = text
            name = node.name
            chains = (
                (lambda t=text, n=name: nft.ruleset(t, n).chains)
                if digest in read_before
                else nft.ruleset(text, name).chains
            )
            node = replace(node, rules=Ruleset(name, chains, digest))  # noqa: PLW2901
        nodes.append(node)
    return Network(tuple(nodes), network.links), texts


def incremental(runs: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        for run in range(runs):
            file = Path(home) / f"proof{run}"
            for word in ("full", "nothing changed", "one rule changed"):
                began = time.monotonic()
                command = [sys.executable, "-m", "tests.bench.backbone", "once", str(file), word]
                out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                print(f"{word}: {time.monotonic() - began:.2f} s wall, {out.strip()}", flush=True)
            other = Path(home) / f"other{run}"
            command = [sys.executable, "-m", "tests.bench.backbone", "once", str(other), "one rule changed"]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            print(f"the same from nothing: {out.strip()}", flush=True)


class Losing:
    """What the workers share: made once, before they are forked."""

    def __init__(self) -> None:
        self.space = Space()
        self.network, self.edges, self.held = backbone_made(random.Random(0), filters := {})
        self.used = over(self.space, self.network)
        self.allowed = {f"z{name[1:]}": self._declared(name, text) for name, text in filters.items()}
        self.before = {f"z{n}": reach(self.space, self.network, f"z{n}", losses=False).arrived for n in range(200)}

    def _declared(self, router: str, text: str) -> Headers:
        """What a router's rules name, taken from their words and not from the filter as it was read."""
        found = []
        for line in text.splitlines():
            if line.startswith("ip6 saddr {"):
                sources, rest = line.removeprefix("ip6 saddr { ").split(" } ip6 daddr ")
                target, _, _, port, _ = rest.split(" ")
                found.append({
                    Field.SOURCE: [addresses(one) for one in sources.split(", ")], Field.TARGET: [addresses(target)],
                    Field.PROTOCOL: [(PROTOCOLS["tcp"],) * 2], Field.PORT: [(int(port),) * 2],
                })  # fmt: skip
        return self.space.union(map(self.space.box, found))

    def lost(self, loss: Loss) -> tuple[int, int, int]:
        """Sources looked at again, pairs that are cut off, pairs where something arrives that is not declared."""
        routers, lines = loss
        zones = {f"z{name[1:]}" for name in routers}
        edges = [e for e in self.edges if e.name not in lines and not {*e.ends} & {*routers}]
        held = [one for one in self.held if one.router not in routers]
        after = routed(self.network.without({*routers, *zones}, lines), edges, held)
        gone = {*lines, *(e.name for e in self.edges if {*e.ends} & {*routers})}
        again: dict[str, list[Headers]] = {}
        for line in gone:
            for source, sets in self.used.get(line, {}).items():
                again.setdefault(source, []).extend(sets)
        cut = open_ = 0
        for source in sorted(again.keys() - zones):
            some = self.space.union(again[source]).assigned(Field.NEAR, [(0, 1)])
            arrived = reach(self.space, after, source, some, losses=False).arrived
            for target in self.before[source].keys() - zones - {source}:
                now = arrived.get(target, self.space.nothing)
                cut += not (self.before[source][target] & some) <= now
            for target, headers in arrived.items():
                old = self.before[source].get(target, self.space.nothing)
                open_ += target != source and not (headers <= old and headers <= self.allowed[target])
        return len(again), cut, open_


_losing: Losing | None = None


def _one(loss: Loss) -> tuple[Loss, tuple[int, int, int], float]:
    assert _losing is not None
    began = time.process_time()
    return loss, _losing.lost(loss), time.process_time() - began


def losses(kind: str, of: int) -> None:
    """Every loss of a kind on two cores; a line every 25."""
    global _losing  # noqa: PLW0603
    began, cpu = time.monotonic(), time.process_time()
    _losing = Losing()
    ready = time.monotonic()
    print(f"proved without a loss: {ready - began:.1f} s wall, {time.process_time() - cpu:.1f} CPU s", flush=True)
    lines: list[Loss] = [((), (edge.name,)) for edge in _losing.edges]
    routers: list[Loss] = [((f"r{n}",), ()) for n in range(200)]
    todo = (lines if kind == "losses" else routers)[:of]
    again = cut = open_ = 0
    spent = 0.0
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=25) as pool:
        for number, (loss, found, took) in enumerate(pool.imap_unordered(_one, todo), 1):
            again, cut, open_, spent = again + found[0], cut + found[1], open_ + found[2], spent + took
            if found[1] or found[2]:
                print(f"{loss}: {found[1]} pairs cut off, {found[2]} open", flush=True)
            if number % 25 == 0:
                print(f"  {number} of {len(todo)}: {time.monotonic() - ready:.0f} s", flush=True)
    what = "lines" if kind == "losses" else "routers"
    print(
        f"{len(todo)} {what} lost: {time.monotonic() - ready:.1f} s wall, {spent:.1f} CPU s; {again} sources looked at again, "
        f"{cut} pairs cut off, {open_} open",
        flush=True,
    )


def main() -> None:
    if sys.argv[1:2] == ["once"]:
        began = time.process_time()
        print(
            json.dumps(
                {
                    k: round(v, 2)
                    for k, v in {"start": began, **proved(Path(sys.argv[2]), "rule" in sys.argv[3])}.items()
                }
            )
        )
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["incremental", "losses", "routers"])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--of", type=int, default=1000, help="so many losses at most")
    options = parser.parse_args()
    print(machine())
    for word in options.what:
        if word == "incremental":
            incremental(options.runs)
        else:
            losses(word, options.of)


if __name__ == "__main__":
    main()
