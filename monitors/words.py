"""What the narrator says of each step's result, in Chinese and English. Pure: results → words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from inventory import urns
from inventory.kinds import kind_of
from stacks.console.words import SIGNS, counted

TITLES = {
    "prepare": {"zh": "准备", "en": "prepare"},
    "read": {"zh": "读取", "en": "read"},
    "address": {"zh": "编址", "en": "address"},
    "plan": {"zh": "计划", "en": "plan"},
    "judge": {"zh": "判定", "en": "judge"},
    "provision": {"zh": "供给", "en": "provision"},
    "configure": {"zh": "配置", "en": "configure"},
    "prove": {"zh": "验证", "en": "prove"},
    "gather": {"zh": "采集", "en": "gather"},
    "watch": {"zh": "监测", "en": "watch"},
    "report": {"zh": "报告", "en": "report"},
    "destroy": {"zh": "拆除", "en": "destroy"},
    "refresh": {"zh": "核对", "en": "refresh"},
}
NO_HOSTS = (
    "已跳过:模拟器不产生真实主机;要配置并监测真实主机,需要 Linux root 权限、网络命名空间和 systemd-nspawn(./lz doctor)",
    "skipped: the simulator makes no real hosts; for real ones root on Linux, network namespaces and systemd-nspawn "
    "are needed (./lz doctor)",
)
MOST_CHANGES = 60


def result(step: str, value: Any) -> tuple[str, str]:
    """One line about a step's result: (Chinese, English)."""
    return _RESULTS[step](value)


def _prepare(choice: Any) -> tuple[str, str]:
    zh, en = "；".join(zh for zh, _ in choice.reasons), "; ".join(en for _, en in choice.reasons)
    names = "、".join(dict.fromkeys(choice.drivers.values()))
    return f"驱动 {names}({zh})" if zh else f"驱动 {names}", f"drivers {names.replace('、', ', ')}" + (
        f" ({en})" if en else ""
    )


def _read(read: Any) -> tuple[str, str]:
    n, chosen, bureaus = len(read.requests), len(read.selected), len(read.city.bureaus)
    return (
        f"{n} 份申请,{bureaus} 个单位,{len(read.city.pools)} 个资源池;本环境建 {chosen} 个系统",
        f"{n} requests, {bureaus} units, {len(read.city.pools)} pools; this environment builds {chosen} systems",
    )


def _address(allocations: Any) -> tuple[str, str]:
    segments, hosts = len(allocations.segments), len(allocations.hosts)
    moved = len({_thing(each) for each in allocations.moved})
    return (
        f"{segments} 个网段,{hosts} 个主机地址,新分配 {allocations.fresh}" + (f",换址 {moved}" if moved else ""),
        f"{segments} segments, {hosts} host addresses, {allocations.fresh} newly assigned"
        + (f", {moved} moved" if moved else ""),
    )


def _plan(plan: Any) -> tuple[str, str]:
    counts: Counter[str] = Counter(step.op for stack in plan.stacks.values() for step in stack.steps)
    zh, en = counted(dict(counts))
    return (
        f"{len(plan.stacks)} 个栈,{len(plan.estate)} 个资源:{zh}",
        f"{len(plan.stacks)} stacks, {len(plan.estate)} resources: {en}",
    )


def _judge(verdict: Any) -> tuple[str, str]:
    checks, blocking = len(verdict.results), len(verdict.blocking)
    noted = len(verdict.findings) - blocking
    return (
        f"{checks} 项检查;阻断 {blocking} 条,提示 {noted} 条",
        f"{checks} checks; {blocking} blocking, {noted} noted",
    )


def _outcome(outcome: Any) -> tuple[str, str]:
    counts: Counter[str] = Counter()
    for stack in outcome.stacks.values():
        counts.update(stack.counts)
    zh, en = counted(dict(counts))
    if set(counts) <= {"same"}:
        return f"没有任何改动(不变 {counts['same']})", f"nothing changed (unchanged {counts['same']})"
    return f"{len(outcome.stacks)} 个栈:{zh}", f"{len(outcome.stacks)} stacks: {en}"


def _conducted(conducted: Any) -> tuple[str, str]:
    n, bad = len(conducted.hosts), sum(1 for r in conducted.hosts.values() if r.failed or r.unreachable)
    zh = f"{n} 台主机,改动 {conducted.changed} 处" + (f",{bad} 台失败" if bad else "")
    return zh, f"{n} hosts, {conducted.changed} changed" + (f", {bad} failed" if bad else "")


def _proofs(proofs: Any) -> tuple[str, str]:
    good = sum(1 for c in proofs.connections if c.ok)
    allowed = sum(1 for c in proofs.connections if c.expected == "allowed")
    streams = sum(1 for r in proofs.replication if r.ok)
    return (
        f"数据库同步复制 {streams}/{len(proofs.replication)};连接 {good}/{len(proofs.connections)} 条如所声明"
        f"(放行 {allowed},拒绝 {len(proofs.connections) - allowed});采集 {proofs.facts.hosts}/{proofs.facts.asked} 台主机的事实",
        f"synchronous replication {streams}/{len(proofs.replication)}; {good}/{len(proofs.connections)} connections as "
        f"declared ({allowed} allowed, {len(proofs.connections) - allowed} denied); facts of {proofs.facts.hosts}/"
        f"{proofs.facts.asked} hosts",
    )


def _gathered(gathered: Any) -> tuple[str, str]:
    n, asked, records = gathered.hosts, gathered.asked, len(gathered.records)
    return f"{n}/{asked} 台主机的事实,{records} 条记录", f"facts of {n}/{asked} hosts, {records} records"


def _seen(seen: Any) -> tuple[str, str]:
    return (
        f"目标 {seen.up}/{seen.expected} 在线,{_number(seen.rules)} 条规则,{_number(seen.alerts)} 条告警",
        f"{seen.up}/{seen.expected} targets up, {_number(seen.rules)} rules, {_number(seen.alerts)} alerts",
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def _paths(paths: Iterable[Any]) -> tuple[str, str]:
    shown = " ".join(str(path) for path in paths if str(path).endswith(".html"))
    return shown, shown


_RESULTS = {
    "prepare": _prepare, "read": _read, "address": _address, "plan": _plan, "judge": _judge, "provision": _outcome,
    "configure": _conducted, "prove": _proofs, "gather": _gathered, "watch": _seen, "report": _paths, "destroy": _outcome,
    "refresh": _outcome,
}  # fmt: skip


_THINGS = {"segment": ("网段", "segment"), "host": ("主机", "host"), "vip": ("负载均衡", "load balancer")}


def moves(moved: Iterable[Any], language: str) -> Iterator[Text]:
    """`↷ host name: from → to (why)` for each thing that the address step has moved, both families in one line."""
    by: dict[tuple[str, str], list[Any]] = {}
    for each in sorted(moved, key=lambda each: each.kind[-1], reverse=True):  # IPv6 first
        by.setdefault(_thing(each), []).append(each)
    for (kind, name), each in by.items():
        zh, en = (
            comma.join(f"{m.before} → {m.after or word}" for m in each) for comma, word in ((",", "无"), (", ", "none"))
        )
        why_zh, why_en = _why(kind, each[0].left, each[0].segment)
        thing_zh, thing_en = _THINGS[kind]
        text = f"{thing_zh} {name}:{zh}({why_zh})" if language == "zh" else f"{thing_en} {name}: {en} ({why_en})"
        yield Text("  ↷ ", style="yellow") + Text(text)


def _thing(moved: Any) -> tuple[str, str]:
    return moved.kind[:-1], moved.name


def _why(kind: str, left: str, now: str) -> tuple[str, str]:
    if kind == "segment":
        return f"它属于 {now} 区" + (f",原地址属于 {left} 区" if left else ""), f"it is of zone {now}" + (
            f", the old prefix of {left}" if left else ""
        )
    if left == now:
        return f"所在网段 {now} 换了前缀", f"its segment {now} has another prefix"
    return f"应在网段 {now}" + (f",原在 {left}" if left else ""), f"belongs in segment {now}" + (
        f", was in {left}" if left else ""
    )


def event(happened: Any, language: str, seen: dict[str, int]) -> str:
    """The moving line: what is being done now; "" for what is no doing, as a run's own beginning."""
    if isinstance(happened, str):
        return happened
    if isinstance(happened, tuple):
        return happened[0 if language == "zh" else 1]
    stack = getattr(happened, "stack", "")
    if stack:
        done = seen.get("step-done", 0)
        return f"{done} · {stack} {getattr(happened, 'name', '') or ''}"
    if getattr(happened, "what", "").startswith("run-"):
        return ""
    name = getattr(happened, "host", "") or getattr(happened, "name", "")
    return f"{getattr(happened, 'task', '') or getattr(happened, 'what', '')} {name}".strip()


def changes(plan: Any, language: str) -> Iterator[Text]:
    """`+ net.subnet name (stack)` for each change; a big plan is told by stack."""
    pick = 0 if language == "zh" else 1
    steps = [(stack, step) for stack, each in plan.stacks.items() for step in each.steps if step.op in SIGNS]
    steps = [(stack, step) for stack, step in steps if _kind(step.urn) != "component"]
    if len(steps) <= MOST_CHANGES:
        for stack, step in steps:
            sign, style = SIGNS[step.op]
            name = urns.name(step.urn)
            yield Text(f"  {sign} {_kind(step.urn)} {name}", style=style) + Text(f"  {stack}", style="dim")
        return
    for stack, each in plan.stacks.items():
        counts = Counter(step.op for step in each.steps if step.op in SIGNS)
        if counts:
            yield Text(f"  {stack}: {counted(dict(counts))[pick]}")


def _kind(urn: str) -> str:
    return kind_of(urns.type_of(urn))


def table(steps: list[Any], data: dict[str, Any], language: str) -> Table:
    """The summary at the end."""
    zh = language == "zh"
    made = Table(title=None, show_edge=True)
    for title in ("步骤", "结果", "秒") if zh else ("step", "result", "s"):
        made.add_column(title, justify="right" if title in ("秒", "s") else "left", overflow="fold")
    for step in steps:
        made.add_row(
            TITLES[step.name][language], step.zh if zh else step.en, "–" if step.skipped else f"{step.seconds:.1f}"
        )
    return made


def next_words(steps: list[Any], data: dict[str, Any], places: Any, environment: str, code: int) -> tuple[str, str]:
    """Where the report is and what to type next."""
    flag = "" if environment == "demo" else f" -e {environment}"
    unchanged = any(s.name == "provision" and s.en.startswith("nothing changed") for s in steps) and all(
        s.skipped or ", 0 changed" in s.en for s in steps if s.name == "configure"
    )
    zh = "本次没有任何改动。\n" if unchanged else ""
    en = "Nothing was changed.\n" if unchanged else ""
    if code:
        return (
            f"{zh}请解决以上问题后再次运行 ./lz up{flag}",
            f"{en}Mend what is listed above and run ./lz up{flag} again",
        )
    return (
        f"{zh}报告:{places.report}\n接下来:./lz plan{flag} 看计划,./lz refresh{flag} 查漂移,./lz destroy{flag} 拆除",
        f"{en}Report: {places.report}\nNext: ./lz plan{flag} for a plan, ./lz refresh{flag} for drift, ./lz destroy{flag} to take it down",
    )
