"""JSON as NetBox's REST API writes it → a `Book`; `pages` is the way back.

One object of endpoints (`sites`, `tenants`, `roles`, `vlans`, `prefixes`, `ip-addresses`), each a list or a page of
results; or one page or list alone. A VRF is a private network, a role a zone, a tenant the owner; the custom fields
`secret`, `system` and `name` hold what NetBox has no field for. Objects are read one by one, so that each has its place
and a large file is never a tree in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from inventory.exchange import many, texts
from inventory.exchange.book import Address, Book, Prefix, Vlan, Word
from inventory.exchange.texts import Problems, Wrong

ENDPOINTS = ("sites", "roles", "tenants", "vlans", "prefixes", "ip-addresses")
_ENDPOINT = {**{name: name for name in ENDPOINTS}, "ip_addresses": "ip-addresses", "addresses": "ip-addresses"}
_TELLS = {"prefix": "prefixes", "address": "ip-addresses", "vid": "vlans"}
"""field → the endpoint that alone has it: a page by itself does not say what it is of"""
_FIELD = {"prefixes": "prefix", "ip-addresses": "address", "vlans": "vid"}
_REFERRED = frozenset({"sites", "roles", "tenants", "vlans"})
_SPACE = re.compile(r"[ \t\r\n]*")
_CUSTOM = {"secret": ("secret", "涉密"), "system": ("system", "系统"), "name": ("name", "名称")}


class _Unresolved(LookupError):
    """A reference by number to something that has not been read."""


@many.rows()
def read(text: str, file: str) -> Book:
    """The book of a NetBox file. Refused with everything that is wrong in it."""
    return _Reader(text.removeprefix("\ufeff"), file).book()


class _Reader:
    """One file while it is read."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems = Problems(file)
        self.tables: dict[str, list[Any]] = {name: [] for name in ENDPOINTS}
        self.ids: dict[tuple[str, int], str] = {}
        self.named: dict[tuple[str, str], Word] = {}
        self._decoder = json.JSONDecoder()
        self._counted = 0, 1
        """up to where lines are counted, and the line there"""

    def book(self) -> Book:
        later: list[tuple[int, int, str, dict[str, Any]]] = []
        try:
            for start, end, endpoint, data in self._objects():
                try:
                    self._take(start, end, endpoint, data)
                except _Unresolved:
                    later.append((start, end, endpoint, data))
        except json.JSONDecodeError as error:
            self._say(error.pos, "asset.json", f"不是合法的 JSON({error.msg}):检查逗号、引号和括号",
                      f"not JSON ({error.msg}): check commas, quotes and brackets")  # fmt: skip
        except (RecursionError, ValueError) as error:
            self._say(0, "asset.json", f"不是可读的 JSON({error})", f"not readable JSON ({error})")
        for start, end, endpoint, data in later:
            try:
                self._take(start, end, endpoint, data)
            except _Unresolved as error:
                self._say(start, "asset.reference", f"引用了文件中没有的编号 {error}:把被引用的一页也放进文件",
                          f"refers to {error}, which is not in the file: put that page in too")  # fmt: skip
        self.problems.refuse()
        listed = {(kind, word.key) for kind in ("sites", "roles", "tenants") for word in self.tables[kind]}
        for (kind, key), word in self.named.items():
            if word.name and kind in ("sites", "roles", "tenants") and (kind, key) not in listed:
                self.tables[kind].append(word)
        order = ("prefixes", "ip-addresses", "vlans", "sites", "roles", "tenants")
        return Book(*(tuple(self.tables[name]) for name in order), file=self.file)

    def _take(self, start: int, end: int, endpoint: str, data: Any) -> None:
        line, col = self._place(start)
        if not isinstance(data, dict):
            self._say(start, "asset.json", "应为对象 {…}", "must be an object {…}")
            return
        endpoint = endpoint or next((name for field, name in _TELLS.items() if field in data), "")
        if not endpoint:
            self._say(start, "asset.kind", "看不出是前缀、地址还是 VLAN:按端点名放进 prefixes、ip-addresses、vlans",
                      "is it a prefix, an address or a VLAN? Put it under prefixes, ip-addresses or vlans")  # fmt: skip
            return
        try:
            row = _MAKERS[endpoint](self, data, line, col)
            if endpoint in _REFERRED and isinstance(data.get("id"), int):
                self.ids[endpoint, data["id"]] = str(row.vid) if isinstance(row, Vlan) else getattr(row, "key", "")
            self.tables[endpoint].append(row)
        except Wrong as wrong:
            field = re.compile(rf'"{_FIELD.get(endpoint, "slug")}"\s*:').search(self.text, start, end)
            where = str(data.get(_FIELD.get(endpoint, "slug"), ""))
            self._say(field.start() if field else start, wrong.code, wrong.zh, wrong.en, where)

    def word(self, data: Mapping[str, Any], field: str, endpoint: str) -> str:
        """What a field refers to: by slug, by name, or by number; "" where it is null. Wrong."""
        value = data.get(field)
        if value is None:
            return ""
        if isinstance(value, dict):
            name = value.get("name")
            key = value.get("slug") or name
            if not isinstance(key, str):
                raise Wrong("asset.reference", f"“{field}”里没有 slug 或 name", f"'{field}' has neither slug nor name")
            known = self.named.get((endpoint, key))
            if known is not None and (known.name or not name):
                return key
            key = texts.harmless(key.strip())
            called = texts.harmless(name.strip()) if isinstance(name, str) and name != key else ""
            self.named[endpoint, key] = Word(key, called)
            return key
        if isinstance(value, int) and not isinstance(value, bool):
            found = self.ids.get((endpoint, value))
            if found is None:
                raise _Unresolved(f"{field} {value}")
            return found
        return string(value, field)

    def _objects(self) -> Iterator[tuple[int, int, str, Any]]:
        end = yield from self._value(self._skip(0), "")
        rest = self._skip(end)
        if rest != len(self.text):
            raise json.JSONDecodeError("Extra data", self.text, rest)

    def _value(self, at: int, endpoint: str) -> Iterator[tuple[int, int, str, Any]]:
        """Objects of a list, a page or a set of endpoints; returns where it ends."""
        if self.text[at : at + 1] == "[":
            return (yield from self._list(at, endpoint))
        if self.text[at : at + 1] != "{":
            raise json.JSONDecodeError("Expecting an object or a list", self.text, at)
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "}":
            key_at = at
            key, at = self._decoder.raw_decode(self.text, at)
            at = self._past(self._skip(at), ":")
            if key == "results":
                at = yield from self._list(at, endpoint)
            elif key in _ENDPOINT and not endpoint:
                at = yield from self._value(at, _ENDPOINT[key])
            else:
                value, at = self._decoder.raw_decode(self.text, at)
                if key == "next" and value:
                    self._say(key_at, "asset.page", "这只是第一页:导出时用 limit=0 或把各页合并",
                              "this is only the first page: export with limit=0, or join the pages")  # fmt: skip
                elif key not in ("count", "next", "previous", "vrfs"):
                    self._say(key_at, "asset.endpoint", f"没有名为“{key}”的端点:可用 {'、'.join(ENDPOINTS)}",
                              f"there is no endpoint '{key}': there are {', '.join(ENDPOINTS)}")  # fmt: skip
            at = self._next(at, "}")
        return at + 1

    def _list(self, at: int, endpoint: str) -> Iterator[tuple[int, int, str, Any]]:
        at = self._past(at, "[")
        while self.text[at : at + 1] != "]":
            data, end = self._decoder.raw_decode(self.text, at)
            yield at, end, endpoint, data
            at = self._next(end, "]")
        return at + 1

    def _next(self, at: int, closing: str) -> int:
        at = self._skip(at)
        if self.text[at : at + 1] == closing:
            return at
        at = self._past(at, ",")
        if self.text[at : at + 1] == closing:
            raise json.JSONDecodeError("a comma before the end", self.text, at)
        return at

    def _past(self, at: int, sign: str) -> int:
        if self.text[at : at + 1] != sign:
            raise json.JSONDecodeError(f"Expecting '{sign}'", self.text, at)
        return self._skip(at + 1)

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _place(self, at: int) -> tuple[int, int]:
        done, line = self._counted
        # objects come one after the other, so that each stretch is looked through once
        line = line + self.text.count("\n", done, at) if at >= done else 1 + self.text.count("\n", 0, at)
        self._counted = at, line
        return line, at - self.text.rfind("\n", 0, at)

    def _say(self, at: int, code: str, zh: str, en: str, where: str = "") -> None:
        line, col = self._place(at)
        self.problems.add(code, zh, en, line, where, col)


def string(value: Any, field: str) -> str:
    """Text of a field. Wrong."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong("asset.type", f"“{field}”应为文字", f"'{field}' must be text")
    return texts.harmless(value.strip())


def _choice(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    return string(value.get("value") if isinstance(value, dict) else value, field)


def _custom(data: Mapping[str, Any], field: str) -> Any:
    custom = data.get("custom_fields") or {}
    if not isinstance(custom, dict):
        raise Wrong("asset.type", "“custom_fields”应为对象", "'custom_fields' must be an object")
    return next((custom[name] for name in _CUSTOM[field] if custom.get(name) is not None), None)


def _prefix(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Prefix:
    version, first, length = texts.prefix(string(data.get("prefix"), "prefix"))
    secret, vlan = _custom(data, "secret"), data.get("vlan")
    site = data.get("scope") if data.get("scope_type") == "dcim.site" else data.get("site")
    number = str(vlan.get("vid", "")) if isinstance(vlan, dict) else of.word(data, "vlan", "vlans")
    return Prefix(
        version, first, length, of.word(data, "vrf", "vrfs"), texts.status(_choice(data, "status")),
        of.word(data, "tenant", "tenants"), of.word(data, "role", "roles"), of.word({"site": site}, "site", "sites"),
        texts.vid(number), secret if isinstance(secret, bool) else texts.secret(string(secret, "secret")),
        string(_custom(data, "system"), "system"), string(_custom(data, "name"), "name"),
        string(data.get("description"), "description"), line, col,
    )  # fmt: skip


def _address(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Address:
    version, value, length = texts.address(string(data.get("address"), "address"))
    return Address(
        version, value, length, of.word(data, "vrf", "vrfs"), texts.status(_choice(data, "status")),
        of.word(data, "tenant", "tenants"), _choice(data, "role"), string(_custom(data, "system"), "system"),
        string(data.get("dns_name"), "dns_name"), string(data.get("description"), "description"), line, col,
    )  # fmt: skip


def _vlan(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Vlan:
    number = texts.vid(str(data.get("vid", "")))
    if not number:
        raise Wrong("asset.vlan", "VLAN 须有编号 vid", "a VLAN needs its vid")
    return Vlan(number, of.word(data, "site", "sites"), of.word(data, "tenant", "tenants"),
                string(data.get("name"), "name"), line, col)  # fmt: skip


def _word(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Word:
    key, name = string(data.get("slug") or data.get("name"), "slug"), string(data.get("name"), "name")
    if not key:
        raise Wrong("asset.word", "须有 slug 或 name", "needs a slug or a name")
    return Word(key, "" if name == key else name, line, col)


_MAKERS: dict[str, Callable[[_Reader, Mapping[str, Any], int, int], Any]] = {
    "sites": _word, "roles": _word, "tenants": _word, "vlans": _vlan, "prefixes": _prefix, "ip-addresses": _address,
}  # fmt: skip
