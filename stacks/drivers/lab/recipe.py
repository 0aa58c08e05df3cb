"""What is in the hosts' image: packages, what is switched off, and the hash that names it. Pure.

In: nothing but the tables here. Out: `key(...)`, the name of the image's folder, which changes when anything that
goes into the image changes, and `finish()`, the shell script that runs last in the new root.
"""

from __future__ import annotations

import hashlib
import json

SYSTEM = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-apt", "iproute2",
    "iputils-ping", "nftables", "chrony", "procps", "netcat-openbsd", "curl", "ca-certificates", "openssl",
    "rsyslog", "rsyslog-gnutls", "logrotate", "auditd", "libpam-pwquality", "tcpdump",
    # Ansible becomes an unprivileged account (postgres) through ACLs
    "acl",
)  # fmt: skip
SERVICES = (
    "postgresql-15", "patroni", "python3-psycopg2", "python3-etcd", "python3-etcd3gw", "python3-cryptography",
    "etcd-server", "etcd-client", "haproxy", "nginx-light", "frr", "prometheus", "prometheus-alertmanager",
    "prometheus-node-exporter", "prometheus-blackbox-exporter", "unbound",
)  # fmt: skip
PACKAGES = SYSTEM + SERVICES
"""hosts have no package source of their own: what a role needs is here, and the role asserts it"""

DISABLED = (
    "postgresql", "patroni", "etcd", "haproxy", "nginx", "frr", "prometheus", "prometheus-alertmanager",
    "prometheus-node-exporter", "prometheus-blackbox-exporter", "unbound", "auditd", "rsyslog", "nftables", "chrony",
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap",
    "fstrim.timer", "prometheus-node-exporter-apt.timer", "prometheus-node-exporter-ipmitool-sensor.timer",
    "prometheus-node-exporter-mellanox-hca-temp.timer", "prometheus-node-exporter-nvme.timer",
    "prometheus-node-exporter-smartmon.timer",
)  # fmt: skip
"""installed, started by the role that wants it"""

MASKED = (
    "systemd-timesyncd.service", "systemd-networkd-wait-online.service", "systemd-resolved.service",
    "getty@tty1.service", "console-getty.service", "systemd-remount-fs.service", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "systemd-udevd.service", "systemd-modules-load.service",
)  # fmt: skip
"""nothing for a host that shares this machine's kernel"""

EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
"""paths that dpkg leaves out"""

BEFORE_SSH = "[Unit]\nAfter=systemd-user-sessions.service\n"
"""an SSH banner then means that accounts may log in (until that unit ran, pam_nologin refuses them)"""


def prelude() -> str:
    """Shell, run when the essential packages are in, before the rest: $1 is the new root."""
    return (
        'mkdir -p "$1/etc/postgresql-common"\n'
        # a cluster in the image would be one data folder, one system identifier for every host
        'echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"\n'
    )


def finish() -> str:
    """Shell, run when everything is installed: $1 is the new root. What must differ between hosts is removed."""
    return "\n".join(
        (
            "set -eu",
            'rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/ssl/private/ssl-cert-snakeoil.key'
            ' "$1"/etc/ssl/certs/ssl-cert-snakeoil.pem',
            ': > "$1/etc/machine-id"',
            'rm -f "$1"/var/lib/dbus/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf',
            *(f'chroot "$1" systemctl disable -q {unit} 2>/dev/null || true' for unit in DISABLED),
            *(f'ln -sf /dev/null "$1/etc/systemd/system/{unit}"' for unit in MASKED),
            'mkdir -p "$1/etc/systemd/system/ssh.service.d"',
            f"printf '{BEFORE_SSH.encode('unicode_escape').decode()}'"
            ' > "$1/etc/systemd/system/ssh.service.d/10-after-user-sessions.conf"',
            # where packages come from is this machine's affair, not the hosts'
            'rm -rf "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/lib/apt/lists/*',
            ': > "$1/etc/apt/sources.list"',
            "",
        )
    )


def key(codename: str, architecture: str) -> str:
    """Name of the image for a Debian release and an instruction set: 12 hexadecimal digits."""
    parts = [codename, architecture, sorted(PACKAGES), sorted(EXCLUDED), prelude(), finish()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
