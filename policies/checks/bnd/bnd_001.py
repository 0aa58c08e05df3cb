"""BND-001: boundaries are crossed where they are guarded: the internet comes in through the access platform alone, and
the video and Internet-of-things domains exchange only what is declared. Proved over the rendered configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventory.estate import Estate, Resource
from policies.checks.boundaries import DEVICES
from policies.checks.networks import joints, told_of
from policies.checks.proved import judged, shown, standing
from policies.checks.records import absent, settled_by, untold
from policies.checks.references import thing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.reach.city import INTERNET
from policies.reach.proof import Difference, Proof
from policies.reach.spreading import End

CHECK = Check(
    id="BND-001",
    title_zh="跨越边界只走受控接口",
    title_en="Boundaries are crossed at guarded points only",
    clauses=("GB/T 22239-2019 8.1.3.1 a)",),
    severity="high",
    severity_basis="boundary-access",
    scope="estate",
    kinds=("compute.host", "net.peering", "net.route"),
    fix_zh="主机不放在有互联网路由的网段,互联网访问走对互联网的负载均衡;视频域和物联网域按声明的访问放行;不同区域的虚拟网络之间放一台边界设备",
    fix_en="keep hosts out of segments with an internet route and let the internet in by a balancer exposed to it; open the "
    "video and Internet-of-things domains to declared flows only; put a boundary device between networks of different zones",
    params={"domains": Param(("video", "iot"), "只按声明进出的区域", "zones entered and left by declared flows only")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host, and what joins virtual networks on record."""
    for host, name, proof, open_ in judged(estate, "compute.host"):
        if open_:
            yield open_
            continue
        wrong = shown(
            _internet(proof, name),
            "{} 的包不经互联网接入平台就到达它",
            "{} reaches it past the access platform",
        )
        wrong += shown(
            _domains(proof, name, host, params["domains"]),
            "{} 与它分属不同区域,其中有只按声明进出的区域,却有未声明的访问",
            "{} is in another zone, one of the two is open to declared flows only, and what reaches it is not declared",
        )
        yield concluded(host, wrong, standing(proof))

    for one, networks, nowhere in joints(estate):
        yield nowhere or _direct(estate, one, networks)


def _direct(estate: Estate, one: Resource, networks: Iterable[Resource | Words]) -> Looked:
    """Does it join networks of different zones without a boundary device between them."""
    zones, open_ = told_of(networks, "zone")
    if open_ or len(zones) < 2:
        return concluded(one, (), open_)
    via = one.get("via")
    device = thing(estate, via)
    wrong = ("不同区域之间没有边界设备", "no boundary device stands between the zones that it joins")
    lost = (untold(one, "via") or [absent(one, via)])[0]
    return concluded(one, *settled_by([lost if via and not device else _guards(device)], wrong))


def _guards(device: Resource | None) -> bool:
    return device is not None and device.kind in DEVICES


def _internet(proof: Proof, target: str) -> Iterator[Difference]:
    if direct := proof.arriving.headers(INTERNET, target):
        yield proof.difference(INTERNET, target, direct)
    if INTERNET not in proof.network.named or not proof.inward:
        return
    for way in proof.reached(INTERNET).to(target):
        balancer = proof.city.places[way.hops[way.start].node] if way.start else None
        if way.end is End.ARRIVED and balancer is not None and balancer.get("exposure") != "internet":
            yield proof.difference(way.hops[way.start].node, target, way.headers)


def _domains(proof: Proof, target: str, host: Resource, domains: tuple[str, ...]) -> Iterator[Difference]:
    zone = host.get("zone")
    for one in proof.beyond(target):
        source = proof.city.places.get(one.source)
        other = source.get("zone") if source else "internet"
        if other != zone and (zone in domains or other in domains):
            yield one
