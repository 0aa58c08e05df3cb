"""What the checks on reachability share: which hosts can be judged, and a difference as a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Looked, Words, unknown
from policies.reach.proof import Difference, Proof, proof

_MOST = 3
"""differences that a finding shows; the rest is counted"""


def judged(estate: Estate, *kinds: str) -> Iterator[tuple[Resource, str, Proof, Looked | None]]:
    """Every resource of these kinds, its node, the proof of the estate, and `unknown` where nothing can be said of it.
    Where anything at all could not be read, nothing is known of what is not wrong: see `standing`."""
    done = proof(estate)
    for one in sorted(estate.kind(*kinds), key=lambda r: (r.kind, r.name)):
        name = f"lb:{one.name}" if one.kind == "net.lb" else one.name
        if name in done.city.attached:
            yield one, name, done, None
            continue
        mine = [words for resource, words in done.city.open if resource.urn == one.urn]
        zh, en = mine[0] if mine else ("它在网络中的位置不能确定", "its place in the network cannot be told")
        yield one, name, done, unknown(one, zh, en)


def standing(done: Proof) -> list[Words]:
    """Why a resource that nothing speaks against may still not pass: parts of the network that could not be read."""
    open_ = [words for _, words in done.city.open]
    if not open_:
        return []
    first = sorted(open_, key=lambda words: words[1])[0]
    return [
        (
            f"网络中有 {len(open_)} 处尚不能读({first[0]}),不能证明没有别的通路",
            f"{len(open_)} parts of the network cannot be read ({first[1]}): no other way is ruled out",
        )
    ]


def shown(differences: Iterable[Difference], zh: str, en: str) -> list[Words]:
    """Each with its witness, the first few in full. `zh` and `en` take the name of the source."""
    some = list(differences)
    words = [
        (zh.format(one.source) + f",例如 {one.trace}", en.format(one.source) + f", for example {one.trace}")
        for one in some[:_MOST]
    ]
    rest = len(some) - _MOST
    return words + ([(f"还有 {rest} 个来源", f"and {rest} more sources")] if rest > 0 else [])
