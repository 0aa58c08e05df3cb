"""What hosts tell while a run goes on, and the records that come of it when it has ended.

In: the deployed estate and each host's answer, as it comes. Out: `Gathered`, published for whoever judges.
"""

from __future__ import annotations

from typing import Any

from inventory.estate import Estate, Resource, publish
from inventory.places import Places
from inventory.problems import Problem
from playbooks.facts import Garbled, records
from playbooks.facts.asked import question
from playbooks.runs import Gathered

SOURCE = "hosts"
"""under this name the facts are published"""
TASK = "facts"
"""last word of the task's name"""


class Hearing:
    """One run's."""

    def __init__(self, estate: Estate, variables: dict[str, dict[str, Any]]) -> None:
        """`variables`: of the hosts that will be asked; the question is put among them."""
        self._hosts = {name: host for name in variables if (host := estate.named("compute.host", name))}
        self._found: dict[str, tuple[Resource, ...]] = {}
        for of in variables.values():
            of["lz_asked"] = question()

    def hear(self, host: str, text: str) -> Problem | None:
        """A host has answered; what is wrong with that, if anything."""
        try:
            self._found[host] = records(self._hosts[host], text)
        except Garbled as garbled:
            return Problem(
                "playbooks.facts",
                f"主机的回答读不懂({garbled}),没有记录它的事实:登录主机检查 python3 和 sudo,再运行 ./lz facts",
                f"the host's answer makes no sense ({garbled}), so no facts of it are recorded: log in, see to python3 and "
                "sudo, then run ./lz facts",
                host,
            )
        return None

    def publish(self, places: Places) -> Gathered:
        """In place of what was gathered before: of a host that did not answer nothing is known any more."""
        made = Estate(tuple(record for host in sorted(self._found) for record in self._found[host]))
        publish(places.facts, SOURCE, made)
        return Gathered(made, len(self._found), len(self._hosts))
