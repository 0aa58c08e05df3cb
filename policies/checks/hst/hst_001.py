"""HST-001: a host has what its role needs, and nothing else is installed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.facts import Told, allowed, fits, of_hosts
from policies.checks.shape import Check, Looked, Param, Params, listed
from policies.checks.told import unread

_COMMON = (
    "adduser", "apt*", "audit*", "base-files", "base-passwd", "bash*", "bsdutils", "bzip2*", "ca-certificates", "chrony",
    "coreutils*", "cron*", "crypto-policies*", "dash", "dbus*", "debconf*", "debian-archive-keyring", "debianutils",
    "device-mapper*", "diffutils", "dmidecode", "dmsetup", "dnf*", "dpkg", "e2fsprogs*", "fdisk", "filesystem",
    "findutils", "gawk", "gcc-*-base", "glibc*", "gnupg*", "gpg*", "grep", "grub*", "gzip", "hostname",
    "init-system-helpers", "initramfs-tools*", "iproute*", "iputils*", "kernel", "kernel-core", "kernel-modules*",
    "klibc-utils", "kmod*", "krb5-libs", "less", "lib*", "linux-base", "linux-image-*", "login*", "logrotate",
    "logsave", "lsb-base", "mawk", "media-types", "mount", "ncurses-*", "netbase", "nftables", "openeuler-*",
    "openssh*", "openssl*", "pam*", "passwd", "pcre*", "perl-base", "procps*", "prometheus-node-exporter",
    "python3*", "readline*", "rpm*", "rsyslog*", "sed", "selinux-policy*", "sensible-utils", "setup", "shadow*",
    "sqlite-libs", "sudo", "systemd*", "sysvinit-utils", "tar", "tzdata", "ucf", "udev", "usr-is-merged", "util-linux*",
    "xz*", "zlib*", "zstd",
)  # fmt: skip
_OWN = {
    "web": ("haproxy", "nginx*", "keepalived"),
    "app": ("haproxy", "nginx*", "keepalived"),
    "database": ("postgresql*", "patroni", "etcd*"),
    "arbiter": ("etcd*",),
    "log": ("rsyslog-*", "logcheck"),
    "monitor": ("prometheus", "prometheus-alertmanager", "alertmanager"),
    "bastion": ("tlog", "google-authenticator*"),
    "resolver": ("unbound*", "dns-root-data"),
}

CHECK = Check(
    id="HST-001",
    title_zh="主机只装角色所需的软件",
    title_en="Hosts have what their role needs and no more",
    clauses=("GB/T 22239-2019 8.1.4.4 a)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "host.packages"),
    fix_zh="卸载不需要的软件包;确实需要的写进该角色的允许清单(参数 allowed)",
    fix_en="remove the packages that are not needed; write those that are into the list of the role (parameter allowed)",
    params={
        "allowed": Param(
            (
                *(f"*={name}" for name in _COMMON),
                *(f"{role}={name}" for role, names in _OWN.items() for name in names),
            ),
            "各角色允许的软件包,写作 <角色>=<名称>,* 为通配",
            "packages that a role may have, as <role>=<name>, with * for anything",
        )
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host."""

    def look(host: Resource, record: Resource) -> Told:
        if open_ := unread(record, "names"):
            return [], [(open_.zh, open_.en)]
        mine, open_words = allowed(params["allowed"], host, record)
        more = [] if open_words else [name for name in record["names"] if not fits(name, mine)]
        names = listed(more)
        return [(f"装了角色不需要的 {names}", f"has what its role does not need: {names}")] if more else [], open_words

    yield from of_hosts(estate, "host.packages", look)
