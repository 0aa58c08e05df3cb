"""JSON as NetBox's REST API writes it → a `Book`; `pages` is the way back.

One object of endpoints (`sites`, `tenants`, `roles`, `vlans`, `prefixes`, `ip-addresses`), each a list or a page of
results; or one page or list alone. A VRF is a private network, a role a zone, a tenant the owner; the custom fields
`secret`, `system` and `name` hold what NetBox has no field for. What is plain is read many objects at once (`together`),
everything else one by one (`objects`), with the same result and with its place. A large file is never a tree in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from typing import Any

from msgspec import Raw

from inventory.exchange import many, objects, texts, together
from inventory.exchange.book import Address, Book, Prefix, Status, Vlan, Word
from inventory.exchange.lines import Lines
from inventory.exchange.objects import ENDPOINTS, Broken, Found, Key
from inventory.exchange.texts import Problems, Wrong
from inventory.exchange.together import NULL, Chunk

_TELLS = {"prefix": "prefixes", "address": "ip-addresses", "vid": "vlans"}
"""field → the endpoint that alone has it: a page by itself does not say what it is of"""
_FIELD = {"prefixes": "prefix", "ip-addresses": "address", "vlans": "vid"}
_REFERRED = frozenset({"sites", "roles", "tenants", "vlans"})
_CUSTOM = {"secret": ("secret", "涉密"), "system": ("system", "系统"), "name": ("name", "名称")}
_LONGEST = 1000
"""characters of a text that is read: NetBox's own fields end at 200"""


_Columns = tuple[tuple[list[Any], ...], list[tuple[str, str, str]]]
"""of `Prefix`, but for lines and columns; and the words that they name: endpoint, key, name"""


class _Unresolved(LookupError):
    """A reference by number to something that has not been read."""


@many.rows()
def read(text: str | bytes, file: str) -> Book:
    """The book of a NetBox file, given as text or in UTF-8. Refused with everything that is wrong in it."""
    data = (text.encode() if isinstance(text, str) else text).removeprefix(b"\xef\xbb\xbf")
    plain = together.found(data)
    if plain is not None:
        return _Reader(data, file).book(plain)
    exact = str(data, "utf-8")
    return _Reader(exact, file).book(objects.found(exact))


class _Reader:
    """One file while it is read; places are offsets into `source`."""

    def __init__(self, source: str | bytes, file: str) -> None:
        self.source, self.lines = source, Lines(source)
        self.problems = Problems(file)
        self.tables: dict[str, list[Any]] = {name: [] for name in ENDPOINTS}
        self.ids: dict[tuple[str, int], str] = {}
        self.named: dict[tuple[str, str], Word] = {}
        self.later = list[tuple[int, int, str]]()
        """objects that refer by number to what comes after them"""

    def book(self, parts: Iterable[Found | Chunk | Key]) -> Book:
        try:
            for part, columns in self._made(parts):
                self._part(part, columns)
        except Broken as broken:
            self._say(broken.at, "asset.json", broken.zh, broken.en)
        for each in self.later:
            self._take(self._decoded(*each), last=True)
        self.problems.refuse()
        listed = {(kind, word.key) for kind in ("sites", "roles", "tenants") for word in self.tables[kind]}
        for (kind, key), word in self.named.items():
            if word.name and kind in ("sites", "roles", "tenants") and (kind, key) not in listed:
                self.tables[kind].append(word)
        order = ("prefixes", "ip-addresses", "vlans", "sites", "roles", "tenants")
        return Book(*(tuple(self.tables[name]) for name in order), file=self.problems.file)

    def _made(self, parts: Iterable[Found | Chunk | Key]) -> Iterator[tuple[Found | Chunk | Key, _Columns | None]]:
        """Parts, with the columns of those that are plain prefixes. Between chunks of one endpoint nothing is learned that
        could change what the next one means, so that a second process may have a part of them."""
        for endpoint, run in groupby(parts, key=lambda part: part.endpoint if isinstance(part, Chunk) else None):
            if endpoint is None:
                yield from ((part, None) for part in run)
            else:
                chunks = [part for part in run if isinstance(part, Chunk)]
                yield from zip(chunks, many.in_halves(self._prefixes, chunks), strict=True)

    def _part(self, part: Found | Chunk | Key, columns: _Columns | None) -> None:
        if isinstance(part, Key):
            self._heed(part)
        elif isinstance(part, Found):
            self._take(part)
        elif columns is None:
            for start, text in zip(part.starts, part.texts, strict=True):
                self._take(self._decoded(start, start + len(text), part.endpoint))
        else:
            for endpoint, key, called in columns[1]:
                _note(self.named, endpoint, key, called)
            each = zip(*columns[0], *self.lines.each(part.starts, part.between), strict=True)
            # a named tuple's own constructor takes three times as long
            self.tables["prefixes"] += map(partial(tuple.__new__, Prefix), each)

    def _decoded(self, start: int, end: int, endpoint: str) -> Found:
        """An object that is known to be one value."""
        piece = self.source[start : min(end, start + 4 * objects.MOST)]
        text = piece if isinstance(piece, str) else str(piece, "utf-8", "replace")
        if len(text) >= objects.MOST:
            raise objects.large(start)
        return Found(start, end, endpoint, objects.value(text, start)[0])

    def _prefixes(self, chunk: Chunk) -> _Columns | None:
        """Prefixes at once, column by column; None where one of them has to be looked at. Nothing is changed."""
        rows = chunk.rows()
        if rows is None:
            return None
        text, vrf, status, tenant, role, kind, scope, site, vlan = rows[:9]
        secret, system, name = map(_first, rows[9:15:2], rows[10:15:2])
        strings = [[word or "" for word in words] for words in (system, name, rows[15])]
        if not texts.plain(chain(*strings)) or max(map(len, chain(*strings))) > _LONGEST:
            return None
        if set(kind) != {"dcim.site"}:
            scope = [a if of == "dcim.site" else b for of, a, b in zip(kind, scope, site, strict=True)]
        known = dict[tuple[str, str], Word]()

        def word(field: str, endpoint: str, value: Any) -> str:
            if isinstance(value, int) and not chunk.endpoint:
                raise _Unresolved(field)  # what has numbers and may be anything is read in its order
            key, called = self.meant(value, field, endpoint)
            _note(known, endpoint, key, called)
            return key

        try:
            columns = (
                *map(list, texts.prefixes(text)), _each(partial(word, "vrf", "vrfs"), vrf), _each(_status, status),
                _each(partial(word, "tenant", "tenants"), tenant), _each(partial(word, "role", "roles"), role),
                _each(partial(word, "site", "sites"), scope), _each(partial(_vid, partial(word, "vlan", "vlans")), vlan),
                list(map({each: _secret(each) for each in set(secret)}.__getitem__, secret)), *strings,
            )  # fmt: skip
        except (Wrong, Broken, _Unresolved):
            return None
        return columns, [(endpoint, key, each.name) for (endpoint, key), each in known.items()]

    def _take(self, found: Found, *, last: bool = False) -> None:
        start, end, endpoint, data = found
        line, col = self.lines.at(start)
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
        except _Unresolved as error:
            if not last:
                self.later.append((start, end, endpoint))
                return
            self._say(start, "asset.reference", f"引用了文件中没有的编号 {error}:把被引用的一页也放进文件",
                      f"refers to {error}, which is not in the file: put that page in too")  # fmt: skip
        except Wrong as wrong:
            name = _FIELD.get(endpoint, "slug")
            pattern = rf'"{name}"\s*:'
            field = (
                re.compile(pattern).search(self.source, start, end)
                if isinstance(self.source, str)
                else re.compile(pattern.encode()).search(self.source, start, end)
            )
            where = str(data.get(name, ""))[:80]
            self._say(
                field.start() if field else start, wrong.code, wrong.zh, wrong.en, where if where.isprintable() else ""
            )

    def _heed(self, part: Key) -> None:
        if part.key == "next" and part.value:
            self._say(part.at, "asset.page", "这只是第一页:导出时用 limit=0 或把各页合并",
                      "this is only the first page: export with limit=0, or join the pages")  # fmt: skip
        elif part.key not in ("count", "next", "previous", objects.UNREAD):
            key = ascii(part.key[:80])[1:-1] if not part.key.isprintable() else part.key[:80]
            self._say(part.at, "asset.endpoint", f"没有名为“{key}”的端点:可用 {'、'.join(ENDPOINTS)}",
                      f"there is no endpoint '{key}': there are {', '.join(ENDPOINTS)}")  # fmt: skip

    def word(self, value: Any, field: str, endpoint: str) -> str:
        """What a field refers to, noted if it has a name. Wrong."""
        key, called = self.meant(value, field, endpoint)
        _note(self.named, endpoint, key, called)
        return key

    def meant(self, value: Any, field: str, endpoint: str) -> tuple[str, str | None]:
        """What a field refers to: by slug, by name, or by number; "" where it is null. Also what it is called, None
        where it is no object that could say so. Wrong."""
        if value is None:
            return "", None
        if isinstance(value, dict):
            name = value.get("name")
            key = value.get("slug") or name
            if not isinstance(key, str):
                raise Wrong("asset.reference", f"“{field}”里没有 slug 或 name", f"'{field}' has neither slug nor name")
            key = string(key, field)
            return key, string(name, field) if isinstance(name, str) and name != key else ""
        if isinstance(value, int) and not isinstance(value, bool):
            found = self.ids.get((endpoint, value))
            if found is None:
                raise _Unresolved(f"{field} {value}" if abs(value) < 10**20 else field)
            return found, None
        return string(value, field), None

    def _say(self, at: int, code: str, zh: str, en: str, where: str = "") -> None:
        line, col = self.lines.at(at)
        self.problems.add(code, zh, en, line, where, col)


def _vid(word: Callable[[Any], str], vlan: Any) -> int:
    """Number of the VLAN that a field refers to, 0 where it is null. Wrong."""
    return texts.vid(str(vlan.get("vid", ""))[:20] if isinstance(vlan, dict) else word(vlan))


def _note(named: dict[tuple[str, str], Word], endpoint: str, key: str, called: str | None) -> None:
    """Keep what a key is called, the first name that is said."""
    if called is not None and not named.get((endpoint, key), Word("")).name:
        named[endpoint, key] = Word(key, called)


class _Meanings(dict[bytes, Any]):
    """Text of a value → what it means, found when it is first asked for."""

    def __init__(self, of: Callable[[Any], Any]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, text: bytes) -> Any:
        found = self[text] = self._of(objects.value(str(text, "utf-8"), 0)[0])
        return found


def _each(of: Callable[[Any], Any], values: Sequence[Raw]) -> list[Any]:
    """What each value means; asked once of each that there is."""
    if values.count(NULL) == len(values):
        return [of(None)] * len(values)
    # no JSON has the byte 0 in it; to make bytes of each takes longer
    return list(map(_Meanings(of).__getitem__, b"\0".join(values).split(b"\0")))  # pyright: ignore[reportArgumentType]


def _first(words: Iterable[Any], others: Iterable[Any]) -> Iterable[Any]:
    return [word if word is not None else other for word, other in zip(words, others, strict=True)]


def string(value: Any, field: str) -> str:
    """Text of a field. Wrong."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong("asset.type", f"“{field}”应为文字", f"'{field}' must be text")
    if len(value) > _LONGEST:
        raise Wrong("asset.long", f"“{field}”有 {len(value)} 个字符:最多 {_LONGEST} 个",
                    f"'{field}' has {len(value)} characters: {_LONGEST} at most")  # fmt: skip
    return texts.harmless(value.strip())


def _choice(value: Any, field: str) -> str:
    return string(value.get("value") if isinstance(value, dict) else value, field)


def _status(value: Any) -> Status:
    return texts.status(_choice(value, "status"))


def _secret(value: Any) -> bool | None:
    return value if isinstance(value, bool) else texts.secret(string(value, "secret"))


def _custom(data: Mapping[str, Any], field: str) -> Any:
    custom = data.get("custom_fields") or {}
    if not isinstance(custom, dict):
        raise Wrong("asset.type", "“custom_fields”应为对象", "'custom_fields' must be an object")
    return next((custom[name] for name in _CUSTOM[field] if custom.get(name) is not None), None)


def _prefix(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Prefix:
    version, first, length = texts.prefix(string(data.get("prefix"), "prefix"))
    site = data.get("scope") if data.get("scope_type") == "dcim.site" else data.get("site")
    return Prefix(
        version, first, length, of.word(data.get("vrf"), "vrf", "vrfs"), _status(data.get("status")),
        of.word(data.get("tenant"), "tenant", "tenants"), of.word(data.get("role"), "role", "roles"),
        of.word(site, "site", "sites"), _vid(lambda value: of.word(value, "vlan", "vlans"), data.get("vlan")), _secret(_custom(data, "secret")),
        string(_custom(data, "system"), "system"), string(_custom(data, "name"), "name"),
        string(data.get("description"), "description"), line, col,
    )  # fmt: skip


def _address(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Address:
    version, value, length = texts.address(string(data.get("address"), "address"))
    return Address(
        version, value, length, of.word(data.get("vrf"), "vrf", "vrfs"), _status(data.get("status")),
        of.word(data.get("tenant"), "tenant", "tenants"), _choice(data.get("role"), "role"),
        string(_custom(data, "system"), "system"), string(data.get("dns_name"), "dns_name"),
        string(data.get("description"), "description"), line, col,
    )  # fmt: skip


def _vlan(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Vlan:
    number = texts.vid(str(data.get("vid", ""))[:20])
    if not number:
        raise Wrong("asset.vlan", "VLAN 须有编号 vid", "a VLAN needs its vid")
    return Vlan(number, of.word(data.get("site"), "site", "sites"), of.word(data.get("tenant"), "tenant", "tenants"),
                string(data.get("name"), "name"), line, col)  # fmt: skip


def _word(of: _Reader, data: Mapping[str, Any], line: int, col: int) -> Word:
    key, name = string(data.get("slug") or data.get("name"), "slug"), string(data.get("name"), "name")
    if not key:
        raise Wrong("asset.word", "须有 slug 或 name", "needs a slug or a name")
    return Word(key, "" if name == key else name, line, col)


_MAKERS: dict[str, Callable[[_Reader, Mapping[str, Any], int, int], Any]] = {
    "sites": _word, "roles": _word, "tenants": _word, "vlans": _vlan, "prefixes": _prefix, "ip-addresses": _address,
}  # fmt: skip
