"""`storage.volume`: an encrypted disk, attached to its host; `host` is read from the attachment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.hosts import Hosts, grow
from stacks.drivers.ec2.keeper import Keeper, Raw, conflict, invalid
from stacks.drivers.ec2.keys import Keys

GONE = ("InvalidVolume.NotFound", "InvalidParameterValue", "InvalidVolumeID.Malformed")
LIVE = {"Name": "status", "Values": ["creating", "available", "in-use"]}
DEVICES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")


class Volumes(Keeper):
    kind = "storage.volume"
    real = frozenset({"name", "host", "size_gib", "encryption_key"})

    def __init__(self, cloud: Cloud, hosts: Hosts, keys: Keys) -> None:
        super().__init__(cloud)
        self._hosts, self._keys = hosts, keys

    def all(self) -> Iterable[Raw]:
        return self.cloud.owned("describe_volumes", "Volumes", self.kind, None, LIVE)

    def find(self, name: str) -> Raw | None:
        found = self.cloud.owned("describe_volumes", "Volumes", self.kind, name, LIVE)
        return found[0] if found else None

    def get(self, id: str) -> Raw | None:
        answer = self.cloud.ec2("describe_volumes", VolumeIds=[id], absent=GONE) if id.startswith("vol-") else None
        found = [
            raw
            for raw in (answer or {}).get("Volumes", [])
            if self.mine(self.tags(raw)) and raw["State"] in LIVE["Values"]
        ]
        return found[0] if found else None

    def make(self, fields: dict[str, Any]) -> None:
        host = self._host(fields)
        # never in clear: without a key of ours it is the cloud's default key
        key = fields["encryption_key"]
        encryption = {"KmsKeyId": self._keys.arn(key, fields["name"])} if key else {}
        made = self.cloud.ec2(
            "create_volume", AvailabilityZone=host["Placement"]["AvailabilityZone"], Size=fields["size_gib"],
            VolumeType="gp3", Encrypted=True, TagSpecifications=tags.specification("volume", self.wanted(fields)),
            where=fields["name"], **encryption,
        )  # fmt: skip
        self._attach(made["VolumeId"], host, fields["name"])

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        there = self.thing(raw).properties
        if there["host"] is None:
            self._attach(raw["VolumeId"], self._host(fields), fields["name"])
            raw = self.get(raw["VolumeId"]) or raw
        self.fixed(raw, fields, "host", "encryption_key")
        grow(self.cloud, raw["VolumeId"], raw["Size"], fields["size_gib"], fields["name"])
        self.cloud.retag(raw["VolumeId"], self.tags(raw), self.wanted(fields))

    def remove(self, id: str) -> None:
        raw = self.get(id)
        if raw is None:
            return
        name = self.tags(raw).get(tags.NAME, id)
        for one in raw["Attachments"]:
            absent = ("IncorrectState", *GONE)
            self.cloud.ec2(
                "detach_volume", VolumeId=id, InstanceId=one["InstanceId"], Device=one["Device"], absent=absent,
                where=name,
            )  # fmt: skip
            self.cloud.wait(lambda: (self.get(id) or {"State": "available"})["State"] == "available", "detached", name)
        self.cloud.ec2("delete_volume", VolumeId=id, absent=GONE, where=name)
        self.cloud.wait(lambda: self.get(id) is None, "deleted", name)

    def id(self, raw: Raw) -> str:
        return raw["VolumeId"]

    def wanted(self, fields: Any) -> dict[str, str]:
        return {**super().wanted(fields), f"{tags.PREFIX}key": fields["encryption_key"] or "none"}

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        attached = [one["InstanceId"] for one in raw["Attachments"] if one.get("State") != "detached"]
        host = self._hosts.get(attached[0]) if attached else None
        key = raw.get("KmsKeyId", "")
        name = self._keys.named(key) if key else None
        default = self.tags(raw).get(f"{tags.PREFIX}key") == "none"
        return {
            "host": self._hosts.tags(host).get(tags.NAME) if host else attached[0] if attached else None,
            "size_gib": raw["Size"],
            "encryption_key": "unencrypted" if not raw["Encrypted"] else name or (None if default else key),
        }

    def _host(self, fields: dict[str, Any]) -> Raw:
        host = self._hosts.find(fields["host"])
        if host is None:
            raise invalid(
                fields["name"],
                f"没有主机 {fields['host']}:先创建它",
                f"there is no host {fields['host']}: make it first",
            )
        return host

    def _attach(self, volume: str, host: Raw, where: str) -> None:
        self.cloud.wait(lambda: (self.get(volume) or {}).get("State") == "available", "available", where)
        # two volumes of one host choose their devices one after the other
        with self.cloud.locks.file(f"attach-{host['InstanceId']}"):
            now = self._hosts.get(host["InstanceId"]) or host
            used = {one["DeviceName"] for one in now.get("BlockDeviceMappings", [])}
            free = [device for device in DEVICES if device not in used]
            if not free:
                raise conflict(
                    where, f"主机已挂 {len(DEVICES)} 块数据盘", f"the host has {len(DEVICES)} data disks already"
                )
            self.cloud.ec2("attach_volume", VolumeId=volume, InstanceId=host["InstanceId"], Device=free[0], where=where)
            self.cloud.wait(lambda: (self.get(volume) or {}).get("State") == "in-use", "attached", where)
