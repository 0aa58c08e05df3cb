"""`compute.host`: an instance on a network interface of its own with the planned addresses.

The image is the one tagged `liangzhu:image=<name>` (or called so); the instance type is the smallest of the wanted
architecture that is offered in the site's zone. Endpoints may accept an image on a processor that cannot run it, and
an address outside the subnet: both are checked here.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import Any

from stacks.drivers.base import DriverError
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.groups import Groups
from stacks.drivers.ec2.keeper import Keeper, Raw, invalid
from stacks.drivers.ec2.machines import Machines, architecture_here
from stacks.drivers.ec2.subnets import Subnets

GONE = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")
ENI_GONE = ("InvalidNetworkInterfaceID.NotFound",)
LIVE = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
TYPE = f"{tags.PREFIX}instance-type"
"""what was chosen for the wanted cpu and memory; another type there is drift"""


class Hosts(Keeper):
    kind = "compute.host"
    real = frozenset({"name", "architecture", "disk_gib", "subnet", "address6", "security_groups"})

    def __init__(self, cloud: Cloud, subnets: Subnets, groups: Groups) -> None:
        super().__init__(cloud)
        self._subnets, self._groups, self._machines = subnets, groups, Machines(cloud)

    def check(self, fields: Any) -> None:
        for key, version in (("address6", 6), ("address4", 4)):
            try:
                bad = fields[key] is not None and ipaddress.ip_address(fields[key]).version != version
            except ValueError:
                bad = True
            if bad:
                raise invalid(
                    fields["name"],
                    f"{key} 不是 IPv{version} 地址:{fields[key]}",
                    f"{key} is no IPv{version} address: {fields[key]}",
                )
        if not fields["security_groups"]:
            raise invalid(
                fields["name"],
                "主机没有安全组:云会给它放行同组流量的默认组,因此拒绝",
                "the host has no security group: the cloud would give it its permissive default group, so this is refused",
            )

    def all(self) -> Iterable[Raw]:
        return self._instances(self.cloud.owned("describe_instances", "Reservations", self.kind, None, LIVE))

    def find(self, name: str) -> Raw | None:
        found = self._instances(self.cloud.owned("describe_instances", "Reservations", self.kind, name, LIVE))
        return found[0] if found else None

    def get(self, id: str) -> Raw | None:
        raw = self._any(id)
        return raw if raw and raw["State"]["Name"] in LIVE["Values"] else None

    def make(self, fields: dict[str, Any]) -> None:
        name = fields["name"]
        subnet = self._subnets.find(fields["subnet"])
        if subnet is None:
            raise invalid(
                name, f"没有子网 {fields['subnet']}:先创建它", f"there is no subnet {fields['subnet']}: make it first"
            )
        _inside(fields, self._subnets.thing(subnet).properties)
        groups = self._group_ids(fields)
        image = self._machines.image(fields["image"], fields["architecture"], name)
        type_ = self._machines.type(fields, subnet["AvailabilityZone"])
        card = self._card(fields, subnet["SubnetId"], groups)
        # the same interface, the same instance: a creation in doubt is not doubled
        token = hashlib.sha256(f"{self.cloud.environment}/{name}/{card}".encode()).hexdigest()[:64]
        root = {"VolumeSize": fields["disk_gib"], "Encrypted": True, "DeleteOnTermination": True}
        made = self.cloud.ec2(
            "run_instances", ImageId=image["ImageId"], InstanceType=type_, MinCount=1, MaxCount=1, ClientToken=token,
            NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": card}],
            BlockDeviceMappings=[{"DeviceName": image.get("RootDeviceName") or "/dev/sda1", "Ebs": root}],
            MetadataOptions={"HttpTokens": "required"}, where=name,
            TagSpecifications=tags.specification("instance", {**self.wanted(fields), TYPE: type_}),
        )  # fmt: skip
        self._state(made["Instances"][0]["InstanceId"], "running", name)

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self.fixed(raw, fields, "site", "subnet", "address6", "address4", "image", "pool", "architecture")
        id_, name, there = raw["InstanceId"], fields["name"], self.tags(raw)
        card = raw["NetworkInterfaces"][0]
        groups = self._group_ids(fields)
        if {group["GroupId"] for group in card["Groups"]} != set(groups):
            self.cloud.ec2(
                "modify_network_interface_attribute", NetworkInterfaceId=card["NetworkInterfaceId"], Groups=groups
            )
        self._grow(raw, fields)
        seen = self.thing(raw).properties
        type_ = str(there.get(TYPE, raw["InstanceType"]))
        if any(seen[key] != fields[key] for key in ("cpu", "memory_mib")):
            type_ = self._machines.type(fields, raw["Placement"]["AvailabilityZone"])
        if type_ != raw["InstanceType"]:
            self.cloud.ec2("stop_instances", InstanceIds=[id_])
            self._state(id_, "stopped", name)
            self.cloud.ec2("modify_instance_attribute", InstanceId=id_, InstanceType={"Value": type_}, where=name)
        if type_ != raw["InstanceType"] or raw["State"]["Name"] in ("stopped", "stopping"):
            self._state(id_, "stopped", name)
            self.cloud.ec2("start_instances", InstanceIds=[id_], where=name)
            self._state(id_, "running", name)
        self.cloud.retag(id_, there, {**self.wanted(fields), TYPE: type_})

    def remove(self, id: str) -> None:
        raw = self._any(id)
        if raw is None:
            return
        name = self.tags(raw).get(tags.NAME, id)
        if raw["State"]["Name"] != "terminated":
            self.cloud.ec2("terminate_instances", InstanceIds=[id], absent=GONE, where=name)
            self._state(id, "terminated", name)
        if self.find(name) is None:  # not the interface of a host that has taken the name since
            for card in self._cards(name):
                self.cloud.ec2(
                    "delete_network_interface", NetworkInterfaceId=card["NetworkInterfaceId"], absent=ENI_GONE
                )

    def id(self, raw: Raw) -> str:
        return raw["InstanceId"]

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        card = raw["NetworkInterfaces"][0]
        addresses = [one["Ipv6Address"] for one in card.get("Ipv6Addresses", [])]
        found = {
            "architecture": architecture_here(raw.get("Architecture")),
            "disk_gib": self._disk(raw).get("Size"),
            "subnet": self._subnets.named(card["SubnetId"]) or card["SubnetId"],
            "address6": str(ipaddress.ip_address(addresses[0])) if addresses else None,
            "security_groups": self._group_names(card, self.tags(raw)),
            "host_key": "",
            "proxy_command": "",
            "status": raw["State"]["Name"],
        }
        if carried["address4"] is not None:
            # an IPv4 address that nobody asked for comes with every dual-stack subnet: not shown
            found["address4"] = card.get("PrivateIpAddress")
        if raw["InstanceType"] != self.tags(raw).get(TYPE):
            found["cpu"], found["memory_mib"] = self._machines.size(raw["InstanceType"])
        return found

    # --- parts -------------------------------------------------------------------------------------------------

    def _any(self, id: str) -> Raw | None:
        """Of this environment, also when it is being terminated."""
        if not id.startswith("i-"):
            return None
        answer = self.cloud.ec2("describe_instances", InstanceIds=[id], absent=GONE) or {}
        found = [raw for raw in self._instances(answer.get("Reservations", [])) if self.mine(self.tags(raw))]
        return found[0] if found else None

    def _instances(self, reservations: Iterable[Any]) -> list[Any]:
        return [instance for reservation in reservations for instance in reservation["Instances"]]

    def _state(self, id: str, state: str, where: str) -> None:
        def there() -> bool:
            raw = self._any(id)
            return raw["State"]["Name"] == state if raw else state == "terminated"

        self.cloud.wait(there, state, where)

    def _cards(self, name: str) -> list[Any]:
        return self.cloud.owned("describe_network_interfaces", "NetworkInterfaces", self.kind, name)

    def _card(self, fields: dict[str, Any], subnet: str, groups: list[str]) -> str:
        """The interface; one that a broken-off creation left is used again when it fits."""
        name = fields["name"]
        for card in self._cards(name):
            addresses = [one["Ipv6Address"] for one in card.get("Ipv6Addresses", [])]
            same = card["SubnetId"] == subnet and addresses == [fields["address6"]]
            if same and fields["address4"] in (None, card.get("PrivateIpAddress")) and card["Status"] == "available":
                id_ = card["NetworkInterfaceId"]
                self.cloud.ec2("modify_network_interface_attribute", NetworkInterfaceId=id_, Groups=groups)
                return id_
            self.cloud.ec2("delete_network_interface", NetworkInterfaceId=card["NetworkInterfaceId"], absent=ENI_GONE)
        four = {"PrivateIpAddress": fields["address4"]} if fields["address4"] else {}
        made = self.cloud.ec2(
            "create_network_interface", SubnetId=subnet, Groups=groups, where=name,
            Ipv6Addresses=[{"Ipv6Address": fields["address6"]}], **four,
            TagSpecifications=tags.specification(
                "network-interface", tags.owner(self.cloud.environment, self.kind, name)
            ),
        )  # fmt: skip
        return made["NetworkInterface"]["NetworkInterfaceId"]

    def _group_ids(self, fields: dict[str, Any]) -> list[str]:
        found = {name: self._groups.find(name) for name in fields["security_groups"]}
        missing = [name for name, raw in found.items() if raw is None]
        if missing:
            raise invalid(
                fields["name"],
                f"没有安全组 {'、'.join(missing)}:先创建它们,主机不会在无防护时出现",
                f"there is no security group {', '.join(missing)}: make it first, no host appears unguarded",
            )
        return [raw["GroupId"] for raw in found.values() if raw]

    def _group_names(self, card: Any, there: dict[str, str]) -> list[str]:
        own = f"liangzhu.{self.cloud.environment}."
        names = [group["GroupName"].removeprefix(own) for group in card["Groups"]]
        declared = there.get(f"{tags.PREFIX}order", "").split()
        return sorted(names, key=lambda name: (declared.index(name) if name in declared else len(declared), name))

    def wanted(self, fields: Any) -> dict[str, str]:
        # the cloud does not keep the order of the groups
        return {**super().wanted(fields), f"{tags.PREFIX}order": " ".join(fields["security_groups"])[:256]}

    def _disk(self, raw: Raw) -> dict[str, Any]:
        root = raw.get("RootDeviceName") or "/dev/sda1"
        mapped = raw.get("BlockDeviceMappings", [])
        ids = [one["Ebs"]["VolumeId"] for one in mapped if one["DeviceName"] == root]
        answer = self.cloud.ec2("describe_volumes", VolumeIds=ids, absent=("InvalidVolume.NotFound",)) if ids else None
        return answer["Volumes"][0] if answer and answer["Volumes"] else {}

    def _grow(self, raw: Raw, fields: dict[str, Any]) -> None:
        disk = self._disk(raw)
        grow(
            self.cloud,
            disk.get("VolumeId", ""),
            disk.get("Size", fields["disk_gib"]),
            fields["disk_gib"],
            fields["name"],
        )


def grow(cloud: Cloud, volume: str, size: int, wanted: int, where: str) -> None:
    """Makes a disk larger; `invalid` for smaller."""
    if wanted < size:
        raise invalid(
            where,
            f"磁盘只能变大:现为 {size} GiB,申请 {wanted} GiB;需要重建并迁移数据",
            f"a disk can only grow: it has {size} GiB, {wanted} GiB are wanted; make a new one and move the data",
        )
    if wanted > size:
        cloud.ec2("modify_volume", VolumeId=volume, Size=wanted, where=where)


def _inside(fields: dict[str, Any], subnet: Any) -> None:
    """DriverError `invalid` for an address outside the subnet."""
    for key, cidr in (("address6", subnet["cidr6"]), ("address4", subnet["cidr4"])):
        address = fields[key]
        if address is not None and (cidr is None or ipaddress.ip_address(address) not in ipaddress.ip_network(cidr)):
            raise DriverError(
                "invalid",
                f"地址 {address} 不在子网 {fields['subnet']}({cidr or '没有该协议的网段'})内:改地址规划",
                f"address {address} is not in subnet {fields['subnet']} ({cidr or 'no such prefix'}): change the plan",
                where=fields["name"],
            )
