"""An IPv4 address inside an IPv6 one and out again, RFC 6052: what NAT64 and DNS64 do to every address they meet."""

from __future__ import annotations

from ipaddress import IPv4Address

from inventory.allotting.prefixes import Prefix, address_text, parse

LENGTHS = (32, 40, 48, 56, 64, 96)
WELL_KNOWN = parse("64:ff9b::/96")
_EXAMPLES = tuple(map(parse, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""documentation space stands for public space, here as in the RFC's own table"""
_OCTET = 64
"""bits 64 to 71 are zero in every such address (2.2)"""


def fit(prefix: Prefix) -> None:
    """ValueError, `zh / en`, where a prefix cannot carry IPv4 addresses."""
    if prefix.version != 6 or prefix.length not in LENGTHS:
        words = "、".join(f"/{length}" for length in LENGTHS)
        raise ValueError(f"NAT64 前缀的长度只能是 {words}(RFC 6052) / a NAT64 prefix has one of {words} (RFC 6052)")
    if prefix.start >> (128 - _OCTET - 8) & 0xFF:
        raise ValueError(
            "NAT64 前缀的第 64–71 位须为零(RFC 6052) / bits 64 to 71 of a NAT64 prefix must be zero (RFC 6052)"
        )


def embed(prefix: Prefix, address: int) -> int:
    """The IPv6 address that stands for an IPv4 one. ValueError, `zh / en`: an unfit prefix; a private address inside
    the well-known prefix, which is for what the whole internet can reach (3.1)."""
    fit(prefix)
    if prefix == WELL_KNOWN and not _public(address):
        four = address_text(4, address)
        raise ValueError(
            f"64:ff9b::/96 不能表示非公网地址 {four}:改用本单位自己的 NAT64 前缀(RFC 6052 3.1) / 64:ff9b::/96 must not "
            f"represent {four}, which is not public: use a prefix of your own (RFC 6052 3.1)"
        )
    before = min(32, max(0, _OCTET - prefix.length))
    """how many bits stand before the octet that is zero"""
    if prefix.length == 96:
        return prefix.start | address
    high, low = address >> (32 - before), address & ((1 << (32 - before)) - 1)
    return prefix.start | high << (128 - prefix.length - before) | low << (128 - _OCTET - 8 - (32 - before))


def extract(prefix: Prefix, address: int) -> int:
    """The IPv4 address inside an IPv6 one. ValueError, `zh / en`: it is not one that `embed` makes."""
    fit(prefix)
    rest = address ^ prefix.start
    if prefix.length == 96:
        four = rest & 0xFFFFFFFF
    else:
        before = min(32, max(0, _OCTET - prefix.length))
        high = rest >> (128 - prefix.length - before) & ((1 << before) - 1)
        low = rest >> (128 - _OCTET - 8 - (32 - before)) & ((1 << (32 - before)) - 1)
        four = high << (32 - before) | low
    six = address_text(6, address)
    if embed(prefix, four) != address:
        raise ValueError(f"{six} 不是 {prefix} 内的 IPv4 地址 / {six} holds no IPv4 address of {prefix}")
    return four


def _public(address: int) -> bool:
    four = IPv4Address(address)
    documented = any(span.start <= address <= span.last for span in _EXAMPLES)
    return documented or (four.is_global and not four.is_multicast)
