"""Rules about PostgreSQL under Patroni: in, `db.instance` resources and their targets; out, rules one instance each,
so that an instance that has vanished altogether is still missed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from monitors.rules.base import Rule, plain, where
from monitors.targets import Scrape, labels_of

LAG_BYTES = 16 * 1024 * 1024
"""one WAL segment: what a healthy standby is never behind for long"""


def rules(estate: Estate, scrapes: tuple[Scrape, ...]) -> Iterator[Rule]:
    """Leader, second leader, synchronous standby, lag, members; only of instances that are scraped."""
    watched = {scrape.labels.get("database") for scrape in scrapes if scrape.job == "postgresql"}
    instances = [i for i in sorted(estate.kind("db.instance"), key=lambda i: i.name) if i.name in watched]
    for instance in instances:
        of = {"database": instance.name}
        owner = {key: value for key, value in labels_of(instance).items() if key in ("bureau", "system", "level")}
        labels, name = {**owner, **of}, plain(instance.name)
        # Patroni 3 says `master`, later ones `primary`; one host is one leader however many names it uses
        leaders = '{__name__=~"patroni_(master|primary)",' + where(**of)[1:]
        yield Rule(
            "DatabaseNoLeader", f"max({leaders}) < 1 or absent({leaders})", "10s", "critical",
            f"数据库 {name} 没有主节点,不能写入", f"database {name} has no leader and takes no writes", labels,
        )  # fmt: skip
        yield Rule(
            "DatabaseTwoLeaders", f"sum(max by (host) ({leaders})) > 1", "5s", "critical",
            f"数据库 {name} 有 {{{{ $value }}}} 个主节点:立即隔离其一",
            f"database {name} has {{{{ $value }}}} leaders: fence one of them at once", labels,
        )  # fmt: skip
        if len(instance["members"]) > 1:
            yield from _standbys(instance.name, instance["mode"], labels)
    if instances:
        yield Rule(
            "DatabaseMemberDown", 'up{job="postgresql"} == 0', "10s", "warning",
            "数据库 {{ $labels.database }} 的成员 {{ $labels.host }} 无法采集",
            "member {{ $labels.host }} of database {{ $labels.database }} cannot be scraped",
        )  # fmt: skip


def _standbys(database: str, mode: str, labels: dict[str, str]) -> Iterator[Rule]:
    one, name = where(database=database), plain(database)
    if mode == "synchronous":
        standby = f"patroni_sync_standby{one}"
        yield Rule(
            "DatabaseNoSyncStandby", f"max({standby}) < 1 or absent({standby})", "10s", "critical",
            f"数据库 {name} 没有同步备节点:此刻失去主节点将丢失已确认的写入,或停止写入",
            f"database {name} has no synchronous standby: losing the leader now loses or stops writes", labels,
        )  # fmt: skip
    # the leader reports where it writes, a standby where it has received; zero is "not my role" in Patroni
    yield Rule(
        "DatabaseReplicationLag",
        f"scalar(max(patroni_xlog_location{one})) - (patroni_xlog_received_location{one} > 0) > {LAG_BYTES}",
        "15s", "warning",
        f"数据库 {name} 的备节点 {{{{ $labels.host }}}} 落后 {{{{ $value | humanize1024 }}}}B",
        f"standby {{{{ $labels.host }}}} of database {name} is {{{{ $value | humanize1024 }}}}B behind", labels,
    )  # fmt: skip
