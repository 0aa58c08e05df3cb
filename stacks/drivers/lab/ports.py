"""Network namespaces, and the port by which a host or a bastion hangs at its router.

One address, one port, one host: there is no bridge, so every packet, also inside a segment, crosses the router.
"""

from __future__ import annotations

from stacks.drivers.lab import names, registry, shell

GATEWAY = "fe80::1"
"""every port of a router has it: the gateway of every host"""
HOSTING = {"net/ipv6/conf/default/accept_dad": 0, "net/ipv6/conf/default/accept_ra": 0}


def make_space(space: str, settings: dict[str, int]) -> None:
    """A network namespace with its settings; already there is fine."""
    if shell.alive(space):
        return
    with registry.locked():  # two first `ip netns add` at once trip over the shared mount
        if space in shell.namespaces():
            shell.forget([names.NETNS / space])  # a name that a reboot left without its namespace
        shell.run("ip", "netns", "add", space)
    shell.settings(space, settings)
    shell.ip(space, "link set lo up")


def remove_space(space: str) -> None:
    """Gone afterwards; already gone is no error."""
    with registry.locked():
        if space in shell.namespaces():
            shell.run("ip", "netns", "del", space)


def attach(lab: str, router: str, kind: str, name: str, address6: str, address4: str | None) -> str:
    """A network namespace with one address, on a port of its own at a router; returns the namespace's name."""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    port = names.port(lab, kind, name)
    make_space(space, HOSTING)
    if not (port in shell.devices(home) and "eth0" in shell.devices(space)):
        detach(lab, router, kind, name, keep=True)
        shell.run("ip", "link", "add", port, "netns", home, "type", "veth", "peer", "name", "eth0", "netns", space)
    reach = [f"route replace {address6}/128 dev {port}"]
    leave = [f"addr replace {address6}/128 dev eth0 nodad", f"route replace ::/0 via {GATEWAY} dev eth0"]
    if address4:
        # IPv4 rides on IPv6 next hops both ways: the router needs no IPv4 address and nobody asks by ARP
        reach.append(f"route replace {address4}/32 via inet6 {address6} dev {port} onlink")
        leave += [f"addr replace {address4}/32 dev eth0", f"route replace 0.0.0.0/0 via inet6 {GATEWAY} dev eth0"]
    shell.ip(home, f"link set {port} up", f"addr replace {GATEWAY}/64 dev {port} nodad")
    shell.ip(space, "link set lo up", "link set eth0 up", *leave)
    shell.ip(home, *reach)
    return space


def attached(lab: str, router: str, kind: str, name: str) -> bool:
    """Is its port at the router there, with a carrier?"""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    return shell.alive(space) and shell.alive(home) and _up(home, names.port(lab, kind, name))


def detach(lab: str, router: str, kind: str, name: str, *, keep: bool = False) -> None:
    """Take the port away, and the namespace unless `keep`. The port first: a deleted namespace lets go of it late."""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    port = names.port(lab, kind, name)
    if shell.alive(home) and port in shell.devices(home):
        shell.ip(home, f"link del {port}")
    elif shell.alive(space) and "eth0" in shell.devices(space):
        shell.ip(space, "link del eth0")
    if not keep:
        remove_space(space)


def _up(space: str, device: str) -> bool:
    found = shell.devices(space).get(device)
    return found is not None and found.up
