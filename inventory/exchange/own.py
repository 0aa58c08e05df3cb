"""Our own plan as a `Book`: what the city's spaces are, and every segment, line, router, translator and host that has
addresses.

Words are the keys of the city's data; the Chinese names stand in the lists of sites, zones and owners.
"""

from __future__ import annotations

from inventory import layout
from inventory.addressing import Allocations
from inventory.exchange import texts
from inventory.exchange.bits import Layout, spaces
from inventory.exchange.book import CITY, Address, Book, Prefix, Word
from inventory.model import City
from inventory.reading import Read


def book(read: Read, allocations: Allocations) -> Book:
    """Everything that has an address. Segments of systems that are gone keep theirs, and are told by their bits."""
    city = read.city
    layouts = [layout.of_city(city), *(layout.of_request(city, request) for request in read.requests)]
    segments = {segment.name: segment for each in layouts for segment in each.segments}
    machines = {machine.name: each.system or "" for each in layouts for machine in each.machines}
    vips = {vip.name: each.system or "" for each in layouts for vip in each.vips}
    prefixes = [Prefix(*texts.prefix(text), status="container", owner=CITY, name=field) for field, text in spaces(city)]
    prefixes.append(Prefix(*texts.prefix(city.addresses.link6), status="container", owner=CITY, name="link6"))
    prefixes.append(Prefix(*texts.prefix(city.addresses.loopback6), owner=CITY, name="loopback6"))
    prefixes += [Prefix(*texts.prefix(text), owner=CITY, name=name) for name, text in allocations.links.items()]
    for word, block in (("locators", city.addresses.locators), ("nat64", city.addresses.nat64)):
        if block:
            prefixes.append(Prefix(*texts.prefix(block.prefix), status="container", owner=CITY, name=word))
    prefixes += [Prefix(*texts.prefix(text), owner=CITY, name=name) for name, text in allocations.locators.items()]
    for table in (allocations.nat64, allocations.pool4):
        # by the name that the address step gives it by: read again, the row says that it keeps its prefix
        prefixes += [Prefix(*texts.prefix(text), owner=CITY, site=site, name=site) for site, text in table.items()]
    bits = Layout(city)
    for name, both in allocations.segments.items():
        version, first, length = texts.prefix(both.cidr6)
        known, said = segments.get(name), bits.said(first, length)
        site, zone, owner, system = (
            (known.site, known.zone, known.bureau or CITY, known.system or "")
            if known
            else (said.site or "", said.zone or "", said.owner or "", "")
            if said
            else ("", "", "", "")
        )
        for text in filter(None, (both.cidr6, both.cidr4, both.ula)):
            version, first, length = texts.prefix(text)
            prefixes.append(Prefix(version, first, length, owner=owner, zone=zone, site=site, system=system, name=name))
    addresses = [
        Address(*texts.address(text), role="loopback", owner=CITY, name=name)
        for name, text in allocations.loopbacks.items()
    ]
    for table, systems, role in ((allocations.hosts, machines, ""), (allocations.vips, vips, "vip")):
        for name, each in table.items():
            addresses += [
                Address(*texts.address(text), role=role, system=systems.get(name, ""), name=name)
                for text in (each.address6, each.address4)
                if text
            ]
    return Book(tuple(prefixes), tuple(addresses), (), *words(city))


def words(city: City) -> tuple[tuple[Word, ...], tuple[Word, ...], tuple[Word, ...]]:
    """Sites, zones and owners, the city itself among them."""
    owners = (Word(CITY, city.name), *(Word(bureau.key, bureau.name) for bureau in city.bureaus))
    return tuple(Word(s.key, s.name) for s in city.sites), tuple(Word(z.key, z.name) for z in city.zones), owners
