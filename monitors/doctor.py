"""`./lz doctor`: what this machine has, what is missing, and what each would be for. Changes nothing."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from rich.table import Table

from inventory import reading
from stacks.drivers import DRIVERS
from stacks.drivers.base import Need
from stacks.drivers.lab import routing
from stacks.drivers.readiness import after_preparing

TESTS = {
    "pulumi": (
        "用原版 Pulumi CLI 对照运行同一程序(没有也不影响使用)",
        "runs the same programs on the stock Pulumi CLI",
    ),
    "go": ("测试用:编译真实的 kube-apiserver", "tests: builds a real kube-apiserver"),
    "etcd": ("测试用:真实的 kube-apiserver 的存储", "tests: storage of the real kube-apiserver"),
    "promtool": ("测试用:校验告警规则", "tests: checks the alert rules"),
    "chromium": ("测试用:在真实浏览器中看报告", "tests: looks at the report in a real browser"),
}


def main(tell: Any, options: argparse.Namespace) -> None:
    """Tell it as one table; exit code 0 always: a missing tool is a fact, not a fault."""
    zh = options.language == "zh"
    table = Table(show_edge=True)
    for title in ("用途", "需要", "", "说明") if zh else ("for", "need", "", "what for, how to get it"):
        table.add_column(title, overflow="fold")
    for part, need in facts():
        state = "[green]✓[/]" if need.present else "[yellow]–[/]"
        hint = f" (apt install {need.package})" if need.package and not need.present else ""
        table.add_row(part, need.name, state, (need.zh if zh else need.en) + hint)
    tell.console.print(table)
    for name, environment in reading.environments().items():
        able = [
            drivers
            for drivers in environment.drivers
            if all(need.present for driver in drivers.values() for need in after_preparing(environment, driver))
        ]
        names = "、".join(dict.fromkeys(able[0].values())) if able else "—"
        tell.say(f"环境 {name}:将使用 {names}", f"environment {name}: would use {names.replace('、', ', ')}")


def facts() -> list[tuple[str, Need]]:
    """(part, need) of the machine, every driver and the tests, in this order."""
    machine = [
        Need("Python ≥ 3.11", True, f"{platform.python_version()},{platform.machine()}", f"{platform.python_version()} on {platform.machine()}"),
        Need("root", os.geteuid() == 0, "lab 驱动建真实主机要用", "the lab driver makes real hosts with it"),
        Need("Debian 12+", Path("/etc/debian_version").exists(), "缺的工具可由 ./lz 用 apt 安装", "./lz installs what is missing with apt"),
    ]  # fmt: skip
    rows = [("本机 machine", need) for need in machine]
    for driver, target in DRIVERS.items():
        module, _, name = target.partition(":")
        try:
            needs = getattr(importlib.import_module(module), name).needs()
        except ImportError as error:
            needs = [
                Need(str(error.name), False, "重新运行 ./lz 准备环境", "run ./lz again to prepare the environment")
            ]
        rows += [(driver, need) for need in needs]
    rows.append(("lab", Need("FRR", routing.way() == "frr", "没有也能用:有它,路由器自动绕开静默中断的线路",
                             "not needed: with it routers go round a line that is lost silently", "frr")))  # fmt: skip
    rows += [("测试 tests", Need(tool, bool(shutil.which(tool)), *words)) for tool, words in TESTS.items()]
    return rows
