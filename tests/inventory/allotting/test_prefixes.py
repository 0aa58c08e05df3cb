"""Prefixes as text and numbers: RFC 5952 out, nothing but a whole prefix in; IPv4 in IPv6 as RFC 6052 has it."""

from __future__ import annotations

import contextlib
import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.allotting import embedding
from inventory.allotting.prefixes import (
    BITS,
    Lying,
    Prefix,
    address_text,
    covering,
    overlaps,
    parse,
    spanned,
    text,
    texts,
)
from inventory.places import ROOT

CASES = ROOT / "tests" / "cases" / "addresses"


def rows(name: str) -> list[str]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    version = draw(st.sampled_from((4, 6)))
    length = draw(st.integers(0, BITS[version]))
    return Prefix(version, draw(st.integers(0, (1 << length) - 1)) << (BITS[version] - length), length)


@given(prefixes())
def test_text_and_back(prefix: Prefix) -> None:
    assert texts({"a": prefix}) == {"a": text(prefix)}
    mapped = prefix.version == 6 and prefix.start >> 32 == 0xFFFF
    if mapped:
        with pytest.raises(ValueError, match="is an IPv4 address"):
            parse(text(prefix))
    else:
        assert parse(text(prefix)) == prefix


@given(
    st.one_of(
        st.text("0123456789abcdefABCDEF:./% \x00٣", max_size=45),
        st.lists(st.sampled_from(["", "0", "1", "ffff", "00001", "::", ":", "/", "/64", "/08", "/129", ".1", "1.2.3.4", "%1"]),
                 max_size=10).map(":".join),
        st.ip_addresses().map(str),
        st.tuples(st.ip_addresses(), st.integers(0, 130)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.sampled_from(["10.0.0.1/255.255.0.0", "::ffff:1.2.3.4/120", "::1/", "::/0", "fe80::1%eth0", "fe80::1%eth0/64"]),
    )
)  # fmt: skip
def test_what_others_write_is_read_as_python_reads_it(words: str) -> None:
    try:
        net = ipaddress.ip_network(words, strict=False)
    except ValueError:
        with pytest.raises(ValueError, match="appear to be"):
            spanned(words)
    else:
        assert spanned(words) == (net.version, int(net.network_address), int(net.broadcast_address))
    body = words.partition("/")[0]
    with contextlib.suppress(ValueError):
        assert parse(body).start == int(ipaddress.ip_address(body))


@given(st.lists(st.one_of(st.just(0), st.integers(0, 0xFFFF)), min_size=8, max_size=8))
def test_text_is_that_of_rfc_5952(groups: list[int]) -> None:
    number = sum(group << (112 - 16 * place) for place, group in enumerate(groups))
    said = address_text(6, number)
    assert ipaddress.IPv6Address(said) == ipaddress.IPv6Address(number)
    assert said == str(ipaddress.IPv6Address(number))
    assert not re.search(r"(^|:)0[0-9a-f]|[A-F]", said), "4.1 no leading zeros, 4.3 lower case"
    runs = [len(run) for run in re.findall("0+", "".join("0" if group == 0 else "x" for group in groups))]
    longest = max(runs, default=0)
    if longest < 2:
        assert "::" not in said, "4.2.2 not for one group"
    else:
        before = said.partition("::")[0]
        first = re.search("0" * longest, "".join("0" if group == 0 else "x" for group in groups))
        assert first
        assert len([group for group in before.split(":") if group]) == first.start(), "4.2.3 the longest, the first"


@pytest.mark.parametrize("row", rows("refused.txt"), ids=lambda row: row.split()[0])
def test_what_is_no_prefix_of_a_plan_is_refused_with_the_reason(row: str) -> None:
    words, reason = row.split(maxsplit=1)
    with pytest.raises(ValueError, match=re.escape(reason)) as refused:
        parse(words)
    zh, _, en = str(refused.value).partition(" / ")
    assert re.search("[一-鿿]", zh)
    assert not re.search("[一-鿿]", en)


@given(prefixes(), st.data())
def test_a_range_is_the_fewest_prefixes_that_make_it(prefix: Prefix, data: st.DataObject) -> None:
    first = data.draw(st.integers(prefix.start, prefix.last))
    last = data.draw(st.integers(first, prefix.last))
    parts = list(covering(prefix.version, first, last))
    kind = ipaddress.IPv4Address if prefix.version == 4 else ipaddress.IPv6Address
    expected = ipaddress.summarize_address_range(kind(first), kind(last))
    assert [text(part) for part in parts] == [str(net) for net in expected]


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), max_size=8))
def test_overlaps_are_found_where_there_are_any(drawn: list[tuple[int, int]]) -> None:
    nets = [(Prefix(4, start >> (32 - n) << (32 - n), n), str(at)) for at, (start, n) in enumerate(drawn)]
    found = {other for _, (_, other) in overlaps(nets)}
    meeting = [at for at, (one, _) in enumerate(nets) if any(one.meets(p) for p, n in nets if n != str(at))]
    assert bool(found) == bool(meeting)
    left = [one for one in nets if one[1] not in found]
    assert not any(one.meets(other) for one, a in left for other, b in left if a != b)
    assert all(one.meets(other) for (one, _), (other, _) in overlaps(nets))


@pytest.mark.parametrize("row", rows("rfc6052.txt"), ids=lambda row: row.split()[0])
def test_the_vectors_of_rfc_6052(row: str) -> None:
    prefix, four, six = row.split()
    number = embedding.embed(parse(prefix), int(ipaddress.IPv4Address(four)))
    assert ipaddress.IPv6Address(number) == ipaddress.IPv6Address(six)
    assert embedding.extract(parse(prefix), number) == int(ipaddress.IPv4Address(four))


@given(st.sampled_from(embedding.LENGTHS), st.integers(0, (1 << 96) - 1), st.integers(0, (1 << 32) - 1), st.data())
def test_every_address_comes_out_as_it_went_in_and_nothing_else_does(
    length: int, bits: int, four: int, data: st.DataObject
) -> None:
    start = bits >> (96 - length) << (128 - length) & ~(0xFF << 56)
    prefix = Prefix(6, start, length)
    if prefix == embedding.WELL_KNOWN:
        return
    six = embedding.embed(prefix, four)
    assert six >> 56 & 0xFF == 0, "bits 64 to 71"
    assert Prefix(6, six, 128) in prefix
    assert embedding.extract(prefix, six) == four
    flipped = six ^ 1 << data.draw(st.integers(0, 127))
    with contextlib.suppress(ValueError):
        assert embedding.extract(prefix, flipped) != four


@pytest.mark.parametrize("four", ["10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1",
                                  "198.18.0.1", "224.0.0.1", "0.1.2.3", "240.0.0.1"])  # fmt: skip
def test_the_well_known_prefix_carries_nothing_private(four: str) -> None:
    number = int(ipaddress.IPv4Address(four))
    with pytest.raises(ValueError, match=r"RFC 6052 3\.1"):
        embedding.embed(embedding.WELL_KNOWN, number)
    with pytest.raises(ValueError, match=r"RFC 6052 3\.1"):
        embedding.extract(embedding.WELL_KNOWN, embedding.WELL_KNOWN.start | number)
    own = parse("3fff:430:64::/96")
    assert embedding.extract(own, embedding.embed(own, number)) == number


@pytest.mark.parametrize("prefix", ["2001:db8::/33", "2001:db8::/128", "198.18.0.0/32", "2001:db8:0:0:100::/96"])
def test_a_prefix_that_cannot_carry_ipv4_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="RFC 6052"):
        embedding.embed(parse(prefix), 1)


@st.composite
def _near(draw: st.DrawFn) -> Prefix:
    """Few bits, so that they meet, and both families with equal numbers."""
    version = draw(st.sampled_from((4, 6)))
    length = draw(st.integers(0, 5))
    return Prefix(version, draw(st.integers(0, (1 << length) - 1)) << (BITS[version] - length), length)


@given(st.lists(_near(), max_size=8), _near())
def test_what_meets_a_prefix_is_the_first_that_does(drawn: list[Prefix], one: Prefix) -> None:
    assert Lying(drawn).meeting(one) == next((each for each in sorted(drawn) if each.meets(one)), None)
