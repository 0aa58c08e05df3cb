"""What falls short in the figures of a site: in, figures and limits; out, findings, and the rows of a report.

Each thing is told once: what could not be measured because something before it is missing is no finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from inventory.problems import Problem
from monitors.probes.ipv6 import Figures, Limits, Rate

_DELAYS = (
    ("dns_ms", "域名解析时延", "DNS delay", "dns"),
    ("tcp_ms", "TCP 建立时延", "TCP delay", "tcp"),
    ("first_ms", "首包时延", "first-packet delay", "first"),
    ("page_ms", "页面时延", "page delay", "page"),
)


def findings(figures: Figures, limits: Limits = Limits()) -> tuple[Problem, ...]:  # noqa: B008
    """Everything that falls short, in the order of the indicators."""
    return tuple(
        Problem(f"ipv6.{code}", zh, en, figures.site.url) for code, zh, en in _all(figures, limits)
    )  # fmt: skip


def rows(figures: Figures) -> tuple[tuple[str, str, str], ...]:
    """(Chinese, English, value) of each indicator, as the platform lists them; "–" where it was not measured."""
    servers = figures.servers
    return (
        ("AAAA 记录", "AAAA record", " ".join(figures.aaaa or ()) or "–"),
        ("首页可访问", "home page reachable", "yes" if figures.reachable else f"no: {figures.why}"),
        ("授权 DNS 支持 IPv6", "authoritative DNS over IPv6",
         f"{sum(good for _, good in servers)}/{len(servers)}" if servers else "–"),
        *((zh, f"{en}, ms", _number(getattr(figures, key))) for key, zh, en, _ in _DELAYS),
        ("下载速度", "download speed, KiB/s", _number(figures.speed_kib)),
        ("IPv4/IPv6 内容一致", "the same over both", _percent(figures.alike)),
        ("二级链接", "second-level links", _rate(figures.second)),
        ("三级链接", "third-level links", _rate(figures.third)),
    )  # fmt: skip


def _all(figures: Figures, limits: Limits) -> Iterator[tuple[str, str, str]]:
    if not figures.complete:
        yield (
            "time",
            f"{limits.seconds:g} 秒内没有看完:以下只是看到的部分",
            f"not all was seen in {limits.seconds:g} s",
        )
    if figures.aaaa is None:
        yield (
            "resolver",
            "解析器没有应答:检查解析器地址和网络",
            "no resolver answered: check its address and the network",
        )
        return
    yield from _names(figures)
    if figures.aaaa and not figures.reachable and (figures.complete or figures.why):
        yield ("reachable", f"首页用 IPv6 打不开({figures.why}):检查监听、安全组和路由",
               f"the home page cannot be reached over IPv6 ({figures.why}): check listener, security group and routes")  # fmt: skip
    for key, zh, en, code in _DELAYS:
        value, most = getattr(figures, key), getattr(limits, key)
        if value is not None and value > most:
            yield (code, f"{zh} {value:.0f} 毫秒,上限 {most:g}", f"{en} {value:.0f} ms, at most {most:g}")
    if figures.speed_kib is not None and figures.speed_kib < limits.speed_kib:
        yield ("speed", f"下载速度 {figures.speed_kib:.0f} KiB/s,至少 {limits.speed_kib:g}",
               f"download speed {figures.speed_kib:.0f} KiB/s, at least {limits.speed_kib:g}")  # fmt: skip
    if figures.alike is not None and figures.alike < limits.alike:
        yield ("alike", f"IPv4 与 IPv6 页面只有 {figures.alike:.0%} 相同:两边须是同一内容",
               f"the pages over IPv4 and IPv6 are only {figures.alike:.0%} alike: both must show the same")  # fmt: skip
    for rate, least, zh, en, code in (
        (figures.second, limits.second, "二级链接", "second-level links", "second"),
        (figures.third, limits.third, "三级链接", "third-level links", "third"),
    ):
        if rate.share is not None and rate.share < least:
            yield (code, f"{zh} {rate.good}/{rate.looked} 能用 IPv6 打开,至少 {least:.0%};打不开的有 {rate.bad[0]}",
                   f"{rate.good} of {rate.looked} {en} answer over IPv6, at least {least:.0%}; {rate.bad[0]} does not")  # fmt: skip


def _names(figures: Figures) -> Iterator[tuple[str, str, str]]:
    if not figures.aaaa:
        yield ("aaaa", "域名没有 AAAA 记录:补上 IPv6 地址", "the name has no AAAA record: add the IPv6 address")
    silent = [name for name, good in figures.servers if not good]
    if not figures.servers:
        if figures.complete:
            yield (
                "authority",
                "查不到授权域名服务器:检查 NS 记录",
                "no authoritative name server was found: check the NS records",
            )
    elif silent:
        yield ("authority", f"授权域名服务器 {'、'.join(silent)} 不能用 IPv6 应答:补上 AAAA 并监听 IPv6",
               f"name servers {', '.join(silent)} do not answer over IPv6: add AAAA and listen on IPv6")  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _rate(rate: Rate) -> str:
    return f"{rate.good}/{rate.looked}" if rate.looked else "–"
