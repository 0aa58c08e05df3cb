"""A `World` in network namespaces: real links, routes and nftables, and raw packets sent through them.

Neighbours are entered by hand, so that no filter has to let neighbour discovery through; every packet carries a number
that tells it from the kernel's own answers. One process, with raw sockets in every namespace. Linux, root.
"""

from __future__ import annotations

import ctypes
import os
import random
import socket
import struct
import subprocess
import time
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from policies.reach.fields import Packet, address
from tests.policies.reach.worlds import World

_SETTINGS = {
    "net/ipv6/conf/all/accept_dad": 0, "net/ipv6/conf/default/accept_dad": 0, "net/ipv6/conf/default/accept_ra": 0,
    "net/ipv6/conf/default/addr_gen_mode": 1, "net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/default/rp_filter": 0,
    "net/ipv4/conf/all/accept_local": 1, "net/ipv4/conf/default/accept_local": 1,
    "net/ipv4/conf/all/send_redirects": 0, "net/ipv4/conf/default/send_redirects": 0,
    "net/netfilter/nf_conntrack_tcp_loose": 1,
}  # fmt: skip
_MAC = "02:00:00:00:00:0{}"
_ETHERTYPE_IP, _MAGIC = 0x0800, b"reach"


def missing() -> str | None:
    """What this machine lacks, as the reason of a skip; None where it has all."""
    if os.geteuid() != 0:
        return "needs root: real packets go through network namespaces"
    for program in ("ip", "nft"):
        if subprocess.run(["sh", "-c", f"command -v {program}"], capture_output=True, check=False).returncode:
            return f"needs {program}: real packets go through network namespaces"
    name = f"reach{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"this machine makes no network namespaces: {made.stderr.strip()}"
    try:
        rule = "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new"
        said = subprocess.run(["ip", "netns", "exec", name, "nft", rule], capture_output=True, text=True, check=False)
        return (
            f"this kernel has no nftables with connection tracking: {said.stderr.strip()}" if said.returncode else None
        )
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


class Kernel:
    """A world that exists, between `with` and its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._prefix = f"reach{os.getpid()}-"
        self._sockets: dict[str, list[socket.socket]] = {}
        self._sends: dict[str, tuple[socket.socket, socket.socket]] = {}

    def __enter__(self) -> Kernel:
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for sockets in (*self._sockets.values(), *self._sends.values()):
            for one in sockets:
                one.close()
        for name in self._world.boxes:
            subprocess.run(["ip", "netns", "del", self._prefix + name], capture_output=True, check=False)

    def arrivals(self, source: str, packets: Iterable[Packet]) -> dict[int, set[str]]:
        """Send them, in this order; index of a packet → the nodes where it arrived."""
        found: dict[int, set[str]] = {}
        for index, packet in enumerate(packets):
            four = "." in address(packet.target)
            sender = self._sends[source][0 if four else 1]
            try:
                sender.sendto(_wire(packet, index), (address(packet.target), 0))
            except OSError:
                continue  # refused by a route or the output filter: it arrives nowhere
            if index % 50 == 49:
                self._collect(found)
        time.sleep(0.2)
        self._collect(found)
        return found

    def _collect(self, found: dict[int, set[str]]) -> None:
        for name, sockets in self._sockets.items():
            for one in sockets:
                while True:
                    try:
                        data = one.recv(2048)
                    except BlockingIOError:
                        break
                    index = _number(one, data)
                    if index is not None:
                        found.setdefault(index, set()).add(name)

    def _build(self) -> None:
        for name in self._world.boxes:
            subprocess.run(["ip", "netns", "add", self._prefix + name], check=True)
        commands: dict[str, list[str]] = {name: ["link set lo up"] for name in self._world.boxes}
        for number, pair in enumerate(self._world.links):
            (a, _), (b, _) = pair
            subprocess.run(
                ["ip", "link", "add", f"v{number}a", "netns", self._prefix + a, "address", _MAC.format(1), "type", "veth",
                 "peer", "name", f"v{number}b", "netns", self._prefix + b, "address", _MAC.format(2)], check=True,
            )  # fmt: skip
            for (node, interface), side, other in ((pair[0], "a", 2), (pair[1], "b", 1)):
                commands[node] += [
                    f"link set v{number}{side} name {interface}", f"link set {interface} up",
                    f"addr add fe80::{3 - other}/64 dev {interface} nodad",
                    f"neigh replace fe80::{other} lladdr {_MAC.format(other)} dev {interface} nud permanent",
                ]  # fmt: skip
        for name, box in self._world.boxes.items():
            for setting, value in {**_SETTINGS, "net/ipv6/conf/all/forwarding": int(box.forwards),
                                   "net/ipv4/ip_forward": int(box.forwards)}.items():  # fmt: skip
                self._inside(name, ["sh", "-c", f"echo {value} > /proc/sys/{setting}"])
            side = {}
            for pair in self._world.links:
                side |= {pair[0]: 2, pair[1]: 1}
            for text in box.local:
                net = ip_network(text)
                whole = f"{net.network_address}/{net.prefixlen}"
                single = net.prefixlen == net.max_prefixlen
                commands[name].append(f"addr add {whole} dev lo" if single else f"route add local {whole} dev lo")
            for prefix, out, metric in box.routes:
                via = f"via inet6 fe80::{side[name, out]} dev {out}" if out else ""
                kind = "" if out else "unreachable "
                commands[name].append(f"route add {kind}{prefix} {via} metric {100 + metric}")
            self._inside(name, ["ip", "-batch", "-"], "\n".join(commands[name]) + "\n")
            if box.text():
                self._inside(name, ["nft", "-f", "-"], box.text())
            self._open(name)

    def _inside(self, name: str, command: list[str], text: str = "") -> None:
        done = subprocess.run(["ip", "netns", "exec", self._prefix + name, *command], input=text, capture_output=True,
                              text=True, check=False)  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name}: {' '.join(command)}: {done.stderr}\n{text}")

    def _open(self, name: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as mine, open(f"/run/netns/{self._prefix}{name}") as theirs:
            if libc.setns(theirs.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                hears = [
                    socket.socket(family, socket.SOCK_RAW, protocol)
                    for family, protocols in ((socket.AF_INET, (6, 17, 1)), (socket.AF_INET6, (6, 17, 58)))
                    for protocol in protocols
                ]
                sends = (
                    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
                    socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
                )
            finally:
                libc.setns(mine.fileno(), 0)
        for one in hears:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self._sockets[name], self._sends[name] = hears, sends


def distinct(packets: list[Packet], dice: random.Random, count: int) -> list[Packet]:
    """Some of them at random, none the answer to another: connection tracking would take it for one."""
    chosen: dict[tuple[int, ...], Packet] = {}
    for one in dice.sample(packets, len(packets)):
        key = (one.source, one.target, one.protocol, one.source_port, one.port)
        turned = (one.target, one.source, one.protocol, one.port, one.source_port)
        if key not in chosen and turned not in chosen:
            chosen[key] = one
        if len(chosen) == count:
            break
    return list(chosen.values())


def _wire(packet: Packet, index: int) -> bytes:
    """The packet as bytes, its number inside."""
    source, target = ip_address(address(packet.source)), ip_address(address(packet.target))
    hops = 255 if packet.near else 64
    payload = _MAGIC + struct.pack("!I", index)
    if packet.protocol == 6:
        body = struct.pack("!HHIIBBHHH", packet.source_port, packet.port, index, 0, 5 << 4, 2, 1024, 0, 0) + payload
        at = 16
    elif packet.protocol == 17:
        body = struct.pack("!HHHH", packet.source_port, packet.port, 8 + len(payload), 0) + payload
        at = 6
    else:
        # every echo is a connection of its own
        body = struct.pack("!BBHHH", packet.port, 0, 0, index & 0xFFFF, index & 0xFFFF) + payload
        at = 2
    pseudo = source.packed + target.packed
    if source.version == 6:
        pseudo += struct.pack("!II", len(body), packet.protocol)
    elif packet.protocol != 1:
        pseudo += struct.pack("!BBH", 0, packet.protocol, len(body))
    else:
        pseudo = b""
    body = body[:at] + struct.pack("!H", _checksum(pseudo + body) or 0xFFFF) + body[at + 2 :]
    if source.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), index & 0xFFFF, 0, hops, packet.protocol, 0)
    else:
        head = struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, hops)
    return head + source.packed + target.packed + body


def _checksum(data: bytes) -> int:
    words = struct.unpack(f"!{len(data + data[:0]) // 2}H", data[: len(data) // 2 * 2])
    total = sum(words) + (data[-1] << 8 if len(data) % 2 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _number(hears: socket.socket, data: bytes) -> int | None:
    """The number in what was heard; None of the kernel's own answers, which quote it further inside."""
    if hears.family == socket.AF_INET:
        data = data[(data[0] & 15) * 4 :]
    head = {6: 20, 17: 8}.get(hears.proto, 8)
    if data[head : head + len(_MAGIC)] != _MAGIC or (hears.proto in (1, 58) and data[0] in (0, 129)):
        return None
    return struct.unpack("!I", data[head + len(_MAGIC) : head + len(_MAGIC) + 4])[0]
