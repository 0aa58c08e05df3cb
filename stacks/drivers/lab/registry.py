"""What all labs of this machine share: a list of the labs, a lock, and one kernel limit that is raised while any lives.

Lies under /run, so a reboot forgets it together with everything that the kernel held.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stacks.drivers.lab.records import flocked

RUN = Path("/run/liangzhu")
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH = 1024
"""inotify instances: Debian's 128 stop the boot of about the twentieth host"""


@contextmanager
def locked() -> Iterator[None]:
    """For the few things that all labs do to the whole machine."""
    with flocked(RUN / "lock"):
        yield


def enter(lab: str, folder: Path) -> str | None:
    """Enter a lab in the list. Returns what was changed on the machine, None where nothing was."""
    place = RUN / "labs" / lab
    if place.exists() and int(INSTANCES.read_text()) >= ENOUGH:
        return None
    with locked():
        place.parent.mkdir(exist_ok=True)
        place.write_text(str(folder.resolve()))
        before = int(INSTANCES.read_text())
        if before >= ENOUGH:
            return None
        (RUN / "max_user_instances").write_text(str(before))
        INSTANCES.write_text(str(ENOUGH))
        return f"fs.inotify.max_user_instances: {before} → {ENOUGH}"


def leave(lab: str) -> str | None:
    """Strike a lab off; the last one gives the machine its limit back. Returns what was changed."""
    with locked():
        (RUN / "labs" / lab).unlink(missing_ok=True)
        before = RUN / "max_user_instances"
        if labs():
            return None
        note = None
        if before.exists():
            note = f"fs.inotify.max_user_instances: {ENOUGH} → {before.read_text()}"
            INSTANCES.write_text(before.read_text())
        shutil.rmtree(RUN)
        return note


def labs() -> dict[str, Path]:
    """Lab → its folder."""
    place = RUN / "labs"
    return {entry.name: Path(entry.read_text()) for entry in place.iterdir()} if place.is_dir() else {}
