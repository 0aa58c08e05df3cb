"""What is wrong with the address plan, each fault at its line: widths, codes, blocks that meet, families. All at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from inventory.allotting import embedding
from inventory.allotting.prefixes import Prefix, parse
from inventory.model import City, Family, Part
from inventory.numbering import codes
from inventory.problems import Problem, nearest

if TYPE_CHECKING:
    from inventory.documents import Document, Path_

_PREFIXES = {"prefix6": 6, "ula": 6, "prefix4": 4, "public4": 4, "link6": 6, "loopback6": 6}
_TABLES = {"site": "sites", "zone": "zones", "bureau": "bureaus"}
_UNIQUE_LOCAL = parse("fd00::/8")


def faults(city: City, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Everything that is wrong. What depends on a part that is wrong itself is looked at once that is right."""
    doc = documents["addresses"]
    found: dict[str, Prefix] = {}
    bad = False
    for problem, name, prefix in _texts(city, doc):
        if problem:
            bad = True
            yield problem
        if prefix:
            found[name] = prefix
    shape = list(_shape(city, doc))
    yield from shape
    seen: set[str] = set()
    for index, part in enumerate(city.addresses.fields):
        if part.of not in seen or part.of == "fixed":  # a field that is there twice has its sentence already
            yield from _codes(city, index, part, documents)
        seen.add(part.of)
    yield from _families(city, doc)
    if not bad and not shape:
        yield from _blocks(city, doc, found)


def _texts(city: City, doc: Document) -> Iterator[tuple[Problem | None, str, Prefix | None]]:
    plan = city.addresses
    words: dict[str, tuple[Path_, str, int]] = {
        k: ((k,), getattr(plan, k), version) for k, version in _PREFIXES.items()
    }
    for name, block in (("locators", plan.locators), ("nat64", plan.nat64)):
        if block:
            words[name] = ((name, "prefix"), block.prefix, 6)
    for name, (path, text, version) in words.items():
        try:
            prefix = parse(text)
        except ValueError as error:
            zh, _, en = str(error).partition(" / ")
            yield doc.problem(path, "address.text", f"“{text}”{zh}", f"'{text}' {en}"), name, None
            continue
        if prefix.version != version:
            yield (
                doc.problem(path, "address.version", f"{text} 不是 IPv{version}:这里写 IPv{version} 前缀",
                            f"{text} is not IPv{version}: write an IPv{version} prefix"), name, None,
            )  # fmt: skip
        elif version == 6 and prefix.length > 64 and name != "nat64":
            yield (
                doc.problem(path, "address.length", f"{text} 比 /64 还长:IPv6 地址块至多 /64",
                            f"{text} is longer than /64: a block of IPv6 is at most a /64"), name, None,
            )  # fmt: skip
        else:
            yield None, name, prefix


def _shape(city: City, doc: Document) -> Iterator[Problem]:
    fields = city.addresses.fields
    names, kinds = Counter(part.name for part in fields), Counter(part.of for part in fields)
    for index, part in enumerate(fields):
        if names[part.name] > 1 or (part.of != "fixed" and kinds[part.of] > 1):
            yield doc.problem(("fields", index, "name"), "address.fields", f"“{part.name}”({part.of})重复:每个字段只写一次",
                              f"'{part.name}' ({part.of}) is there twice: a field is written once")  # fmt: skip
        if part.of == "segment" and index != len(fields) - 1:
            yield doc.problem(("fields", index), "address.fields", "segment 须是最右边的字段:移到最后",
                              "segment must be the last field: move it to the end")  # fmt: skip
        if part.of == "segment" and (part.codes is not None or part.none is not None):
            yield doc.problem(("fields", index), "address.fields", "segment 由编址步骤分配:去掉 codes 与 none",
                              "segment is allocated: leave codes and none out")  # fmt: skip
        if (part.of == "fixed") != (part.value is not None):
            yield doc.problem(("fields", index), "address.fields", "value 只用于 fixed 字段,且必须写",
                              "value goes with fixed, and only with it")  # fmt: skip
        if part.of == "tier" and part.codes is None:
            yield doc.problem(("fields", index), "address.fields", "tier 没有编号:写明 codes",
                              "tiers have no numbers of their own: give codes")  # fmt: skip
    for of in ("site", "segment"):
        if not kinds[of]:
            yield doc.problem(
                ("fields",), "address.fields", f"缺少 {of} 字段:补上", f"there is no field of {of}: add one"
            )
    try:
        whole = parse(city.addresses.prefix6).length
    except ValueError:
        return
    bits = sum(part.bits for part in fields)
    if whole + bits != 64:
        more = f"多 {whole + bits - 64}" if whole + bits > 64 else f"少 {64 - whole - bits}"
        yield doc.problem(
            ("fields",), "address.bits", f"/{whole} 加各字段共 {bits} 位不等于 64({more} 位):调整字段宽度",
            f"/{whole} and fields of {bits} bits make {whole + bits}, not 64: change a width",
        )  # fmt: skip


def _codes(city: City, index: int, part: Part, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Codes that do not fit, meet, or are kept back; keys that are unknown or missing; growth that is not left."""
    doc, at = documents["addresses"], ("fields", index)
    table = codes(city, part) if part.of != "segment" else {}
    rows = [row.key for row in getattr(city, _TABLES[part.of])] if part.of in _TABLES else []
    top = (1 << part.bits) - 1

    def place(name: str) -> tuple[Document, Path_]:
        if part.of == "fixed":
            return doc, (*at, "value")
        if not name:
            return doc, (*at, "none")
        if part.codes is not None:
            return doc, (*at, "codes", name)
        return documents[_TABLES[part.of]], (rows.index(name), "number")

    def problem(name: str, code: str, zh: str, en: str) -> Problem:
        where, path = place(name)
        return where.problem(path, code, zh, en)

    if part.codes is not None and part.of in _TABLES:
        for name in part.codes:
            if name not in rows:
                near = nearest(name, rows)
                yield problem(name, "address.code-unknown", f"没有名为“{name}”的 {part.of}" + (f":是不是 {near}?" if near else ""),
                              f"there is no {part.of} '{name}'" + (f": did you mean {near}?" if near else ""))  # fmt: skip
        for name in rows:
            if name not in part.codes:
                yield doc.problem((*at, "codes"), "address.code-missing", f"码表缺少“{name}”:补上它的码",
                                  f"the code table lacks '{name}': add its code")  # fmt: skip
    kept = Counter(each.code for each in part.reserved)
    for number, each in enumerate(part.reserved):
        if each.code > top or kept[each.code] > 1:
            yield doc.problem((*at, "reserved", number), "address.code-range" if each.code > top else "address.code-twice",
                              f"保留码 {each.code} 超出 {part.bits} 位(至多 {top})或重复", f"reserved code {each.code} is "
                              f"beyond {part.bits} bits (at most {top}), or there twice")  # fmt: skip
    given = Counter(table.values())
    for name, code in table.items():
        who = name or ("定值" if part.of == "fixed" else "none")
        if code > top:
            yield problem(name, "address.code-range", f"{who} 的码 {code} 放不进 {part.name} 的 {part.bits} 位(至多 {top})",
                          f"code {code} of {name or part.of} does not fit the {part.bits} bits of {part.name} (at most {top})")  # fmt: skip
        if given[code] > 1 and place(name)[0] is doc:  # what rows share is said of the rows
            yield problem(name, "address.code-twice", f"{part.name} 的码 {code} 用了 {given[code]} 次:每个只能用一次",
                          f"code {code} of {part.name} is used {given[code]} times: use it once")  # fmt: skip
        if kept[code]:
            why = next(each.to for each in part.reserved if each.code == code)
            yield problem(name, "address.reserved", f"{who} 的码 {code} 在 {part.name} 中保留给“{why}”:换一个码",
                          f"code {code} of {name or part.of} is kept back in {part.name} for '{why}': take another")  # fmt: skip
    left = top + 1 - len({code for code in (*given, *kept) if code <= top})
    if left < part.growth:
        yield doc.problem(
            (*at, "growth") if part.growth else at, "address.growth",
            f"{part.name} 只剩 {left} 个码,须留 {part.growth} 个:加宽字段或减少保留",
            f"{part.name} has {left} codes left and {part.growth} must stay free: widen the field, or keep fewer back",
        )  # fmt: skip


def _blocks(city: City, doc: Document, found: Mapping[str, Prefix]) -> Iterator[Problem]:
    """Blocks lie in the plan where no segment can be, and do not meet one another."""
    plan, whole = city.addresses, found["prefix6"]
    inner = [name for name in ("link6", "loopback6", "locators", "nat64") if name in found]
    for name in inner:
        prefix = found[name]
        if name == "nat64" and prefix == embedding.WELL_KNOWN:
            continue  # has its own sentence
        if prefix not in whole or not _kept_back(city, prefix):
            yield doc.problem(
                (name,), "address.overlap", f"{prefix} 与网段重叠或不在 {whole} 内:放到某个字段的保留码之下",
                f"{prefix} meets segments or is outside {whole}: put it where some field has a reserved code",
            )  # fmt: skip
    pairs = [(one, other) for at, one in enumerate(inner) for other in inner[at + 1 :]]
    for one, other in (*pairs, ("prefix4", "public4"), ("prefix6", "ula")):
        if found[one].meets(found[other]):
            yield doc.problem((other,), "address.overlap", f"{found[other]} 与 {one} 的 {found[one]} 重叠:改用互不相交的前缀",
                              f"{found[other]} meets {found[one]} of {one}: use prefixes that do not meet")  # fmt: skip
    if found["ula"] not in _UNIQUE_LOCAL:
        yield doc.problem(("ula",), "address.ula", f"{found['ula']} 不在 fd00::/8 内(RFC 4193)",
                          f"{found['ula']} is not in fd00::/8 (RFC 4193)")  # fmt: skip
    for name, block in (("locators", plan.locators), ("nat64", plan.nat64)):
        if block and block.length < found[name].length:
            yield doc.problem((name, "length"), "address.length", f"/{block.length} 比整块 {found[name]} 还大",
                              f"a /{block.length} is larger than the whole of {found[name]}")  # fmt: skip
    if plan.nat64:
        try:
            embedding.fit(found["nat64"]._replace(length=plan.nat64.length))
            if found["nat64"] == embedding.WELL_KNOWN:
                embedding.embed(embedding.WELL_KNOWN, found["prefix4"].start)
        except ValueError as error:
            zh, _, en = str(error).partition(" / ")
            yield doc.problem(("nat64",), "address.nat64", zh, en)
    if plan.pool4 < found["public4"].length:
        yield doc.problem(("pool4",), "address.length", f"/{plan.pool4} 比整块 {found['public4']} 还大",
                          f"a /{plan.pool4} is larger than the whole of {found['public4']}")  # fmt: skip
    if plan.block4 < found["prefix4"].length:
        yield doc.problem(("block4",), "address.length", f"/{plan.block4} 比整块 {found['prefix4']} 还大",
                          f"a /{plan.block4} is larger than the whole of {found['prefix4']}")  # fmt: skip


def _kept_back(city: City, prefix: Prefix) -> bool:
    """Whether some field that the prefix fills has a reserved code there."""
    length = parse(city.addresses.prefix6).length
    for part in city.addresses.fields:
        length += part.bits
        if length > prefix.length:
            return False
        if prefix.start >> (128 - length) & ((1 << part.bits) - 1) in {kept.code for kept in part.reserved}:
            return True
    return False


def _families(city: City, doc: Document) -> Iterator[Problem]:
    plan = city.addresses
    for index, entry in enumerate(plan.families):
        at = ("families", index)
        for word, rows in (("site", city.sites), ("zone", city.zones), ("bureau", city.bureaus)):
            name, known = getattr(entry, word), [row.key for row in rows]
            if name is not None and name not in known:
                near = nearest(name, known)
                yield doc.problem((*at, word), "address.family", f"没有名为“{name}”的 {word}" + (f":是不是 {near}?" if near else ""),
                                  f"there is no {word} '{name}'" + (f": did you mean {near}?" if near else ""))  # fmt: skip
        if (entry.stack == "ipv6-only") != (entry.ipv4 is None):
            yield doc.problem(at, "address.family", "双栈与 ipv6-mostly 须写 ipv4 长度,ipv6-only 不写",
                              "dual and ipv6-mostly need the length of an ipv4 prefix, ipv6-only has none")  # fmt: skip
        elif entry.ipv4 is not None and entry.ipv4 < plan.block4:
            yield doc.problem((*at, "ipv4"), "address.family", f"/{entry.ipv4} 大于 block4 的 /{plan.block4}:改其中之一",
                              f"a /{entry.ipv4} is larger than a block of /{plan.block4}: change one of them")  # fmt: skip
        if entry.stack == "ipv6-mostly" and plan.nat64 is None:
            yield doc.problem((*at, "stack"), "address.family", "ipv6-mostly 的主机靠 NAT64 访问 IPv4:补上 nat64",
                              "hosts of an ipv6-mostly segment reach IPv4 by NAT64: add nat64")  # fmt: skip
        if any(_covers(earlier, entry) for earlier in plan.families[:index]):
            yield doc.problem(at, "address.family", "前面的条目已匹配这里的全部网段:调整先后或删去",
                              "an entry above matches all of these segments: change the order, or drop it")  # fmt: skip


def _covers(wide: Family, narrow: Family) -> bool:
    return all(
        getattr(wide, word) in (None, getattr(narrow, word)) for word in ("segment", "site", "zone", "bureau", "tier")
    )
