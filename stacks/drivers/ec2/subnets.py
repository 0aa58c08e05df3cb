"""`net.subnet`: a prefix of IPv6, with or without IPv4, in the zone of its site. Overlap is checked here: some
endpoints accept a subnet on top of another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from inventory.rendering import clouds
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import Keeper, Raw, conflict, unsupported
from stacks.drivers.ec2.network import Network, blocks6, overlap
from stacks.drivers.wants import prefix

GONE = ("InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "InvalidSubnetId.Malformed")


class Subnets(Keeper):
    """`net.subnet`: a site is an availability zone, by its letter."""

    kind = "net.subnet"
    real = frozenset({"name", "cidr6", "cidr4", "internet_route"})

    def __init__(self, cloud: Cloud, network: Network) -> None:
        super().__init__(cloud)
        self._network = network
        self._zones: list[str] = []

    def check(self, fields: Any) -> None:
        prefix(fields["cidr6"], fields["name"], 6)
        if fields["cidr4"] is not None:
            prefix(fields["cidr4"], fields["name"], 4)
        self.zone(fields["site"], fields["name"])

    def zone(self, site: str | None, where: str) -> str:
        """The zone whose name ends in the site's letter; the first for no site. `unsupported` where there is none:
        a site is never quietly put where another one is."""
        if not self._zones:
            answer = self.cloud.ec2("describe_availability_zones")["AvailabilityZones"]
            self._zones = sorted(one["ZoneName"] for one in answer)
        found = [name for name in self._zones if site is None or name.endswith(site)]
        if not found:
            raise unsupported(
                where,
                f"区域 {self.cloud.region} 没有与站点 {site} 对应的可用区(有 {'、'.join(self._zones)}):换区域,或换驱动",
                f"region {self.cloud.region} has no zone for site {site} (it has {', '.join(self._zones)}): "
                "choose another region or driver",
            )
        return found[0]

    def all(self) -> Iterable[Raw]:
        return self.cloud.owned("describe_subnets", "Subnets", self.kind)

    def find(self, name: str) -> Raw | None:
        found = self.cloud.owned("describe_subnets", "Subnets", self.kind, name)
        return found[0] if found else None

    def get(self, id: str) -> Raw | None:
        answer = self.cloud.ec2("describe_subnets", SubnetIds=[id], absent=GONE) if id.startswith("subnet-") else None
        found = [raw for raw in (answer or {}).get("Subnets", []) if self.mine(self.tags(raw))]
        return found[0] if found else None

    def named(self, id: str) -> str | None:
        """The logical name of a subnet, None for somebody else's."""
        raw = self.get(id)
        return self.tags(raw).get(tags.NAME) if raw else None

    def make(self, fields: dict[str, Any]) -> None:
        with self.cloud.locks.file("vpc"):
            vpc = self._network.ensure(fields["cidr4"], fields["cidr6"])["VpcId"]
            self._apart(vpc, fields)
            made = self.cloud.ec2(
                "create_subnet", VpcId=vpc, AvailabilityZone=self.zone(fields["site"], fields["name"]),
                TagSpecifications=tags.specification("subnet", self.wanted(fields)), where=fields["name"],
                **clouds.ec2_subnet(fields),
            )  # fmt: skip
            if fields["internet_route"]:
                self._network.open(vpc, made["Subnet"]["SubnetId"])

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self.fixed(raw, fields, "site", "cidr6", "cidr4")
        with self.cloud.locks.file("vpc"):
            if fields["internet_route"] != self._network.leads_outside(raw["VpcId"], raw["SubnetId"]):
                if fields["internet_route"]:
                    self._network.open(raw["VpcId"], raw["SubnetId"])
                else:
                    self._network.close(raw["SubnetId"])
        self.cloud.retag(raw["SubnetId"], self.tags(raw), self.wanted(fields))

    def remove(self, id: str) -> None:
        raw = self.get(id)
        if raw is None:
            return
        name = self.tags(raw).get(tags.NAME, id)
        used = self.cloud.pages(
            "ec2", "describe_network_interfaces", "NetworkInterfaces",
            Filters=[{"Name": "subnet-id", "Values": [id]}],
        )  # fmt: skip
        if used:
            raise conflict(
                name,
                f"子网里还有 {len(used)} 个网络接口:先删除使用它们的主机",
                f"the subnet still has {len(used)} network interfaces: delete the hosts that use them first",
            )
        self._network.close(id)
        self.cloud.ec2("delete_subnet", SubnetId=id, absent=GONE, where=name)
        self.cloud.wait(lambda: self.get(id) is None, "deleted", name)
        self._network.tidy()

    def id(self, raw: Raw) -> str:
        return raw["SubnetId"]

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        blocks = blocks6(raw)
        return {
            "site": carried["site"] and _site(raw["AvailabilityZone"], carried["site"]),
            "cidr6": blocks[0] if blocks else None,
            "cidr4": raw.get("CidrBlock") or None,
            "internet_route": self._network.leads_outside(raw["VpcId"], raw["SubnetId"]),
        }

    def _apart(self, vpc: str, fields: dict[str, Any]) -> None:
        inside = [{"Name": "vpc-id", "Values": [vpc]}]
        for other in self.cloud.pages("ec2", "describe_subnets", "Subnets", Filters=inside):
            there = [*blocks6(other), *filter(None, [other.get("CidrBlock")])]
            for mine in filter(None, (fields["cidr6"], fields["cidr4"])):
                if any(overlap(mine, cidr) for cidr in there):
                    name = self.tags(other).get(tags.NAME, other["SubnetId"])
                    raise conflict(
                        fields["name"],
                        f"网段 {mine} 与子网 {name}({'、'.join(there)})重叠:改地址规划",
                        f"prefix {mine} overlaps subnet {name} ({', '.join(there)}): change the address plan",
                    )


def _site(zone: str, wanted: str) -> str:
    return wanted if zone.endswith(wanted) else zone[-1]
