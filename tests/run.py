"""`./lz test`: set-up and suite. Plain: everything but `--long`. `--quick`: the developer's loop, no real servers.

As root on Debian the real parts that the tests start (Prometheus, etcd, a browser, what the lab needs) are installed
with apt, after saying so; anyone else gets loud skips that say what is missing. Further words go to pytest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from inventory.places import ROOT

PACKAGES = {
    "prometheus": "prometheus", "promtool": "prometheus", "alertmanager": "prometheus-alertmanager",
    "etcd": "etcd-server", "nft": "nftables", "chromium": "chromium", "ip": "iproute2", "nc": "netcat-openbsd",
    "systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "ssh": "openssh-client", "fc-list": "fontconfig",
    "vtysh": "frr", "radvd": "radvd", "unbound-checkconf": "unbound", "kea-dhcp6": "kea-dhcp6-server",
    "named-checkzone": "bind9-utils", "tayga": "tayga",
}  # fmt: skip
"""command → Debian package that brings it"""
POSTGRESQL = Path("/usr/lib/postgresql")
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
REFUSE_SERVICES = Path("/usr/sbin/policy-rc.d")


def main(tell: Any, options: argparse.Namespace) -> None:
    """Set up, then run pytest; its exit code is ours."""
    if not options.quick:
        set_up(tell)
    chosen = [] if options.long else ["not long"]
    base = [sys.executable, "-m", "pytest", "--rootdir", str(ROOT), *options.what]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LIANGZHU_QUICK": "1" if options.quick else ""}
    if options.quick:
        runs = [["-m", " and ".join([*chosen, "not slow", "not lab"]), "-n", "2"]]
    else:
        # hosts and servers of one run must not starve one another on a small machine: the lab runs by itself
        runs = [["-m", " and ".join([*chosen, "not lab"]), "-n", "2", "--dist", "loadfile"],
                ["-m", " and ".join([*chosen, "lab"])]]  # fmt: skip
    for run in runs:
        code = subprocess.run([*base, *run], cwd=ROOT, env=environment, check=False).returncode
        if code and not (code == 5 and options.what):  # 5: none of the named tests is in this part
            tell.code = code


def set_up(tell: Any) -> None:
    """Install what is missing and can be; say what cannot."""
    missing = sorted({package for command, package in PACKAGES.items() if not _found(command)})
    if not FONT.exists():
        missing.append("fonts-noto-cjk")
    if not list(POSTGRESQL.glob("*/bin/initdb")):  # Debian keeps the server's programs off the path
        missing.append("postgresql")
    if not missing:
        return
    words = " ".join(missing)
    if os.geteuid() or not shutil.which("apt-get"):
        tell.say(
            f"缺少 {words}:相关测试将跳过(需要 Debian 的 root)", f"missing {words}: tests that need them are skipped"
        )
        return
    tell.say(f"正在用 apt 安装测试所需:{words}", f"installing with apt what the tests start: {words}")
    mine = not REFUSE_SERVICES.exists()
    if mine:  # the tests start these servers themselves, on ports of their own
        REFUSE_SERVICES.write_text("#!/bin/sh\nexit 101\n")
        REFUSE_SERVICES.chmod(0o755)
    try:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "text": True}
        if subprocess.run(install, check=False, **quiet).returncode:
            subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
            done = subprocess.run(install, check=False, **quiet)
            if done.returncode:
                tell.say(
                    f"安装失败,相关测试将跳过:{done.stderr[-500:]}", f"failed, tests are skipped: {done.stderr[-500:]}"
                )
    finally:
        if mine:
            REFUSE_SERVICES.unlink(missing_ok=True)


def _found(command: str) -> bool:
    return bool(shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"))
