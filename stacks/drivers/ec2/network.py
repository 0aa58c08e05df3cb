"""The environment's one VPC.

The VPC is made with the first thing in it and removed with the last. Its IPv4 blocks are the /16s of the subnets, its
IPv6 blocks their /44s, taken from a pool of the endpoint (bring your own prefixes) that has them; where the endpoint
has no pools, the /44s are noted in a tag and the endpoint judges the subnet itself. Some endpoints accept a subnet
outside its VPC or on top of another, so containment and overlap are checked here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from stacks.drivers.base import DriverError
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import invalid

ANYWHERE = ("0.0.0.0/0", "::/0")
PLACEHOLDER = "198.18.0.0/16"
"""a VPC must have IPv4: for one whose subnets have none (RFC 2544, not routed)"""
CLAIMS = f"{tags.PREFIX}cidr6"


class Network:
    """The VPC of the environment; every change of it is made under the lock `vpc`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._pools: list[Any] | None = None

    def vpc(self) -> dict[str, Any] | None:
        found = self.cloud.owned("describe_vpcs", "Vpcs", "vpc")
        return found[0] if found else None

    def ensure(self, cidr4: str | None = None, cidr6: str | None = None) -> dict[str, Any]:
        """The VPC, wide enough for these prefixes. Call it under the lock."""
        block4 = _super(cidr4, 16) if cidr4 else None
        vpc = self.vpc()
        if vpc is None:
            owned = tags.owner(self.cloud.environment, "vpc", "vpc")
            specification = tags.specification("vpc", owned)
            self.cloud.ec2("create_vpc", CidrBlock=block4 or PLACEHOLDER, TagSpecifications=specification)
            vpc = self.cloud.wait(self.vpc, "VPC", "vpc", 60)
        if block4 and not _within(cidr4, _blocks4(vpc)):
            self.cloud.ec2("associate_vpc_cidr_block", VpcId=vpc["VpcId"], CidrBlock=block4, where=cidr4 or "")
            vpc = self.cloud.wait(lambda: self._grown(cidr4, _blocks4), "IPv4 block of the VPC", block4)
        if cidr6:
            vpc = self._widen6(vpc, cidr6)
        return vpc

    def tidy(self) -> None:
        """Removes the VPC when nothing of ours is left in it."""
        with self.cloud.locks.file("vpc"):
            vpc = self.vpc()
            if vpc is None:
                return
            inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
            groups = self.cloud.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=inside)
            if self.cloud.pages("ec2", "describe_subnets", "Subnets", Filters=inside) or any(
                group["GroupName"] != "default" for group in groups
            ):
                return
            for table in self.cloud.owned("describe_route_tables", "RouteTables", "route-table"):
                self.cloud.ec2("delete_route_table", RouteTableId=table["RouteTableId"])
            for gateway in self.cloud.owned("describe_internet_gateways", "InternetGateways", "internet-gateway"):
                id_ = gateway["InternetGatewayId"]
                self.cloud.ec2(
                    "detach_internet_gateway", InternetGatewayId=id_, VpcId=vpc["VpcId"],
                    absent=("Gateway.NotAttached",),
                )  # fmt: skip
                self.cloud.ec2("delete_internet_gateway", InternetGatewayId=id_)
            self.cloud.ec2("delete_vpc", VpcId=vpc["VpcId"], absent=("InvalidVpcID.NotFound",))

    def open(self, vpc: str, subnet: str) -> None:
        """Gives a subnet the route to the internet. Under the lock."""
        environment = self.cloud.environment
        gateways = self.cloud.owned("describe_internet_gateways", "InternetGateways", "internet-gateway")
        if not gateways:
            owned = tags.owner(environment, "internet-gateway", "vpc")
            made = self.cloud.ec2(
                "create_internet_gateway", TagSpecifications=tags.specification("internet-gateway", owned)
            )
            gateways = [made["InternetGateway"]]
        gateway = gateways[0]["InternetGatewayId"]
        if not gateways[0].get("Attachments"):
            self.cloud.ec2("attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
        tables = self.cloud.owned("describe_route_tables", "RouteTables", "route-table")
        if not tables:
            owned = tags.owner(environment, "route-table", "internet")
            made = self.cloud.ec2(
                "create_route_table", VpcId=vpc, TagSpecifications=tags.specification("route-table", owned)
            )
            tables = [made["RouteTable"]]
        table = tables[0]
        there = {
            route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock") for route in table["Routes"]
        }
        for cidr, key in zip(ANYWHERE, ("DestinationCidrBlock", "DestinationIpv6CidrBlock"), strict=True):
            if cidr not in there:
                self.cloud.ec2("create_route", RouteTableId=table["RouteTableId"], GatewayId=gateway, **{key: cidr})
        self.close(subnet)
        self.cloud.ec2("associate_route_table", RouteTableId=table["RouteTableId"], SubnetId=subnet)

    def close(self, subnet: str) -> None:
        """Takes a subnet's own route table away; what is left is the VPC's, which leads nowhere outside."""
        for table in self._tables("association.subnet-id", subnet):
            for association in table["Associations"]:
                if association.get("SubnetId") == subnet:
                    self.cloud.ec2("disassociate_route_table", AssociationId=association["RouteTableAssociationId"])

    def leads_outside(self, vpc: str, subnet: str) -> bool:
        """Whether the subnet's routes, its own or the VPC's, go anywhere but inside."""
        tables = self._tables("association.subnet-id", subnet) or [
            table
            for table in self._tables("vpc-id", vpc)
            if any(association.get("Main") for association in table["Associations"])
        ]
        return any(
            (route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")) in ANYWHERE
            and route.get("GatewayId") != "local"
            for table in tables
            for route in table["Routes"]
        )

    def _tables(self, name: str, value: str) -> list[Any]:
        wanted = [{"Name": name, "Values": [value]}]
        return self.cloud.pages("ec2", "describe_route_tables", "RouteTables", Filters=wanted)

    def _widen6(self, vpc: dict[str, Any], cidr6: str) -> dict[str, Any]:
        if _within(cidr6, blocks6(vpc)):
            return vpc
        block = _super(cidr6, 44)
        for pool in self._offered():
            ranges = [one["Cidr"] for one in pool.get("PoolCidrBlocks", [])]
            if _within(block, ranges):
                self.cloud.ec2(
                    "associate_vpc_cidr_block", VpcId=vpc["VpcId"], Ipv6CidrBlock=block, Ipv6Pool=pool["PoolId"],
                    where=cidr6,
                )  # fmt: skip
                return self.cloud.wait(lambda: self._grown(cidr6, blocks6), "IPv6 block of the VPC", block)
        if blocks6(vpc):
            raise invalid(
                cidr6,
                f"网段在 VPC 的 IPv6 地址块({'、'.join(blocks6(vpc))})之外,云也没有含它的地址池:"
                "请带入该前缀,或改地址规划",
                f"the prefix is outside the VPC's IPv6 blocks ({', '.join(blocks6(vpc))}) and no pool of the cloud "
                "has it: bring the prefix to the cloud, or change the address plan",
            )
        noted = tags.plain(vpc.get("Tags", [])).get(CLAIMS, "").split()
        text = " ".join(sorted({*noted, block}))
        if block not in noted and len(text) <= tags.LENGTH:
            self.cloud.ec2("create_tags", Resources=[vpc["VpcId"]], Tags=tags.listed({CLAIMS: text}))
        return vpc

    def _offered(self) -> list[Any]:
        if self._pools is None:
            answer = self.cloud.once("describe_ipv6_pools")
            self._pools = list(answer.get("Ipv6Pools", [])) if answer else []
        return self._pools or []

    def _grown(self, cidr: str | None, blocks: Any) -> dict[str, Any] | None:
        vpc = self.vpc()
        return vpc if vpc and _within(cidr, blocks(vpc)) else None


def _super(cidr: str, length: int) -> str:
    network = ipaddress.ip_network(cidr)
    if network.prefixlen < length:
        raise DriverError(
            "invalid", f"{cidr} 太大:VPC 的地址块最大为 /{length}", f"{cidr} is too wide: a block of a VPC is /{length} "
            "at most", where=cidr,
        )  # fmt: skip
    return str(network.supernet(new_prefix=length))


def _within(cidr: str | None, blocks: Iterable[str]) -> bool:
    mine = ipaddress.ip_network(cidr) if cidr else None
    others = map(ipaddress.ip_network, blocks)
    return mine is not None and any(mine.version == one.version and mine.subnet_of(one) for one in others)  # pyright: ignore[reportArgumentType]


def overlap(one: str, two: str) -> bool:
    mine, other = ipaddress.ip_network(one), ipaddress.ip_network(two)
    return mine.version == other.version and mine.overlaps(other)


def _blocks4(vpc: dict[str, Any]) -> list[str]:
    return [one["CidrBlock"] for one in vpc.get("CidrBlockAssociationSet", []) if "CidrBlock" in one]


def blocks6(there: dict[str, Any]) -> list[str]:
    return [one["Ipv6CidrBlock"] for one in there.get("Ipv6CidrBlockAssociationSet", []) if one.get("Ipv6CidrBlock")]
