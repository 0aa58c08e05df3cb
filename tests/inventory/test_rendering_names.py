"""A real resolver with what is rendered for it: it answers for the city, forward and back, and shows the world's IPv4
under the NAT64 prefix."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from inventory.estate import Estate, Resource
from inventory.rendering.unbound import DISCOVERY, FOLDER, files, unbound
from monitors.probes.dns import AAAA, PTR, Answer, Server, ask
from tests.inventory.test_rendering_network import DOMAIN, STORIES, estate

OF = estate(next(story for story in STORIES if story.name == "two-sites"))
SPACES = ("3fff:430::/32", "fd07:bd28:d127::/48", "198.18.0.0/15", "203.0.113.0/24")
NO_SUCH_NAME = 3
PATIENCE = 20


def test_a_zone_is_numbered_by_what_it_says() -> None:
    """The same estate gives the same files in any order of the graph, and another name another serial in all of them."""
    found = files(OF, DOMAIN, SPACES)
    assert files(Estate(tuple(reversed(OF.resources))), DOMAIN, SPACES) == found
    record = OF.kind("dns.record")[0]
    more = Resource(
        record.kind, "more", record.stack, "urn:more", {**record.properties, "fqdn": f"more.{DOMAIN}", "values": ["3fff:430::5"]}
    )  # fmt: skip
    after = files(Estate((*OF.resources, more)), DOMAIN, SPACES)
    assert found.keys() == after.keys()
    for name, text in found.items():
        assert (_serial(text) == _serial(after[name])) == (name == f"{DISCOVERY}.zone"), name


def _serial(text: str) -> str:
    found = re.search(r"IN SOA \S+ \S+ (\d+) ", text)
    assert found
    return found[1]


def test_every_zone_that_is_named_is_there_and_no_other() -> None:
    text = unbound(OF, "resolver-a", DOMAIN, SPACES)
    assert set(re.findall(rf"zonefile: {FOLDER}/(\S+)", text)) == set(files(OF, DOMAIN, SPACES))


Ask = Callable[[str, int], Answer]


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Resolver a of the story, on a port of this machine's loopback."""
    program = shutil.which("unbound", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if not program:
        pytest.skip("NO unbound ON THIS MACHINE: what is rendered for it answers nobody (apt install unbound)")
    folder = tmp_path_factory.mktemp("unbound")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    for name, text in files(OF, DOMAIN, SPACES).items():
        (folder / name).write_text(text, encoding="utf-8")
    text = unbound(OF, "resolver-a", DOMAIN, SPACES).replace(FOLDER, str(folder))
    # of the machine, not of the answers: where it listens, and that it needs nobody's rights
    text = re.sub(r"\n    interface: (?!::1)\S+", "", text).replace("interface: ::1", f"interface: ::1@{port}")
    own = f'    chroot: ""\n    username: ""\n    pidfile: "{folder}/pid"\n    use-syslog: no\n'
    (folder / "unbound.conf").write_text(text.replace("server:\n", f"server:\n{own}", 1), encoding="utf-8")
    said = (folder / "said").open("w+")
    running = subprocess.Popen([program, "-d", "-c", str(folder / "unbound.conf")], stderr=said, stdout=said)

    def asked(name: str, type_: int) -> Answer:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and running.poll() is None:
            found = asyncio.run(ask(Server("::1", port), name, type_, ids=lambda: 4711, seconds=2))
            if found is not None:
                return found
        raise AssertionError(Path(said.name).read_text())

    try:
        yield asked
    finally:
        running.kill()
        running.wait()
        said.close()


@pytest.mark.slow
def test_names_of_the_city_are_answered_with_authority(resolver: Ask) -> None:
    found = resolver(f"web.welfare.civil-affairs.{DOMAIN}", AAAA)
    assert (found.code, found.authoritative) == (0, True)
    assert {record.value for record in found.records} == {"3fff:430:1300:1::1000", "3fff:430:2300:1::1000"}
    assert resolver(f"nobody.{DOMAIN}", AAAA).code == NO_SUCH_NAME


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("3fff:430:1600:1::10", f"log-a.{DOMAIN}"), ("198.18.0.2", f"log-a.{DOMAIN}"),
        ("fd07:bd28:d127::1", None), ("203.0.113.1", None), ("198.19.0.1", None),
    ],
)  # fmt: skip
def test_addresses_of_the_city_are_answered_with_authority(resolver: Ask, address: str, name: str | None) -> None:
    """Also where nobody has them: unbound's own denial of unique local and documentation prefixes is not the city's."""
    found = resolver(ip_address(address).reverse_pointer, PTR)
    assert found.authoritative
    assert (found.code, [record.value for record in found.records]) == ((0, [name]) if name else (NO_SUCH_NAME, []))


@pytest.mark.slow
def test_a_name_without_ipv6_is_shown_under_the_prefix_of_the_near_translator(resolver: Ask) -> None:
    found = resolver(DISCOVERY, AAAA)
    assert found.code == 0
    assert {record.value for record in found.records} == {"3fff:430:1300:64::c000:aa", "3fff:430:1300:64::c000:ab"}
