"""A file is all of the old or all of the new, whoever is killed, refused or quicker; nothing stays beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory import replacing
from inventory.places import ROOT
from inventory.replacing import PRIVATE, SHARED, beside, put, replace


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@settings(max_examples=50, deadline=None)
@given(old=st.one_of(st.none(), st.binary(max_size=40)), new=st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_it_has_what_was_given_and_is_alone(tmp_path_factory: pytest.TempPathFactory, old: bytes | None, new: str | bytes) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("one")
    if old is not None:
        (folder / "a.json").write_bytes(old)
    replace(folder / "a.json", new, durable=True)
    assert (folder / "a.json").read_bytes() == (new.encode() if isinstance(new, str) else new)
    assert [path.name for path in folder.iterdir()] == ["a.json"]


def test_a_long_text_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_WINDOW", 7)
    text = "字a😀\r\n" * 50
    replace(tmp_path / "a", text)
    assert (tmp_path / "a").read_bytes().decode() == text


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_mode_asked_for_and_an_old_one_keeps_its_own(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        replace(tmp_path / "private", "1")
        replace(tmp_path / "shared", "1", mode=SHARED)
        (tmp_path / "old").write_text("0")
        (tmp_path / "old").chmod(0o640)
        replace(tmp_path / "old", "1", mode=SHARED)
    finally:
        os.umask(before)
    assert _mode(tmp_path / "private") == PRIVATE
    assert _mode(tmp_path / "shared") == SHARED & ~mask
    assert _mode(tmp_path / "old") == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("old")
    (tmp_path / "a").symlink_to("real/a")
    replace(tmp_path / "a", "new")
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "a", "real"]


KILLED = """
import os, signal, sys
from pathlib import Path
from inventory import replacing
def dies(*given): os.kill(os.getpid(), signal.SIGKILL)
os.replace = dies
replacing.replace(Path(sys.argv[1]), "new", durable=True)
"""


def test_who_is_killed_before_the_rename_leaves_the_old_file_and_the_next_writer_tidies_up(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(file)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert file.read_text() == "old"
    (left,) = [path for path in tmp_path.iterdir() if path != file]
    assert left.name.startswith(".a.json.")
    assert left.read_text() == "new", "it was all written, and not yet put"
    replace(tmp_path / "b.json", "another file's writer")
    assert left.exists()
    replace(file, "newer")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]
    assert file.read_text() == "newer"


def test_what_the_living_are_writing_is_not_swept_away(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with beside(file, "first") as first, beside(file, "second") as second:
        replace(file, "third")
        assert (first.read_text(), second.read_text(), file.read_text()) == ("first", "second", "third")
        put(second, file)
        put(first, file, durable=True)
    assert file.read_text() == "first"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_where_it_cannot_be_written_the_old_one_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "a").write_text("old")

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        replace(tmp_path / "a", "new", durable=True)
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(UnicodeEncodeError):
        replace(tmp_path / "a", "\ud800")
    with pytest.raises(FileNotFoundError):
        replace(tmp_path / "none" / "a", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_many_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    """Readers meanwhile see nothing but whole ones."""
    file, texts = tmp_path / "a", {str(number) * 5000 for number in range(4)}
    file.write_text("0" * 5000)
    wrong: list[object] = []

    def writes(text: str) -> None:
        try:
            for _ in range(25):
                replace(file, text)
                if file.read_text() not in texts:
                    wrong.append("a part of a file")
        except Exception as error:  # told in the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=writes, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert file.read_text() in texts
    assert list(tmp_path.iterdir()) == [file]
