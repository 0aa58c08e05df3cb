"""What routers and name servers are told: texts as files, and the real programs read them.

A story under tests/cases/rendering is an `estate.json` and, for each router, resolver and translator in it, the files
that it is given. A new story costs no Python; the program that is missing here is skipped loudly.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.estate import UNKNOWN, Estate, Resource, from_data
from inventory.places import ROOT
from inventory.problems import Refused
from inventory.rendering import nodes, services, tayga, zones
from inventory.rendering.frr import frr
from inventory.rendering.kea import kea
from inventory.rendering.radvd import radvd
from inventory.rendering.unbound import FOLDER, unbound
from inventory.rendering.unbound import files as unbound_files
from tests.policies.demo import planned

STORIES = sorted(path for path in (ROOT / "tests" / "cases" / "rendering").iterdir() if path.is_dir())
DOMAIN, SERIAL = "changsha.gov.example", 2026112801
FORWARDERS = ("2001:db8::53",)
SPACES = ("3fff:430::/32", "198.18.0.0/15")
_ELSEWHERE = "/usr/sbin:/usr/lib/frr:/sbin"


def estate(story: Path) -> Estate:
    return from_data(json.loads((story / "estate.json").read_text(encoding="utf-8")))


def rendered(of: Estate) -> dict[str, str]:
    """File → text of everything that the network of an estate is told."""
    files: dict[str, str] = {}
    for name, table in nodes.tables(nodes.net(of)).items():
        files[f"{name}/ip.batch"] = table.batch()
    for router in of.kind("net.router"):
        files[f"{router.name}/frr.conf"] = frr(of, router.name)
        files[f"{router.name}/frr-each.conf"] = frr(of, router.name, each=True)
        files[f"{router.name}/radvd.conf"] = radvd(of, router.name, DOMAIN)
        served = kea(of, router.name, DOMAIN)
        files[f"{router.name}/kea-dhcp6.conf"] = json.dumps(served, indent=1) + "\n" if served else ""
    for resolver in services.resolvers(of):
        files[f"{resolver.name}/unbound.conf"] = unbound(of, resolver.name, DOMAIN, SPACES, FORWARDERS)
    for translator in services.translators(of):
        files[f"{translator.name}/tayga.conf"] = tayga.tayga(of, translator.name)
        files[f"{translator.name}/tayga.batch"] = tayga.batch(of, translator.name)
    for view in ("internet", "inside"):
        files[f"zones/{view}.zone"] = zones.forward(of, DOMAIN, SERIAL, view)
    files |= {f"zones/{zone}zone": text for zone, text in zones.reverse(of, DOMAIN, SERIAL, SPACES).items()}
    return {name: text for name, text in files.items() if text}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_file_is_what_it_was(story: Path) -> None:
    folder = story / "expected"
    expected = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    found = rendered(estate(story))
    assert set(found) == set(expected)
    for name, text in found.items():
        assert text == expected[name], name


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_order_of_the_graph_does_not_matter(story: Path) -> None:
    of = estate(story)
    assert rendered(Estate(tuple(reversed(of.resources)))) == rendered(of)


def _names(story: Path, kind: str) -> list[str]:
    return [resource.name for resource in estate(story).kind(kind)]


def cases(kind: str) -> list[tuple[Path, str]]:
    return [(story, name) for story in STORIES for name in _names(story, kind)]


RESOLVERS = [(story, host.name) for story in STORIES for host in services.resolvers(estate(story))]


def tool(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_ELSEWHERE}")
        if found:
            return found
    pytest.skip(f"NO {names[0]} ON THIS MACHINE: what is rendered for it is not checked (apt install its package)")


def reads(command: list[str], text: str, path: Path) -> subprocess.CompletedProcess[str]:
    path.write_text(text, encoding="utf-8")
    return subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60, check=False)


def accepted(command: list[str], text: str, path: Path, damage: Callable[[str], str]) -> None:
    """The program takes the text, and refuses a damaged one: it did look."""
    done = reads(command, text, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert damage(text) != text
    assert reads(command, damage(text), path).returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize(("story", "name"), cases("net.router"))
def test_frr_reads_its_file(story: Path, name: str, tmp_path: Path) -> None:
    program = tool("vtysh")
    for each in (False, True):
        text = frr(estate(story), name, each=each)
        accepted([program, "-C", "-f"], text, tmp_path / "frr.conf", lambda t: t.replace("hostname", "hostnome"))


@pytest.mark.slow
@pytest.mark.parametrize(("story", "name"), cases("net.router"))
def test_radvd_reads_its_file(story: Path, name: str, tmp_path: Path) -> None:
    program = tool("radvd")
    text = radvd(estate(story), name, DOMAIN)
    accepted(
        [program, "-c", "-C"], text, tmp_path / "radvd.conf", lambda t: t.replace("AdvSendAdvert", "AdvSentAdvert")
    )


@pytest.mark.slow
@pytest.mark.parametrize(("story", "name"), RESOLVERS)
def test_unbound_reads_its_file(story: Path, name: str, tmp_path: Path) -> None:
    program = tool("unbound-checkconf")
    for file, zone in unbound_files(estate(story), DOMAIN, SPACES).items():
        (tmp_path / file).write_text(zone, encoding="utf-8")
    text = unbound(estate(story), name, DOMAIN, SPACES, FORWARDERS).replace(FOLDER, str(tmp_path))
    accepted([program], text, tmp_path / "unbound.conf", lambda t: t.replace("hide-version", "hide-versions"))


@pytest.mark.slow
def test_kea_reads_its_file(tmp_path: Path) -> None:
    program = tool("kea-dhcp6")
    story = next(s for s in STORIES if s.name == "two-sites")
    found = kea(estate(story), "core-a", DOMAIN)
    assert found is not None
    found["Dhcp6"]["interfaces-config"]["interfaces"] = []  # those of the router are not on this machine
    for subnet in found["Dhcp6"]["subnet6"]:
        subnet["interface"] = "lo"
    found["Dhcp6"]["lease-database"]["name"] = str(tmp_path / "leases.csv")
    text = json.dumps(found)
    accepted([program, "-t"], text, tmp_path / "kea.conf", lambda t: t.replace("renew-timer", "renewal"))


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_zones_are_read_by_a_name_server(story: Path, tmp_path: Path) -> None:
    program = tool("named-checkzone")
    of = estate(story)
    files = zones.reverse(of, DOMAIN, SERIAL, SPACES)
    files |= {f"{DOMAIN}.": zones.forward(of, DOMAIN, SERIAL, view) for view in ("internet", "inside")}
    for zone, text in files.items():
        accepted([program, "-i", "local", zone], text, tmp_path / "zone", lambda t: t.replace("IN SOA", "IN SOAP"))


@pytest.mark.slow
def test_tayga_reads_its_file(tmp_path: Path) -> None:
    program = tool("tayga")
    of = estate(next(s for s in STORIES if s.name == "two-sites"))
    able = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    if not able or not Path("/dev/net/tun").exists():
        pytest.skip("NO NETWORK NAMESPACES OR NO TUN HERE: what is rendered for tayga is not checked")
    path = tmp_path / "tayga.conf"
    for text, good in ((tayga.tayga(of, "access-a"), True), (tayga.tayga(of, "access-a").replace("/96", "/95"), False)):
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["unshare", "--net", program, "-c", str(path), "--mktun"], capture_output=True, check=False
        )
        assert (done.returncode == 0) == good, done.stderr


@pytest.mark.parametrize("kind", ["net.router", "net.subnet", "net.link", "compute.host", "dns.record"])
def test_what_is_not_known_yet_is_refused_by_name(kind: str) -> None:
    key = {"net.router": "loopback6", "net.subnet": "cidr6", "net.link": "prefix6", "dns.record": "values"}.get(
        kind, "address6"
    )
    of = estate(next(s for s in STORIES if s.name == "two-sites"))
    victim = of.kind(kind)[0]
    changed = Resource(kind, victim.name, victim.stack, victim.urn, {**victim.properties, key: UNKNOWN})
    with pytest.raises(Refused, match=rf"{kind}/{victim.name}.*rendering\.unknown"):
        rendered(Estate(tuple(changed if r is victim else r for r in of)))


def test_the_well_known_prefix_never_carries_private_ipv4() -> None:
    of = estate(next(s for s in STORIES if s.name == "two-sites"))
    router = services.translators(of)[0]
    for change, good in (
        ({"nat64": "64:ff9b::/96"}, False), ({"nat64": "64:ff9b::/96", "pool4": "8.8.8.0/24"}, True),
        ({"nat64": "3fff:430:1300:64::/80"}, False), ({"nat64": "3fff:430:1300:64::/64"}, True), ({}, True),
    ):  # fmt: skip
        changed = Resource(router.kind, router.name, router.stack, router.urn, {**router.properties, **change})
        if good:
            assert f"prefix {changed['nat64']}\n" in tayga.tayga(Estate((changed,)), router.name)
        else:
            with pytest.raises(Refused, match=r"rendering\.nat64"):
                tayga.tayga(Estate((changed,)), router.name)


def test_forward_and_reverse_agree_and_the_internet_sees_no_machine() -> None:
    of = estate(next(s for s in STORIES if s.name == "two-sites"))
    forward = {address: name for name, found in zones.names(of, DOMAIN).items() for address in found}
    pointed = 0
    for zone, text in zones.reverse(of, DOMAIN, SERIAL, SPACES).items():
        for line in text.splitlines():
            if " IN PTR " in line:
                label, _, name = line.partition(" IN PTR ")
                address = next(a for a in forward if _arpa(a) == f"{label}.{zone}")
                assert address in zones.names(of, DOMAIN)[name.rstrip(".")]
                pointed += 1
    assert pointed == len(forward)
    outside = zones.forward(of, DOMAIN, SERIAL, "internet")
    assert "web.welfare.civil-affairs IN AAAA 3fff:430:1300:1::1000" in outside
    assert "log-a" not in outside
    assert "app.welfare" not in outside


def _arpa(address: str) -> str:
    from ipaddress import ip_address

    return f"{ip_address(address).reverse_pointer}."


@pytest.mark.slow
def test_the_shipped_city_has_something_for_every_service_and_the_programs_take_it(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Names, translation and addresses are not only for stories: the demo's own plan asks for them."""
    of = planned(tmp_path_factory.mktemp("home"))
    files = rendered(of)
    for router in ("access-a", "access-b"):
        served = json.loads(files[f"{router}/kea-dhcp6.conf"])["Dhcp6"]
        video = of.named("net.subnet", f"video-{router[-1]}")
        assert video
        assert [each["subnet"] for each in served["subnet6"]] == [video["cidr6"]]
        near = of.named("compute.host", f"resolver-{router[-1]}")
        assert near
        assert served["option-data"][0]["data"].startswith(f"{near['address6']}, ")
        at = of.named("net.router", router)
        assert at
        assert f"prefix {at['nat64']}\ndynamic-pool {at['pool4']}\n" in files[f"{router}/tayga.conf"]
    zone = of.kind("dns.zone")[0]
    assert {zone["domain"], *zone["servers"]} == {DOMAIN, "resolver-a", "resolver-b"}
    for name, program, words in (
        ("core-c/frr.conf", "vtysh", ["-C", "-f"]), ("core-d/frr.conf", "vtysh", ["-C", "-f"]),
        ("access-a/radvd.conf", "radvd", ["-c", "-C"]),
    ):  # fmt: skip
        done = reads([tool(program), *words], files[name], tmp_path / "conf")
        assert done.returncode == 0, done.stdout + done.stderr
