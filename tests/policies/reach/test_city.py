"""The estate as a network: what is built of it, what a loss does, and that a proof is made once."""

from __future__ import annotations

from dataclasses import replace

from inventory.estate import UNKNOWN, Estate, Resource
from policies.reach.city import INTERNET, City, city, losses
from policies.reach.fields import packet
from policies.reach.network import Network, sound
from policies.reach.nft import ruleset
from policies.reach.proof import Proof, proof
from policies.reach.spreading import End
from tests.policies.cases import FOLDER, case

NO_WEB = """\
table inet t {
    chain forward {
        type filter hook forward priority filter; policy accept;
        tcp dport 443 drop comment "no web"
    }
}
"""


def _estate(name: str, **changes: dict[str, object]) -> Estate:
    """A case's estate, some resources with other properties."""
    rows: list[Resource] = []
    for one in case(FOLDER / f"{name}.yaml").estate:
        rows.append(replace(one, properties={**one.properties, **changes.get(one.name.replace("-", "_"), {})}))
    return Estate(tuple(rows))


def _filtering(of: City, router: str, text: str) -> City:
    nodes = tuple(
        replace(node, rules=ruleset(text, router)) if node.name == router else node for node in of.network.nodes
    )
    return replace(of, network=Network(nodes, of.network.links))


def test_a_network_is_made_of_an_estate_and_fits_together() -> None:
    made = city(_estate("NET-005/pass-triangle"))
    sound(made.network)
    assert not made.open
    assert {node.name: node.kind for node in made.network.nodes} == {
        "one": "host", "two": "host", "router:core-a": "router", "router:core-b": "router", "router:core-c": "router",
    }  # fmt: skip
    assert made.attached == {"one": "router:core-a", "two": "router:core-b"}
    assert [(lost.kind, lost.name) for lost in losses(made)] == [
        ("link", "a-b"), ("link", "a-c"), ("link", "b-c"), ("site", "a"), ("site", "b"), ("site", "c"),
    ]  # fmt: skip


def test_packets_take_the_quickest_line_and_another_one_when_it_is_lost() -> None:
    done = Proof(city(_estate("NET-005/pass-triangle")))
    (way,) = done.reached("one").to("two")
    assert way.nodes == ("one", "router:core-a", "router:core-b", "two")
    (lost,) = (one for one in losses(done.city) if one.name == "a-b")
    assert not list(done.changes(lost))
    web = packet("3fff:430:1::10", "3fff:430:2::10", "tcp", 443, 40000)
    found = done.difference("one", "two", done.arrivals["two"]["one"], done.city.after(lost))
    assert web.target == found.trace.steps[0].packet.target
    assert found.trace.nodes == ("one", "router:core-a", "router:core-c", "router:core-b", "two")
    assert found.trace.end is End.ARRIVED


def test_a_loss_may_open_what_a_filter_on_the_way_had_shut() -> None:
    slow = _estate("NET-005/pass-triangle", a_b={"rtt_ms": 9})
    done = Proof(_filtering(city(slow), "router:core-c", NO_WEB))
    assert "one" not in done.arrivals.get("two", {})
    by_name = {one.name: one for one in losses(done.city) if one.kind == "link"}
    ((opened, found),) = done.changes(by_name["a-c"])
    assert opened
    assert (found.source, found.target, found.trace.end) == ("one", "two", End.ARRIVED)
    assert not list(done.changes(by_name["a-b"]))


def test_a_loss_may_lead_into_a_filter() -> None:
    done = Proof(_filtering(city(_estate("NET-005/pass-triangle")), "router:core-c", NO_WEB))
    by_name = {one.name: one for one in losses(done.city) if one.kind == "link"}
    ((opened, found),) = done.changes(by_name["a-b"])
    assert not opened
    assert found.trace.end is End.FILTERED
    assert found.trace.steps[-1].rule is not None
    assert found.trace.steps[-1].rule.name == "no web"
    assert "router:core-c:4 no web" in str(found.trace)


def test_a_router_alone_is_a_loss_of_its_own() -> None:
    done = Proof(city(_estate("NET-005/pass-triangle", core_b={"count": 1})))
    (lost,) = (one for one in losses(done.city) if one.kind == "router")
    ((opened, found),) = done.changes(lost)
    assert (opened, found.source, found.target) == (False, "one", "two")


def test_the_internet_knows_the_way_to_its_segments_only() -> None:
    done = Proof(city(_estate("BND-001/pass-platform")))
    arrived = done.reached(INTERNET).arrived
    assert set(arrived) == {INTERNET, "lb:front", "web"}
    assert done.arrivals["lb:front"].keys() == {INTERNET}
    assert done.arrivals["web"].keys() == {"lb:front"}


def test_what_cannot_be_read_is_told_and_the_rest_stands() -> None:
    made = city(_estate("NET-005/pass-triangle", two={"address6": UNKNOWN}, b_c={"routers": ["core-b", "gone"]}))
    assert [resource.name for resource, _ in made.open] == ["b-c", "two"]
    assert all(zh != en for _, (zh, en) in made.open)
    assert set(made.attached) == {"one"}


def test_a_proof_is_made_once_for_an_estate() -> None:
    estate = _estate("NET-005/pass-triangle")
    assert proof(estate) is proof(estate)
    assert proof(estate) is not proof(Estate(estate.resources))
