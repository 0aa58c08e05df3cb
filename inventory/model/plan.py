"""The address plan as a schema of bit fields: how the prefix of a segment is made up, and where the rest lies.

A national or provincial layout is written as data: fields from the left, each with its width, its codes, what is kept
back. `inventory.numbering` computes with it, `inventory.plan_faults` says what is wrong with it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inventory.model.base import Frozen, Key, Provenance

Of = Literal["site", "zone", "bureau", "tier", "fixed", "segment"]
Code = Annotated[int, Field(ge=0)]


class Kept(Frozen):
    """A code that is never given to anything that the field numbers."""

    code: Code
    to: str = Field(min_length=1, description="为何保留 / what it is kept for")


class Part(Frozen):
    """One field of a segment's prefix."""

    name: Key
    bits: int = Field(ge=1, le=64, description="位宽 / width")
    of: Of = Field(description="给什么编号;fixed 为定值,segment 由编址步骤分配 / what it numbers; segment is allocated")
    codes: dict[str, Code] | None = Field(None, description="码表:键 → 码;不写则用各行的 number / key → code")
    none: Code | None = Field(None, description="不属于任何单位者的码 / code of what belongs to none")
    value: Code | None = Field(None, description="fixed 的值 / of a fixed field")
    reserved: tuple[Kept, ...] = Field((), description="保留的码 / codes that are never given")
    growth: int = Field(0, ge=0, description="须为今后留出的码数 / how many codes must stay free")


class Block(Frozen):
    """Addresses for one purpose, dealt out in prefixes of one length."""

    prefix: str
    length: int = Field(ge=1, le=128, description="每个前缀的长度 / length of each prefix")
    strategy: Literal["best-fit", "sparse", "nibble"] = "best-fit"


class Family(Frozen):
    """Which protocols segments speak. The first entry of the plan that matches a segment holds; what is left out matches
    all, and where none matches a segment is IPv6 only."""

    segment: str | None = Field(None, description="网段名,可用 * / name, with * for anything")
    site: Key | None = None
    zone: Key | None = None
    bureau: Key | None = None
    tier: str | None = None
    stack: Literal["dual", "ipv6-mostly", "ipv6-only"] = Field(
        description="双栈;以 IPv6 为主(RFC 8925,需 NAT64);仅 IPv6 / dual stack, IPv6-mostly with NAT64, IPv6 only"
    )
    ipv4: int | None = Field(None, ge=8, le=30, description="IPv4 前缀长度 / length of the IPv4 prefix")
    ula: bool = Field(False, description="另配唯一本地地址 / a unique local prefix as well")
    dhcp6: bool = Field(
        False,
        description="终端由 DHCPv6 取地址,缺省自行配置 / its hosts ask DHCPv6 for addresses; else they make their own",
    )


class Address(Frozen):
    """The address plan: fields of a prefix from the left, blocks beside them, and the IPv4 side."""

    prefix6: str
    """the whole city, documentation space"""
    ula: str
    prefix4: str
    public4: str
    """seen from outside: what translators to IPv4 speak from"""
    pool4: int = Field(
        27,
        ge=8,
        le=30,
        description="每个站点的 NAT64 从 public4 中得到的长度 / of what each site's NAT64 has of public4",
    )
    fields: tuple[Part, ...] = Field(min_length=1)
    """with the length of `prefix6` they come to 64"""
    families: tuple[Family, ...] = ()
    block4: int = Field(20, ge=8, le=30)
    """IPv4 is dealt out in blocks of this length, each for segments of one size, so that sizes do not mix"""
    link6: str
    loopback6: str
    locators: Block | None = None
    """SRv6, one a router (RFC 8986)"""
    nat64: Block | None = None
    """one a site (RFC 6052)"""
    domain: str
    """zone of the city's names"""
    provenance: Provenance

    def bits(self, of: Of) -> int:
        """Width of the field that numbers something; 0 where there is none."""
        return next((part.bits for part in self.fields if part.of == of), 0)
