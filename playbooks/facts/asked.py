"""What a host is asked for: the same of every system, since only its answer says which it is. Pure data.

Whatever is not listed here never leaves a host, and of a listed file only what its pattern matches: no password file, no
hash, no key, no argument of a PAM module that knows a directory's password, no login in the address of a mirror.
"""

from __future__ import annotations

import json
from typing import Any

_SWITCH = r"\[[^\]]*\]|^\s*(enabled|gpgcheck|baseurl|mirrorlist|metalink|reposdir)\s*=.*|^\s+\w+://\S+"
_PAM = (
    r"^\s*-?(auth|password)\s+(\[[^\]]*\]|\S+)\s+\S*pam_(pwquality|cracklib|pwhistory|faillock|tally2|unix)\.so.*"
    r"|^\s*-?(auth|password)\s+(include|substack)\s+[\w.-]+"
    r"|^\s*-?(auth|password)\s+(\[[^\]]*\]|\S+)\s+\S*pam_\w+\.so"
    r"|^\s*@include\s+[\w.-]+"
)
_TMOUT = r"\b(?:(?:readonly|export|declare|typeset)\s+(?:-\w+\s+)*)?TMOUT(?:=\S*)?"
_AIDE = r"^\s*[A-Za-z]\w*\s*=\s*[\w+-]+(?=\s*$)|^\s*[=!]?/.*|^@@\w+.*"

FILES = {
    "/etc/os-release": r"^(NAME|ID|ID_LIKE|VERSION_ID|VERSION_CODENAME|PLATFORM_ID)=.*",
    "/etc/login.defs": r"^\s*PASS_MAX_DAYS\s+\S+",
    "/etc/security/pwquality.conf": r"^\s*(minlen|minclass|[dulo]credit|enforcing)\s*=\s*\S+",
    "/etc/security/pwquality.conf.d/*.conf": r"^\s*(minlen|minclass|[dulo]credit|enforcing)\s*=\s*\S+",
    "/etc/security/faillock.conf": r"^\s*(deny|unlock_time)\s*=\s*\S+",
    "/etc/security/pwhistory.conf": r"^\s*remember\s*=\s*\S+",
    "/etc/pam.d/common-auth": _PAM,
    "/etc/pam.d/common-password": _PAM,
    "/etc/pam.d/system-auth": _PAM,
    "/etc/pam.d/password-auth": _PAM,
    "/etc/profile": _TMOUT,
    "/etc/profile.d/*.sh": _TMOUT,
    "/etc/bashrc": _TMOUT,
    "/etc/bash.bashrc": _TMOUT,
    "/etc/apt/sources.list": r"^\s*deb(-src)?\s.*",
    "/etc/apt/sources.list.d/*.list": r"^\s*deb(-src)?\s.*",
    # an empty line parts two sources
    "/etc/apt/sources.list.d/*.sources": r"^(Types|URIs|Enabled|Trusted|Allow-Insecure):.*|^\s+\w+:/\S*|^\s*$",
    "/etc/dnf/dnf.conf": _SWITCH,
    "/etc/yum.conf": _SWITCH,
    "/etc/yum.repos.d/*.repo": _SWITCH,
    "/etc/aide/aide.conf": _AIDE,
    "/etc/aide.conf": _AIDE,
    "/sys/kernel/security/ima/policy": r"^(measure|appraise)\b.*",
    "/var/lib/liangzhu/shown/nftables.service": r"^[0-9a-f]{64}$",
    "/proc/cmdline": r"\bima\w*=\S+",
}
"""path or glob → of each line, what may leave the host"""

COMMANDS: dict[str, dict[str, Any]] = {
    "dpkg": {"argv": ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"]},
    "rpm": {"argv": ["rpm", "-qa", "--qf", "%{NAME}\n"]},
    "sockets": {"argv": ["ss", "-Hltunp"]},
    "sshd": {"argv": ["sshd", "-T"]},
    "auditd": {"argv": ["systemctl", "is-active", "auditd.service"]},
    "audit": {"argv": ["auditctl", "-s"], "lines": r"^enabled \d+"},
    "apt": {"argv": ["apt-config", "dump"], "lines": r'^(APT::Get::AllowUnauthenticated|Acquire::Allow\w+) ".*";'},
    "container": {"argv": ["systemd-detect-virt", "--container"]},
    # as the role `baseline` remembers it (`shows`)
    "filter": {"argv": ["nft", "-s", "list", "table", "inet", "liangzhu"], "sha256": True},
    "secure-boot": {
        "argv": ["od", "-An", "-tu1", "-j4", "-N1",
                 "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"],
    },
}  # fmt: skip
"""name → what is run, and what of its output may leave the host"""

THERE = ("/sys/firmware", "/sys/firmware/efi", "/sys/class", "/sys/class/tpm/tpm*", "/dev/tcm*", "/usr/bin/aide", "/usr/sbin/aide",
         "/sys/kernel/security/ima")  # fmt: skip
"""paths of which only the existence counts"""


def question() -> str:
    """As `files/facts.py` takes it."""
    return json.dumps({"files": FILES, "commands": COMMANDS, "there": THERE})
