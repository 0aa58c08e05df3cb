"""A SQLite file is there whole or not at all, whoever else makes it at the same time."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory import databases

TABLES = "CREATE TABLE things(name TEXT PRIMARY KEY); PRAGMA user_version=7;"


def look(path: Path) -> tuple[int, str, list[tuple[str, ...]]]:
    db = sqlite3.connect(path)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
        return version, mode, db.execute("SELECT name FROM things").fetchall()
    finally:
        db.close()


def test_it_has_its_tables_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.db"
    databases.make(path, TABLES)
    assert os.listdir(path.parent) == ["a.db"]
    assert look(path) == (7, "wal", [])


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    databases.make(path, TABLES)
    db = sqlite3.connect(path)
    db.execute("INSERT INTO things VALUES('mine')")
    db.commit()
    db.close()
    databases.make(path, "CREATE TABLE others(name TEXT);")
    assert look(path) == (7, "wal", [("mine",)])
    assert os.listdir(tmp_path) == ["a.db"]


def test_many_at_once_find_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"

    def work(number: int) -> None:
        databases.make(path, TABLES)
        db = sqlite3.connect(path, timeout=60)
        db.execute("INSERT INTO things VALUES(?)", (str(number),))
        db.commit()
        db.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert sorted(look(path)[2]) == sorted((str(number),) for number in range(24))


def test_where_it_cannot_be_made_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        databases.make(tmp_path / "a.db", "CREATE TABLE things(name TEXT); no such statement;")
    assert not os.listdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        databases.make(tmp_path / "file" / "a.db", TABLES)


def test_its_rights_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        databases.make(tmp_path / "a.db", TABLES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.db").stat().st_mode) == 0o640
