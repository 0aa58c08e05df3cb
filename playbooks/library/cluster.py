#!/usr/bin/python
"""Ansible module: waits until this member of a Patroni cluster is healthy, and keeps what all members share right.

In: `url` of its own REST interface, `username` for changes there, `dynamic` (the cluster-wide settings), `accounts`
[{name, secret, options, replication}], `secrets` {word: password, with "restapi" for the REST interface}, PostgreSQL's
`address` and `port`, `seconds` to wait. What is shared is
looked after by the leader alone. Passwords are tried before they are set, so a run that changes nothing says so.
Out: `role` (leader or standby), `changed`, `did`.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import time
import urllib.error
import urllib.request

from ansible.module_utils.basic import AnsibleModule


def ask(url, method="GET", data=None, login=None):
    """Status and body; status 0 where nobody answers."""
    request = urllib.request.Request(url, method=method, data=json.dumps(data).encode() if data is not None else None)
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(login).encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read() or b"{}") if method == "GET" else {}
    except urllib.error.HTTPError as error:
        return error.code, {"said": error.read()[:500].decode(errors="replace")}
    except (OSError, ValueError) as error:
        return 0, {"said": str(error)}


def healthy(url, seconds):
    """Role once PostgreSQL runs here and the cluster has a leader; None after so many seconds, with what was said."""
    until, seen = time.monotonic() + seconds, {}
    while time.monotonic() < until:
        status, seen = ask(url + "/patroni")
        if status == 200 and seen.get("state") == "running":
            if seen.get("role") in ("master", "primary"):
                return "leader", seen
            if any(m.get("role") == "leader" for m in ask(url + "/cluster")[1].get("members", [])):
                return "standby", seen
        time.sleep(0.3)
    return None, seen


def differs(want, have):
    """Whether `have` lacks any part of `want`; what it has besides is others' business."""
    if isinstance(want, dict):
        return not isinstance(have, dict) or any(differs(value, have.get(key)) for key, value in want.items())
    return want != have


def share(want, did):
    """Make the cluster's settings equal; says what is wrong where that fails. A cluster that has just been born has no
    settings for a moment and refuses to have any changed."""
    url, login = want["url"] + "/config", (want["username"], want["secrets"]["restapi"])
    until, status, answer = time.monotonic() + 30, 0, {}
    while time.monotonic() < until:
        status, answer = ask(url)
        if status == 200:
            if not differs(want["dynamic"], answer):
                return None
            status, answer = ask(url, "PATCH", want["dynamic"], login)
            if status == 200:
                did.append("settings")
                return None
        if status in (401, 403):
            break
        time.sleep(0.5)
    return f"/config: {status} {str(answer)[:300]}"


def admitted(want, account):
    """Whether the account can log in over TCP with its password."""
    import psycopg2
    from psycopg2.extras import PhysicalReplicationConnection

    # pg_hba.conf lets the replication account in for replication only
    how = (
        {"connection_factory": PhysicalReplicationConnection} if account.get("replication") else {"dbname": "postgres"}
    )
    try:
        psycopg2.connect(
            host=want["address"], port=want["port"], user=account["name"], password=want["secrets"][account["secret"]],
            connect_timeout=5, sslmode="prefer", **how,
        ).close()  # fmt: skip
    except psycopg2.OperationalError as error:
        # no entry in pg_hba.conf comes before any password is looked at: nothing to be learned, nothing to set. (Both
        # are said where the second try, without TLS, fails for another reason than the first.)
        return "no pg_hba.conf entry" in str(error) and "authentication failed" not in str(error)
    return True


def accounts(want):
    """Make accounts that are missing and set passwords that do not work; returns the names."""
    import psycopg2
    from psycopg2 import sql

    wrong = [account for account in want["accounts"] if not admitted(want, account)]
    if not wrong:
        return []
    # the superuser has no password: it is who runs as postgres on the Unix socket
    os.seteuid(pwd.getpwnam("postgres").pw_uid)
    try:
        connection = psycopg2.connect(
            dbname="postgres", user="postgres", host="/var/run/postgresql", port=want["port"], connect_timeout=5
        )
    finally:
        os.seteuid(0)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for account in wrong:
            cursor.execute("select 1 from pg_roles where rolname = %s", (account["name"],))
            verb = sql.SQL("alter role {} " if cursor.fetchone() else "create role {} ")
            options = sql.SQL(account.get("options", "")) + sql.SQL(" login password %s")
            # never into the server's log, which is kept elsewhere for six months
            cursor.execute("set log_statement = 'none'")
            cursor.execute(
                verb.format(sql.Identifier(account["name"])) + options, (want["secrets"][account["secret"]],)
            )
    connection.close()
    return [account["name"] for account in wrong]


def main():
    """Ansible's way in."""
    module = AnsibleModule(
        {
            "url": {"type": "str", "required": True},
            "username": {"type": "str", "required": True},
            "secrets": {"type": "dict", "required": True, "no_log": True},
            "dynamic": {"type": "dict", "required": True},
            "accounts": {"type": "list", "default": []},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "seconds": {"type": "int", "default": 120},
        }
    )
    want, did = module.params, []
    role, seen = healthy(want["url"], want["seconds"])
    if role is None:
        module.fail_json(
            msg=f"数据库成员 {want['seconds']} 秒内没有就绪:在主机上查看 journalctl -u patroni -u etcd / this member was "
            f"not ready in {want['seconds']} s: see journalctl -u patroni -u etcd on it; last seen: {json.dumps(seen)[:400]}"
        )
    if role == "leader":
        problem = share(want, did)
        if problem:
            module.fail_json(msg=problem)
        try:
            did += accounts(want)
        except Exception as error:
            module.fail_json(msg=f"{type(error).__name__}: {error}")
    module.exit_json(changed=bool(did), role=role, did=did)


if __name__ == "__main__":
    main()
