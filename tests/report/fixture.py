"""A small estate as the demo has it, made from the kinds, so that the report and the monitors can be tested without
the engine: two dual-active systems and a single one, every kind that the page draws, no address of a real network."""

from __future__ import annotations

from typing import Any

from inventory.estate import Estate, Resource
from inventory.kinds import kinds, token

FILE = "inventory/requests/Pulumi.{}.yaml"
LEVELS = {"civil-affairs.welfare": 3, "data-resources.identity": 3, "ecology.air": 2}
_SITES = "abcd"


def resource(kind: str, stack: str, **fields: Any) -> Resource:
    """One resource, its fields checked against the kind; `origin` may be given, outputs go into `out`."""
    out = fields.pop("out", {})
    model = kinds()[kind](**fields)
    data = {key: value for key, value in model.model_dump(mode="python").items() if value is not None}
    name = data["name"]
    urn = f"urn:pulumi:{stack}::liangzhu::{token(kind)}::{name}"
    return Resource(kind, name, stack, urn, {**data, **out}, origin=data.get("origin", ""), id=f"{kind}/{name}")


def estate() -> Estate:
    """The demo: four sites, eleven hosts, three systems."""
    return Estate((*_network(), *_pools(), *_systems(), *_recovery(), *_watched()))


def _network() -> list[Resource]:
    stack, made = "city-network", []
    for number, site in enumerate(_SITES, 1):
        made.append(
            resource(
                "net.router", stack, name=f"core-{site}", site=site, role="core", asn=64512 + number, zone="management",
                loopback6=f"3fff:0:f::{number}/128", count=2, racks=(f"{site}1", f"{site}2"), capacity_mbps=40000,
            )
        )  # fmt: skip
        made.append(
            resource(
                "net.subnet", stack, name=f"management-{site}", site=site, zone="management", tier="management",
                cidr6=f"3fff:0:{number}00::/64", router=f"core-{site}",
            )
        )  # fmt: skip
    for index, (first, second, rtt) in enumerate([("a", "b", 0.6), ("a", "c", 1.1), ("b", "c", 1.3), ("a", "d", 18.0)]):
        made.append(
            resource(
                "net.link", stack, name=f"{first}-{second}", ends=(first, second), rtt_ms=rtt, lines=2,
                routers=(f"core-{first}", f"core-{second}"), prefix6=f"3fff:0:e::{index * 2:x}/127",
                bandwidth_mbps=10000 if second == "b" else 1000, carriers=("甲", "乙"), encryption="ipsec",
            )
        )  # fmt: skip
    return made


def _pools() -> list[Resource]:
    rows = [
        ("kunpeng", "鲲鹏资源池", "virtual", "aarch64", "华为鲲鹏", True, ("a", "b"), 4096, 16384),
        ("hygon", "海光资源池", "virtual", "x86_64", "海光", True, ("a", "b"), 2048, 8192),
        ("loongson", "龙芯资源池", "virtual", "loongarch64", "龙芯", True, ("a",), 512, 2048),
        ("x86", "x86 资源池", "virtual", "x86_64", "通用", False, ("a", "b", "c", "d"), 4096, 16384),
        ("nscc-changsha", "国家超级计算长沙中心", "partner", None, "合作", True, ("a",), 0, 0),
    ]
    return [
        resource(
            "compute.pool", "city-pools", name=name, title=title, type=type_, architecture=architecture, make=make,
            os=None, xinchuang=domestic, sites=sites, cpu=cpu, memory_gib=memory,
        )
        for name, title, type_, architecture, make, domestic, sites, cpu, memory in rows
    ]  # fmt: skip


def _host(
    stack: str, workload: str, role: str, site: str, number: int, zone: str, pool: str, index: int = 1
) -> Resource:
    bureau = stack.partition(".")[0] if "." in stack else None
    prefix = stack.replace(".", "-")
    name = f"{prefix}-{workload}-{site}-{index}" if bureau else f"{role}-{site}"
    tier = {"database": "data", "arbiter": "data", "web": "web", "app": "app"}.get(role, "management")
    site_number = _SITES.index(site) + 1
    return resource(
        "compute.host", stack, name=name, site=site, zone=zone, bureau=bureau, role=role, workload=workload, pool=pool,
        system=stack if bureau else None, level=LEVELS.get(stack, 3), architecture="aarch64" if pool == "kunpeng" else "x86_64",
        image="debian-12", cpu=2, memory_mib=4096, subnet=f"{prefix}-{tier}-{site}" if bureau else f"management-{site}",
        address6=f"3fff:0:{site_number}{number:02x}::10", address4=f"198.18.{site_number}.{number}",
        security_groups=(name,), origin=f"{FILE.format(stack)}:14" if bureau else "",
        out={"host_key": "ssh-ed25519 AAAA", "status": "running"},
    )  # fmt: skip


HOSTS = [
    ("civil-affairs.welfare", "web", "web", "a", 0x11, "public", "kunpeng"),
    ("civil-affairs.welfare", "web", "web", "b", 0x11, "public", "kunpeng"),
    ("civil-affairs.welfare", "db", "database", "a", 0x12, "dedicated", "kunpeng"),
    ("civil-affairs.welfare", "db", "database", "b", 0x12, "dedicated", "kunpeng"),
    ("civil-affairs.welfare", "db", "arbiter", "c", 0x12, "dedicated", "x86"),
    ("data-resources.identity", "app", "app", "a", 0x21, "dedicated", "hygon"),
    ("data-resources.identity", "app", "app", "b", 0x21, "dedicated", "hygon"),
    ("ecology.air", "app", "app", "a", 0x31, "dedicated", "kunpeng"),
    ("ecology.air", "db", "database", "a", 0x32, "dedicated", "kunpeng"),
    ("city-platforms", "log", "log", "a", 0x00, "management", "x86"),
    ("city-platforms", "monitor", "monitor", "c", 0x00, "management", "x86"),
]


def _systems() -> list[Resource]:
    made: list[Resource] = []
    rows = [
        (
            "civil-affairs.welfare",
            "一体化智慧民政平台",
            "livelihood",
            "dual-active",
            True,
            10,
            0,
            True,
            "internet",
            "important",
        ),
        (
            "data-resources.identity",
            "统一身份认证",
            "enabling-hub",
            "dual-active",
            False,
            30,
            0,
            True,
            "extranet",
            "important",
        ),
        ("ecology.air", "大气环境监测", "ecology", "single", False, 14400, 86400, False, "private", "general"),
    ]
    for stack, title, item, mode, remote, rto, rpo, personal, exposure, data in rows:
        made.append(
            resource(
                "gov.system", stack, name=stack, title=title, item=item, mode=mode, remote=remote, rto_s=rto, rpo_s=rpo,
                personal_information=personal, exposure=exposure, uses=("identity",), level=LEVELS[stack], data_class=data,
                bureau=stack.partition(".")[0], system=stack, origin=f"{FILE.format(stack)}:4",
            )
        )  # fmt: skip
    hosts = [_host(*row) for row in HOSTS]
    for host in hosts:
        made.append(host)
        if host.get("system"):
            made.append(
                resource(
                    "net.subnet", host.stack, name=host["subnet"], site=host["site"], zone=host["zone"], router=f"core-{host['site']}",
                    bureau=host["bureau"], system=host["system"], tier=host["subnet"].split("-")[-2],
                    cidr6=host["address6"].removesuffix("10") + "/64",
                )
            )  # fmt: skip
        made.append(
            resource(
                "net.sg",
                host.stack,
                name=host.name,
                hosts=(host.name,),
                rules_digest="0" * 64,
                system=host.get("system"),
            )
        )
    made += _rules({host.name: host for host in hosts})
    for stack, workload, members, mode in (
        ("civil-affairs.welfare", "db", ("a", "b"), "synchronous"), ("ecology.air", "db", ("a",), "single"),
    ):  # fmt: skip
        prefix = stack.replace(".", "-")
        made.append(
            resource(
                "db.instance", stack, name=f"{prefix}-{workload}", engine="postgresql", version="15", mode=mode,
                members=tuple(f"{prefix}-{workload}-{site}-1" for site in members), sites=members, admin="lz",
                arbiter=f"{prefix}-{workload}-c-1" if mode == "synchronous" else None, password="x", tls=True,
                encryption_key=f"{prefix}-key", storage_gib=50, system=stack, bureau=stack.partition(".")[0],
                level=LEVELS[stack], origin=f"{FILE.format(stack)}:17",
            )
        )  # fmt: skip
    return made


def _rules(hosts: dict[str, Resource]) -> list[Resource]:
    made = []
    flows = [
        ("civil-affairs-welfare-db-a-1", "civil-affairs-welfare-web-a-1", "civil-affairs.welfare/web", 5432),
        ("civil-affairs-welfare-db-b-1", "civil-affairs-welfare-web-b-1", "civil-affairs.welfare/web", 5432),
        ("data-resources-identity-app-a-1", "civil-affairs-welfare-web-a-1", "civil-affairs.welfare/web", 443),
        ("data-resources-identity-app-b-1", "civil-affairs-welfare-web-b-1", "civil-affairs.welfare/web", 443),
        ("data-resources-identity-app-a-1", "ecology-air-app-a-1", "ecology.air/app", 443),
        ("ecology-air-db-a-1", "ecology-air-app-a-1", "ecology.air/app", 5432),
    ]
    for target, source, peer, port in flows:
        host = hosts[target]
        made.append(
            resource(
                "net.sg_rule", host.stack, name=f"{target}-{peer.replace('/', '-')}-{port}", sg=target, direction="ingress",
                protocol="tcp", ports=(port, port), peers6=(f"{hosts[source]['address6']}/128",), peer=peer,
                purpose="declared", system=host.get("system"), site=host["site"],
                origin=f"{FILE.format(peer.split('/', maxsplit=1)[0])}:20",
            )
        )  # fmt: skip
    return made


def _recovery() -> list[Resource]:
    db = "db.instance/civil-affairs-welfare-db"
    common = {"system": "civil-affairs.welfare", "bureau": "civil-affairs", "level": 3, "encrypted": True, "of": db}
    return [
        resource(
            "dr.replication", "civil-affairs.welfare", name="civil-affairs-welfare-db-a-b", source_site="a", target_site="b",
            mode="synchronous", rpo_s=0, rto_s=10, link="a-b", automatic=True, **common,
        ),
        resource(
            "dr.replication", "civil-affairs.welfare", name="civil-affairs-welfare-db-a-d", source_site="a", target_site="d",
            mode="asynchronous", rpo_s=60, rto_s=3600, link="a-d", automatic=False, **common,
        ),
        resource(
            "dr.backup_plan", "civil-affairs.welfare", name="civil-affairs-welfare-db-backup", of=db, method="incremental",
            interval_hours=24, retention_days=180, media="对象存储", target_site="d", restore_test_days=90,
            encryption_key="civil-affairs-welfare-key", system="civil-affairs.welfare", bureau="civil-affairs",
        ),
    ]  # fmt: skip


def _watched() -> list[Resource]:
    made = []
    for row in HOSTS:
        host = _host(*row)
        made.append(_target(host, "host", 9100))
        if host["role"] == "database":
            made.append(_target(host, "postgresql", 8008))
    return made


def _target(host: Resource, job: str, port: int) -> Resource:
    shared = {key: host.get(key) for key in ("site", "zone", "bureau", "system", "level")}
    return resource(
        "mon.target", host.stack, name=f"{job}-{host.name}", of=f"compute.host/{host.name}", job=job, port=port,
        address=host["address6"], role=host["role"], **shared,
    )  # fmt: skip


STEPS = (
    {"name": "read", "seconds": 0.1, "zh": "32 份申请", "en": "32 requests", "skipped": False},
    {"name": "plan", "seconds": 3.8, "zh": "新建 231", "en": "create 231", "skipped": False},
)


def conducted() -> Any:
    """What `playbooks.conduct.site` returns, every host changed."""
    from playbooks.runs import Conducted, Recap

    hosts = {host.name: Recap(ok=42, changed=3) for host in estate().kind("compute.host")}
    return Conducted(hosts, len(hosts), (), 61.2)


def proofs() -> Any:
    """What `playbooks.conduct.prove` returns: all is as declared."""
    from playbooks.runs import Connection, Gathered, Proofs, Replication

    name = "civil-affairs-welfare"
    stream = Replication(f"{name}-db", f"{name}-db-a-1", f"{name}-db-b-1", "b", "streaming", "sync", True, 0.31, True)
    connections = (
        Connection(f"{name}-web-a-1", f"{name}-db-a-1", 5432, "allowed", "open", True),
        Connection(f"{name}-web-b-1", f"{name}-db-b-1", 5432, "allowed", "open", True),
        Connection("ecology-air-app-a-1", f"{name}-db-b-1", 5432, "denied", "timeout", True),
    )
    return Proofs((stream,), connections, Gathered(Estate(), 14, 14))


def seen(summary: str = "主机 ecology-air-app-a-1 已无法采集") -> Any:
    """What `monitors.watch.look` returns: 13 of 14 up, one alert."""
    from monitors.targets import expected
    from monitors.watch import Alert, Seen, Target

    scrapes = [scrape for scrape in expected(estate()) if scrape.job in ("host", "postgresql")]
    targets = tuple(
        Target(
            s.name, s.job, s.endpoint, s.labels, "up" if place else "down", "" if place else "context deadline exceeded"
        )
        for place, s in enumerate(scrapes)
    )
    alert = Alert("HostDown", "firing", "critical", "ecology", summary, "the host cannot be scraped", {"site": "a"})
    return Seen(
        len(targets), len(targets) - 1, (targets[0].name,), (), 39, (alert,), targets, (), "http://[3fff::1]:9090", 2.0
    )


def full() -> dict[str, Any]:
    """The report's data with every part there."""
    from inventory.reading import read
    from policies.judge import judge
    from policies.report import build

    judged = estate()
    return build(
        read("demo"), None, judged, judge(judged, planned=True), steps=STEPS, conducted=conducted(), proofs=proofs(),
        seen=seen(), when="2026-11-23 09:00 +0000",
    )  # fmt: skip
