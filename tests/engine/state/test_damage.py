"""Bits that flip, files that are cut, disks that are full or read-only: a sentence, and nothing recorded is lost."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.problems import Refused
from stacks.engine import state
from stacks.engine.state import Shelf, Snapshot, Store
from stacks.engine.values import secret
from tests.engine.state.conftest import PASSPHRASE, execute, held, named, open_store, put, record, update

pytestmark = pytest.mark.slow

NAMES = [f"r{i}" for i in range(12)]


def full(shelf: Shelf) -> Shelf:
    """A stack with some of everything."""

    def second(store: Store) -> None:
        records = store.records()
        for r in records[::3]:
            store.put("update", type(r)(r.body | {"inputs": {"size": "y" * 300}}, r.number))
        store.drop("delete", records[1])
        store.intend("creating", record("doubtful").body, 0)
        store.remember_after(("zero",))

    put(shelf, *(record(name, size="x" * 200) for name in NAMES))
    update(shelf, second)
    return shelf


def told(snapshot: Snapshot) -> Any:
    return (
        [(r.number, r.body) for r in snapshot.records],
        [(p.number, p.op, p.body, p.record) for p in snapshot.pending],
        snapshot.version,
        dict(snapshot.words),
    )


def codes(work: Callable[[], Any]) -> set[str]:
    with pytest.raises(Refused) as refused:
        work()
    for problem in refused.value.problems:
        assert problem.zh != problem.en
    return {problem.code for problem in refused.value.problems}


def read(shelf: Shelf) -> Any:
    return told(shelf.snapshot("one", PASSPHRASE))


# ---------------------------------------------------------------------- rows, on every store


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE present SET body=replace(body, 'xx', 'xy') WHERE number=5",
        "UPDATE present SET urn='urn:pulumi:one::p::t:t:T::another' WHERE number=5",
        "UPDATE present SET number=number+100 WHERE kind='pending'",
        "UPDATE present SET body='[]' WHERE kind='word' AND urn='after'",
        "UPDATE present SET digest=replace(digest, '0', '1') WHERE number=5",
        "DELETE FROM present WHERE number=5",
        "DELETE FROM present WHERE kind='pending'",
        "UPDATE heads SET seq=seq-1",
        "UPDATE heads SET total=replace(total, '0', '1')",
        "DELETE FROM heads",
        "DELETE FROM present WHERE number=5; UPDATE heads SET chain='0'",
    ],
)
def test_a_damaged_row_is_found_on_opening_and_mended_from_the_journal(shelf: Shelf, damage: str) -> None:
    before = read(full(shelf))
    for statement in damage.split(";"):
        execute(shelf, statement)
    assert codes(lambda: open_store(shelf)) == {"state.corrupt"}
    assert codes(lambda: shelf.snapshot("one", PASSPHRASE)) == {"state.corrupt"}
    assert {problem.code for problem in shelf.check("one")} == {"state.corrupt"}
    done = shelf.repair("one")
    assert done.problems
    assert done.aside
    assert done.lost == ()
    assert read(shelf) == before
    assert shelf.check("one") == ()
    assert shelf.history("one")[-1]["kind"] == "repair"
    put(shelf, record("later"))
    assert shelf.check("one") == ()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE journal SET body=replace(body, 'xx', 'xy') WHERE seq=5",
        "UPDATE journal SET op='other' WHERE seq=5",
        "UPDATE journal SET settles='7' WHERE seq=13",
        "DELETE FROM journal WHERE seq=5",
        "DELETE FROM journal WHERE seq<5",
        "UPDATE base SET body='v1:other' WHERE number=1",
        "DELETE FROM base",
    ],
)
def test_damage_in_the_journal_is_told_and_kept_apart_from_the_rows(shelf: Shelf, damage: str) -> None:
    before = read(full(shelf))
    whole = execute(shelf, "SELECT count(*) FROM journal")[0][0]
    execute(shelf, damage)
    left = execute(shelf, "SELECT count(*) FROM journal")[0][0]
    assert read(shelf) == before
    assert {problem.code for problem in shelf.check("one")} == {"state.corrupt"}
    assert codes(lambda: shelf.rollback("one", 14, force=True)) == {"state.corrupt"}
    assert shelf.repair("one").lost == ()
    assert read(shelf) == before
    assert shelf.check("one") == ()
    apart = execute(shelf, "SELECT count(*) FROM damaged WHERE source='journal'")[0][0]
    assert whole >= left == apart
    put(shelf, record("later"))
    assert shelf.check("one") == ()


def test_a_digest_that_was_damaged_alone_is_mended_from_the_entry_after_it(shelf: Shelf) -> None:
    before = read(full(shelf))
    execute(shelf, "UPDATE journal SET digest='0' WHERE seq=5")
    assert shelf.check("one")
    shelf.repair("one")
    assert read(shelf) == before
    assert execute(shelf, "SELECT count(*) FROM damaged WHERE source='journal'") == [(0,)]
    shelf.rollback("one", 12, force=True)


def test_damage_in_both_leaves_every_record_that_one_of_them_has(shelf: Shelf) -> None:
    full(shelf)
    before = named(shelf.snapshot("one", PASSPHRASE).records)
    execute(shelf, "UPDATE journal SET body='{}' WHERE seq=5")
    execute(shelf, "UPDATE present SET body='{}' WHERE number=8")
    done = shelf.repair("one")
    assert done.lost == ()
    assert named(shelf.snapshot("one", PASSPHRASE).records) == before
    execute(shelf, "UPDATE present SET body='{}' WHERE number=9")
    execute(shelf, "UPDATE base SET body='{}' WHERE number=9")
    assert [urn.rpartition("::")[2] for urn in shelf.repair("one").lost] == ["r8"]
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {n: v for n, v in before.items() if n != "r8"}
    assert shelf.check("one") == ()


def test_damage_in_the_history_is_told_and_the_rest_of_it_stays(shelf: Shelf) -> None:
    full(shelf)
    execute(shelf, "UPDATE updates SET who='nobody' WHERE number=1")
    assert codes(lambda: shelf.history("one")) == {"state.corrupt"}
    assert shelf.check("one")
    put(shelf, record("later"))  # nobody need wait for that
    shelf.repair("one")
    assert [u["kind"] for u in shelf.history("one")] == ["unknown", "up", "up", "repair"]
    assert "nobody" in execute(shelf, "SELECT body FROM damaged WHERE source='updates'")[0][0]


def test_a_sound_state_is_not_repaired(shelf: Shelf) -> None:
    full(shelf)
    done = shelf.repair("one")
    assert (done.problems, done.aside) == ((), "")
    assert len(shelf.history("one")) == 2


def test_repair_waits_for_who_works_on_the_stack(shelf: Shelf) -> None:
    full(shelf)
    execute(shelf, "UPDATE journal SET op='other' WHERE seq=5")
    with held(shelf, holder=state.Holder("op", "elsewhere", 1, "1", "another kernel")):
        assert codes(lambda: shelf.repair("one")) == {"state.leased"}


# ---------------------------------------------------------------------- files


class Original:
    """A state file, and what is read of it."""

    def __init__(self, folder: Path) -> None:
        shelf = full(state.at(folder))
        self.content, self.before = (folder / "one.db").read_bytes(), read(shelf)

    def __repr__(self) -> str:
        return "original"

    @contextmanager
    def with_(self, content: bytes) -> Iterator[tuple[Shelf, Path]]:
        """A damaged copy, alone in a folder."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "one.db"
            path.write_bytes(content)
            yield state.at(Path(folder)), path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(tmp_path_factory.mktemp("original"))


UNREADABLE = {"state.corrupt", "state.format", "state.readonly"}
"""what SQLite says of a file depends on where it is damaged: the bytes that say how it is to be written make it
read-only, or another program's"""


def refused_by(work: Callable[[], Any]) -> set[str]:
    try:
        work()
    except Refused as refused:
        return {problem.code for problem in refused.problems}
    return set()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_changes_nothing_that_is_read_or_is_found(original: Original, place: float, bit: int) -> None:
    content = bytearray(original.content)
    content[int(place * len(content))] ^= 1 << bit
    with original.with_(content) as (shelf, path):
        found: list[Any] = []
        said = refused_by(lambda: found.append(read(shelf))) | refused_by(lambda: open_store(shelf).close())
        assert said or found == [original.before]
        assert said <= UNREADABLE
        assert path.read_bytes() == bytes(content)
        if not shelf.check("one"):
            assert found == [original.before]
        elif not refused_by(lambda: found.append(shelf.repair("one"))):
            assert found[-1].lost == ()
            assert read(shelf)[:2] == original.before[:2]
            assert shelf.check("one") == ()


@pytest.mark.parametrize("word", [b"digest TEXT", b"present(stack", b"journal(stack", b"heads(stack"])
def test_a_flipped_bit_in_the_text_of_the_tables_is_mended(original: Original, word: bytes) -> None:
    """SQLite's own check sees nothing in it: a column is only called otherwise."""
    content = bytearray(original.content)
    for place in range(0, 4096):
        if content[place : place + len(word)] == word:
            content[place] ^= 1
    assert content != original.content
    with original.with_(content) as (shelf, _):
        assert shelf.check("one")
        assert shelf.repair("one").lost == ()
        assert read(shelf)[:2] == original.before[:2]
        assert shelf.check("one") == ()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.floats(0, 1, exclude_max=True), pages=st.integers(1, 3), seed=st.randoms())
def test_damaged_pages_cost_what_was_on_them_only(original: Original, place: float, pages: int, seed: Any) -> None:
    """Rows and journal lie on different pages: what is lost on the ones is read from the others."""
    content = bytearray(original.content)
    page = 1 + int(place * (len(content) // 4096 - 1))  # the first holds the schema: without it nothing is read
    span = slice(page * 4096, min((page + pages) * 4096, len(content)))
    content[span] = seed.randbytes(span.stop - span.start)
    with original.with_(content) as (shelf, _):
        done = shelf.repair("one")
        names = {body["urn"] for _, body in original.before[0]}
        assert names <= {body["urn"] for _, body in read(shelf)[0]} | set(done.lost)
        assert shelf.check("one") == ()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_a_sentence_and_is_left_as_it_is(original: Original, part: float) -> None:
    content = original.content[: int(part * len(original.content))]
    with original.with_(content) as (shelf, path):
        assert codes(lambda: shelf.snapshot("one", PASSPHRASE)) == {"state.corrupt"}
        assert codes(lambda: open_store(shelf)) == {"state.corrupt"}
        assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"this is no database, but somebody put it here" * 200, b"\0" * 8192])
def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    for shelf, path in ((state.at(tmp_path), tmp_path / "one.db"), (state.one_file(tmp_path / "one.db"),) * 2):
        target = path if isinstance(path, Path) else tmp_path / "one.db"
        target.write_bytes(content)
        assert codes(lambda shelf=shelf: open_store(shelf)) == {"state.corrupt"}
        assert codes(lambda shelf=shelf: shelf.snapshot("one", PASSPHRASE)) == {"state.corrupt"}
        assert codes(lambda shelf=shelf: shelf.repair("one")) == {"state.corrupt"}
        assert target.read_bytes() == content


def test_a_database_of_another_program_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs(x)")
    db.close()
    content = path.read_bytes()
    assert codes(lambda: open_store(state.at(tmp_path))) == {"state.format"}
    assert codes(lambda: open_store(state.one_file(path))) == {"state.format"}
    assert path.read_bytes() == content


def test_the_file_of_another_stack_is_not_taken_for_this_one(tmp_path: Path) -> None:
    full(state.at(tmp_path))
    (tmp_path / "one.db").rename(tmp_path / "two.db")
    shelf = state.at(tmp_path)
    assert codes(lambda: shelf.snapshot("two", PASSPHRASE)) == {"state.corrupt"}
    assert codes(lambda: open_store(shelf, "two")) == {"state.corrupt"}


@pytest.mark.parametrize("removed", [False, True], ids=["replaced", "removed"])
def test_a_file_that_is_replaced_during_a_run_is_not_written_to(tmp_path: Path, removed: bool) -> None:
    shelf = state.at(tmp_path)
    put(shelf, record("a"))

    async def run() -> None:
        with held(shelf) as store:
            shutil.copy(tmp_path / "one.db", tmp_path / "backup")
            if removed:
                (tmp_path / "one.db").unlink()
            else:
                os.replace(tmp_path / "backup", tmp_path / "one.db")
            with pytest.raises(Refused) as refused:
                await store.put("create", record("b"))
            assert refused.value.problems[0].code == "state.replaced"

    asyncio.run(run())


def test_what_lies_beside_a_damaged_stack_in_one_file_is_kept(tmp_path: Path) -> None:
    shelf = state.one_file(tmp_path / "state")
    full(shelf)
    put(shelf, record("z", size=secret("open-sesame")), stack="two")
    (page,) = _pages(tmp_path / "state", "present")
    content = bytearray((tmp_path / "state").read_bytes())
    content[(page - 1) * 4096 + 8 : (page - 1) * 4096 + 60] = os.urandom(52)
    (tmp_path / "state").write_bytes(content)
    assert codes(lambda: shelf.snapshot("one", PASSPHRASE)) == {"state.corrupt"}
    done = shelf.repair("one")
    assert done.lost == ()
    assert Path(done.aside).read_bytes() == bytes(content)
    assert len(shelf.snapshot("one", PASSPHRASE).records) == len(NAMES) - 1
    assert named(shelf.snapshot("two", PASSPHRASE).records) == {"z": secret("open-sesame")}
    assert (shelf.check("one"), shelf.check("two")) == ((), ())


def _pages(path: Path, table: str) -> list[int]:
    db = sqlite3.connect(path)
    try:
        return [page for (page,) in db.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (table,))]
    finally:
        db.close()


# ---------------------------------------------------------------------- disks


def in_child(work: Callable[[], Any]) -> None:
    """Run it in a process that may be limited; what it raises fails the test."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException:
            os.write(writing, traceback.format_exc()[-4000:].encode())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    assert not os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def grow(shelf: Shelf) -> None:
    async def run() -> None:
        with held(shelf) as store:
            for i in range(100):
                await store.put("create", record(f"big{i}", size="z" * 20_000))

    assert codes(lambda: asyncio.run(run())) == {"state.full"}


@pytest.mark.parametrize("one", [False, True], ids=["folder", "file"])
def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path, one: bool) -> None:
    shelf = state.one_file(tmp_path / "one.db") if one else state.at(tmp_path)
    before = read(full(shelf))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        grow(shelf)

    in_child(limited)
    after = read(shelf)
    assert after[0][: len(before[0])] == before[0]
    assert len(after[0]) < len(before[0]) + 100
    assert shelf.check("one") == ()
    put(shelf, record("later"))
    assert shelf.check("one") == ()


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], check=False,
                             capture_output=True, text=True)  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs for us: {mounted.stderr.strip()}")
    try:
        shelf = state.at(disk)
        before = read(full(shelf))
        grow(shelf)
        assert read(shelf)[0][: len(before[0])] == before[0]
        assert shelf.check("one") == ()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_read_only_state_is_a_sentence_and_can_be_read(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # pytest's own folders are closed to others
    try:
        shelf = state.at(folder)
        before = read(full(shelf))
        content = (folder / "one.db").read_bytes()
        for path in folder.glob("*-*"):
            path.unlink()  # what a reader leaves behind
        for path in (*folder.iterdir(), folder):
            path.chmod(0o555 if path.is_dir() else 0o444)

        def as_nobody() -> None:
            if not os.geteuid():
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            assert codes(lambda: put(shelf, record("later"))) == {"state.readonly"}
            assert codes(lambda: put(shelf, record("later"), stack="two")) == {"state.readonly"}
            assert read(shelf) == before

        in_child(as_nobody)
        assert (folder / "one.db").read_bytes() == content
        assert {path.name for path in folder.iterdir()} == {"one.db"}
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "one.db").mkdir()
    assert codes(lambda: open_store(state.at(tmp_path))) == {"state.readonly"}
