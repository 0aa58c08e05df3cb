"""`net.sg` and `net.sg_rule`.

EC2 has a rule for each prefix; one `net.sg_rule` is all of those that carry its name in their tags, so its id is
ours: `<environment>/<name>`. A rule in a group that no declaration owns (made by hand, or the cloud's own "allow
everything out") shows in the group's `rules_digest`, and is revoked when the group is made equal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from inventory.rendering import clouds
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import Keeper, Raw, conflict, invalid
from stacks.drivers.ec2.network import Network
from stacks.drivers.wants import prefixes

GONE = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")
Permission = tuple[bool, str, int, int, str]
"""outwards, protocol, first port, last port, prefix"""
ALL: frozenset[Permission] = frozenset(
    (out, "-1", -1, -1, cidr) for out in (False, True) for cidr in ("0.0.0.0/0", "::/0")
)


def rules_of(cloud: Cloud, group: str) -> list[dict[str, Any]]:
    wanted = [{"Name": "group-id", "Values": [group]}]
    return cloud.pages("ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=wanted)


def permission(rule: dict[str, Any]) -> Permission:
    """What a rule allows; a peer that is no prefix is named as it is."""
    cidr = rule.get("CidrIpv6") or rule.get("CidrIpv4")
    other = rule.get("PrefixListId") or str(rule.get("ReferencedGroupInfo"))
    peer = str(ipaddress.ip_network(cidr)) if cidr else other
    protocol = str({"58": "icmpv6", "6": "tcp", "17": "udp"}.get(rule["IpProtocol"], rule["IpProtocol"]))
    return rule["IsEgress"], protocol, rule.get("FromPort", -1), rule.get("ToPort", -1), peer


def authorize(cloud: Cloud, group: str, wanted: Iterable[Permission], owned: dict[str, str], where: str) -> None:
    """Adds rules, tagged from the first moment."""
    for out in (False, True):
        by_port: dict[tuple[str, int, int], list[str]] = {}
        for outwards, protocol, first, last, peer in wanted:
            if outwards == out:
                by_port.setdefault((protocol, first, last), []).append(peer)
        if by_port:
            cloud.ec2(
                "authorize_security_group_egress" if out else "authorize_security_group_ingress",
                GroupId=group, where=where, TagSpecifications=tags.specification("security-group-rule", owned),
                IpPermissions=[
                    clouds.ec2_permission(protocol, first, last, peers)
                    for (protocol, first, last), peers in by_port.items()
                ],
            )  # fmt: skip


def revoke(cloud: Cloud, rules: Iterable[dict[str, Any]]) -> None:
    for rule in rules:
        cloud.ec2(
            "revoke_security_group_egress" if rule["IsEgress"] else "revoke_security_group_ingress",
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]],
            absent=("InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound"),
        )  # fmt: skip


class Groups(Keeper):
    """`net.sg`. Which hosts it is bound to is the hosts' side: `hosts` here is what was declared."""

    kind = "net.sg"
    real = frozenset({"name", "default"})

    def __init__(self, cloud: Cloud, network: Network) -> None:
        super().__init__(cloud)
        self._network = network

    def all(self) -> Iterable[Raw]:
        return self.cloud.owned("describe_security_groups", "SecurityGroups", self.kind)

    def find(self, name: str) -> Raw | None:
        found = self.cloud.owned("describe_security_groups", "SecurityGroups", self.kind, name)
        return found[0] if found else None

    def get(self, id: str) -> Raw | None:
        if not id.startswith("sg-"):
            return None
        answer = self.cloud.ec2("describe_security_groups", GroupIds=[id], absent=GONE) or {}
        found = [raw for raw in answer.get("SecurityGroups", []) if self.mine(self.tags(raw))]
        return found[0] if found else None

    def make(self, fields: dict[str, Any]) -> None:
        with self.cloud.locks.file("vpc"):
            vpc = self._network.ensure()["VpcId"]
            made = self.cloud.ec2(
                "create_security_group", VpcId=vpc, GroupName=f"liangzhu.{self.cloud.environment}.{fields['name']}"[:255],
                Description="liangzhu", where=fields["name"],
                TagSpecifications=tags.specification("security-group", self.wanted(fields)),
            )  # fmt: skip
        self._rules(made["GroupId"], fields)

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self._rules(raw["GroupId"], fields)
        self.cloud.retag(raw["GroupId"], self.tags(raw), self.wanted(fields))

    def remove(self, id: str) -> None:
        raw = self.get(id)
        if raw is None:
            return
        name = self.tags(raw).get(tags.NAME, id)
        used = self.cloud.pages(
            "ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=[{"Name": "group-id", "Values": [id]}]
        )
        if used:
            raise conflict(
                name,
                f"安全组仍绑定在 {len(used)} 个网络接口上:先删除或改绑这些主机",
                f"the security group is still bound to {len(used)} network interfaces: delete or rebind the hosts first",
            )
        self.cloud.ec2("delete_security_group", GroupId=id, absent=GONE, where=name)
        self.cloud.wait(lambda: self.get(id) is None, "deleted", name)
        self._network.tidy()

    def id(self, raw: Raw) -> str:
        return raw["GroupId"]

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        own, undeclared = self._split(raw["GroupId"], self.tags(raw).get(tags.NAME, ""))
        found: dict[str, Any] = {"default": "allow" if {permission(rule) for rule in own} >= ALL else "deny"}
        if undeclared:
            texts = sorted(
                "{} {} {}-{} {}".format("egress" if p[0] else "ingress", *p[1:]) for p in map(permission, undeclared)
            )
            found["rules_digest"] = f"undeclared: {'; '.join(texts)}"
        return found

    def _split(self, group: str, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The group's own rules (`default: allow`), and those that nobody declared."""
        own, undeclared = [], []
        for rule in rules_of(self.cloud, group):
            there = self.tags(rule)
            if self.mine(there) and there.get(tags.NAME) == name:
                own.append(rule)
            elif (there.get(tags.ENVIRONMENT), there.get(tags.KIND)) != (self.cloud.environment, Rules.kind):
                undeclared.append(rule)
        return own, undeclared

    def _rules(self, group: str, fields: dict[str, Any]) -> None:
        own, undeclared = self._split(group, fields["name"])
        wanted = ALL if fields["default"] == "allow" else frozenset()
        revoke(self.cloud, [*undeclared, *(rule for rule in own if permission(rule) not in wanted)])
        missing = wanted - {permission(rule) for rule in own}
        authorize(
            self.cloud, group, missing, tags.owner(self.cloud.environment, self.kind, fields["name"]), fields["name"]
        )


class Rules(Keeper):
    """`net.sg_rule`; its raw form is the list of EC2's rules that carry its name."""

    kind = "net.sg_rule"
    real = frozenset({"name", "sg", "direction", "protocol", "ports"})
    # peers are in the tags too, for their order only

    def __init__(self, cloud: Cloud, groups: Groups) -> None:
        super().__init__(cloud)
        self._groups = groups

    def check(self, fields: Any) -> None:
        prefixes(fields["peers6"], fields["name"], 6)
        prefixes(fields["peers4"], fields["name"], 4)
        icmp = fields["protocol"] == "icmpv6"
        if not fields["peers6"] and not fields["peers4"]:
            raise invalid(
                fields["name"],
                "规则没有任何对端:什么也不放行,删去它",
                "the rule has no peer and allows nothing: leave it out",
            )
        if icmp != (fields["ports"] is None) or (icmp and fields["peers4"]):
            raise invalid(
                fields["name"],
                "tcp、udp 要写端口;icmpv6 没有端口,也没有 IPv4 对端",
                "tcp and udp have ports; icmpv6 has none, and no IPv4 peers",
            )

    def all(self) -> Iterable[Raw]:
        found: dict[str, list[Any]] = {}
        for rule in self.cloud.owned("describe_security_group_rules", "SecurityGroupRules", self.kind):
            found.setdefault(self.tags([rule]).get(tags.NAME, ""), []).append(rule)
        return found.values()

    def find(self, name: str) -> Raw | None:
        return self.cloud.owned("describe_security_group_rules", "SecurityGroupRules", self.kind, name) or None

    def get(self, id: str) -> Raw | None:
        environment, _, name = id.partition("/")
        return self.find(name) if environment == self.cloud.environment and name else None

    def make(self, fields: dict[str, Any]) -> None:
        self._equal([], fields)

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self._equal(raw, fields)

    def remove(self, id: str) -> None:
        revoke(self.cloud, self.get(id) or [])

    def id(self, raw: Raw) -> str:
        return f"{self.cloud.environment}/{self.tags(raw).get(tags.NAME, '')}"

    def tags(self, raw: Raw) -> dict[str, str]:
        return tags.plain(raw[0].get("Tags", []))

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        # all rules of one declaration are alike but for the peer; where somebody changed one, the odd ones are shown
        alike: dict[tuple[str, Any], list[str]] = {}
        for rule in raw:
            found = permission(rule)
            alike.setdefault((rule["GroupId"], found[:4]), []).append(found[4])
        (group, (out, protocol, first, last)), peers = min(alike.items(), key=lambda item: len(item[1]))
        owner = self._groups.get(group)
        return {
            "sg": self._groups.tags(owner).get(tags.NAME) if owner else group,
            "direction": "egress" if out else "ingress",
            "protocol": protocol,
            "ports": None if protocol == "icmpv6" and first == last == -1 else [first, last],
            "peers6": _ordered([peer for peer in peers if ":" in peer], carried["peers6"]),
            "peers4": _ordered([peer for peer in peers if ":" not in peer], carried["peers4"]),
        }

    def _equal(self, rules: list[Any], fields: dict[str, Any]) -> None:
        name = fields["name"]
        group = self._groups.find(fields["sg"])
        if group is None:
            raise invalid(
                name, f"没有安全组 {fields['sg']}:先创建它", f"there is no security group {fields['sg']}: make it first"
            )
        id_, owned = group["GroupId"], self.wanted(fields)
        wanted = _permissions(fields)
        kept = [rule for rule in rules if rule["GroupId"] == id_ and permission(rule) in wanted]
        missing = wanted - {permission(rule) for rule in kept}
        for rule in rules_of(self.cloud, id_) if missing else []:
            if permission(rule) in missing:
                # EC2 keeps one rule of a kind: an undeclared one becomes ours, a declared one stays another's
                other = tags.plain(rule.get("Tags", []))
                if self.mine(other):
                    raise conflict(
                        name,
                        f"规则 {other.get(tags.NAME)} 已在同一安全组放行同样的流量:合并这两条声明",
                        f"rule {other.get(tags.NAME)} allows the very same in this group already: merge the two",
                    )
                kept.append(rule)
                missing -= {permission(rule)}
        # new ones first: what stays allowed is never interrupted
        authorize(self.cloud, id_, sorted(missing), owned, name)
        keep = {rule["SecurityGroupRuleId"] for rule in kept}
        revoke(self.cloud, [rule for rule in rules if rule["SecurityGroupRuleId"] not in keep])
        for rule in kept:
            self.cloud.retag(rule["SecurityGroupRuleId"], tags.plain(rule.get("Tags", [])), owned)


def _permissions(fields: dict[str, Any]) -> set[Permission]:
    first, last = fields["ports"] or (-1, -1)
    peers = [*prefixes(fields["peers6"], fields["name"], 6), *prefixes(fields["peers4"], fields["name"], 4)]
    return {(fields["direction"] == "egress", fields["protocol"], first, last, peer) for peer in peers}


def _ordered(there: list[str], declared: Any) -> list[str]:
    """As declared, then what is there beside it."""
    names = {
        str(ipaddress.ip_network(text, strict=False)): text for text in declared or () if isinstance(declared, list)
    }
    known = [text for peer, text in names.items() if peer in there]
    return [*known, *sorted(peer for peer in there if peer not in names)]
