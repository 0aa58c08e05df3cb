#!/usr/bin/python
"""Ansible module: a host's own key and self-signed certificate (ECDSA P-256), made on the host and never leaving it.

In: `name` and `address` (its subject and subject alternative names), `days`, `renew_days` (made anew when it has
fewer left, or when it is for another name), `folder`, `group` (may read the key), `then` (units that must read a new
one: noted as in `settle`). Out: `certificate`, PEM text, for those who pin it; `changed`.
"""

from __future__ import annotations

import grp
import os
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

PENDING = Path("/run/liangzhu/pending")
"""as in `settle`, which does what is noted here"""


def good(certificate, key, name, address, renew_days):
    """Whether what is there will do."""
    if not (certificate.exists() and key.exists()):
        return False
    seconds = str(renew_days * 86400)
    checks = (["-checkend", seconds], ["-checkhost", name], ["-checkip", address])
    for check in checks:
        done = subprocess.run(
            ["openssl", "x509", "-noout", "-in", str(certificate), *check], capture_output=True, text=True, check=False
        )
        # -checkhost and -checkip answer in words only
        if done.returncode or "NOT match" in done.stdout:
            return False
    return True


def make(certificate, key, name, address, days):
    """Both files, each replaced whole."""
    parts = [path.with_suffix(path.suffix + ".part") for path in (key, certificate)]
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
            "-days", str(days), "-subj", f"/CN={name[:64]}", "-addext", f"subjectAltName=DNS:{name},IP:{address}",
            "-addext", "extendedKeyUsage=serverAuth", "-keyout", str(parts[0]), "-out", str(parts[1]),
        ],
        check=True, capture_output=True, umask=0o077,
    )  # fmt: skip
    os.replace(parts[0], key)
    os.replace(parts[1], certificate)


def owned(path, mode, group):
    """Set mode and group; True where they were others."""
    gid, status = grp.getgrnam(group).gr_gid, path.stat()
    if (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, gid, mode):
        return False
    os.chown(path, 0, gid)
    path.chmod(mode)
    return True


def main():
    """Ansible's way in."""
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "days": {"type": "int", "default": 397},
            "renew_days": {"type": "int", "default": 30},
            "folder": {"type": "str", "default": "/etc/liangzhu/tls"},
            "group": {"type": "str", "default": "root"},
            "then": {"type": "list", "default": []},
        }
    )
    want = module.params
    folder = Path(want["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "host.crt", folder / "host.key"
    try:
        made = not good(certificate, key, want["name"], want["address"], want["renew_days"])
        if made:
            PENDING.mkdir(parents=True, exist_ok=True)
            for unit in want["then"]:
                (PENDING / unit).touch()
            make(certificate, key, want["name"], want["address"], want["days"])
        changed = any([made, owned(key, 0o640, want["group"]), owned(certificate, 0o644, "root")])
    except subprocess.CalledProcessError as error:
        module.fail_json(msg=f"openssl: {error.stderr.decode(errors='replace').strip()[-800:]}")
    except (OSError, KeyError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, certificate=certificate.read_text())


if __name__ == "__main__":
    main()
