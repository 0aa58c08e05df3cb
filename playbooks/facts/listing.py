"""What is installed, what listens, how the SSH server is set. Pure: an answer → fields of the records, without those that
could not be read. One line that makes no sense spoils its whole list: half a list would pass where the rest fails.
"""

from __future__ import annotations

import re
from typing import Any

from playbooks.facts.answer import Answer
from playbooks.facts.systems import System

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,127}")
_KEYS = ("gpg-pubkey",)
"""rpm lists the keys that it trusts as packages"""
_OWNER = re.compile(r'users:\(\("((?:[^"\\]|\\.)*)"')
_SOCKET = re.compile(r"(\S+):([0-9]{1,5})")


def packages(answer: Answer, system: System | None) -> dict[str, Any]:
    """Names, sorted; of a system that nobody described nothing, since its list would be another manager's."""
    text = answer.out(system.packages) if system else None
    if not text:
        return {}
    if system and system.packages == "dpkg":
        rows = (line.partition(" ") for line in text.splitlines())
        names = {name for state, _, name in rows if state in ("installed", "unpacked", "half-configured", "half-installed",
                                                              "triggers-awaited", "triggers-pending")}  # fmt: skip
    else:
        names = set(text.split()).difference(_KEYS)
    return {"names": sorted(names)} if names and all(map(_PACKAGE.fullmatch, names)) else {}


def sockets(answer: Answer) -> dict[str, Any]:
    """`<protocol>/<address>/<port>/<program>` of every line of `ss -Hltunp`."""
    text = answer.out("sockets")
    if text is None:
        return {}
    found = [_socket(line) for line in text.splitlines() if line.strip()]
    return {} if None in found else {"listens": sorted({one for one in found if one})}


def _socket(line: str) -> str | None:
    words = line.split(maxsplit=6)
    local = _SOCKET.fullmatch(words[4]) if len(words) > 5 and words[0] in ("tcp", "udp") else None
    if local is None or int(local[2]) > 65535:
        return None
    address = local[1].strip("[]") if local[1].endswith("]") else local[1].replace("[", "").replace("]", "")
    if ":" not in address:  # an interface after an IPv4 address says no more than the address does
        address = address.partition("%")[0]
    owner = _OWNER.search(line)
    # a program calls itself what it likes; the slash parts the record's fields
    program = re.sub(r"[^A-Za-z0-9._+:@-]", "-", owner[1])[:64] if owner else ""
    return f"{words[0]}/{address}/{local[2]}/{program}"


def sshd(answer: Answer) -> dict[str, Any]:
    """Every line of `sshd -T`; an option that stands several times has its values one after the other."""
    text = answer.out("sshd")
    settings: dict[str, str] = {}
    for line in (text or "").splitlines():
        key, _, value = line.strip().partition(" ")
        if not re.fullmatch(r"[a-z][a-z0-9]{1,63}", key.lower()):
            return {}
        settings[key.lower()] = f"{settings[key.lower()]} {value}" if key.lower() in settings else value
    return {"settings": settings} if settings else {}
