"""Texts of a plan that others wrote → numbers and words, or what is wrong with them in Chinese and English.

Strict where a lenient reader would guess: octets with leading zeros are octal to some programs, an address with a zone
or inside ::ffff:0:0/96 means another thing on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import and_
from socket import AF_INET, AF_INET6, inet_pton

from inventory.exchange.book import LOW, STATUSES, Status, written
from inventory.problems import Problem, Refused, nearest

MOST = 1000
"""problems of one file that are told one by one; of the rest, how many there are"""
_FORMULA = frozenset("=+@-")
_BEFORE = _FORMULA | {" "}
_SIZES = {str(length): length for length in range(129)}
_YES = frozenset({"1", "true", "yes", "y", "是", "涉密"})
_NO = frozenset({"0", "false", "no", "n", "否", "非涉密"})
STATUS: dict[str, Status] = {
    **{word: word for word in STATUSES},
    "": "active", "容器": "container", "在用": "active", "预留": "reserved", "停用": "deprecated", "dhcp": "active",
    "slaac": "active",
}  # fmt: skip
"""word, in either language → status"""


class Wrong(Exception):
    """A text that means nothing here: code, Chinese, English."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code, zh, en)
        self.code, self.zh, self.en = code, zh, en


class Problems:
    """What is wrong in one file, the first MOST one by one."""

    def __init__(self, file: str) -> None:
        self.file, self.found, self.more = file, list[Problem](), 0

    def add(self, code: str, zh: str, en: str, line: int, where: str = "", col: int = 1) -> None:
        if len(self.found) >= MOST:
            self.more += 1
        else:
            self.found.append(Problem(code, zh, en, where, self.file, line, col))

    def all(self) -> tuple[Problem, ...]:
        """What was found, by line, and how many more there are."""
        more = Problem("asset.more", f"另有 {self.more} 处:改正以上各处后再读一次",
                       f"{self.more} more: mend these, then read it again", "", self.file)  # fmt: skip
        return tuple(sorted((*self.found, *[more] * (self.more > 0)), key=lambda p: (p.line == 0, p.line, p.col)))

    def refuse(self) -> None:
        """Refused, where there is anything."""
        if self.found:
            raise Refused(self.all())


def prefix(text: str) -> tuple[int, int, int]:
    """version, first address, length of `10.1.0.0/16`. Wrong where it is none, or has bits below its length."""
    head, _, size = text.partition("/")
    try:  # what is right, at once; what is wrong is told from the beginning
        if ":" in head:
            value, length = int.from_bytes(inet_pton(AF_INET6, head), "big"), _SIZES[size]
            if not value & LOW[6][length] and (value >= 1 << 48 or value < 2):
                return 6, value, length
        else:
            value, length = int.from_bytes(inet_pton(AF_INET, head), "big"), _SIZES[size]
            if not value & LOW[4][length]:
                return 4, value, length
    except (OSError, ValueError, LookupError):
        pass
    version, value, length = _parsed(text, bare=False)
    low = value & LOW[version][length]
    if low:
        right = f"{written(version, value - low)}/{length}"
        raise Wrong(
            "asset.host-bits",
            f"“{text}”在 /{length} 之外还有主机位:写成 {right},或改类型为地址",
            f"'{text}' has bits below /{length}: write {right}, or make it an address",
        )
    return version, value, length


def prefixes(listed: Sequence[str]) -> tuple[Iterable[int], Iterable[int], Iterable[int]]:
    """versions, first addresses, lengths of many prefixes, in half the time where all are IPv6. Wrong."""
    heads, _, sizes = zip(*[text.partition("/") for text in listed], strict=True)
    try:
        # a text that is not IPv6 stops this at once
        firsts = list(map(int.from_bytes, map(inet_pton, repeat(AF_INET6), heads)))
        lengths = list(map(_SIZES.__getitem__, sizes))
        if not any(map(and_, firsts, map(LOW[6].__getitem__, lengths))) and min(firsts) >= 1 << 48:
            return repeat(6, len(firsts)), firsts, lengths
    except (OSError, ValueError, LookupError):
        pass
    versions, firsts, lengths = zip(*map(prefix, listed), strict=True)
    return versions, firsts, lengths


def address(text: str) -> tuple[int, int, int]:
    """version, address, length of `10.1.0.9/24`; without a length it is that of one address. Wrong."""
    return _parsed(text, bare=True)


def _parsed(text: str, *, bare: bool) -> tuple[int, int, int]:
    head, slash, size = text.partition("/")
    six = ":" in head
    try:
        value = int.from_bytes(inet_pton(AF_INET6 if six else AF_INET, head), "big")
    except (OSError, ValueError):
        raise _not_text(text, head) from None
    if six and 1 < value < 1 << 48 and value >> 32 in (0, 0xFFFF):
        raise Wrong(
            "asset.mapped",
            f"“{text}”把 IPv4 写进了 IPv6:直接写 IPv4 地址 {written(4, value & 0xFFFFFFFF)}",
            f"'{text}' is IPv4 inside IPv6: write the IPv4 address {written(4, value & 0xFFFFFFFF)} itself",
        )
    version, width = (6, 128) if six else (4, 32)
    if not slash:
        if bare:
            return version, value, width
        raise Wrong("asset.length", f"“{text}”缺少前缀长度:写成 {text}/{64 if six else 24} 的样子",
                    f"'{text}' has no length: write it like {text}/{64 if six else 24}")  # fmt: skip
    length = _SIZES.get(size, width + 1)
    if length > width:
        raise Wrong(
            "asset.length",
            f"“{text}”的前缀长度应为 0 到 {width} 的整数",
            f"the length of '{text}' must be a whole number from 0 to {width}",
        )
    return version, value, length


def _not_text(text: str, head: str) -> Wrong:
    if "%" in head:
        return Wrong("asset.scoped", f"“{text}”带有接口名(%):去掉 % 及其后的部分;链路本地地址不列入清单",
                     f"'{text}' names an interface (%): drop it; link-local addresses are not listed")  # fmt: skip
    plain = unicodedata.normalize("NFKC", text).replace("。", ".").strip()
    if plain != text:
        return Wrong("asset.text", f"“{text}”含有全角字符:写成半角 {plain}",
                     f"'{text}' has full-width characters: write {plain}")  # fmt: skip
    octets = head.split(".")
    if len(octets) == 4 and all(o.isascii() and o.isdigit() for o in octets) and all(int(o) < 256 for o in octets):
        right = ".".join(str(int(o)) for o in octets)
        return Wrong("asset.text", f"“{text}”的某段以 0 开头,有的程序按八进制理解:写成 {right}",
                     f"a part of '{text}' begins with 0, which some programs take for octal: write {right}")  # fmt: skip
    return Wrong("asset.text", f"“{text}”不是 IP 地址或前缀:写成 3fff:430::/64 或 198.18.0.0/24 的样子",
                 f"'{text}' is no IP address or prefix: write it like 3fff:430::/64 or 198.18.0.0/24")  # fmt: skip


def status(word: str) -> Status:
    """One of STATUSES, from either language. Wrong."""
    found = STATUS.get(word) or STATUS.get(word.lower())
    if found is None:
        near = nearest(word.lower(), filter(None, STATUS))
        raise Wrong(
            "asset.status",
            f"“{word}”不是状态:可用 容器、在用、预留、停用" + (f";是不是 {near}?" if near else ""),
            f"'{word}' is no status: there are {', '.join(STATUSES)}" + (f"; did you mean {near}?" if near else ""),
        )
    return found


def secret(word: str) -> bool | None:
    """Does it carry state secrets; None where nothing is said. Wrong."""
    if not word:
        return None
    low = word.lower()
    if low in _YES or low in _NO:
        return low in _YES
    raise Wrong("asset.secret", f"涉密一栏应为 是 或 否,写成了“{word}”", f"secret must be yes or no, not '{word}'")


def vid(word: str) -> int:
    """Number of a VLAN, 1 to 4094; 0 where nothing is said. Wrong."""
    if not word:
        return 0
    if word.isascii() and word.isdigit() and len(word) < 5 and 1 <= int(word) <= 4094:
        return int(word)
    raise Wrong("asset.vlan", f"VLAN 编号应为 1 到 4094,写成了“{word}”",
                f"a VLAN's number is from 1 to 4094, not '{word}'")  # fmt: skip


def plain(cells: Iterable[str]) -> bool:
    """Is each of these cells harmless and without space around it? Of many cells at once: asking each takes ten times
    as long. False also says that this cannot be told so."""
    different = {*cells, ""} - {""}
    joined = "".join(different)
    return (
        joined.isprintable() and not {cell[0] for cell in different} & _BEFORE and " " not in {c[-1] for c in different}
    )


def harmless(cell: str) -> str:
    """The text itself. Wrong where a spreadsheet would take it for a formula, or it has control characters."""
    if cell and cell[0] in _FORMULA and len(cell) > 1:
        raise Wrong("asset.formula", f"“{cell[:40]}”会被电子表格当作公式:去掉开头的“{cell[0]}”",
                    f"a spreadsheet would run '{cell[:40]}' as a formula: drop the '{cell[0]}' in front")  # fmt: skip
    if not cell.isprintable() and any(unicodedata.category(c)[0] == "C" for c in cell):
        shown = ascii(cell[:40])[1:-1]
        raise Wrong("asset.control", f"“{shown}”含有控制字符或换行:删去",
                    f"'{shown}' has a control character or a line break: delete it")  # fmt: skip
    return cell
