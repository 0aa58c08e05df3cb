"""An image is complete or absent, whatever happens to its builder. mmdebstrap is played by a short script here; the
real one makes the image that every test with real hosts uses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.places import ROOT
from inventory.problems import Refused
from stacks.drivers.lab import image

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/bin/apt-config").exists() or not Path("/usr/bin/unshare").exists(),
    reason="NO IMAGE IS BUILT HERE: needs root on Debian",
)

PLAYED = """#!/bin/sh
set -eu
target=
for word in "$@"; do case "$word" in FOLDER/*.part-*) target=$word ;; esac; done
# whatever is wrong here, it may only ever write below the test's own folder
[ -n "$target" ] || { echo "no target below FOLDER" >&2; exit 99; }
mkdir -p "$target/var/lib/dpkg"
printf 'Package: one\\nStatus: install ok installed\\nVersion: 1.2\\nArchitecture: all\\n' > "$target/var/lib/dpkg/status"
echo "I: running apt-get update..." >&2
echo run >> FOLDER/runs
ENDING
"""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """An mmdebstrap that ends with the given shell; returns the folder for images."""

    def play_(ending: str) -> Path:
        tools, folder = tmp_path / "tools", tmp_path / "images"
        tools.mkdir(exist_ok=True)
        (tools / "mmdebstrap").write_text(PLAYED.replace("ENDING", ending).replace("FOLDER", str(folder)))
        (tools / "mmdebstrap").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        return folder

    return play_


def test_a_built_image_has_its_packages_beside_it_and_is_built_once(play: Callable[[str], Path]) -> None:
    folder, said = play("exit 0"), []
    built = image.build(lambda zh, en: said.append((zh, en)), folder, clock=lambda: 5.0)
    assert built == image.location(folder)
    assert json.loads(built.with_suffix(".json").read_text()) == {"packages": {"one": "1.2"}, "seconds": 0, "mib": 1}
    assert any("package sources" in en for _, en in said)
    assert image.build(lambda zh, en: pytest.fail(en), folder) == built
    assert (folder / "runs").read_text() == "run\n"


def test_a_failed_build_shows_its_last_lines_and_leaves_nothing(play: Callable[[str], Path]) -> None:
    folder = play("echo 'E: no such package' >&2; exit 25")
    with pytest.raises(Refused, match="E: no such package"):
        image.build(lambda zh, en: None, folder)
    assert _parts(folder) == []


def test_two_builders_make_one_image(play: Callable[[str], Path]) -> None:
    folder, built = play("sleep 0.3"), []
    builders = [
        threading.Thread(target=lambda: built.append(image.build(lambda zh, en: None, folder))) for _ in range(2)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(60)
    assert built == [image.location(folder)] * 2
    assert (folder / "runs").read_text() == "run\n"


@pytest.mark.parametrize(("how", "clean"), [(signal.SIGINT, True), (signal.SIGKILL, False)])
def test_an_interrupted_build_ends_its_processes_and_the_next_one_starts_afresh(
    play: Callable[[str], Path], how: signal.Signals, clean: bool
) -> None:
    folder = play('mount -t tmpfs none "$target/var"; echo $$ > "$target/here"; exec sleep 987')
    program = f"""
    from pathlib import Path
    from stacks.drivers.lab import image
    image.build(lambda zh, en: None, Path({str(folder)!r}))
    """
    builder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    _until(lambda: any((part / "here").exists() for part in _parts(folder)))
    builder.send_signal(how)
    builder.wait(30)
    _until(lambda: not _running(folder))
    assert (_parts(folder) == []) == clean
    assert not image.location(folder).exists()
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    play("exit 0")
    assert image.build(lambda zh, en: None, folder).is_dir()
    assert _parts(folder) == []


def test_a_full_disk_is_said_before_the_work(play: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = play("exit 0")
    monkeypatch.setattr(image, "ROOM_MIB", 1 << 40)
    with pytest.raises(Refused, match="MiB"):
        image.build(lambda zh, en: None, folder)
    assert not (folder / "runs").exists()


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob("*.part-*"))


def _running(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{folder}/" in words or "sleep 987" in words:
            found.append(words)
    return found


def _until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come to be in time"
        time.sleep(0.05)
