"""The verbs of this room: `ipv6`, the indicators of sites."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inventory import reading
from inventory.estate import Estate, published
from inventory.problems import Problem, Refused, refuse
from monitors.probes import ipv6 as probe
from monitors.probes.dns import Server
from monitors.probes.findings import findings, rows
from monitors.probes.ipv6 import Figures, Site

RESOLV_CONF = Path("/etc/resolv.conf")


def ipv6(tell: Any, options: argparse.Namespace) -> None:
    """`./lz ipv6 [@RESOLVER …] [URL …]`: the eight indicators of each site, and what falls short; code 1 where
    something does. Without a URL: what the environment serves to the internet. Without a resolver: this machine's."""
    resolvers = [Server(word[1:]) for word in options.what if word.startswith("@")] or of_machine(RESOLV_CONF)
    urls = [word for word in options.what if not word.startswith("@")]
    wrong = [url for url in urls if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname]
    if wrong:
        raise Refused(
            Problem("ipv6.url", "写成 https://主机名/ 的样子", "write it like https://host/", url) for url in wrong
        )
    sites = [Site(url) for url in urls] or served(published(reading.read(options.environment).places.estate))
    if not sites:
        raise refuse(
            "ipv6.sites",
            "没有可测的网站:写明网址,或先运行 ./lz up",
            "there is no site to look at: name one, or run ./lz up first",
        )
    looked = asyncio.run(
        probe.look_at(sites, resolvers, ids=lambda: secrets.randbelow(1 << 16), clock=time.perf_counter)
    )
    if options.json:
        tell.console.print_json(data=[_data(figures) for figures in looked])
    for figures in () if options.json else looked:
        tell.say(figures.site.url, figures.site.url)
        for zh, en, value in rows(figures):
            tell.say(f"  {zh}:{value}", f"  {en}: {value}")
        tell.problems(findings(figures))
    if any(map(findings, looked)):
        tell.code = 1


def served(estate: Estate) -> list[Site]:
    """Home pages of what an estate serves to the internet: each name with an HTTPS listener behind it."""
    open_ = {listener["lb"] for listener in estate.kind("net.listener") if listener["exposure"] == "internet"}
    addresses = {lb["vip6"] for lb in estate.kind("net.lb") if lb.name in open_}
    records = (r for r in estate.kind("dns.record") if addresses & set(r["values"]))
    return [Site(f"https://{name}/") for name in dict.fromkeys(record["fqdn"] for record in records)]


def of_machine(path: Path) -> list[Server]:
    """The resolvers of a resolv.conf. Refused where it names none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = [
        Server(words[1].partition("%")[0])
        for line in lines
        if (words := line.split())[:1] == ["nameserver"] and len(words) > 1
    ]
    if not found:
        raise refuse(
            "ipv6.resolver", f"{path} 里没有解析器:用 @地址 写明", f"{path} names no resolver: give one as @address"
        )
    return found


def _data(figures: Figures) -> dict[str, Any]:
    return {**figures.data(), "findings": [problem.data() for problem in findings(figures)]}
