"""What is proved anew after an edit is what a proof from nothing says: sets, answers and witnesses, however the cache is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import Estate, Resource
from policies.checks.shape import Answer
from policies.judge import Verdict, judge
from policies.reach import keeping
from policies.reach.arriving import Arrivals
from policies.reach.filters import Ruleset
from policies.reach.headers import Headers, Space
from policies.reach.network import Network
from policies.reach.proof import proof
from policies.reach.spreading import sent
from tests.policies.cases import FOLDER, case
from tests.policies.reach.test_mutations import mutated
from tests.policies.reach.worlds import World, world


def _told(arrivals: Arrivals) -> Mapping[str, Mapping[str, list[str]]]:
    """Sets of two spaces are compared as boxes."""
    return {
        target: {source: sorted(map(repr, headers.boxes())) for source, headers in sorted(by.items())}
        for target, by in arrivals.every().items()
    }


def _digested(some: World) -> tuple[Network, dict[str, str]]:
    texts = {f"{box.name} {box.text()}": box.text() for box in some.boxes.values() if box.chains}
    made = some.network()
    nodes = [
        replace(node, rules=Ruleset(node.name, node.rules.chains, f"{node.name} {some.boxes[node.name].text()}"))
        if node.rules.chains
        else node
        for node in made.nodes
    ]
    return Network(tuple(nodes), made.links), texts


def _arrivals(network: Network, kept: keeping.Kept | None) -> Arrivals:
    space = Space()

    def sends(name: str) -> Headers:
        return sent(space, network.named[name])

    return Arrivals(space, network, sends, kept)


def wrong(seed: int, edits: int, file: Path) -> list[str]:
    """Where the sets after an edit are others than without what was kept of the proof before it."""
    some, dice, found = world(seed, shared=seed % 2 == 1), random.Random(seed), []
    network, texts = _digested(some)
    for number in range(edits):
        arrivals = _arrivals(network, keeping.load(file))
        if made := arrivals.keep(texts, {}, {}, {}):
            keeping.save(file, made)
        before = keeping.load(file)
        assert before is not None
        fewer = len(some.boxes) > 3 and dice.random() < 0.2
        what, some = ("a node is gone", _without(some, dice)) if fewer else mutated(some, dice)
        network, texts = _digested(some)
        renewed, fresh = _arrivals(network, before), _arrivals(network, None)
        if _told(renewed) != _told(fresh):
            found.append(f"seed {seed}, edit {number}: {what}")
    return found


def _without(some: World, dice: random.Random) -> World:
    gone = dice.choice([name for name in some.boxes if name != "h0"])
    boxes = {
        name: replace(box, routes=tuple(r for r in box.routes if r[1] is None or gone not in r[1].split("-")))
        for name, box in some.boxes.items()
        if name != gone
    }
    return World(boxes, tuple(pair for pair in some.links if gone not in (pair[0][0], pair[1][0])))


def test_a_few_edits_of_networks(tmp_path: Path) -> None:
    assert not [one for seed in range(4) for one in wrong(seed, 4, tmp_path / f"{seed}")]


@pytest.mark.slow
def test_hundreds_of_edits_of_networks(tmp_path: Path) -> None:
    found = [one for seed in range(4, 80) for one in wrong(seed, 8, tmp_path / f"{seed}")]
    assert not found, found[:5]


def _edited(estate: Estate, dice: random.Random) -> Estate:
    """One change of one resource that is of use for reachability, or the loss of one."""
    rows = list(estate.resources)
    kinds = ("net.sg_rule", "compute.host", "net.link", "net.router", "net.subnet", "net.lb", "net.listener")
    at = dice.choice([n for n, one in enumerate(rows) if one.kind in kinds])
    last = rows[at].kind == "compute.host" and len(estate.kind("compute.host")) == 1  # others are made like it
    if dice.random() < 0.15 and not last:
        del rows[at]
        return Estate(tuple(rows))
    rows[at] = replace(rows[at], properties={**rows[at].properties, **_change(rows[at], estate, dice)})
    return Estate(tuple(rows))


def _change(one: Resource, estate: Estate, dice: random.Random) -> dict[str, object]:
    hosts = estate.kind("compute.host")
    if one.kind == "net.sg_rule":
        host = dice.choice(hosts)
        return dice.choice(
            [
                {"ports": [dice.randint(1, 9), dice.randint(10, 9999)]},
                {"peers6": [*(one.get("peers6") or ()), f"{host.get('address6')}/128"]},
                {"peers6": list(one.get("peers6") or ())[1:]},
                {"peer": dice.choice([f"{host.get('system')}/{host.get('workload')}", "monitor", "city", "nobody"])},
                {"direction": "egress" if one.get("direction") == "ingress" else "ingress"},
            ]
        )
    if one.kind == "compute.host":
        other = dice.choice(hosts)
        keys = ("zone", "bureau", "subnet", "security_groups", "role", "address6", "site")
        return {key: other.get(key) for key in dice.sample(keys, dice.randint(1, 2))}
    if one.kind == "net.link":
        return {"rtt_ms": dice.choice([1, 5, 50])}
    if one.kind == "net.subnet":
        return {"internet_route": not one.get("internet_route")}
    if one.kind == "net.lb":
        names = [host.name for host in hosts]
        return {"members": dice.sample(names, min(len(names), 2)), "exposure": dice.choice(["internet", "extranet"])}
    if one.kind == "net.listener":
        return {"port": dice.randint(1, 9999)}
    return {"count": dice.choice([1, 2])}


def _judged(estate: Estate, file: Path | None) -> Verdict:
    return judge(Estate(estate.resources), planned=True, proved=file)


def _damaged(file: Path, dice: random.Random) -> None:
    data = bytearray(file.read_bytes())
    if dice.random() < 0.5:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    else:
        del data[dice.randrange(len(data)) :]
    file.write_bytes(bytes(data))


CASES = ("NET-005/pass-triangle", "BND-001/pass-platform", "BND-001/fail-balancer", "BND-005/fail-wide", "TEN-002/fail-direct",
         "IP6-003/fail-ipv6-door")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_verdict_is_the_same_with_what_was_kept(
    name: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dice, file = random.Random(seed), tmp_path_factory.mktemp("kept") / "proof"
    estate = case(FOLDER / f"{name}.yaml").estate
    _judged(estate, file)
    for _ in range(3):
        estate = _edited(estate, dice)
        if file.exists() and dice.random() < 0.3:
            _damaged(file, dice)
        assert _judged(estate, file).data() == _judged(estate, None).data()


def test_nothing_is_proved_again_where_nothing_changed(tmp_path: Path) -> None:
    file = tmp_path / "proof"
    estate = case(FOLDER / "NET-005/pass-triangle.yaml").estate
    _judged(estate, file)
    written = file.read_bytes()
    again = Estate(estate.resources)
    judge(again, planned=True, proved=file)
    assert proof(again).arriving.same
    assert not proof(again).arriving.changed
    assert file.read_bytes() == written


def test_what_a_loss_does_is_asked_again_as_soon_as_a_line_or_a_place_is_another(tmp_path: Path) -> None:
    file = tmp_path / "proof"
    estate = case(FOLDER / "NET-005/pass-triangle.yaml").estate
    _judged(estate, file)
    kept = keeping.load(file)
    assert kept is not None
    ((digest, calm),) = kept.calm.items()
    assert len(calm) >= len(estate.kind("net.link"))
    again = Estate(estate.resources)
    judge(again, planned=True, proved=file)
    assert "_few_before" not in vars(proof(again)), "nothing is lost again in what is as it was"
    for link in estate.kind("net.link"):
        less = estate.only(lambda one, gone=link: one is not gone)
        verdict = _judged(less, file)
        assert verdict.data() == _judged(less, None).data()
        assert any(one.check == "NET-005" and one.answer is Answer.FAIL for one in verdict.findings), link.name
        now = keeping.load(file)
        assert now is not None
        assert digest not in now.calm


def test_what_is_not_whole_or_of_other_code_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "proof"
    _judged(case(FOLDER / "NET-005/pass-triangle.yaml").estate, file)
    whole = file.read_bytes()
    assert keeping.load(file) is not None
    for other in (b"", whole[:-1], whole[:200], b"0" * 64 + whole[64:], whole[:-4] + b"abcd", b"no" + whole):
        file.write_bytes(other)
        assert keeping.load(file) is None
