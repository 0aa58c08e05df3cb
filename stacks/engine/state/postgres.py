"""State in PostgreSQL: the same tables in a schema of their own, shared by every operator of an environment.

The password comes from PGPASSWORD or ~/.pgpass, never from the location, which may stand in a message or a log.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from inventory.problems import Refused, refuse
from stacks.engine.state import trouble
from stacks.engine.state.files import keep_salt, names, salt_of
from stacks.engine.state.tables import COLUMNS, FORMAT, FORMAT_OF, OF_STACK, SCHEMA, SET_FORMAT, Database, Place

_SCHEMA = "liangzhu"
_LOCK = 0x6C69616E677A6875
"""of those who make the tables at the same time"""
_FORBIDDEN = ("password", "sslpassword", "passfile")


class PostgreSQL:
    """A connection. One thread at a time."""

    clock = "extract(epoch from clock_timestamp())"

    def __init__(self, url: str, schema: str, place: Place, *, create: bool) -> None:
        import psycopg

        self._psycopg, self.place = psycopg, place
        with self._trouble():
            self._db: Any = psycopg.connect(url, autocommit=True, connect_timeout=_timeout(url), prepare_threshold=2)
            try:
                self._db.execute(f"SET search_path TO {schema}")
                self._db.execute("SET lock_timeout TO '10s'")
                self._db.execute(
                    "SELECT set_config('synchronous_commit', 'on', false) "
                    "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
                )
                self.made = bool(self.all(f"SELECT to_regclass('{schema}.damaged') IS NOT NULL")[0][0])
                if create and not self.made:
                    self._make(schema)
                written = self.all(FORMAT_OF)[0][0] if self.made else str(FORMAT)
                if written != str(FORMAT):
                    raise trouble.sentence("state.format", written, place)
            except BaseException:
                self._db.close()
                raise

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(_percent(sql), values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._db.execute(_percent(sql), values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(_percent(sql), rows)

    def reading(self) -> contextlib.AbstractContextManager[None]:
        return self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "")

    def writing(self, stack: str = "") -> contextlib.AbstractContextManager[None]:
        return self._transaction("BEGIN", stack)

    def tidy(self) -> None:
        """The server's own autovacuum does it."""

    def sound(self) -> str:
        return ""

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._db.close()

    def _make(self, schema: str) -> None:
        with self._transaction("BEGIN", ""):
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self._db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self._db.execute(SCHEMA)
            self._db.execute(SET_FORMAT)
        self.made = True

    @contextmanager
    def _transaction(self, begin: str, stack: str) -> Iterator[None]:
        with self._trouble():
            self._db.execute(begin)
            try:
                if stack:
                    self._db.execute("SELECT 1 FROM heads WHERE stack=%s FOR UPDATE", (stack,))
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(self._psycopg.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except Refused:
            raise
        except self._psycopg.Error as error:
            raise trouble.sentence(self._code(error), str(error), self.place) from error
        except (ValueError, KeyError, TypeError) as error:
            raise trouble.sentence("state.corrupt", str(error), self.place) from error

    def _code(self, error: Any) -> str:
        state = error.sqlstate or ""
        if state in ("53100", "53200"):
            return "state.full"
        if state in ("25006", "42501"):
            return "state.readonly"
        if state in ("55P03", "40P01", "57014"):
            return "state.locked"
        if state.startswith("XX"):
            return "state.corrupt"
        if not state or state[:2] in ("08", "28", "57", "3D"):
            return "state.unreachable"
        return "state.server"


def _percent(sql: str) -> Any:
    return sql.replace("?", "%s")


def _timeout(url: str) -> int:
    return int(dict(parse_qsl(urlsplit(url).query)).get("connect_timeout", "10"))


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a server. `url` is libpq's own, without a password; `?schema=NAME` sets the schema."""

    url: str
    shared: ClassVar[bool] = True

    def __str__(self) -> str:
        return self.url

    @staticmethod
    def at(url: str) -> Server:
        """The place that a location names. Refused where it carries a password, or its schema is no plain name."""
        parts = urlsplit(url)
        words = dict(parse_qsl(parts.query))
        clean = _cleaned(url)
        if parts.password is not None or any(word in words for word in _FORBIDDEN):
            raise refuse(
                "state.password",
                "状态地址中不得含口令:请改用环境变量 PGPASSWORD 或 ~/.pgpass",
                "the state's location must not carry a password: give it by PGPASSWORD or ~/.pgpass",
                where=clean,
            )
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", words.get("schema", _SCHEMA)):
            raise refuse(
                "state.schema",
                "schema 只能用小写字母、数字与下划线",
                "schema may have small letters, digits and underscores only",
                where=clean,
            )
        return Server(url)

    @property
    def place(self) -> Place:
        return Place(where=_cleaned(self.url))

    def names(self) -> tuple[str, ...]:
        return names(self)

    def holds(self, stack: str) -> bool:
        db = self.open(stack)
        if db is None:
            return False
        try:
            with db.reading():
                return bool(db.all("SELECT 1 FROM heads WHERE stack=?", (stack,)))
        finally:
            db.close()

    def open(self, stack: str = "", *, write: bool = False, create: bool = False) -> Database | None:
        parts = urlsplit(self.url)
        words = dict(parse_qsl(parts.query))
        schema = words.pop("schema", _SCHEMA)
        db = PostgreSQL(
            urlunsplit(parts._replace(query=urlencode(words, quote_via=quote))), schema, self.place, create=create
        )
        if db.made:
            return db
        db.close()
        return None

    def salt(self) -> str:
        return salt_of(self)

    def keep_salt(self, salt: str) -> None:
        """Set the environment's salt, unless somebody was first."""
        keep_salt(self, salt)

    def salvage(self, stack: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the stack."""
        db = self.open(stack)
        assert db is not None
        try:
            with db.reading():
                return {
                    table: db.all(f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE stack=?", (stack,))
                    for table in OF_STACK
                }
        finally:
            db.close()

    def aside(self, stack: str, word: str) -> str:
        """There is no file: the rows themselves are kept, in the table `damaged`."""
        return ""

    def rebuild(self, stack: str, fill: Callable[[Database], None]) -> None:
        """Not of a server's own files: its administrator restores those."""
        raise trouble.sentence("state.server", stack, self.place)

    def forget(self, stack: str) -> None:
        """Its rows are gone; the tables belong to all."""


def _cleaned(url: str) -> str:
    """A location as a message may show it: who and where, neither password nor parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")
    user = host[0].partition(":")[0]
    return f"{parts.scheme}://{user + '@' if user else ''}{host[2]}{parts.path}"
