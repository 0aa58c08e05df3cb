"""A `Book` → JSON as NetBox's REST API writes it: a page of results for each endpoint. `netbox` reads it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from inventory.exchange.book import Address, Book, Prefix, Word
from inventory.exchange.objects import ENDPOINTS


def write(book: Book) -> str:
    """The book as pages of NetBox's REST API, an object a line; `netbox.read` gives the same book again."""
    parts = []
    for name, rows in _rows(book).items():
        lines = ",\n".join(json.dumps({"id": number, **row}, ensure_ascii=False) for number, row in enumerate(rows, 1))
        parts.append(f'"{name}": {{"count": {len(rows)}, "next": null, "previous": null, "results": [\n{lines}]}}')
    return "{" + ",\n".join(parts) + "}\n"


def _rows(book: Book) -> dict[str, Sequence[dict[str, Any]]]:
    words = {"sites": book.sites, "roles": book.zones, "tenants": book.owners}
    briefs = {
        name: {word.key: _brief(number, word) for number, word in enumerate(table, 1)} for name, table in words.items()
    }

    def ref(table: str, key: str) -> dict[str, Any] | None:
        return (briefs[table].get(key) or {"display": key, "slug": key}) if key else None

    def common(row: Prefix | Address, text: str) -> dict[str, Any]:
        return {
            "display": text, "family": {"value": row.version, "label": f"IPv{row.version}"},
            "vrf": {"display": row.network, "name": row.network} if row.network else None,
            "tenant": ref("tenants", row.owner), "status": {"value": row.status, "label": row.status.capitalize()},
        }  # fmt: skip

    rows: dict[str, Sequence[dict[str, Any]]] = {name: list(table.values()) for name, table in briefs.items()}
    rows["vlans"] = [
        {"vid": v.vid, "name": v.name, "site": ref("sites", v.site), "tenant": ref("tenants", v.owner)}
        for v in book.vlans
    ]
    rows["prefixes"] = [
        {
            **common(p, p.text), "prefix": p.text, "role": ref("roles", p.zone),
            "scope_type": "dcim.site" if p.site else None, "scope": ref("sites", p.site),
            "vlan": {"vid": p.vlan} if p.vlan else None, "description": p.note,
            "custom_fields": {"secret": p.secret, "system": p.system or None, "name": p.name or None},
        }
        for p in book.prefixes
    ]  # fmt: skip
    rows["ip-addresses"] = [
        {
            **common(a, a.text), "address": a.text, "role": {"value": a.role, "label": a.role} if a.role else None,
            "dns_name": a.name, "description": a.note, "custom_fields": {"system": a.system or None},
        }
        for a in book.addresses
    ]  # fmt: skip
    return {name: rows[name] for name in ENDPOINTS}


def _brief(number: int, word: Word) -> dict[str, Any]:
    name = word.name or word.key
    return {"id": number, "display": name, "name": name, "slug": word.key}
