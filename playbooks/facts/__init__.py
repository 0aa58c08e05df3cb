"""Facts of hosts: in, what a host answered; out, the records that the checks read (`inventory.kinds.host`).

`asked` is what a host is asked for, `files/facts.py` asks it there, `answer` reads what comes back, and the others make
fields of it: pure functions of a text, so each is tested with the texts of real systems (`tests/cases/facts`). `systems`
says which texts count on which system. What could not be read is not recorded, so that the checks answer "unknown".
"""

from __future__ import annotations

from typing import Any

from inventory.estate import Resource
from inventory.kinds import kinds
from inventory.recording import record
from playbooks.facts import answer, integrity, kernel, listing, pam, repositories, systems
from playbooks.facts.answer import Garbled

_SHARED = ("site", "zone", "bureau", "system", "level")


def fields(told: answer.Answer) -> dict[str, dict[str, Any]]:
    """kind → what the host told of it."""
    system = systems.system(told.text("/etc/os-release") or "")
    return {
        "host.packages": listing.packages(told, system),
        "host.sockets": listing.sockets(told),
        "host.sshd": listing.sshd(told),
        "host.pam": pam.pam(told, system),
        "host.auditd": kernel.auditd(told),
        "host.filter": kernel.filter_(told),
        "host.integrity": integrity.integrity(told, system),
        "host.repositories": repositories.repositories(told, system),
        "host.boot": kernel.boot(told),
    }


def records(host: Resource, text: str) -> tuple[Resource, ...]:
    """The records of one host, each named after it. Raises Garbled where the text is no answer."""
    shared = {key: host[key] for key in _SHARED if host.get(key) is not None} | {"host": host.name}
    made = []
    for kind, told in fields(answer.read(text)).items():
        model = kinds()[kind]
        role = {"role": host["role"]} if "role" in model.model_fields else {}
        one = model.model_validate({"name": host.name, **shared, **role, **told})
        made.append(record(kind, host.name, one.model_dump(mode="json", exclude_unset=True, exclude={"name"})))
    return tuple(made)


__all__ = ["Garbled", "fields", "records"]
