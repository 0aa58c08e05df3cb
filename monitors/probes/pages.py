"""One page over one address: in, a URL, an address, how long it may take; out, status, body and when each part came.

HTTP/1.1 without compression and one connection a page, since delays are what is measured; and what links and words a
page has.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

MOST_BYTES = 16 << 20
"""of a body; more is not read"""
_CHUNK = 1 << 16
Clock = Callable[[], float]
"""seconds that only grow"""


@dataclass(frozen=True, slots=True)
class Page:
    """What came. Seconds count from the beginning of the connection; `connected` without TLS's own round trips."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    connected: float
    first: float
    """from the request to the first byte of the answer"""
    whole: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text, whatever bytes are in it."""
        kind = self.headers.get("content-type", "").lower()
        name = kind.partition("charset=")[2].split(";")[0].strip(" \"'") or "utf-8"
        try:
            return self.body.decode(name, errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")


class NoPage(OSError):
    """Nothing came that is a page."""


async def fetch(url: str, address: str, *, clock: Clock, seconds: float, tls: ssl.SSLContext | None = None) -> Page:
    """The page at an address; redirects are not followed. NoPage, with the reason."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(seconds):
            began = clock()
            reader, writer = await asyncio.open_connection(address, port, limit=_CHUNK)
            connected = clock() - began
            try:
                if secure:
                    await writer.start_tls(tls or ssl.create_default_context(), server_hostname=parts.hostname)
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                request = (
                    f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: liangzhu-probe\r\n"
                    "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
                )
                sent = clock()
                writer.write(request.encode("ascii"))
                line = await reader.readline()
                first = clock() - sent
                status, headers = await _head(line, reader)
                body = await _body(reader, status, headers)
                return Page(url, status, headers, body, connected, first, clock() - began)
            finally:
                writer.close()
    except TimeoutError:
        raise NoPage(f"nothing within {seconds:g} s") from None
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NoPage(str(error) or type(error).__name__) from None


async def _head(line: bytes, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("not HTTP")
    headers: dict[str, str] = {}
    while (row := await reader.readline()) not in (b"\r\n", b"\n", b""):
        key, _, value = row.decode("latin-1").partition(":")
        headers[key.strip().lower()] = value.strip()
        if len(headers) > 200:
            raise ValueError("too many headers")
    return int(words[1]), headers


async def _body(reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> bytes:
    if status in (204, 304):
        return b""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts, total = [], 0
        while size := int((await reader.readline()).split(b";")[0], 16):
            total += size
            if total > MOST_BYTES:
                break
            parts.append(await reader.readexactly(size))
            await reader.readline()
        return b"".join(parts)
    if "content-length" in headers:
        return await reader.readexactly(min(int(headers["content-length"]), MOST_BYTES))
    found = bytearray()
    while len(found) < MOST_BYTES and (part := await reader.read(_CHUNK)):
        found += part
    return bytes(found)


@dataclass
class _Seen(HTMLParser):
    """Links and words of a page."""

    base: str
    links: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        for key, value in attrs:
            if tag == "a" and key == "href" and value:
                self.links.append(value.strip())

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            # Chinese has no spaces: a character is a word
            self.words.update(data.split() if data.isascii() else [c for c in data if not c.isspace()])


def links(page: Page, site: str) -> tuple[str, ...]:
    """Links to pages of the same site (its host, or one below its domain), each once, in the page's order."""
    seen = _Seen(page.url)
    seen.feed(page.text)
    domain = site.removeprefix("www.")
    found = []
    for href in dict.fromkeys(seen.links):
        try:
            link = urldefrag(urljoin(page.url, href)).url
            parts = urlsplit(link)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and (host == domain or host.endswith(f".{domain}")):
            found.append(link)
    return tuple(dict.fromkeys(found))


def alike(one: Page, other: Page) -> float:
    """How much two pages say the same, 0 to 1: the words that both have, of all that they have."""
    first, second = _Seen(one.url), _Seen(other.url)
    first.feed(one.text)
    second.feed(other.text)
    total = first.words.total() + second.words.total()
    return 2 * (first.words & second.words).total() / total if total else 1.0
