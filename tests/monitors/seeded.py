"""A seeded place for the prober: a name server and web servers on the loopback addresses, with known defects.

Each host of `HOSTS` says what is wrong with it. The name server is resolver and authority at once: a question that asks
for recursion is a resolver's. One port serves both families, and which page is shown depends on the host that is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_address

A, NS, AAAA = 1, 2, 28
WORDS = " ".join(f"word{number}" for number in range(200))
DELAY = 1.6
"""seconds: well above the limits of the test, which are well above what a busy machine takes"""


@dataclass(frozen=True)
class Host:
    """One seeded site. `defects` are the codes that the prober must find."""

    defects: frozenset[str] = frozenset()
    aaaa: tuple[str, ...] = ("::1",)
    a: tuple[str, ...] = ("127.0.0.1",)
    servers: tuple[str, ...] = ("ns.test",)
    kind: str = "plain"
    scheme: str = "http"


HOSTS = {
    "good.test": Host(),
    "redirected.test": Host(kind="redirected"),
    "chunked.test": Host(kind="chunked"),
    "endless-names.test": Host(aaaa=("::1", *(f"3fff::{n:x}" for n in range(1, 60)))),
    "only6.test": Host(a=()),
    "secure.test": Host(scheme="https"),
    "other-name.test": Host(frozenset({"reachable"}), scheme="https"),
    "no-aaaa.test": Host(frozenset({"aaaa"}), aaaa=()),
    "closed.test": Host(frozenset({"reachable"}), kind="closed"),
    "failing.test": Host(frozenset({"reachable"}), kind="failing"),
    "mute.test": Host(frozenset({"reachable"}), kind="mute"),
    "no-http.test": Host(frozenset({"reachable"}), kind="no-http"),
    "circle.test": Host(frozenset({"reachable"}), kind="circle"),
    "authority-4.test": Host(frozenset({"authority"}), servers=("ns4.test",)),
    "authority-mute.test": Host(frozenset({"authority"}), servers=("ns-mute.test",)),
    "authority-half.test": Host(frozenset({"authority"}), servers=("ns.test", "ns4.test")),
    "authority-none.test": Host(frozenset({"authority"}), servers=()),
    "slow-names.test": Host(frozenset({"dns"})),
    "slow-syn.test": Host(frozenset({"tcp", "page"}), kind="slow-syn"),
    "slow-first.test": Host(frozenset({"first", "page"}), kind="slow-first"),
    "slow-page.test": Host(frozenset({"page"}), kind="slow-page"),
    "slow-file.test": Host(frozenset({"speed"}), kind="slow-file"),
    "differs.test": Host(frozenset({"alike"}), kind="differs"),
    "second.test": Host(frozenset({"second"}), kind="second"),
    "third.test": Host(frozenset({"third"}), kind="third"),
}
SERVERS = {"ns.test": (("::1",), ("127.0.0.1",)), "ns4.test": ((), ("127.0.0.1",)), "ns-mute.test": (("::1",), ())}
MUTE = {"authority-mute.test"}


@dataclass
class Place:
    """Where everything listens."""

    names: int = 0
    web: int = 0
    secure: int = 0
    closed: int = 0
    late: int = 0
    servers: list[asyncio.Server] = field(default_factory=list)

    def url(self, host: str) -> str:
        """Of the home page of a host."""
        kind = HOSTS[host].kind
        port = self.secure if HOSTS[host].scheme == "https" else self.web
        port = {"closed": self.closed, "slow-syn": self.late}.get(kind, port)
        return f"{HOSTS[host].scheme}://{host}:{port}/"


@contextlib.asynccontextmanager
async def place(tls: object) -> AsyncIterator[Place]:
    """Everything, listening; `tls` is the servers' context."""
    where, loop = Place(), asyncio.get_running_loop()
    names = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    names.bind(("::1", 0))
    where.names = names.getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(_Names, sock=names)
    where.servers.append(await asyncio.start_server(_names_over_tcp, "::1", where.names))
    for attribute, context in (("web", None), ("secure", tls)):
        six, four = _pair()
        setattr(where, attribute, six.getsockname()[1])
        for sock in (six, four):
            where.servers.append(await asyncio.start_server(_serve, sock=sock, ssl=context))  # type: ignore[arg-type]
    six, four = _pair()
    where.closed = six.getsockname()[1]  # bound and never listening
    try:
        yield where
    finally:
        for server in where.servers:
            server.close()
        transport.close()
        six.close()
        four.close()


@contextlib.asynccontextmanager
async def late(where: Place) -> AsyncIterator[None]:
    """A listener whose queue is full for half a second: the kernel drops the first SYN, the second comes after 1 s."""
    six, four = _pair()
    where.late = six.getsockname()[1]
    fillers = []
    six.listen(0)
    for _ in range(2):
        filler = socket.socket(socket.AF_INET6)
        filler.setblocking(False)
        filler.connect_ex(("::1", where.late))
        fillers.append(filler)

    async def open_() -> None:
        await asyncio.sleep(0.5)
        where.servers.extend(
            [await asyncio.start_server(_serve, sock=six), await asyncio.start_server(_serve, sock=four)]
        )

    opening = asyncio.create_task(open_())
    try:
        yield
    finally:
        await opening
        for filler in fillers:
            filler.close()


def _pair() -> tuple[socket.socket, socket.socket]:
    """The same free port of both loopback addresses."""
    for _ in range(50):
        six, four = socket.socket(socket.AF_INET6), socket.socket(socket.AF_INET)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::1", 0))
        try:
            four.bind(("127.0.0.1", six.getsockname()[1]))
        except OSError:
            six.close()
            four.close()
            continue
        return six, four
    raise OSError("no port that is free for both families")


class _Names(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        name = _asked(data)[0]
        found = _reply(data)
        if found is None:
            return
        if len(found) > 512:
            found = found[:2] + struct.pack("!H", struct.unpack("!H", found[2:4])[0] | 0x0200) + found[4:]
            found = found[:6] + b"\0\0" + found[8 : len(data)]
        delay = DELAY if name == "slow-names.test" and _asked(data)[1] == AAAA else 0
        asyncio.get_running_loop().call_later(delay, self.transport.sendto, found, addr)


async def _names_over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = struct.unpack("!H", await reader.readexactly(2))[0]
    found = _reply(await reader.readexactly(size)) or b""
    writer.write(struct.pack("!H", len(found)) + found)
    await writer.drain()
    writer.close()


def _asked(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(labels), struct.unpack_from("!H", data, at + 1)[0]


def _reply(data: bytes) -> bytes | None:
    """None where the server says nothing."""
    name, type_ = _asked(data)
    recursive = bool(data[2] & 1)
    if name in MUTE and not recursive:
        return None
    values: tuple[str, ...] = ()
    code = 0
    if name in HOSTS:
        host = HOSTS[name]
        values = {AAAA: host.aaaa, A: host.a, NS: host.servers}.get(type_, ())
    elif name in SERVERS:
        values = {AAAA: SERVERS[name][0], A: SERVERS[name][1]}.get(type_, ())
    elif name != "test":
        code = 3
    records = b""
    for value in values:
        body = _wire(value) if type_ == NS else ip_address(value).packed
        records += struct.pack("!HHHIH", 0xC00C, type_, 1, 60, len(body)) + body
    flags = 0x8000 | (0x0180 if recursive else 0x0400) | code
    end = data.index(b"\0", 12) + 5
    return data[:2] + struct.pack("!5H", flags, 1, len(values), 0, 0) + data[12:end] + records


def _wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        path = head[0].split()[1]
        host = next(line[6:] for line in head if line.lower().startswith("host: ")).rpartition(":")[0]
        six = ":" in writer.get_extra_info("sockname")[0]
        await _show(HOSTS[host].kind, path, six, writer)
        await writer.drain()
    writer.close()


async def _show(kind: str, path: str, six: bool, writer: asyncio.StreamWriter) -> None:
    body = f"<html><script>var hidden</script><h1>{path}</h1><p>{WORDS}</p>{_links(kind, path)}</html>".encode()
    missing = (kind, path) in {("second", "/gone"), ("third", "/a/gone")}
    if kind == "mute":
        await asyncio.sleep(30)
    elif kind == "no-http":
        writer.write(b"220 this is mail\r\n")
    elif (kind, path) in {("redirected", "/"), ("circle", "/")}:
        writer.write(
            f"HTTP/1.1 302 Found\r\nLocation: {'/' if kind == 'circle' else '/home'}\r\nContent-Length: 0\r\n\r\n".encode()
        )
    elif kind == "failing" or missing:
        _answer(writer, f"{404 if missing else 500} Wrong", body)
    elif kind == "differs" and not six:
        _answer(writer, "200 OK", b"<p>this site has moved, ask somebody else</p>")
    elif kind == "chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (body[:100], body[100:]):
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        writer.write(b"0\r\n\r\n")
    elif path == "/file":
        await _file(kind, writer)
    else:
        if kind == "slow-first" and path == "/":
            await asyncio.sleep(DELAY)
        slow = kind == "slow-page" and path == "/"
        _answer(writer, "200 OK", body[:50] if slow else body, len(body))
        if slow:
            await writer.drain()
            await asyncio.sleep(DELAY)
            writer.write(body[50:])


async def _file(kind: str, writer: asyncio.StreamWriter) -> None:
    data = bytes(64 << 10)
    _answer(writer, "200 OK", data[: len(data) // 2], len(data))
    await writer.drain()
    if kind == "slow-file":
        await asyncio.sleep(DELAY)
    writer.write(data[len(data) // 2 :])


def _answer(writer: asyncio.StreamWriter, status: str, body: bytes, length: int | None = None) -> None:
    size = len(body) if length is None else length
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {size}\r\n\r\n".encode() + body
    )


def _links(kind: str, path: str) -> str:
    if path == "/":
        more = ["/gone"] if kind == "second" else []
        return "".join(
            f'<a href="{to}">x</a>' for to in ("/a", "/b#part", "mailto:x@y.z", "http://elsewhere.example/", *more)
        )
    if path == "/a":
        return '<a href="/a/one">x</a><a href="/b">x</a>' + ('<a href="/a/gone">x</a>' if kind == "third" else "")
    return ""
