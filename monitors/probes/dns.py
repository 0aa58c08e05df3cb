"""Questions to one name server, over UDP and, where the answer is cut short, over TCP. In: name, type, server; out, an
answer with its records, or nothing in time. The wire format of RFC 1035, as far as a probe needs it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

A, NS, CNAME, PTR, AAAA = 1, 2, 5, 12, 28
_TRUNCATED, _AUTHORITATIVE, _RESPONSE, _RECURSE = 0x0200, 0x0400, 0x8000, 0x0100
_MOST_POINTERS = 64

Ids = Callable[[], int]
"""numbers of questions, 0 to 65535; unguessable where answers could be forged"""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a name server listens."""

    address: str
    port: int = 53


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer; addresses and names as text, names in lower case without the last dot."""

    name: str
    type: int
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `code` 0 is no error, 3 no such name."""

    code: int
    authoritative: bool
    records: tuple[Record, ...]

    def of(self, type_: int) -> tuple[str, ...]:
        """The values of one type."""
        return tuple(record.value for record in self.records if record.type == type_)


class Garbled(ValueError):
    """What came is no answer to what was asked."""


async def ask(
    server: Server, name: str, type_: int, *, ids: Ids, seconds: float, recurse: bool = True, tries: int = 2
) -> Answer | None:
    """The server's answer; None where none came in `seconds`, all tries together, or nobody listens there."""
    for _ in range(tries):
        try:
            async with asyncio.timeout(seconds / tries):
                return await _once(server, name, type_, ids(), recurse)
        except (TimeoutError, OSError, Garbled):
            continue
    return None


def question(number: int, name: str, type_: int, recurse: bool = True) -> bytes:
    """A question as it goes over the wire. ValueError for a name that is none."""
    labels = name.rstrip(".").encode("idna" if not name.isascii() else "ascii").split(b".")
    if not all(0 < len(label) < 64 for label in labels):
        raise ValueError(name)
    body = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", number, _RECURSE if recurse else 0, 1, 0, 0, 0) + body + struct.pack("!2H", type_, 1)


def answer(data: bytes, asked: bytes) -> Answer | None:
    """The answer to a question; None where it was cut short. Garbled where it is no answer to this question."""
    try:
        _, flags, questions, count, _, _ = struct.unpack_from("!6H", data)
        if data[:2] != asked[:2] or not flags & _RESPONSE or questions != 1:
            raise Garbled("not an answer to this question")
        name, at = _name(data, 12)
        if (name, data[at : at + 4]) != (_name(asked, 12)[0], asked[-4:]):
            raise Garbled("the answer repeats another question")
        if flags & _TRUNCATED:
            return None
        at += 4
        records = []
        for _ in range(count):
            owner, at = _name(data, at)
            type_, _, _, length = struct.unpack_from("!2HIH", data, at)
            at += 10
            value = _value(data, at, length, type_)
            if value:
                records.append(Record(owner, type_, value))
            at += length
        return Answer(flags & 15, bool(flags & _AUTHORITATIVE), tuple(records))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Garbled(str(error)) from None


def _value(data: bytes, at: int, length: int, type_: int) -> str:
    if at + length > len(data):
        raise Garbled("a record longer than the answer")
    if type_ == A and length == 4:
        return str(IPv4Address(data[at : at + 4]))
    if type_ == AAAA and length == 16:
        return str(IPv6Address(data[at : at + 16]))
    return _name(data, at)[0] if type_ in (NS, CNAME, PTR) else ""


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name and where what follows it begins. Garbled where its pointers go round."""
    labels: list[str] = []
    end = 0
    for _ in range(_MOST_POINTERS + 128):
        size = data[at]
        if size >= 0xC0:
            end = end or at + 2
            at = (size & 0x3F) << 8 | data[at + 1]
        elif size:
            labels.append(data[at + 1 : at + 1 + size].decode("ascii").lower())
            at += 1 + size
        else:
            return ".".join(labels), end or at + 1
    raise Garbled("a name that goes round")


class _Datagrams(asyncio.DatagramProtocol):
    """Keeps the first datagram that answers the question; what does not is somebody else's."""

    def __init__(self, asked: bytes) -> None:
        self.asked = asked
        self.done: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.done.done():
            return
        try:
            self.done.set_result(answer(data, self.asked))
        except Garbled:
            return

    def error_received(self, exc: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(exc)


async def _once(server: Server, name: str, type_: int, number: int, recurse: bool) -> Answer:
    asked = question(number, name, type_, recurse)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Datagrams(asked), remote_addr=(server.address, server.port)
    )
    try:
        transport.sendto(asked)
        found = await protocol.done
    finally:
        transport.close()
    return found or await _over_tcp(server, asked)


async def _over_tcp(server: Server, asked: bytes) -> Answer:
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        writer.write(struct.pack("!H", len(asked)) + asked)
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        found = answer(await reader.readexactly(size), asked)
    except asyncio.IncompleteReadError as error:
        raise Garbled(str(error)) from None
    finally:
        writer.close()
    if found is None:
        raise Garbled("cut short over TCP, too")
    return found
