"""The IPv6 indicators of one site, as the national monitoring platform asks for them (八项监测指标): in, a site,
resolvers, limits; out, figures. `findings` says which of them fall short.

AAAA record; home page reachable; authoritative name servers over IPv6; delays of DNS, TCP, first packet and page;
download speed. Beside them whether IPv4 and IPv6 show the same, and how many of the second- and third-level links
answer over IPv6. Everything together takes at most `Limits.seconds`; what was not looked at by then is said to be so.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from monitors.probes import dns, pages
from monitors.probes.dns import Server
from monitors.probes.pages import Clock, NoPage, Page

_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Site:
    """A site by its home page. `download` is a larger file of it, by which speed is measured; "" is the home page."""

    url: str
    download: str = ""

    @property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of a site, and what a probe may take. The platform's own thresholds are not public: these are ours."""

    dns_ms: float = 100
    tcp_ms: float = 100
    first_ms: float = 500
    page_ms: float = 3000
    speed_kib: float = 128
    """KiB a second"""
    alike: float = 0.9
    second: float = 0.95
    third: float = 0.9
    links: int = 50
    """of each level that are looked at"""
    together: int = 8
    """pages at once, while links are looked at: delays are measured before, alone"""
    page_seconds: float = 5
    seconds: float = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """Links that answer over IPv6, of those that were looked at."""

    good: int = 0
    looked: int = 0
    bad: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """None where there are none."""
        return self.good / self.looked if self.looked else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. None is not measured, since what it needs was not there."""

    site: Site
    aaaa: tuple[str, ...] | None = None
    """() where there are none, None where no resolver answered"""
    reachable: bool = False
    why: str = ""
    """why the home page is not reachable over IPv6"""
    servers: tuple[tuple[str, bool], ...] = ()
    """authoritative name servers, and whether each answers over IPv6 by itself"""
    dns_ms: float | None = None
    tcp_ms: float | None = None
    first_ms: float | None = None
    page_ms: float | None = None
    speed_kib: float | None = None
    alike: float | None = None
    """None also where there is no IPv4 to compare with"""
    second: Rate = field(default_factory=Rate)
    third: Rate = field(default_factory=Rate)
    complete: bool = True
    """False where time ran out"""

    def data(self) -> dict[str, Any]:
        """For JSON and reports."""
        return asdict(self)


async def look(
    site: Site,
    resolvers: Sequence[Server],
    *,
    ids: dns.Ids,
    clock: Clock,
    limits: Limits = Limits(),
    tls: ssl.SSLContext | None = None,
    authoritative_port: int = 53,
) -> Figures:
    """The figures of one site. Never raises for what the site does; takes at most `limits.seconds`."""
    probe = _Probe(site, tuple(resolvers), ids, clock, limits, tls, authoritative_port)
    try:
        async with asyncio.timeout(limits.seconds):
            await probe.run()
    except TimeoutError:
        probe.found["complete"] = False
    return Figures(site, **probe.found)


async def look_at(sites: Iterable[Site], resolvers: Sequence[Server], **options: Any) -> tuple[Figures, ...]:
    """Several sites, one after the other: side by side they would measure one another."""
    return tuple([await look(site, resolvers, **options) for site in sites])


@dataclass
class _Probe:
    site: Site
    resolvers: tuple[Server, ...]
    ids: dns.Ids
    clock: Clock
    limits: Limits
    tls: ssl.SSLContext | None
    port: int
    found: dict[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)

    async def run(self) -> None:
        began = self.clock()
        answer = await self._ask(self.site.host, dns.AAAA)
        if answer is None:
            self.found["why"] = "no resolver answers"
            return
        self.found["dns_ms"] = 1000 * (self.clock() - began)
        self._known[self.site.host, dns.AAAA] = self.found["aaaa"] = answer.of(dns.AAAA)
        self.found["servers"] = await self._servers()
        home = None
        try:
            home = await self.page(self.site.url, dns.AAAA)
        except NoPage as error:
            self.found["why"] = str(error)
        else:
            if home.ok:
                self.found["reachable"] = True
            else:
                self.found["why"] = f"HTTP {home.status}"
        if home is None or not home.ok:
            return
        for key, seconds in (("tcp_ms", home.connected), ("first_ms", home.first), ("page_ms", home.whole)):
            self.found[key] = 1000 * seconds
        await self._speed(home)
        await self._compare(home)
        await self._links(home)

    async def addresses(self, host: str, type_: int) -> tuple[str, ...]:
        """Of a name, from the first resolver that answers; () where there are none."""
        if (host, type_) not in self._known:
            answer = await self._ask(host, type_)
            self._known[host, type_] = answer.of(type_) if answer and not answer.code else ()
        return self._known[host, type_]

    async def _ask(self, name: str, type_: int) -> dns.Answer | None:
        for server in self.resolvers:
            answer = await dns.ask(server, name, type_, ids=self.ids, seconds=self.limits.page_seconds)
            if answer is not None and answer.code in (0, 3):
                return answer
        return None

    async def page(self, url: str, type_: int) -> Page:
        """A page over one family, its redirects followed. NoPage."""
        for _ in range(_REDIRECTS):
            found = await self.addresses((urlsplit(url).hostname or "").lower(), type_)
            if not found:
                raise NoPage("no address")
            page = await pages.fetch(url, found[0], clock=self.clock, seconds=self.limits.page_seconds, tls=self.tls)
            if page.status not in (301, 302, 303, 307, 308) or "location" not in page.headers:
                return page
            url = urljoin(url, page.headers["location"])
            if urlsplit(url).scheme not in ("http", "https"):
                raise NoPage(f"redirected to {url[:80]}")
        raise NoPage("redirected too often")

    async def _servers(self) -> tuple[tuple[str, bool], ...]:
        """The name servers of the zone that the host is in, each asked over IPv6 without a resolver between."""
        labels = self.site.host.split(".")
        for start in range(len(labels)):
            zone = ".".join(labels[start:])
            answer = await self._ask(zone, dns.NS)
            if answer and answer.of(dns.NS):
                names = sorted(set(answer.of(dns.NS)))
                return tuple([(name, await self._answers(name)) for name in names])
        return ()

    async def _answers(self, server: str) -> bool:
        for address in await self.addresses(server, dns.AAAA):
            answer = await dns.ask(
                Server(address, self.port), self.site.host, dns.AAAA, ids=self.ids, recurse=False,
                seconds=self.limits.page_seconds,
            )  # fmt: skip
            if answer and answer.authoritative and answer.code == 0:
                return True
        return False

    async def _speed(self, home: Page) -> None:
        page = home
        if self.site.download:
            try:
                page = await self.page(urljoin(self.site.url, self.site.download), dns.AAAA)
            except NoPage:
                return
        seconds = page.whole - page.connected
        if page.ok and page.body and seconds > 0:
            self.found["speed_kib"] = len(page.body) / 1024 / seconds

    async def _compare(self, home: Page) -> None:
        if not await self.addresses(self.site.host, dns.A):
            return
        try:
            other = await self.page(self.site.url, dns.A)
        except NoPage:
            return
        if other.ok:
            self.found["alike"] = pages.alike(home, other)

    async def _links(self, home: Page) -> None:
        seen = {home.url, self.site.url}
        second = [link for link in pages.links(home, self.site.host) if link not in seen][: self.limits.links]
        seen.update(second)
        rate, came = await self._rate(second)
        self.found["second"] = rate
        further = dict.fromkeys(link for page in came for link in pages.links(page, self.site.host) if link not in seen)
        self.found["third"], _ = await self._rate(list(further)[: self.limits.links])

    async def _rate(self, links: list[str]) -> tuple[Rate, list[Page]]:
        gate = asyncio.Semaphore(self.limits.together)

        async def one(link: str) -> Page | None:
            async with gate:
                try:
                    page = await self.page(link, dns.AAAA)
                except NoPage:
                    return None
                return page if page.ok else None

        came = await asyncio.gather(*(one(link) for link in links))
        good = [page for page in came if page is not None]
        bad = tuple(link for link, page in zip(links, came, strict=True) if page is None)
        return Rate(len(good), len(links), bad), good
