"""Where a state lies, as people write it: and what must never stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.problems import Refused
from stacks.engine import state
from stacks.engine.state.files import Folder, OneFile
from stacks.engine.state.postgres import Server
from tests.engine.state.conftest import PASSPHRASE, put, record

WORD = "hunter2-hunter2"


def test_a_location_is_a_folder_one_file_or_a_server(tmp_path: Path) -> None:
    assert state.at(tmp_path).place == Folder(tmp_path)
    assert state.at(str(tmp_path / "stacks")).place == Folder(tmp_path / "stacks")
    assert state.at(tmp_path / "state.db").place == OneFile(tmp_path / "state.db")
    assert state.at("postgresql://me@host/db").place == Server("postgresql://me@host/db")
    shelf = state.one_file(tmp_path / "state")
    put(shelf, record("a"))
    assert state.at(tmp_path / "state") == shelf


@pytest.mark.parametrize(
    "location",
    [f"postgresql://me:{WORD}@host/db", f"postgresql://host/db?password={WORD}", f"postgres://a/b?sslpassword={WORD}"],
)
def test_a_password_in_a_location_is_refused_and_not_repeated(location: str) -> None:
    with pytest.raises(Refused) as refused:
        state.at(location)
    (problem,) = refused.value.problems
    assert problem.code == "state.password"
    assert "PGPASSWORD" in problem.en
    assert WORD not in repr(problem)


def test_a_schema_is_a_plain_name() -> None:
    with pytest.raises(Refused) as refused:
        state.at("postgresql://host/db?schema=x;drop")
    assert refused.value.problems[0].code == "state.schema"


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", WORD)
    shelf = state.at(f"postgresql://me@/db?host={tmp_path}&connect_timeout=2")
    for work in (lambda: shelf.snapshot("one", PASSPHRASE), shelf.stacks, lambda: shelf.salt(PASSPHRASE, create=True)):
        with pytest.raises(Refused) as refused:
            work()
        (problem,) = refused.value.problems
        assert problem.code == "state.unreachable"
        assert problem.where == "postgresql://me@/db"
        assert WORD not in repr(problem)
    assert [problem.code for problem in shelf.check("one")] == ["state.unreachable"]


def test_a_server_that_refuses_is_a_sentence(postgres: str) -> None:
    for location, code in (
        (postgres.replace("/postgres?", "/nowhere?"), "state.unreachable"),
        (postgres.replace("liangzhu@", "stranger@"), "state.unreachable"),
        (f"{postgres}&schema=readonly_one&options=-cdefault_transaction_read_only%3Don", "state.readonly"),
    ):
        with pytest.raises(Refused) as refused:
            put(state.at(location), record("a"))
        assert [problem.code for problem in refused.value.problems] == [code]


def test_a_connection_that_breaks_stops_the_run_and_loses_nothing(postgres: str) -> None:
    import asyncio

    import psycopg

    from tests.engine.state.conftest import fresh, held, named

    shelf = fresh(postgres)

    async def run() -> None:
        with held(shelf) as store:
            await store.put("create", record("a"))
            with psycopg.connect(postgres, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            with pytest.raises(Refused) as refused:
                await store.put("create", record("b"))
            assert refused.value.problems[0].code == "state.unreachable"
            with pytest.raises(Refused):
                await store.flush()

    asyncio.run(run())
    assert named(shelf.snapshot("one", PASSPHRASE).records) == {"a": 1}
    assert shelf.check("one") == ()
