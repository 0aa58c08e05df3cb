"""The driver: the Protocol of `stacks.drivers.base` over real routers, lines and hosts on this machine.

In: wanted things. Out: what is there, from the kernel and from one record a thing. Several worker processes have a
`Lab` of the same folder at once; the records' locks keep them apart.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from inventory.kinds import kinds
from inventory.kinds.base import Kind
from inventory.kinds.compute import Host
from inventory.kinds.net import Link, Router, Subnet
from inventory.kinds.sec import Bastion
from inventory.model import Environment
from inventory.places import Places
from stacks.drivers.base import DriverError, Need, Thing
from stacks.drivers.lab import (
    cgroups,
    checks,
    ending,
    faults,
    image,
    lines,
    machine,
    names,
    needs,
    network,
    ports,
    registry,
    routing,
    shell,
)
from stacks.drivers.lab.records import Record, Records
from stacks.drivers.lab.saying import said
from stacks.drivers.wants import checked

MADE = ("net.router", "net.link", "net.subnet", "sec.bastion", "compute.host")
"""the kinds that the lab makes, in an order in which they can be made"""


class Lab:
    """A cloud on one machine: a router is a network namespace, a host a systemd-nspawn machine."""

    name = "lab"

    def __init__(
        self,
        environment: Environment | None,
        folder: Path,
        *,
        root: Path | None = None,
        keys: Path | None = None,
        boot_seconds: float = 180,
        nonce: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        """`folder`: `drivers/lab` of an environment. `root`: the image, found by itself. `keys`: folder of the SSH
        key `id_ed25519`, `ansible` of the same environment. Nothing is made by constructing it."""
        self.folder = folder.resolve()
        self.id = names.lab_id(folder)
        self._records = Records(self.folder)
        self._root = root
        self._keys = keys or Places(self.folder.parent.parent).ansible
        self._boot_seconds = boot_seconds
        self._nonce = nonce

    @staticmethod
    def needs(environment: Environment | None = None) -> list[Need]:
        """What this machine lacks for a lab. A missing need with a `package` is brought by `prepare`."""
        return needs.needs()

    @staticmethod
    def prepare(observe: image.Observe) -> None:
        """Install what is missing and build the hosts' image; says first what it does. Refused."""
        needs.prepare(observe)

    @staticmethod
    def teardown(folder: Path, observe: image.Observe) -> None:
        """Everything of the lab in `folder` goes, also what a crash left. DriverError."""
        with said("lab"):
            ending.teardown(folder, observe)

    def create(self, want: Thing) -> Thing:
        properties, wanted = _parse(want)
        with self._made(want.kind, want.name):
            return self._converge(wanted, properties)

    def update(self, id: str, want: Thing) -> Thing:
        properties, wanted = _parse(want)
        with self._made(want.kind, want.name):
            record = self._records.get(want.kind, want.name)
            if record is None or record.id != id:
                raise DriverError(
                    "not-found",
                    f"实验环境里没有 {want.kind} {want.name}(编号 {id}):先刷新状态再试",
                    f"the lab has no {want.kind} {want.name} with the id {id}: refresh the state, then try again",
                    where=want.name,
                )
            return self._converge(wanted, properties)

    def read(self, kind: str, id: str) -> Thing | None:
        name = names.name_of(self.id, id)
        found = self.find(kind, name) if name else None
        return found if found and found.id == id else None

    def find(self, kind: str, name: str) -> Thing | None:
        with said(name):
            record = self._records.get(kind, name) if kind in MADE else None
            return self._seen(record) if record else None

    def list(self) -> Iterator[Thing]:
        with said("lab"):
            seen = [self._seen(record) for record in self._records.of(*MADE)]
        yield from (thing for thing in seen if thing)

    def delete(self, kind: str, id: str) -> None:
        name = names.name_of(self.id, id)
        if not name or kind not in MADE:
            return
        with self._made(kind, name):
            with self._records.locked("topology"):
                record = self._records.get(kind, name)
                if record is None or record.id != id:
                    return
                checks.unused(self._records, record)
                self._records.put(replace(record, whole=False))  # cut short from here on, it is not shown any more
                if kind.startswith("net."):
                    faults.drop(self._records, cast(Any, kind), name)
                    self._unmake(record)
                    self._records.drop(kind, name)
                    network.converge(self.id, self._records)
                    return
            self._unmake(record)
            self._records.drop(kind, name)

    def restore(self, parallel: int = 4) -> tuple[str, ...]:
        """Bring back what a reboot or a killed host took, and end every fault; returns the names that were not well.
        Idempotent."""
        with said("lab"):
            ill = [r for r in self._records.of(*MADE) if r.whole and not self._right(r)]
            with self._records.locked("topology"):
                for fault in faults.of(self._records):
                    faults.drop(self._records, fault.subject, fault.name)
            for record in [r for r in ill if r.kind != "compute.host"]:
                self.create(Thing(record.kind, record.name, record.wanted))
            with ThreadPoolExecutor(parallel) as several:
                hosts = [Thing(r.kind, r.name, r.wanted) for r in ill if r.kind == "compute.host"]
                list(several.map(self.create, hosts))
        return tuple(record.name for record in ill)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _converge(self, wanted: Kind, properties: dict[str, Any]) -> Thing:
        kind, name = wanted.kind(), wanted.name
        (self.folder / "things").mkdir(parents=True, exist_ok=True)
        registry.enter(self.id, self.folder)
        with self._records.locked("topology"):
            old = self._records.get(kind, name)
            checks.possible(self._records, wanted)
            record = Record(kind, name, names.thing_id(self.id, name, self._nonce()), properties)
            if old:
                record = replace(old, wanted=properties)
                if any(old.wanted.get(word) != properties[word] for word in type(wanted).replaces):
                    self._unmake(old)
                    record = replace(record, whole=False)
            for fault in faults.against(self._records, kind, properties):
                faults.drop(self._records, fault.subject, fault.name)
            self._records.put(record)
        try:
            record = replace(record, outputs=self._make(wanted), whole=True)
        except BaseException:
            if old is None:
                with suppress(DriverError):  # the first reason counts; what stays is found by the next create
                    self._unmake(record)
                    self._records.drop(kind, name)
            raise
        if isinstance(wanted, Subnet) and old and old.wanted["router"] != wanted.router:
            self._move(wanted, old.wanted["router"])
        self._records.put(record)
        return record.thing(self._now(record))

    def _move(self, segment: Subnet, before: str) -> None:
        """Its hosts go with a segment to another router."""
        for user in self._records.of("compute.host", "sec.bastion"):
            if user.wanted["subnet"] == segment.name:
                ports.detach(self.id, before, user.kind, user.name, keep=True)
                addresses = user.wanted["address6"], user.wanted.get("address4")
                ports.attach(self.id, segment.router, user.kind, user.name, *addresses)

    def _make(self, wanted: Kind) -> dict[str, Any]:
        if isinstance(wanted, Router | Link | Subnet):
            with self._records.locked("topology"):
                network.converge(self.id, self._records)
            return {}
        router = self._router(getattr(wanted, "subnet", ""))
        if isinstance(wanted, Bastion):
            space = ports.attach(self.id, router, wanted.kind(), wanted.name, wanted.address6, wanted.address4)
            return {"netns": names.path(space)}
        assert isinstance(wanted, Host)
        lower = self._root or image.location()
        if not lower.is_dir():
            raise DriverError(
                "unavailable",
                "主机镜像还没有建:运行 ./lz up 会先建镜像",
                "the hosts' image has not been built: ./lz up builds it first",
                where=wanted.name,
            )
        place = machine.folder(self.folder, wanted.name)
        ports.attach(self.id, router, wanted.kind(), wanted.name, wanted.address6, wanted.address4)
        machine.mount(place, lower)
        host_key = machine.fill(place, wanted, needs.key_pair(self._keys))
        if machine.running(self.id, wanted.name):
            cgroups.make(self.id, wanted.name, wanted.memory_mib)
        else:
            machine.stop(self.id, wanted.name)  # a dead PID 1 may have left its supervisor
            machine.start(self.id, place, wanted)
        machine.wait(self.id, place, wanted, self._boot_seconds)
        return {"host_key": host_key}

    def _unmake(self, record: Record) -> None:
        if record.kind == "net.router":
            routing.end(self.id, record.name)
            ports.remove_space(names.netns(self.id, record.kind, record.name))
        elif record.kind in ("sec.bastion", "compute.host"):
            if record.kind == "compute.host":
                machine.erase(self.id, self.folder, record.name)
            subnet = self._records.get("net.subnet", record.wanted["subnet"])
            ports.detach(self.id, subnet.wanted["router"] if subnet else "", record.kind, record.name)

    def _router(self, subnet: str) -> str:
        """The router of a segment, alive."""
        record = self._records.get("net.subnet", subnet)
        router = record.wanted["router"] if record else ""
        if not shell.alive(names.netns(self.id, "net.router", router)):
            with self._records.locked("topology"):
                network.converge(self.id, self._records)
        return router

    def _seen(self, record: Record) -> Thing | None:
        if not record.whole or (record.kind != "compute.host" and not self._well(record)):
            return None
        return record.thing(self._now(record))

    def _now(self, record: Record) -> dict[str, Any]:
        """Outputs that change by themselves."""
        if record.kind == "net.router":
            dead = any(it.subject == "net.router" and it.name == record.name for it in faults.of(self._records))
            return {"status": "lost" if dead else "up" if routing.well(self.id, record.name) else "unrouted"}
        if record.kind == "net.link":
            return {"status": lines.status(self.id, Link(**record.wanted))}
        if record.kind == "compute.host":
            bastion = next((names.netns(self.id, b.kind, b.name) for b in self._records.of("sec.bastion")), None)
            return {
                "status": "running" if self._well(record) else "stopped",
                "proxy_command": f"ip netns exec {bastion} nc -6 %h %p" if bastion else "",
            }
        return {}

    def _right(self, record: Record) -> bool:
        """Is it in the kernel, and nothing done to it?"""
        return self._well(record) and self._now(record).get("status") not in kinds()[record.kind].ill

    def _well(self, record: Record) -> bool:
        """Is it in the kernel as it should be?"""
        wanted = kinds()[record.kind](**record.wanted)
        if isinstance(wanted, Router):
            return shell.alive(names.netns(self.id, record.kind, record.name))
        if isinstance(wanted, Link):
            return lines.well(self.id, wanted)
        if isinstance(wanted, Subnet):
            return network.has_segment(self.id, wanted.router, wanted.cidr6)
        subnet = self._records.get("net.subnet", record.wanted["subnet"])
        plugged = subnet is not None and ports.attached(self.id, subnet.wanted["router"], record.kind, record.name)
        return plugged and (record.kind != "compute.host" or machine.running(self.id, record.name))

    @contextmanager
    def _made(self, kind: str, name: str) -> Iterator[None]:
        """One maker of a thing at a time; whatever goes wrong is a DriverError."""
        with said(name), self._records.locked(f"{kind}-{name}"):
            yield


def _parse(want: Thing) -> tuple[dict[str, Any], Kind]:
    properties = checked(replace(want, properties={**want.properties, "name": want.name}), MADE, "lab")
    return properties, kinds()[want.kind](**properties)
