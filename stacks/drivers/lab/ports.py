"""Network namespaces, and the port by which a host or a bastion hangs at its router.

One address, one port, one host: there is no bridge, so every packet, also inside a segment, crosses the router.
"""

from __future__ import annotations

from inventory.rendering import nodes
from stacks.drivers.lab import names, registry, shell

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
    if not (port in shell.devices(home) and nodes.HOST_DEVICE in shell.devices(space)):
        detach(lab, router, kind, name, keep=True)
        shell.run("ip", "link", "add", port, "netns", home, "type", "veth", "peer", "name", nodes.HOST_DEVICE,
                  "netns", space)  # fmt: skip
    end = nodes.Port(kind, name, router, address6, address4)
    shell.ip(home, f"link set {port} up")
    shell.ip(space, "link set lo up", f"link set {nodes.HOST_DEVICE} up", *nodes.at_host(end).batch().splitlines())
    shell.ip(home, *nodes.at_router(end, port).batch().splitlines())
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
    elif shell.alive(space) and nodes.HOST_DEVICE in shell.devices(space):
        shell.ip(space, f"link del {nodes.HOST_DEVICE}")
    if not keep:
        remove_space(space)


def _up(space: str, device: str) -> bool:
    found = shell.devices(space).get(device)
    return found is not None and found.up
