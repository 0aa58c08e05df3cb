"""A database's cluster: in, the estate and a `db.instance`; out, what each of its hosts has to be told, without
passwords.

Patroni keeps PostgreSQL's leader in etcd. A database of one member uses the same parts with an etcd of its own on the
loopback address: one way to configure, watch and grow it.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from inventory.estate import Estate, Resource
from inventory.rendering import flows

TTL: Final = 8
LOOP_WAIT: Final = 1
RETRY_TIMEOUT: Final = 3
"""Seconds. Patroni wants loop_wait + 2 * retry_timeout <= ttl. An isolated leader gives up after about 4 s at retry 3
(measured), and its key lives at least ttl - loop_wait = 7 s: it is read-only well before another can be promoted,
where at ttl 5 it was up to 1.3 s late and only synchronous mode kept the data right. A larger ttl would be later than
the 10 s that a request may ask for. Debian's Patroni 3.0 takes these; from 3.1 on the least ttl is 20."""

VERSION = "15"
TLS = "/etc/liangzhu/tls"
REPLICATOR, REWINDER = "replicator", "rewind_user"


def credentials(password: str, database: str) -> dict[str, str]:
    """Passwords of a database's accounts, by what they are for, all from the one secret that the state keeps:
    rotating it rotates all of them."""

    def derived(purpose: str) -> str:
        return hmac.new(password.encode(), f"liangzhu/{database}/{purpose}".encode(), "sha256").hexdigest()[:40]

    return {"admin": password, **{purpose: derived(purpose) for purpose in ("replication", "rewind", "restapi")}}


def etcd(estate: Estate, database: Resource, host: str) -> dict[str, str]:
    """Environment of etcd on one voter."""
    voters = flows.voters(database)
    if len(voters) == 1:
        own, peers = "[::1]", {host: "[::1]"}
    else:
        peers = {name: f"[{flows.host(estate, name)['address6']}]" for name in voters}
        own = peers[host]
    return {
        "ETCD_NAME": host,
        "ETCD_LISTEN_PEER_URLS": f"http://{own}:{flows.ETCD_PEER}",
        "ETCD_LISTEN_CLIENT_URLS": f"http://{own}:{flows.ETCD_CLIENT}",
        "ETCD_ADVERTISE_CLIENT_URLS": f"http://{own}:{flows.ETCD_CLIENT}",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{own}:{flows.ETCD_PEER}",
        "ETCD_INITIAL_CLUSTER": ",".join(f"{name}=http://{at}:{flows.ETCD_PEER}" for name, at in peers.items()),
        "ETCD_INITIAL_CLUSTER_STATE": "new",
        "ETCD_INITIAL_CLUSTER_TOKEN": database.name,
        "ETCD_HEARTBEAT_INTERVAL": "100",
        "ETCD_ELECTION_TIMEOUT": "1000",
        # the cluster's state is small and rewritten every second
        "ETCD_AUTO_COMPACTION_RETENTION": "1h",
    }


def patroni(estate: Estate, database: Resource) -> dict[str, dict[str, Any]]:
    """member → Patroni's configuration as plain data."""
    return {member: _member(estate, database, flows.host(estate, member)) for member in database["members"]}


def dynamic(database: Resource, memory_mib: int) -> dict[str, Any]:
    """What the whole cluster shares: kept in etcd, so a change of it goes to the leader's REST interface."""
    return {
        "ttl": TTL,
        "loop_wait": LOOP_WAIT,
        "retry_timeout": RETRY_TIMEOUT,
        "maximum_lag_on_failover": 1024 * 1024,
        "synchronous_mode": database["mode"] == "synchronous",
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": {
                "max_connections": 100,
                "shared_buffers": f"{max(32, min(int(memory_mib) // 8, 512))}MB",
                "wal_level": "replica",
                "hot_standby": "on",
                "wal_keep_size": "256MB",
                "wal_log_hints": "on",
                "max_wal_senders": 10,
                # a silent peer is gone after seconds, not after the kernel's two hours
                "wal_receiver_timeout": "3s",
                "wal_sender_timeout": "3s",
                "wal_retrieve_retry_interval": "500ms",
                "tcp_keepalives_idle": 2,
                "tcp_keepalives_interval": 1,
                "tcp_keepalives_count": 3,
                "tcp_user_timeout": 3000,
            },
        },
    }


def hba(estate: Estate, database: Resource, member: Resource) -> list[str]:
    """pg_hba.conf of a member: the superuser on its own machine, the cluster's accounts from its members, and password
    logins over TLS from exactly the prefixes that the security groups let in."""
    members = [flows.host(estate, name)["address6"] for name in database["members"]]
    port = int(database["port"])
    clients = sorted(
        {
            (net.version != 6, str(net))
            for rule in flows.rules(estate, member)
            for net in flows.peers(rule)
            if rule["direction"] == "ingress" and rule["protocol"] == "tcp" and _covers(rule, port)
            if rule.get("purpose") == "declared"
        }
    )
    kind = "hostssl" if database["tls"] else "host"
    return [
        "local all postgres peer",
        *(f"{kind} replication {REPLICATOR} {address}/128 scram-sha-256" for address in members),
        *(f"{kind} postgres {REWINDER} {address}/128 scram-sha-256" for address in members),
        f"{kind} all {database['admin']} {member['address6']}/128 scram-sha-256",
        *(f"{kind} all all {net} scram-sha-256" for _, net in clients),
    ]


def _covers(rule: Resource, port: int) -> bool:
    ports = flows.span(rule)
    return ports is not None and ports[0] <= port <= ports[1]


def _member(estate: Estate, database: Resource, host: Resource) -> dict[str, Any]:
    voters = flows.voters(database)
    hosts = [f"[{flows.host(estate, name)['address6']}]:{flows.ETCD_CLIENT}" for name in voters]
    ssl = "require" if database["tls"] else "prefer"
    parameters: dict[str, Any] = {
        "unix_socket_directories": "/var/run/postgresql",
        "password_encryption": "scram-sha-256",
        "ssl": "on" if database["tls"] else "off",
        "ssl_cert_file": f"{TLS}/host.crt",
        "ssl_key_file": f"{TLS}/host.key",
        "ssl_min_protocol_version": "TLSv1.2",
        "log_line_prefix": "%m [%p] %q%u@%d %h ",
    }
    if database.get("audit"):
        # to the journal, and from there to the log host
        parameters |= {"log_connections": "on", "log_disconnections": "on", "log_statement": "ddl"}
    return {
        "scope": database.name,
        "name": host.name,
        "restapi": {
            "listen": f"[::]:{flows.PATRONI}",
            "connect_address": f"[{host['address6']}]:{flows.PATRONI}",
            # reading is free to who gets through the packet filter; what changes the cluster needs the password
            "authentication": {"username": "patroni"},
        },
        "etcd3": {"hosts": hosts if len(voters) > 1 else [f"[::1]:{flows.ETCD_CLIENT}"]},
        "bootstrap": {
            "dcs": dynamic(database, host["memory_mib"]),
            "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, *(["data-checksums"] if database["checksums"] else [])],
        },
        "postgresql": {
            "listen": f"[{host['address6']}]:{int(database['port'])}",
            "connect_address": f"[{host['address6']}]:{int(database['port'])}",
            "use_unix_socket": True,
            "data_dir": f"/var/lib/postgresql/{VERSION}/{database.name}",
            "bin_dir": f"/usr/lib/postgresql/{VERSION}/bin",
            # a copy starts at once, not at the next regular checkpoint
            "basebackup": [{"checkpoint": "fast"}],
            "pgpass": "/var/lib/postgresql/.pgpass-patroni",
            "authentication": {
                # peer on the Unix socket: the superuser has no password at all
                "superuser": {"username": "postgres"},
                "replication": {"username": REPLICATOR, "sslmode": ssl},
                "rewind": {"username": REWINDER, "sslmode": ssl},
            },
            "parameters": parameters,
            "pg_hba": hba(estate, database, host),
        },
    }  # fmt: skip
