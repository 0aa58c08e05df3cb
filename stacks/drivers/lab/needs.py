"""What a lab wants of this machine, probed by doing it, and how it is brought. In: the machine. Out: `Need`s."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from inventory.problems import refuse
from stacks.drivers.base import Need
from stacks.drivers.lab import cgroups, image, lines, registry, routing, shell

_TOOLS = (
    ("systemd-nspawn", "systemd-container", "启动主机", "boots the hosts"),
    ("ip", "iproute2", "建路由器、线路和端口", "makes routers, lines and ports"),
    ("mount", "mount", "把主机的目录叠在镜像上", "lays a host's folder over the image"),
    ("setsid", "util-linux", "让主机独立于启动它的进程", "keeps hosts apart from the process that starts them"),
    ("nc", "netcat-openbsd", "经管理入口登录主机", "reaches the hosts through the bastion"),
    ("nft", "nftables", "查看和下发包过滤规则", "shows and loads packet filters"),
    ("ssh-keygen", "openssh-client", "生成主机和运维的密钥", "makes the hosts' and the operators' keys"),
)
_APT_SECONDS = 900


def needs() -> list[Need]:
    """Every need, present or not. One with a `package` can be brought by `prepare`; any other missing one means that
    this machine makes no real hosts."""
    root = os.geteuid() == 0
    found = [
        Need("root", root, "建网络命名空间和主机要 root:用 sudo 运行", "namespaces and hosts want root: use sudo"),
        Need(
            "network namespaces",
            root and _namespaces(),
            "每台路由器和主机一个:内核或容器不允许时改用虚拟机",
            "one a router and host: where the kernel or a container forbids them, use a virtual machine",
            None if shutil.which("ip") or not root else "iproute2",
        ),
        Need(
            "overlay file system",
            root and _overlay(),
            "主机的根目录:内核要有 overlayfs",
            "the hosts' root: the kernel must have overlayfs",
        ),
        Need(
            "control groups",
            root and _groups(),
            "每台主机一组:/sys/fs/cgroup 要可写",
            "one a host: /sys/fs/cgroup must be writable",
        ),
    ]
    found += [Need(tool, bool(shutil.which(tool)), zh, en, package) for tool, package, zh, en in _TOOLS]
    built = image.location().is_dir()
    found += [
        Need(
            "mmdebstrap",
            built or bool(shutil.which("mmdebstrap")),
            "建主机镜像(已有镜像则不需要)",
            "builds the hosts' image (not needed where there is one)",
            "mmdebstrap",
        ),
        Need(
            "apt-get",
            bool(shutil.which("apt-get")) or built,
            "镜像用本机的 Debian 软件源:请在 Debian 12 上运行",
            "the image is made from this machine's Debian sources: run on Debian 12",
        ),
        Need(
            "disk",
            built or _free(image.IMAGES) >= image.ROOM_MIB,
            f"镜像要 {image.ROOM_MIB} MiB 空间",
            f"the image wants {image.ROOM_MIB} MiB of disk",
        ),
    ]
    return found


def prepare(observe: image.Observe) -> None:
    """Install the missing packages (saying which) and build the image. Raises Refused."""
    missing = [need for need in needs() if not need.present]
    packages = sorted({need.package for need in missing if need.package})
    if packages:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise refuse(
                "lab.packages",
                f"缺少软件包 {' '.join(packages)}:请用 root 安装后重试",
                f"the packages {' '.join(packages)} are missing: install them as root, then try again",
            )
        observe(f"用 apt 安装:{' '.join(packages)}", f"installing with apt: {' '.join(packages)}")
        _install(packages)
        missing = [need for need in needs() if not need.present]
    if missing:
        raise refuse(
            "lab.machine",
            "本机建不了真实主机:" + ";".join(f"{need.name}({need.zh})" for need in missing),
            "this machine makes no real hosts: " + "; ".join(f"{need.name} ({need.en})" for need in missing),
        )
    image.build(observe)
    if lines.way() == "none":
        observe(
            "内核没有 netem,/dev/net/tun 也不可用:线路不施加时延和带宽",
            "the kernel has no netem and /dev/net/tun cannot be used: lines have no delay and no bandwidth",
        )
    if routing.way() == "frr":
        observe(
            "路由器运行 FRR:静默中断的线路会自动绕开",
            "the routers run FRR: a line that is lost silently is gone round by itself",
        )
    else:
        observe(
            "本机没有 FRR(apt install frr):路由器只有算出的静态路由,静默中断不会自动绕开",
            "this machine has no FRR (apt install frr): routers have computed static routes alone, and nothing goes "
            "round a line that is lost silently",
        )
    limit = int(registry.INSTANCES.read_text())
    if limit < registry.ENOUGH:
        observe(
            f"有主机期间把 fs.inotify.max_user_instances 从 {limit} 提高到 {registry.ENOUGH},销毁时恢复",
            f"fs.inotify.max_user_instances is raised from {limit} to {registry.ENOUGH} while there are hosts",
        )


def key_pair(folder: Path) -> str:
    """The operators' public key; the pair is made where there is none (private key mode 0600)."""
    private, public = folder / "id_ed25519", folder / "id_ed25519.pub"
    if not public.exists():
        with registry.locked():
            if not public.exists():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                private.unlink(missing_ok=True)
                shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lzops@liangzhu", "-f", str(private))
    return public.read_text()


def _install(packages: list[str]) -> None:
    command = [
        "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "APT::Install-Recommends=false", "install",
        *packages,
    ]  # fmt: skip
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = _apt(command, environment)
    if done.returncode:  # no package lists yet, or stale ones
        _apt(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update"], environment)
        done = _apt(command, environment)
    if done.returncode:
        raise refuse(
            "lab.apt",
            f"apt 没有装上 {' '.join(packages)}:{done.stderr.strip()[-600:]}",
            f"apt did not install {' '.join(packages)}: {done.stderr.strip()[-600:]}",
        )


def _apt(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_APT_SECONDS,
        check=False,
    )  # fmt: skip


def _namespaces() -> bool:
    if not shutil.which("ip"):
        return False
    probe = f"lz-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return made


def _overlay() -> bool:
    with tempfile.TemporaryDirectory(prefix="lz-probe-", dir=_existing(image.IMAGES)) as place:
        for part in ("lower", "upper", "work", "root"):
            Path(place, part).mkdir()
        layers = "lowerdir=lower,upperdir=upper,workdir=work"
        # in a mount namespace of its own, so that nothing stays mounted whatever happens
        command = ["unshare", "--mount", "mount", "-t", "overlay", "lz-probe", "-o", layers, "root"]
        return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode == 0


def _groups() -> bool:
    for top in cgroups.hierarchies():
        probe = top / f"lz-probe-{os.getpid()}"
        try:
            probe.mkdir()
            probe.rmdir()
        except OSError:
            return False
    return bool(cgroups.hierarchies())


def _existing(place: Path) -> Path:
    while not place.is_dir():
        place = place.parent
    return place


def _free(place: Path) -> int:
    return shutil.disk_usage(_existing(place)).free >> 20
