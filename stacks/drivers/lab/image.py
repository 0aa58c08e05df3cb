"""Builds the hosts' image with mmdebstrap from this machine's own package sources. In: `recipe`. Out: a folder.

An image is complete or absent: it is built beside its place and renamed; what an interrupted build left is removed
by the next one. Two builders wait for one another.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inventory.problems import refuse
from stacks.drivers.lab import recipe

IMAGES = Path("/var/lib/liangzhu/images")
"""shared by every environment of this machine"""
ROOM_MIB = 3072
"""free space that a build wants"""

_ALONE = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
)  # fmt: skip
"""in namespaces of its own: an interrupted build, also one whose builder was killed, leaves no process and no /proc or
/dev in the half-made root"""

Observe = Callable[[str, str], None]
"""told what is being done, in Chinese and in English"""

_STAGES = (
    ("running apt-get update", "镜像:读取软件源", "image: reading the package sources"),
    ("downloading packages with apt", "镜像:下载基本系统", "image: downloading the essential system"),
    ("installing essential packages", "镜像:安装基本系统", "image: installing the essential system"),
    ("installing remaining packages", "镜像:安装服务软件", "image: installing the services"),
    ("cleaning package lists", "镜像:整理", "image: cleaning up"),
)


def location(folder: Path = IMAGES) -> Path:
    """Where this machine's image lies, or would lie."""
    return folder / recipe.key(_codename(), os.uname().machine)


def build(observe: Observe, folder: Path = IMAGES, *, clock: Callable[[], float] = time.monotonic) -> Path:
    """The image, built if it is missing (minutes, needs root and the network). Raises Refused."""
    place = location(folder)
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    _room(folder)
    with _alone(folder / f"{place.name}.lock", observe):
        if place.is_dir():  # the one we waited for has built it
            return place
        _sweep(folder, place.name)
        part = folder / f"{place.name}.part-{os.getpid()}"
        begun = clock()
        try:
            _debootstrap(part, folder / f"{place.name}.log", observe)
            about = {"packages": _versions(part), "seconds": round(clock() - begun, 1), "mib": _size(part)}
            (folder / f"{place.name}.json").write_text(json.dumps(about, indent=1) + "\n")
            part.chmod(0o755)
            part.rename(place)
        finally:
            _remove(part)
        observe(
            f"镜像已建成:{about['mib']} MiB,{len(about['packages'])} 个软件包,用时 {about['seconds']:.0f} 秒",
            f"image built: {about['mib']} MiB, {len(about['packages'])} packages, {about['seconds']:.0f} s",
        )
    return place


def sources(codename: str, etc: Path = Path("/etc/apt")) -> tuple[str, list[str]]:
    """This machine's own package sources for one release: deb822 text, and one-line entries."""
    stanzas, lines = [], []
    for file in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", file.read_text())):
            fields = dict(re.findall(r"(?mi)^([\w-]+):[ \t]*(.*)$", stanza))
            suites = fields.get("Suites", "").split()
            ours = any(suite.partition("-")[0].partition("/")[0] == codename for suite in suites)
            if ours and "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes").lower() != "no":
                stanzas.append(stanza.strip())
    for file in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        for line in file.read_text().splitlines() if file.exists() else ():
            entry = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?\S+\s+(\S+)", line)
            if entry and entry[1].partition("-")[0].partition("/")[0] == codename:
                lines.append(line.strip())
    return "\n\n".join(stanzas), lines


def _debootstrap(part: Path, log: Path, observe: Observe) -> None:
    codename = _codename()
    stanzas, lines = sources(codename)
    if not stanzas and not lines:
        raise refuse(
            "lab.no-sources",
            f"本机 /etc/apt 没有 {codename} 的软件源:请先配置软件源",
            f"/etc/apt has no package source for {codename}: configure one first",
        )
    with tempfile.TemporaryDirectory(prefix="liangzhu-image-") as scratch:
        spare = Path(scratch)
        options = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        # proxies, certificates and time-outs of this machine; removed from the image at the end
        (spare / "apt.conf").write_text(
            "".join(f"{line}\n" for line in options.splitlines() if line.startswith("Acquire::") and ' "' in line)
            + 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n'
        )
        (spare / "machine.sources").write_text(stanzas + "\n")
        (spare / "prelude").write_text("#!/bin/sh\nset -eu\n" + recipe.prelude())
        (spare / "finish").write_text("#!/bin/sh\n" + recipe.finish())
        for script in ("prelude", "finish"):
            (spare / script).chmod(0o755)
        command = [
            "mmdebstrap", "--variant=minbase", "--mode=root", "--format=directory",
            f"--include={','.join(recipe.PACKAGES)}", f"--aptopt={spare / 'apt.conf'}",
            *(f"--dpkgopt=path-exclude={path}" for path in recipe.EXCLUDED),
            f"--essential-hook={spare / 'prelude'}", f"--customize-hook={spare / 'finish'}",
            codename, str(part), *([str(spare / "machine.sources")] if stanzas else []), *lines,
        ]  # fmt: skip
        with log.open("w") as written:
            process = subprocess.Popen(
                [*_ALONE, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            )
            try:
                _follow(process, written.write, observe)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode or not part.is_dir():
            tail = "\n".join(line[:200] for line in log.read_text().splitlines()[-8:])
            raise refuse(
                "lab.image-failed",
                f"主机镜像没有建成,详见 {log}:\n{tail}\n处理:检查网络和软件源后重试",
                f"the hosts' image was not built, see {log}: check the network and the package sources, then try again",
            )


def _follow(process: subprocess.Popen[str], write: Callable[[str], object], observe: Observe) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        write(line)
        for word, zh, en in _STAGES:
            if line.startswith(f"I: {word}"):
                observe(zh, en)
    process.wait()


def _codename() -> str:
    release = dict(
        line.strip().split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return release.get("VERSION_CODENAME", "").strip('"')


def _versions(root: Path) -> dict[str, str]:
    asked = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Package} ${Version}\n"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return {package: version for package, _, version in (line.partition(" ") for line in answer.splitlines())}


def _size(root: Path) -> int:
    answer = subprocess.run(["du", "-xsm", str(root)], capture_output=True, text=True, check=True).stdout
    return int(answer.split()[0])


def _room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free >> 20
    if free < ROOM_MIB:
        raise refuse(
            "lab.disk-full",
            f"{folder} 所在磁盘只剩 {free} MiB,建镜像需要 {ROOM_MIB} MiB:请先腾出空间",
            f"{free} MiB are free at {folder}, the image wants {ROOM_MIB} MiB: make room first",
        )


@contextmanager
def _alone(lock: Path, observe: Observe) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            observe("另一个进程正在建镜像,等待", "another process is building the image: waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _sweep(folder: Path, name: str) -> None:
    """Under the lock: what earlier, killed builds left."""
    for left in folder.glob(f"{name}.part-*"):
        _remove(left)


def _remove(part: Path) -> None:
    if not part.exists():
        return
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((p for p in mounted if p.startswith(f"{part}/")), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=True, capture_output=True)
    shutil.rmtree(part)
