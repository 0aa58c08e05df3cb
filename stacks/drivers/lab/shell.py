"""Commands and network namespaces of this machine. In: what to run. Out: its text, or a DriverError that says why."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.vantage import inside
from stacks.drivers.base import DriverError
from stacks.drivers.lab import names

SECONDS = 60
"""no command of the lab may take longer"""


def run(*command: str, stdin: str | None = None, check: bool = True) -> str:
    """Standard output. DriverError: unavailable, denied."""
    try:
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        raise DriverError(
            "unavailable",
            f"本机没有命令 {command[0]}:运行 ./lz doctor 查看缺什么",
            f"this machine has no {command[0]}: ./lz doctor says what is missing",
        ) from None
    except subprocess.TimeoutExpired:
        raise DriverError(
            "unavailable",
            f"{' '.join(command)}:{SECONDS} 秒没有结束,本机可能过载,请稍后重试",
            f"{' '.join(command)}: not done in {SECONDS} s; the machine may be overloaded, try again later",
        ) from None
    if check and done.returncode:
        said = done.stderr.strip()[-600:]
        denied = "Operation not permitted" in said or "Permission denied" in said
        raise DriverError(
            "denied" if denied else "unavailable",
            f"{' '.join(command)} 失败:{said or done.returncode}" + (";请用 root 运行" if denied else ""),
            f"{' '.join(command)} failed: {said or done.returncode}" + ("; run as root" if denied else ""),
        )
    return done.stdout


def ip(namespace: str, *lines: str) -> None:
    """A batch of `ip` commands in a network namespace: all or, from the first that fails on, none."""
    if lines:
        run("ip", "-n", namespace, "-batch", "-", stdin="\n".join(lines) + "\n")


def ip_json(namespace: str, *arguments: str) -> list[dict[str, Any]]:
    """What `ip -json` shows."""
    shown = run("ip", "-n", namespace, "-json", *arguments).strip()
    return [row for row in json.loads(shown or "[]") if row]


def settings(namespace: str, values: Mapping[str, int]) -> None:
    """Kernel settings under /proc/sys of a network namespace; one that this kernel lacks is no error."""

    def write() -> None:
        for key, value in values.items():
            place = Path("/proc/sys") / key
            if place.exists():
                place.write_text(str(value))

    inside(names.path(namespace), write)


@dataclass(frozen=True, slots=True)
class Device:
    """A network device as it is."""

    up: bool
    """has a carrier"""
    ready: bool
    """lets packets through: the kernel opens the queue of a device up to a second after it has a carrier again"""
    enabled: bool
    """somebody has set it up, with or without a carrier"""
    addresses: frozenset[str]
    """`address/length`, of both families"""


def devices(namespace: str) -> dict[str, Device]:
    """Network devices of a namespace, by name."""
    return {
        row["ifname"]: Device(
            "LOWER_UP" in row.get("flags", ()),
            row.get("operstate") in ("UP", "UNKNOWN"),
            "UP" in row.get("flags", ()),
            frozenset(f"{it['local']}/{it['prefixlen']}" for it in row.get("addr_info", ()) if "local" in it),
        )
        for row in ip_json(namespace, "address", "show")
    }


def namespaces() -> frozenset[str]:
    """All network namespaces of this machine that have a name."""
    return frozenset(entry.name for entry in names.NETNS.iterdir()) if names.NETNS.is_dir() else frozenset()


def alive(namespace: str) -> bool:
    """Is it a network namespace? After a reboot on a disk-backed /run only an empty file is left."""
    place = names.NETNS / namespace
    return place.exists() and _device(place) != _device(names.NETNS)


def _device(place: Path) -> int:
    return place.stat().st_dev


def forget(paths: Iterable[Path]) -> None:
    """Remove files that may be gone already."""
    for place in paths:
        place.unlink(missing_ok=True)
