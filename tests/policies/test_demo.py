"""The demo's own plan, as the engine makes it: nothing blocks; and one change to it trips the check that should see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from inventory.estate import Estate, Resource
from inventory.rendering import flows
from inventory.rendering.nftables import nftables
from policies.judge import judge
from policies.profiles import profile
from policies.reach.clouds import filter_of, group
from policies.reach.fields import Field
from policies.reach.filters import passed
from policies.reach.headers import Headers, Space
from policies.reach.nft import ruleset
from tests.policies.demo import planned

CHANGES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("NET-001", "net.router", "access-a", {"egress_mbps": 1}),
    ("NET-002", "net.router", "core-a", {"capacity_mbps": 1}),
    ("NET-003", "net.subnet", "access-a", {"cidr6": "3fff::/20"}),
    ("NET-004", "net.subnet", "civil-affairs-welfare-data-a", {"internet_route": True}),
    ("NET-005", "net.link", "a-b", {"lines": 1}),
    ("NET-006", "net.listener", "civil-affairs-welfare", {"suites": ["TLS_AES_256_GCM_SHA384"]}),
    ("NET-007", "net.link", "a-b", {"encryption": "none"}),
    ("NET-009", "net.subnet", "access-a", {"cidr6": "3fff:430::/32"}),
    ("IP6-001", "net.subnet", "access-a", {"cidr6": None}),
    ("IP6-002", "net.lb", "civil-affairs-welfare-web-a", {"vip6": None}),
    ("IP6-003", "net.lb", "civil-affairs-welfare-web-a", {"vip4": "198.18.255.1"}),
    ("TEN-002", "compute.host", "ecology-air-app-a-1", {"system": "ecology.other"}),
    ("BND-001", "net.subnet", "civil-affairs-welfare-web-a", {"internet_route": True}),
    ("BND-005", "net.sg_rule", "egress", {"peers6": ["3fff:430:3600:1::10/128"]}),
    ("BND-003", "net.sg_rule", "egress", {"peers6": ["::/0"], "ports": [1, 65535]}),
    ("BND-004", "net.router", "core-a", {"default_deny": False}),
    ("BND-006", "net.sg_rule", "ingress", {"peers6": [], "peers4": []}),
    ("BND-007", "net.router", "core-a", {"stateful": False}),
    ("BND-008", "net.lb", "civil-affairs-welfare-web-a", {"waf": False}),
    ("BND-009", "net.lb", "civil-affairs-welfare-web-a", {"anti_ddos": False}),
    ("BND-016", "net.sg_rule", "ingress", {"peers6": ["::/0"], "ports": [5432, 5432]}),
    ("BND-017", "net.sg_rule", "ingress", {"peers6": ["3fff:0:ffff::/64"], "ports": [22, 22]}),
    ("IAM-001", "iam.password_policy", "", {"min_length": 6}),
    ("IAM-002", "sec.bastion", "", {"idle_minutes": 0}),
    ("IAM-004", "sec.bastion", "", {"mfa": ["password"]}),
    ("IAM-005", "storage.bucket", "", {"public": True}),
    ("IAM-006", "db.instance", "", {"admin": "postgres"}),
    ("IAM-008", "iam.role", "", {"actions": ["*"]}),
    ("IAM-013", "db.instance", "", {"password": "changeme"}),
    ("DR-001", "dr.backup_plan", "civil-affairs-welfare-db", {"retention_days": 1}),
    ("DR-002", "dr.replication", "civil-affairs-welfare-db-a-d", {"target_site": "b"}),
    ("DR-003", "db.instance", "civil-affairs-welfare-db", {"mode": "single"}),
    ("DR-011", "compute.host", "civil-affairs-welfare-web-b", {"image": "another"}),
    ("RES-004", "storage.volume", "civil-affairs-welfare-db", {"site": None}),
    ("CRY-001", "net.sg_rule", "ingress", {"ports": [4443, 4443]}),
    ("CRY-006", "sec.certificate", "", {"renew_before_days": 1}),
    ("DAT-001", "storage.volume", "civil-affairs-welfare-db", {"encryption_key": None}),
    ("DAT-002", "kms.key", "civil-affairs-welfare", {"spec": "AES_256"}),
    ("DAT-003", "kms.key", "civil-affairs-welfare", {"bureau": "ecology"}),
    ("DAT-004", "kms.key", "city-key", {"rotation_days": 0}),
    ("DAT-005", "db.instance", "", {"tls": False}),
    ("DAT-009", "gov.system", "civil-affairs.welfare", {"data_class": "general"}),
    ("TEN-001", "compute.pool", "kunpeng", {"level": 1}),
    ("TEN-004", "net.router", "core-a", {"default_deny": False}),
    ("TEN-005", "net.sg", "ecology-air-app", {"hosts": ["x86"]}),
    ("TEN-006", "net.sg", "ecology-air-app", {"hosts": ["ecology-air-app-a-1", "ecology-air-db-a-1"]}),
    ("LOG-004", "log.sink", "", {"retention_days": 90}),
    ("MON-001", "sec.bastion", "", {"subnet": "access-a"}),
    ("MON-008", "compute.host", "civil-affairs-welfare-web-a-1", {"zone": "management"}),
    ("TEN-007", "gov.quota", "civil-affairs-welfare-kunpeng", {"cpu": 1}),
    ("CHG-003", "compute.host", "civil-affairs", {"bureau": None}),
    ("CHG-004", "net.sg_rule", "ingress", {"purpose": "remote-operations"}),
]
"""check, kind, beginning of the name (or the direction of a rule), what is changed"""
UNDECLARED = {
    **dict.fromkeys(
        ("HST-001", "HST-002", "HST-003", "HST-004", "CRY-002", "CRY-003"),
        "no facts of hosts, no scanners and no agents: a plan has none",
    ),
    **dict.fromkeys(("CHG-001", "CHG-002", "CHG-006"), "no records of updates and states: nothing was applied yet"),
    "CHG-004": "nobody operates from afar",
    **dict.fromkeys(("SLA-001", "CII-001"), "no agreements and no evidence on record"),
    "XC-001": "no list of assessed products, no images on record",
    **dict.fromkeys(
        ("CRY-004", "ZT-001", "ZT-002", "ZT-003", "ZT-004", "ZT-005", "ZT-006", "ZT-007"), "no parts of zero trust"
    ),
    **dict.fromkeys(("IOT-001", "IOT-002", "IOT-003", "IOT-004"), "no things"),
    **dict.fromkeys(
        ("IAM-003", "IAM-014", "LOG-010", "MON-002", "MON-004", "MON-006"),
        "no security devices, platform endpoints or facts of hosts",
    ),
    **dict.fromkeys(
        ("IAM-007", "IAM-009", "IAM-011", "IAM-012", "IAM-015"), "no accounts, groups, grants or console settings"
    ),
    **dict.fromkeys(
        ("LOG-002", "LOG-006", "LOG-007", "LOG-008", "LOG-009"), "no audit trails, and no tenants on record"
    ),
    **dict.fromkeys(("LOG-005", "MON-005", "MON-007"), "no place of analysis, no alarms as records"),
    "IAM-016": "no VPN gateways",
    "LOG-003": "no access policies, so that who may delete logs cannot be told",
    "DR-004": "no unit keeps a copy of its own",
    "DR-005": "pools do not say how many copies they keep",
    "DR-006": "nobody recorded an export",
    "DR-007": "no recovery plan claims a level",
    "DR-008": "no recovery plan claims a level",
    "DR-009": "no recovery plan claims a level",
    "DR-010": "the sites do not say whose keys and names they lean on",
    "DR-013": "there is no recovery plan that could have been exercised",
    "RES-003": "no grant says from where people come",
    "IMG-001": "images are names only",
    "IMG-002": "images are names only",
    "IMG-003": "images are names only",
    "NET-008": "facts of the start are gathered on hosts, and the plan has none",
    "BND-002": "ports of the network are not recorded",
    "BND-010": "no virtual network is recorded: systems have segments",
    "BND-011": "balancers guard themselves: no device of its own detects attacks",
    "BND-012": "no device at the boundary looks for malicious code",
    "BND-013": "the city has no mail",
    "TEN-003": "tenants are not recorded",
    "TEN-008": "no boundary device lists its interfaces",
    "TEN-009": "neither virtual networks nor storage pools of others are recorded",
    "TEN-010": "the city has production alone",
    "IP6-004": "balancers guard themselves, and flows are not recorded",
}
"""checks that find nothing in the demo to pass or fail: what its city does not declare"""
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return planned(tmp_path_factory.mktemp("home"))


def test_the_plan_of_the_demo_is_not_blocked_and_looked_at(demo: Estate) -> None:
    verdict = judge(demo, "level3", planned=True, on=TODAY)
    assert not verdict.blocking, [finding.en for finding in verdict.blocking]
    silent = {check for check, counts in verdict.results.items() if not counts["pass"] + counts["fail"]}
    assert silent == UNDECLARED.keys(), "what finds nothing in the demo to look at is written down, with the reason"
    assert verdict.results["XC-003"]["fail"], "the software pool is no certified module, and the verdict says so"


@pytest.mark.slow
def test_every_shipped_request_is_built_as_the_checks_want_it(tmp_path: Path) -> None:
    whole = planned(tmp_path, "city-32")
    zones = {one.name: one["zone"] for one in whole.kind("net.subnet")}
    assert {host.name for host in whole.kind("compute.host") if host["zone"] != zones[host["subnet"]]} == set()
    verdict = judge(whole, "level3", planned=True, on=TODAY)
    assert not verdict.blocking, [finding.en for finding in verdict.blocking]


@pytest.mark.parametrize(("check", "kind", "name", "change"), CHANGES, ids=[row[0] for row in CHANGES])
def test_one_change_trips_the_check(demo: Estate, check: str, kind: str, name: str, change: dict[str, Any]) -> None:
    def hit(one: Resource) -> bool:
        word = str(one.get("direction")) if kind == "net.sg_rule" else one.name
        return one.kind == kind and word.startswith(name)

    assert any(map(hit, demo)), f"the demo has no {kind} {name}"
    # several plans may serve one database: all of them are changed; of everything else the first
    some = [one for one in demo if hit(one)][: None if kind == "dr.backup_plan" else 1]
    rows = [replace(one, properties={**one.properties, **change}) if one in some else one for one in demo]
    verdict = judge(Estate(tuple(rows)), "level3", planned=True, on=TODAY)
    assert check in {finding.check for finding in verdict.blocking}


def test_what_is_installed_lets_through_what_the_groups_say(demo: Estate) -> None:
    """The text that a host gets and its security groups in a cloud: the same TCP and UDP, in both directions."""
    space = Space()
    carried = space.box({Field.PROTOCOL: [(6, 6), (17, 17)], Field.STATE: [(0, 0)]})
    for host in demo.kind("compute.host"):
        rules = [rule.properties for rule in flows.rules(demo, host)]
        assert rules
        text, cloud = ruleset(nftables(demo, host.name), host.name), filter_of([group(host.name, rules)])
        for hook in ("input", "output"):
            installed = passed(space, text, hook, "eth0", "eth0") & carried
            assert installed == passed(space, cloud, hook) & carried, (host.name, hook)


def test_each_line_that_a_host_gets_means_something_and_their_order_does_not(demo: Estate) -> None:
    for host in demo.kind("compute.host"):
        text, space = nftables(demo, host.name), Space()
        lines = text.splitlines()
        flows_ = [n for n, line in enumerate(lines) if "counter accept comment" in line]

        def let_through(some: list[str], space: Space = space) -> list[Headers]:
            rules = ruleset("\n".join(some) + "\n", "host")
            return [passed(space, rules, hook, "eth0", "eth0") for hook in ("input", "output")]

        whole = let_through(lines)
        for n in flows_:
            assert let_through([*lines[:n], *lines[n + 1 :]]) != whole, lines[n]
            if n + 1 in flows_:
                assert let_through([*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]) == whole, lines[n]


def test_every_mandatory_check_is_tripped() -> None:
    mandatory = {e.loaded.check.id for e in profile("level3").entries if e.mode == "mandatory"}
    assert mandatory - UNDECLARED.keys() <= {row[0] for row in CHANGES} <= mandatory
