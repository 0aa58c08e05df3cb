"""A host as a systemd-nspawn machine: its file system, its start, its end. In: a `compute.host`. Out: a process tree.

The root is an overlay of the image and the host's own folder, so a host costs what it changes. A started host
belongs to nobody: it has its own session and control group and lives on when its maker ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

from inventory.kinds.compute import Host
from inventory.vantage import inside
from stacks.drivers.base import DriverError
from stacks.drivers.lab import cgroups, names, shell

STOP_SECONDS = 20


def folder(lab_folder: Path, host: str) -> Path:
    """Everything of one host that lies on disk."""
    return lab_folder / "hosts" / host


def running(lab: str, host: str) -> bool:
    """Does its PID 1 live?"""
    return cgroups.first(cgroups.processes(lab, host)) is not None


def mount(place: Path, image: Path) -> None:
    """Lay the host's folder over the image."""
    root = place / "root"
    for part in ("upper", "work", "root"):
        (place / part).mkdir(parents=True, exist_ok=True)
    if not os.path.ismount(root):
        # relative names and one escaped path: commas and colons in a user's folder mean something to overlayfs
        lower = str(image).replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")
        script = 'cd "$1" && exec mount -t overlay "$2" -o "lowerdir=$3,upperdir=upper,workdir=work" root'
        shell.run("sh", "-c", script, "sh", str(place), "liangzhu", lower)


def unmount(place: Path) -> None:
    """Take it off; not mounted is no error."""
    for _ in range(50):
        if not os.path.ismount(place / "root"):
            return
        shell.run("umount", str(place / "root"), check=False)
        time.sleep(0.02)
    shell.run("umount", "--lazy", str(place / "root"), check=False)


def fill(place: Path, host: Host, public_key: str) -> str:
    """Name, address, account and SSH keys into the mounted root; returns the host's public key. Done again, it
    changes nothing that is there."""
    root = place / "root"
    key = root / "etc/ssh/ssh_host_ed25519_key"
    if not (root / "etc/hostname").exists():
        _write(root / "etc/machine-id", uuid.uuid4().hex + "\n")
        addresses = "".join(f"{address} {host.name}\n" for address in (host.address6, host.address4) if address)
        _write(root / "etc/hosts", f"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n{addresses}")
        _write(root / "etc/hostname", host.name + "\n")
    if not key.with_suffix(".pub").exists():
        key.unlink(missing_ok=True)
        shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", str(key))
    _account(root, host.admin, public_key)
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def start(lab: str, place: Path, host: Host) -> None:
    """Boot it; returns at once."""
    groups = cgroups.make(lab, host.name, host.memory_mib)
    space = names.netns(lab, "compute.host", host.name)
    command = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot",
        f"--machine={names.machine(lab, host.name)}", f"--hostname={host.name[:64]}", f"--directory={place / 'root'}",
        f"--network-namespace-path={names.path(space)}", "--capability=CAP_NET_ADMIN,CAP_NET_RAW",
        "--drop-capability=CAP_SYS_TIME", "--console=pipe", "--link-journal=no", "--resolv-conf=off",
        "--timezone=off",
    ]  # fmt: skip
    with (place / "console.log").open("ab") as console:
        done = subprocess.run(
            cgroups.apart(groups, command),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            cwd="/",
            check=False,
            # without this, net sysctls are read-only inside
            env={"PATH": os.environ.get("PATH", os.defpath), "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},
        )
    if done.returncode:
        raise _failed(host.name, place, "启动失败", "did not start")


def wait(lab: str, place: Path, host: Host, seconds: float) -> None:
    """Until its SSH service answers, asked from inside its own network namespace: whatever its firewall says, and
    whether or not the lines to it exist yet. DriverError unavailable, with the end of its console."""
    space = names.path(names.netns(lab, "compute.host", host.name))
    until = time.monotonic() + seconds
    seen = False
    while time.monotonic() < until:
        if inside(space, lambda: _banner(host.address6)):
            return
        alive = running(lab, host.name)
        if seen and not alive:
            raise _failed(host.name, place, "启动后退出", "ended while it was starting")
        seen = seen or alive
        time.sleep(0.1)
    raise _failed(host.name, place, f"{seconds:.0f} 秒内 SSH 没有应答", f"no SSH answer in {seconds:.0f} s")


def stop(lab: str, host: str) -> None:
    """A power cut: every process of it ends. Not running is no error."""
    until = time.monotonic() + STOP_SECONDS
    while pids := cgroups.processes(lab, host):
        leader = cgroups.first(pids)
        # PID 1 first: the kernel ends the rest with it, and systemd-nspawn then puts its own things away
        late = until - time.monotonic() < STOP_SECONDS * 0.7
        for pid in [leader] if leader is not None else pids if late else []:
            _kill(pid)
        if time.monotonic() > until:
            raise DriverError(
                "unavailable",
                f"主机 {host} 的进程 {sorted(pids)} 在 {STOP_SECONDS} 秒内没有结束:稍后重试",
                f"processes {sorted(pids)} of host {host} did not end in {STOP_SECONDS} s: try again later",
                where=host,
            )
        time.sleep(0.02)


def erase(lab: str, lab_folder: Path, host: str) -> None:
    """End it and remove all of it but its network namespace."""
    place = folder(lab_folder, host)
    stop(lab, host)
    unmount(place)
    cgroups.remove(lab, host)
    shutil.rmtree(place, ignore_errors=True)
    for kind in ("propagate", "unix-export"):
        left = Path("/run/systemd/nspawn", kind, names.machine(lab, host))
        shutil.rmtree(left, ignore_errors=True)


def _account(root: Path, admin: str, public_key: str) -> None:
    """An administrator with an SSH key and no password."""
    users = {line.split(":")[0]: line.split(":") for line in (root / "etc/passwd").read_text().splitlines()}
    if admin not in users:
        free = next(n for n in range(1000, 60000) if all(n != int(row[2]) for row in users.values()))
        home = f"/home/{admin}"
        _append(root / "etc/group", f"{admin}:x:{free}:\n")
        _append(root / "etc/shadow", f"{admin}:*:19000:0:99999:7:::\n")
        _append(root / "etc/passwd", f"{admin}:x:{free}:{free}:operations:{home}:/bin/bash\n")
        users[admin] = [admin, "x", str(free), str(free), "", home, ""]
    uid, gid, home = int(users[admin][2]), int(users[admin][3]), root / users[admin][5].lstrip("/")
    for place in (home, home / ".ssh"):
        if not place.is_dir():
            place.mkdir(mode=0o700, parents=True)
            os.chown(place, uid, gid)
    keys = home / ".ssh/authorized_keys"
    if not keys.exists() or public_key not in keys.read_text():
        _write(keys, public_key.strip() + "\n", 0o600)
        os.chown(keys, uid, gid)
    if not (root / f"etc/sudoers.d/90-{admin}").exists():
        _write(root / f"etc/sudoers.d/90-{admin}", f"{admin} ALL=(ALL) NOPASSWD: ALL\n", 0o440)


def _write(place: Path, text: str, mode: int = 0o644) -> None:
    part = place.with_name(place.name + ".part")
    part.write_text(text)
    part.chmod(mode)
    part.rename(place)


def _append(place: Path, line: str) -> None:
    with place.open("a") as handle:
        handle.write(line)


def _banner(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), 1) as link:
            link.settimeout(5)
            return link.recv(4).startswith(b"SSH-")
    except OSError:
        return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _failed(host: str, place: Path, zh: str, en: str) -> DriverError:
    console = place / "console.log"
    text = console.read_bytes()[-1500:].decode(errors="replace").strip() if console.exists() else ""
    tail = "\n".join(text.splitlines()[-10:])
    return DriverError(
        "unavailable",
        f"主机{zh},再次运行会重试;控制台最后几行:\n{tail}",
        f"the host {en}; running it again tries again; the end of its console:\n{tail}",
        where=host,
    )
