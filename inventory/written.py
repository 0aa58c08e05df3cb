"""Where people wrote what a resource has: resource and field → file, and path inside it. Pure but for reading the files.

In: a resource of an estate with its `origin`. Out: a `Spot`, or None where no file that people edit says it: the city's
data, the address plan, and what the programs decide are not one line of anybody's request. Only fields are here that
are in the resource exactly as the request has them; a test plans every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inventory import recording
from inventory.documents import Document, Path_, load
from inventory.estate import Estate, Resource
from inventory.examining import BASE, REQUEST_FILE, examine
from inventory.layout import slug
from inventory.model import Request
from inventory.places import ROOT
from inventory.problems import Refused, placed

FIELDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "storage.bucket": ("buckets", frozenset({"versioning", "deletion_protection"})),
    "db.instance": ("workloads", frozenset({"deletion_protection"})),
    "storage.volume": ("workloads", frozenset({"deletion_protection"})),
}
"""kind → the list of the request that its resources come from, and the fields that are the request's own"""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file that people edit."""

    file: Path
    path: Path_
    record: bool
    """a record says what is: it is changed after the thing itself"""


class Written:
    """Files are read once, as long as one run asks."""

    def __init__(self) -> None:
        self._examined = cache(_request)
        self._loaded = cache(_document)

    def spot(self, estate: Estate, resource: Resource, field: str) -> Spot | None:
        """Where the field of this resource is, or would be, written."""
        file, _, _ = placed(resource.origin)
        path = ROOT / file
        if not file or not path.is_file():
            return None
        if resource.stack == recording.STACK:
            return self._record(path, resource, field)
        section, fields = FIELDS.get(resource.kind, ("", frozenset()))
        request = self._examined(path)
        if request is None or field not in fields or request.stack != resource.get("system"):
            return None
        system = request.system
        rows = system.buckets if section == "buckets" else system.workloads
        mine = _named(estate, resource, request)
        index = next((n for n, row in enumerate(rows) if row.name == mine), None)
        return None if index is None else Spot(path, (*BASE, section, index, field), record=False)

    def _record(self, path: Path, resource: Resource, field: str) -> Spot | None:
        doc = self._loaded(path)
        for head in (doc.data or {}) if doc else ():
            kind, _, name = str(head).partition(" ")
            if (kind, name.strip()) == (resource.kind, resource.name):
                return Spot(path, (head, field), record=True)
        return None


def _named(estate: Estate, resource: Resource, request: Request) -> str | None:
    """The name in the request of what the resource comes from; None where that cannot be told."""
    if resource.kind == "storage.volume":
        host = estate.named("compute.host", resource.get("host"))
        return str(host.get("workload")) if host and host.get("system") == request.stack else None
    prefix = f"{slug(request.stack)}-"
    return resource.name.removeprefix(prefix) if resource.name.startswith(prefix) else None


def _request(path: Path) -> Request | None:
    return examine(path).request if REQUEST_FILE.fullmatch(path.name) else None


def _document(path: Path) -> Document | None:
    try:
        return load(path)
    except Refused:
        return None
