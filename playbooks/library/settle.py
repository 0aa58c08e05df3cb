#!/usr/bin/python
"""Ansible module: brings a host's files and services to what is wanted, in one visit.

A role is one such visit instead of a task for each file and service: a task costs about 0.3 CPU seconds on each host
whatever it does. Runs on the host; standard library and Debian's own tools only.

    packages:  names that must be installed; hosts have no package source, so a missing one is a fault of the image
    locked:    accounts that must have no usable password
    folders:   [{path, mode, owner, group, only}]    only: true removes files in it that are not in `files`
    files:     [{path, content, mode, owner, group, absent, then}]   then: units or `commands` to run on a change;
               absent: true removes it, `untouched: true` leaves it to whoever made it
    verify:    [[argv], …] run after any change; if one fails, every file is put back and nothing is restarted
    secrets:   {word: value}: `@@word@@` in a file's content becomes the value; never shown
    commands:  {name: [argv]} run when a file says `then: name`
    units:     [{name, on_change: restarted|reloaded, no_block, shows}] enabled and running; shows: [argv] whose output
               is remembered, so that what somebody changed in memory only is found and loaded again

What a change calls for is noted under /run/liangzhu before the file is written and struck off once it was done, so a
run that is cut in between (the weakness of handlers) is made good by the next one.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

PENDING = Path("/run/liangzhu/pending")
SHOWN = Path("/var/lib/liangzhu/shown")
SECONDS = 150


class Failed(Exception):
    """What is wrong, for the operator."""


def run(argv, check=True):
    """Output of a command; Failed with what it said."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{' '.join(argv)}: {error}") from None
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-1500:]
        raise Failed(f"{' '.join(argv)}: exit {done.returncode}: {said}")
    return done.stdout


def missing(packages):
    """Those that are not installed."""
    if not packages:
        return []
    told = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages], check=False)
    installed = {line.split()[0] for line in told.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def lock(accounts):
    """Accounts whose password had to be locked."""
    locked = []
    for account in accounts:
        if run(["passwd", "-S", account]).split()[1] != "L":
            run(["passwd", "-l", account])
            locked.append(account)
    return locked


def owned(path, entry, default_mode):
    """Set mode and owner; True where they were others."""
    status = os.lstat(path)
    mode = int(str(entry.get("mode") or default_mode), 8)
    uid = pwd.getpwnam(entry.get("owner") or "root").pw_uid
    gid = grp.getgrnam(entry.get("group") or "root").gr_gid
    changed = False
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(path, uid, gid)
        changed = True
    if status.st_mode & 0o7777 != mode:
        os.chmod(path, mode)
        changed = True
    return changed


class Files:
    """Writes, and remembers what was there."""

    def __init__(self):
        self.before = []
        self.changed = []
        self.noted = []

    def folder(self, entry):
        """Make a folder; nothing is removed here."""
        path = entry["path"]
        made = not os.path.isdir(path)
        os.makedirs(path, exist_ok=True)
        if owned(path, entry, "0755") or made:
            self.changed.append(path)

    def file(self, entry):
        """Write or remove a file, atomically, if it is not right already."""
        path, wanted = entry["path"], (entry.get("content") or "").encode()
        there = os.path.lexists(path)
        if entry.get("untouched"):
            return
        if entry.get("absent"):
            if there:
                self.keep(path, entry)
                os.unlink(path)
            return
        if there and not os.path.islink(path) and Path(path).read_bytes() == wanted:
            if owned(path, entry, "0644"):
                self.changed.append(path)
                self.note(entry)
            return
        self.keep(path, entry)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".settle-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(wanted)
            owned(part, entry, "0644")
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise

    def keep(self, path, entry):
        """Remember what is about to change, and note what the change calls for."""
        self.note(entry)
        old = None
        if os.path.islink(path):
            old = os.readlink(path)
        elif os.path.lexists(path):
            status = os.stat(path)
            old = (Path(path).read_bytes(), status.st_mode & 0o7777, status.st_uid, status.st_gid)
        self.before.append((path, old))
        self.changed.append(path)

    def note(self, entry):
        """Something must be restarted or run, also if we do not live to do it."""
        for name in entry.get("then") or []:
            marker = PENDING / name
            if not marker.exists():
                marker.parent.mkdir(parents=True, exist_ok=True)
                marker.touch()
                self.noted.append(marker)

    def restore(self):
        """Everything as it was; what was not there is removed."""
        for path, old in reversed(self.before):
            if os.path.lexists(path):
                os.unlink(path)
            if isinstance(old, str):
                os.symlink(old, path)
            elif old is not None:
                content, mode, uid, gid = old
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.chown(path, uid, gid)
                os.chmod(path, mode)
        for marker in self.noted:
            marker.unlink(missing_ok=True)


def strangers(folders, files):
    """Files in folders of ours that nobody asked for."""
    wanted = {entry["path"] for entry in files if not entry.get("absent")}
    for folder in folders:
        if folder.get("only") and os.path.isdir(folder["path"]):
            for name in sorted(os.listdir(folder["path"])):
                path = os.path.join(folder["path"], name)
                if path not in wanted and not os.path.isdir(path):
                    yield {"path": path, "absent": True, "then": folder.get("then")}


def put(params):
    """Folders and files; returns what changed. Failed, and everything as before, where `verify` is not content."""
    files = Files()
    try:
        for entry in params["folders"]:
            files.folder(entry)
        for entry in [*params["files"], *strangers(params["folders"], params["files"])]:
            files.file(entry)
        if files.changed:
            for argv in params["verify"]:
                run(argv)
    except BaseException:
        files.restore()
        raise
    return files.changed


def follow(commands):
    """Run the commands that a change called for."""
    done = []
    for name, argv in commands.items():
        marker = PENDING / name
        if marker.exists():
            run(argv)
            marker.unlink()
            done.append(name)
    return done


def unit_states(names):
    """name → (active state, whether it is enabled)."""
    states = {}
    told = run(["systemctl", "show", "-p", "Id,ActiveState,UnitFileState", *names]) if names else ""
    for name, block in zip(names, told.strip().split("\n\n"), strict=False):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        states[name] = (
            fields.get("ActiveState"),
            fields.get("UnitFileState") in ("enabled", "static", "alias", "indirect"),
        )
    return states


def shown(unit):
    """Digest of what a unit's configuration looks like in memory; of nothing where it cannot be shown."""
    return hashlib.sha256(run(unit["shows"], check=False).encode()).hexdigest()


def remembered(unit):
    """The same when it was last loaded."""
    place = SHOWN / unit["name"]
    return place.read_text() if place.exists() else ""


def serve(units, reread):
    """Enable, start, restart or reload; returns what was done, in words."""
    if reread:
        run(["systemctl", "daemon-reload"])
    done, names = [], [unit["name"] for unit in units]
    states = unit_states(names)
    disabled = [name for name in names if not states[name][1]]
    if disabled:
        run(["systemctl", "enable", "--quiet", *disabled])
        done += [f"enabled {name}" for name in disabled]
    for unit in units:
        name, marker = unit["name"], PENDING / unit["name"]
        differs = unit.get("shows") and shown(unit) != remembered(unit)
        if states[name][0] in ("active", "activating", "reloading"):
            if not marker.exists() and not differs:
                continue
            # what is still on its way up is started anew: it may have read the old file already, or not
            word = "reload" if unit.get("on_change") == "reloaded" and states[name][0] == "active" else "restart"
        else:
            word = "start"
            run(["systemctl", "reset-failed", name], check=False)
        try:
            run(["systemctl", *(["--no-block"] if unit.get("no_block") else []), word, name])
        except Failed as failed:
            tail = run(["journalctl", "-u", name, "-n", "12", "--no-pager", "-o", "cat"], check=False)
            raise Failed(f"{failed}\n{tail.strip()[-1500:]}") from None
        if unit.get("shows"):
            SHOWN.mkdir(parents=True, exist_ok=True)
            (SHOWN / name).write_text(shown(unit))
        marker.unlink(missing_ok=True)
        done.append(f"{word} {name}")
    return done


def settle(params):
    """What Ansible is told."""
    absent = missing(params["packages"])
    if absent:
        raise Failed(
            f"主机镜像缺少软件包 {' '.join(absent)}:重建镜像后再运行 / the hosts' image lacks {' '.join(absent)}: "
            "rebuild the image, then run this again"
        )
    locked = lock(params["locked"])
    for entry in params["files"]:
        for word, value in params["secrets"].items():
            entry["content"] = (entry.get("content") or "").replace(f"@@{word}@@", value)
    files = put(params)
    ran = follow(params["commands"])
    done = serve(params["units"], any(path.startswith("/etc/systemd/") for path in files))
    return {
        "changed": bool(locked or files or ran or done),
        "locked": locked,
        "files": files,
        "ran": ran,
        "units": done,
    }


def main():
    """Ansible's way in."""
    lists = {
        name: {"type": "list", "default": []} for name in ("packages", "locked", "folders", "files", "verify", "units")
    }
    words = {"commands": {"type": "dict", "default": {}}, "secrets": {"type": "dict", "default": {}, "no_log": True}}
    module = AnsibleModule({**lists, **words})
    try:
        module.exit_json(**settle(module.params))
    except (Failed, OSError, KeyError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
