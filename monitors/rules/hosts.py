"""Rules about machines: in, the estate and its targets; out, rules that hold for every host by its labels, and one
a host where the role makes its loss special (log hosts, arbiters)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from monitors.rules.base import Rule, plain, where
from monitors.targets import Scrape

_HOST = "{{ $labels.host }}"


def rules(estate: Estate, scrapes: tuple[Scrape, ...]) -> Iterator[Rule]:
    """Reachability, memory, disks, clocks."""
    machines = [scrape for scrape in scrapes if scrape.job == "host"]
    if not machines:
        return
    yield Rule(
        "HostDown", 'up{job="host"} == 0', "10s", "critical",
        f"主机 {_HOST}({{{{ $labels.site }}}} 站点)已无法采集",
        f"host {_HOST} at site {{{{ $labels.site }}}} cannot be scraped",
    )  # fmt: skip
    # a host of the lab shares this machine's kernel and shows the whole machine in /proc/meminfo, so its own cgroup
    # is asked first; where an exporter has no such figures the ordinary ones answer
    yield Rule(
        "HostMemory",
        "liangzhu_host_memory_used_bytes / (liangzhu_host_memory_limit_bytes > 0) > 0.9"
        " or on (target) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
        " unless on (target) liangzhu_host_memory_limit_bytes) > 0.9",
        "1m", "warning",
        f"主机 {_HOST} 内存已用 {{{{ $value | humanizePercentage }}}}",
        f"host {_HOST} uses {{{{ $value | humanizePercentage }}}} of its memory",
    )  # fmt: skip
    yield Rule(
        "DiskFilling",
        'node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs"} / (node_filesystem_size_bytes > 0) < 0.1',
        "1m", "warning",
        f"主机 {_HOST} 的 {{{{ $labels.mountpoint }}}} 只剩 {{{{ $value | humanizePercentage }}}}",
        f"host {_HOST}: {{{{ $labels.mountpoint }}}} has {{{{ $value | humanizePercentage }}}} left",
    )  # fmt: skip
    # the exporter's clock against the time of the scrape: what a log or a certificate check on that host would see
    yield Rule(
        "ClockSkew", "abs(node_time_seconds - timestamp(node_time_seconds)) > 2", "30s", "warning",
        f"主机 {_HOST} 的时钟相差 {{{{ $value | humanizeDuration }}}}",
        f"the clock of host {_HOST} is {{{{ $value | humanizeDuration }}}} off",
    )  # fmt: skip
    for scrape in machines:
        name = scrape.labels.get("host", scrape.name)
        match scrape.labels.get("role"):
            case "log":
                yield Rule(
                    "LogHostDown", f"up{where(job='host', target=scrape.name)} == 0", "10s", "critical",
                    f"日志主机 {plain(name)} 中断:各系统的日志暂存本机,六个月留存要求受影响",
                    f"log host {plain(name)} is down: logs wait on their hosts, six months of retention are at stake",
                )  # fmt: skip
            case "arbiter":
                yield Rule(
                    "ArbiterDown", f"up{where(job='host', target=scrape.name)} == 0", "10s", "critical",
                    f"仲裁主机 {plain(name)} 中断:再失去一个站点时数据库无法自动切换",
                    f"arbiter {plain(name)} is down: a database cannot fail over when one more site is lost",
                )  # fmt: skip
