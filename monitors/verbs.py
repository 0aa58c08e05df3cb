"""The verbs of this room: `watch`, one look at what is deployed, and `ipv6`, the indicators of sites."""

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
from inventory.places import places
from inventory.problems import Problem, Refused, refuse
from monitors import alarms
from monitors import watch as watching
from monitors.probes import ipv6 as probe
from monitors.probes.dns import Server
from monitors.probes.findings import findings, rows
from monitors.probes.ipv6 import Figures, Site
from policies import judging
from stacks import vouching
from stacks.drivers import readiness

RESOLV_CONF = Path("/etc/resolv.conf")


def watch(tell: Any, options: argparse.Namespace) -> None:
    """`./lz watch`: one look, for a timer: targets and alerts, the verdict on what is deployed, states that nobody attests.
    What no metric tells goes to Alertmanager too. Code 1 where something is wrong."""
    environment = reading.environment(options.environment)
    where = places(environment.state)
    estate = published(where.estate)
    if not len(estate):
        raise refuse(
            "watch.nothing", f"环境 {environment.name} 还没有建成:先运行 ./lz up",
            f"nothing is deployed in {environment.name} yet: run ./lz up first",
        )  # fmt: skip
    netns, real = readiness.vantage(estate)
    seen = watching.look(estate, netns=netns, clock=tell.clock, wait_s=0) if real else None
    verdict = judging.at(environment, tell.clock())(estate, planned=False)
    standings = vouching.standings(where, environment.runners)
    found = alarms.alarms(standings, verdict, estate)
    problems = alarms.send(found, estate, tell.clock(), netns=netns) if real else ()
    if options.json:
        tell.console.print_json(data={
            "seen": seen.data() if seen else None, "alarms": [alarm.data() for alarm in found],
            "problems": [problem.data() for problem in problems],
            "stacks": [
                {"stack": one.stack, "version": one.version, "why": one.why, "engine": one.engine} for one in standings
            ],
        })  # fmt: skip
    else:
        _tell_watched(tell, seen, verdict, standings, found)
        tell.problems(problems)
    if found or problems or (seen and (not seen.whole or seen.alerts)):
        tell.code = 1


def _tell_watched(tell: Any, seen: Any, verdict: Any, standings: Any, found: Any) -> None:
    if seen:
        tell.say(f"目标 {seen.up}/{seen.expected},告警 {len(seen.alerts)}",
                 f"targets {seen.up}/{seen.expected}, alerts {len(seen.alerts)}")  # fmt: skip
        tell.problems(seen.problems)
        for alert in seen.alerts:
            tell.say(f"✗ {alert.name}:{alert.zh}", f"✗ {alert.name}: {alert.en}")
    attested = sum(one.attested for one in standings)
    tell.say(f"判定:{len(verdict.blocking)} 项阻断;状态证明 {attested}/{len(standings)}",
             f"verdict: {len(verdict.blocking)} block; states attested {attested}/{len(standings)}")  # fmt: skip
    for alarm in found:
        tell.say(f"✗ {alarm.name}:{alarm.zh}", f"✗ {alarm.name}: {alarm.en}")


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
