"""The prober finds each seeded defect and nothing else; its name questions stand up to answers that are none."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import random
import socket
import ssl
import struct
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

import liangzhu
from inventory.estate import Estate, Resource
from inventory.problems import Refused
from monitors import verbs
from monitors.probes import dns, ipv6, pages
from monitors.probes.dns import Garbled, Server
from monitors.probes.findings import findings, rows
from monitors.probes.ipv6 import Figures, Limits, Rate, Site
from tests.monitors import seeded

LIMITS = Limits(dns_ms=800, tcp_ms=800, first_ms=800, page_ms=900, page_seconds=4, seconds=30)
IDS = itertools.count(1).__next__


def _six() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


SIX = pytest.mark.skipif(not _six(), reason="NO IPv6 ON THE LOOPBACK DEVICE: the prober is not tried")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The servers' context, and that of who trusts their certificate, which is for secure.test alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "secure.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("secure.test")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def _look(host: str, certificates: tuple, limits: Limits = LIMITS) -> Figures:
    server, client = certificates
    async with seeded.place(server) as where:

        async def look() -> Figures:
            return await ipv6.look(
                Site(where.url(host), "/file"), [Server("::1", where.names)], ids=IDS, clock=time.perf_counter,
                limits=limits, tls=client, authoritative_port=where.names,
            )  # fmt: skip

        if seeded.HOSTS[host].kind != "slow-syn":
            return await look()
        async with seeded.late(where):
            return await look()


@SIX
@pytest.mark.slow
@pytest.mark.parametrize("host", seeded.HOSTS)
def test_each_seeded_defect_is_found_and_nothing_else(host: str, certificates: tuple) -> None:
    figures = run(_look(host, certificates))
    found = findings(figures, LIMITS)
    assert {problem.code.removeprefix("ipv6.") for problem in found} == seeded.HOSTS[host].defects, figures
    assert figures.complete
    assert all(problem.zh and problem.en and problem.where == figures.site.url for problem in found)


@SIX
@pytest.mark.slow
def test_a_sound_site_has_every_figure(certificates: tuple) -> None:
    figures = run(_look("good.test", certificates))
    assert figures.aaaa == ("::1",)
    assert figures.servers == (("ns.test", True),)
    assert figures.alike == 1
    assert (figures.second, figures.third) == (Rate(2, 2), Rate(1, 1))
    assert all(value not in ("–", "") for _, _, value in rows(figures))
    assert 0 < (figures.tcp_ms or 0) <= (figures.page_ms or 0)


@SIX
@pytest.mark.slow
def test_what_takes_too_long_is_cut_and_said(certificates: tuple) -> None:
    figures = run(_look("mute.test", certificates, Limits(page_seconds=20, seconds=1)))
    assert not figures.complete
    assert [problem.code for problem in findings(figures)] == ["ipv6.time"]


@SIX
def test_no_resolver_is_told_as_that_and_not_as_a_missing_record() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("::1", 0))
        figures = run(
            ipv6.look(Site("http://good.test/"), [Server("::1", nobody.getsockname()[1])], ids=IDS,
                      clock=time.perf_counter, limits=Limits(page_seconds=0.2, seconds=5))
        )  # fmt: skip
    assert [problem.code for problem in findings(figures)] == ["ipv6.resolver"]


@pytest.mark.parametrize("key", ["dns", "tcp", "first", "page"])
def test_a_limit_is_met_by_what_equals_it(key: str) -> None:
    whole = Figures(Site("http://x.test/"), ("::1",), True, servers=(("ns", True),))
    limit = getattr(Limits(), f"{key}_ms")
    for value, expected in ((limit, []), (limit + 1, [f"ipv6.{key}"])):
        figures = Figures(**{**{f: getattr(whole, f) for f in whole.__slots__}, f"{key}_ms": value})
        assert [problem.code for problem in findings(figures)] == expected


ASKED = dns.question(7, "www.good.test", dns.AAAA)


def reply(flags: int, records: bytes = b"", count: int = 0) -> bytes:
    return struct.pack("!6H", 7, flags, 1, count, 0, 0) + ASKED[12:] + records


def test_an_answer_is_read_through_its_pointers() -> None:
    alias = struct.pack("!3HIH", 0xC00C, dns.CNAME, 1, 60, 6) + b"\x03web\xc0\x10"
    target = struct.pack("!3HIH", 0xC000 | len(ASKED) + 12, dns.AAAA, 1, 60, 16) + bytes(15) + b"\1"
    other = struct.pack("!3HIH", 0xC00C, 99, 1, 60, 2) + b"??"
    found = dns.answer(reply(0x8580, alias + other + target, 3), ASKED)
    assert found is not None
    assert found.authoritative
    assert [(r.name, r.value) for r in found.records] == [("www.good.test", "web.good.test"), ("web.good.test", "::1")]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 12, reply(0x0000), struct.pack("!H", 8) + reply(0x8000)[2:], reply(0x8000, b"\xc0", 1),
        reply(0x8000, b"\xc0\x1f" * 2, 1), reply(0x8000, struct.pack("!3HIH", 0xC00C, dns.AAAA, 1, 60, 99) + bytes(16), 1),
        reply(0x8000).replace(b"good", b"evil"),
        reply(0x8000, struct.pack("!H", 0xC000 | len(ASKED)) + bytes(10), 1),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_from_one(data: bytes) -> None:
    with pytest.raises(Garbled):
        dns.answer(data, ASKED)


def test_an_answer_cut_short_says_so() -> None:
    assert dns.answer(reply(0x8200), ASKED) is None


@given(st.binary(max_size=60), st.integers(0, 0xFFFF))
def test_any_bytes_are_an_answer_or_garbled(rest: bytes, flags: int) -> None:
    try:
        dns.answer(reply(flags, rest, 2), ASKED)
    except Garbled:
        return


@given(st.randoms(use_true_random=False))
def test_a_damaged_answer_never_makes_a_fault(order: random.Random) -> None:
    record = struct.pack("!3HIH", 0xC00C, dns.AAAA, 1, 60, 16) + bytes(16)
    data = bytearray(reply(0x8580, record, 1))
    for _ in range(order.randrange(1, 6)):
        data[order.randrange(len(data))] = order.randrange(256)
    try:
        dns.answer(bytes(data[: order.randrange(len(data) + 1)]), ASKED)
    except Garbled:
        return


def page(body: str, url: str = "http://www.x.test/") -> pages.Page:
    return pages.Page(url, 200, {"content-type": "text/html; charset=utf-8"}, body.encode(), 0, 0, 1)


def test_links_are_those_of_the_site_each_once() -> None:
    home = page('<a href="/a#1">x</a><a href=/a>y</a><A HREF="http://m.x.test:80/b">z</a><a href="//y.test/">n</a>'
                '<a href="http://[bad">n</a><a href="javascript:x">n</a><a>n</a><a href="http://notx.test/">n</a>')  # fmt: skip
    assert pages.links(home, "www.x.test") == ("http://www.x.test/a", "http://m.x.test:80/b")


def test_pages_are_alike_by_what_is_read_on_them() -> None:
    one = page("<p>长沙市 政务服务 open today</p><script>token = 1</script>")
    other = page("<div>长沙市</div><b>政务服务 open today</b><script>token = 2</script>")
    assert pages.alike(one, other) == 1
    assert pages.alike(one, page("<p>搬走了</p>")) < 0.2
    assert pages.alike(page(""), page("")) == 1


def test_the_report_names_every_indicator_of_the_platform() -> None:
    names = [zh for zh, _, _ in rows(Figures(Site("http://x.test/")))]
    assert len(names) == 11
    assert len(set(names)) == 11


def test_the_probe_keeps_no_clock_or_chance_of_its_own() -> None:
    for path in sorted((Path(ipv6.__file__).parent).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "import time" not in text, path.name
        assert "import random" not in text, path.name


def test_sites_are_what_the_estate_serves_to_the_internet() -> None:
    made = [
        ("net.lb", "out", {"vip6": "3fff::1"}), ("net.lb", "in", {"vip6": "3fff::2"}),
        ("net.listener", "out-443", {"lb": "out", "exposure": "internet"}),
        ("net.listener", "in-443", {"lb": "in", "exposure": "extranet"}),
        ("dns.record", "a", {"fqdn": "a.example", "values": ["3fff::1"]}),
        ("dns.record", "a4", {"fqdn": "a.example", "values": ["198.18.0.1"]}),
        ("dns.record", "b", {"fqdn": "b.example", "values": ["3fff::2"]}),
    ]  # fmt: skip
    estate = Estate(tuple(Resource(kind, name, "s", f"urn:{name}", properties) for kind, name, properties in made))
    assert verbs.served(estate) == [Site("https://a.example/")]


def test_the_machines_own_resolvers_are_asked_where_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# nameserver 1.1.1.1\nsearch x\nnameserver 3fff::53\nnameserver fe80::1%eth0\nnameserver\n")
    assert verbs.of_machine(path) == [Server("3fff::53"), Server("fe80::1")]
    for text in ("", "search x\n"):
        path.write_text(text)
        with pytest.raises(Refused, match=r"ipv6\.resolver"):
            verbs.of_machine(path)


@SIX
@pytest.mark.slow
def test_the_verb_tells_figures_and_findings_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert liangzhu.main(["ipv6", "@100::53", "http://nobody.invalid/"]) == 1
    said = capsys.readouterr().out
    assert "AAAA 记录:–" in said
    assert "[ipv6." in said
    assert liangzhu.main(["ipv6", "ftp://x/"]) == 1
    assert "[ipv6.url]" in capsys.readouterr().out
