"""Runs on a database member as postgres: the leader writes a row, a standby waits until exactly this row arrives.

A role alone proves nothing: a standby has been seen to call itself streaming while it received nothing. In: argv[1],
a word that no earlier run used; argv[2], the number of members. Out, as JSON: leader: {"role", "written", "standbys":
[{"name", "address", "state", "sync_state"}], "seconds"}; standby: {"role", "arrived", "seconds"}.
"""

import json
import sys
import time

import psycopg2

SECONDS = 20.0

TABLE = """
create schema if not exists liangzhu;
create table if not exists liangzhu.heartbeat (token text primary key, at timestamptz not null default now());
"""
STANDBYS = """
select application_name, host(client_addr), state, sync_state from pg_stat_replication order by application_name
"""


def main(token, members):
    """What this member saw."""
    started = time.monotonic()
    connection = psycopg2.connect("dbname=postgres user=postgres host=/var/run/postgresql connect_timeout=5")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select pg_is_in_recovery()")
        if not cursor.fetchone()[0]:
            return lead(cursor, token, members, started)
        return {"role": "standby", "arrived": arrives(cursor, token, started), "seconds": took(started)}


def lead(cursor, token, members, started):
    """Write once the standbys are there; with synchronous replication the commit returns only when one has it."""
    cursor.execute("set statement_timeout = '15s'")
    cursor.execute(TABLE)
    cursor.execute("delete from liangzhu.heartbeat where at < now() - interval '1 day'")
    standbys = []
    while time.monotonic() - started < SECONDS:
        cursor.execute(STANDBYS)
        standbys = [
            dict(zip(("name", "address", "state", "sync_state"), row, strict=False)) for row in cursor.fetchall()
        ]
        if sum(one["state"] == "streaming" for one in standbys) >= members - 1:
            break
        time.sleep(0.2)
    cursor.execute("insert into liangzhu.heartbeat (token) values (%s)", (token,))
    return {"role": "leader", "written": True, "standbys": standbys, "seconds": took(started)}


def arrives(cursor, token, started):
    """Whether the leader's row is here in time."""
    while time.monotonic() - started < SECONDS:
        try:
            cursor.execute("select 1 from liangzhu.heartbeat where token = %s", (token,))
            if cursor.fetchone():
                return True
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName):
            pass
        time.sleep(0.1)
    return False


def took(started):
    return round(time.monotonic() - started, 3)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
