"""What was proved last, on disk: a cache. In: a file. Out: `Kept`, or nothing where the file is not whole or not of this code.

Nothing of it is believed beyond what it says of itself: each part is used only where the digest or the very words of what
it was made of are found again. Lost, damaged or of other code it costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import sys
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from inventory.replacing import replace
from policies.reach.fields import TOP
from policies.reach.filters import Ruleset
from policies.reach.headers import ALL, NONE, Headers, Space
from policies.reach.headers import Node as Cut
from policies.reach.installed import read
from policies.reach.network import Link, Network, Node, Route, Service

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_CODE: Final = ("policies/reach", "policies/checks", "inventory/rendering", "inventory/allotting")
"""what decides about the answers"""
Pairs = Mapping[str, Mapping[str, int]]
"""target → source → a set in the diagram"""


@dataclass(frozen=True, eq=False)
class Kept:
    """A proof as plain data."""

    rows: Mapping[str, list[Any]] = field(default_factory=dict)
    """node → all of it except the text of its filter, in which only its digest stands"""
    links: Collection[Link] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """digest → filter, as it was read"""
    sent: Mapping[str, list[list[int]]] = field(default_factory=dict)
    """end → ranges of destinations that it may send to"""
    facts: Mapping[str, str] = field(default_factory=dict)
    """end → digest of everything about it that answers depend on"""
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """question → targets of which it was asked to the end"""
    wrong: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """question → target → sources that something was wrong with"""
    calm: Mapping[str, list[str]] = field(default_factory=dict)
    """digest of a city with one end of each kind → losses that change nothing in it, by their keys"""
    pairs: Pairs = field(default_factory=dict)
    diagram: list[list[Any]] = field(default_factory=list)
    """numbers 0 and 1 are nothing and everything that is left; the others follow, each after what it leads to"""
    fresh: int = 0
    """how many of them there were when all were written anew; what is dropped since lies about"""

    def node(self, name: str) -> Node:
        """As it was."""
        kind, forwards, local, routes, digest, services = self.rows[name]
        text = self.texts.get(digest)
        # without its text a filter counts as if it had let everything through: all that it stops now may fare otherwise
        rules = Ruleset(name, partial(read, text, name) if text is not None else (), digest)
        return Node(
            name, kind, tuple(local), tuple(Route(p, out, metric) for out, metric, some in routes for p in some),
            rules, forwards, services=tuple(Service(n, a, p, port, tuple(m)) for n, a, p, port, m in services),
        )  # fmt: skip


class Sets:
    """Kept sets, made in a space when they are asked for."""

    def __init__(self, space: Space, diagram: list[list[Any]]) -> None:
        self.space, self._diagram = space, diagram
        self._made: dict[int, Cut] = {0: NONE, 1: ALL}

    def __getitem__(self, number: int) -> Headers:
        return Headers(self.space, self._node(number))

    def _node(self, number: int) -> Cut:
        found = self._made.get(number)
        if found is None:
            level, ends, kids = self._diagram[number - 2]
            found = self._made[number] = self.space.made(level, [*ends, TOP[level]], [self._node(kid) for kid in kids])
        return found


class Diagram:
    """Sets as plain data, each node once."""

    def __init__(self, rows: Iterable[list[Any]]) -> None:
        self.rows = list(rows)
        self._numbers: dict[Cut, int] = {NONE: 0, ALL: 1}

    def number(self, node: Cut) -> int:
        found = self._numbers.get(node)
        if found is None:
            row = [node.level, node.ends[:-1], [self.number(kid) for kid in node.kids]]
            self.rows.append(row)
            found = self._numbers[node] = len(self.rows) + 1
        return found


def row(node: Node) -> list[Any]:
    """A node as plain data. Not for nodes that translate."""
    routes: dict[tuple[str | None, int], list[str]] = {}
    for route in node.routes:
        routes.setdefault((route.out, route.metric), []).append(route.prefix)
    return [
        node.kind, node.forwards, list(node.local), [[*key, some] for key, some in routes.items()], node.rules.digest,
        [[s.name, s.address, s.protocol, s.port, list(s.members)] for s in node.services],
    ]  # fmt: skip


def known(network: Network) -> bool:
    """Whether a network can be kept: nothing translates, and every filter has its digest."""
    return all(not node.rewrites and (node.rules.digest or not node.rules.chains) for node in network.nodes)


def load(file: Path) -> Kept | None:
    """What was kept; None where there is nothing, where it is damaged, or where other code made it."""
    try:
        head, _, body = file.read_bytes().partition(b"\n")
        code, whole = head.decode().split(" ")
        if code != this_code() or sha256(body).hexdigest() != whole:
            return None
        data = json.loads(zlib.decompress(body))
        links = [Link(name, ((a, b), (c, d))) for name, a, b, c, d in data["links"]]
        asked = {question: frozenset(targets) for question, targets in data["asked"].items()}
        return Kept(**{**data, "links": links, "asked": asked})
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None


def save(file: Path, kept: Kept) -> None:
    """Replace what was kept, atomically. What cannot be written is not kept: the next proof takes longer."""
    data = {
        **{
            name: getattr(kept, name)
            for name in ("rows", "texts", "sent", "facts", "wrong", "calm", "pairs", "diagram", "fresh")
        },
        "links": [[link.name, *link.ends[0], *link.ends[1]] for link in kept.links],
        "asked": {question: sorted(targets) for question, targets in kept.asked.items()},
    }
    body = zlib.compress(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode(), 1)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, f"{this_code()} {sha256(body).hexdigest()}\n".encode() + body)


@cache
def this_code() -> str:
    """Digest of the code that proves, and of the interpreter."""
    said = sha256(sys.version.encode())
    for path in _files(_ROOT / folder for folder in _CODE):
        said.update(path.read_bytes())
    return said.hexdigest()


def _files(folders: Iterable[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))
