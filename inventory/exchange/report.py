"""The stocktaking (资产盘点) of a plan: in, a book, the city, our own plan; out, one noun with its findings, how full the
containers are and what is to move, and the lines in which it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inventory.exchange.audit import findings
from inventory.exchange.book import Book, Prefix
from inventory.exchange.migration import Migration, migration
from inventory.exchange.nesting import Usage, usage
from inventory.exchange.words import Words
from inventory.model import City
from inventory.problems import Problem


@dataclass(frozen=True)
class Stock:
    """What there is, what is wrong with it, and what is to be done."""

    book: Book
    words: Words
    findings: tuple[Problem, ...]
    usage: tuple[Usage, ...]
    migration: Migration

    def data(self) -> dict[str, Any]:
        """For JSON and the report."""
        return {
            "file": self.book.file,
            "prefixes": len(self.book.prefixes),
            "addresses": len(self.book.addresses),
            "vlans": len(self.book.vlans),
            "findings": [problem.data() for problem in self.findings],
            "usage": [
                {"prefix": u.prefix.text, "name": u.prefix.name, "children": u.children, "share": round(u.share, 6)}
                for u in self.usage
            ],
            "migration": self.migration.data(),
        }


def stocktaking(book: Book, city: City, ours: Book) -> Stock:
    """Everything about a book. Pure."""
    return Stock(
        book, Words(city, book), findings(book, city, ours), usage(book), migration(book, city, ours)
    )  # fmt: skip


def lines(stock: Stock) -> Iterator[tuple[str, str]]:
    """What is told after the findings, in Chinese and English."""
    book, move = stock.book, stock.migration
    counts = Counter(problem.code.removeprefix("asset.") for problem in stock.findings)
    told = ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))
    yield (
        f"盘点:{len(book.prefixes)} 个前缀,{len(book.addresses)} 个地址,{len(book.vlans)} 个 VLAN;"
        f"问题 {len(stock.findings)} 条" + (f"({told})" if told else ""),
        f"stock: {len(book.prefixes)} prefixes, {len(book.addresses)} addresses, {len(book.vlans)} VLANs; "
        f"{len(stock.findings)} findings" + (f" ({told})" if told else ""),
    )
    for each in stock.usage:
        yield (
            f"  {_titled(each.prefix)}:已用 {_percent(each)},{each.children} 个网段",
            f"  {_titled(each.prefix)}: {_percent(each)} used, {each.children} prefixes",
        )
    if move.moves or move.held:
        networks = len({each.network for each in move.moves})
        yield (
            f"迁移清单:{networks} 张专网、{len(move.moves)} 个网段迁入政务外网,{len(move.held)} 张不迁(地址在编址时才真正分配)",
            f"migration: {networks} private networks with {len(move.moves)} prefixes move into the extranet, "
            f"{len(move.held)} stay (addresses are only given by the address step)",
        )
    for each in move.moves:
        four = {"keep": (",IPv4 保留", ", keeps its IPv4"), "renumber": (",IPv4 须改", ", IPv4 is renumbered")}
        zh, en = four.get(each.ipv4, ("", ""))
        owner, zone, site = (stock.words.named(key) for key in (each.owner, each.zone, each.site))
        yield (
            f"  {each.order}. {each.network} {each.prefix}({owner})→ {site} {zone} {each.target6}{zh}",
            f"  {each.order}. {each.network} {each.prefix} ({each.owner}) → {each.site}, {each.zone}, {each.target6}{en}",
        )
    for each in move.held:
        yield f"  – {each.network}:{each.zh}", f"  – {each.network}: {each.en}"


def _percent(usage: Usage) -> str:
    return f"{usage.share:.2%}" if usage.share >= 0.0001 or not usage.used else "< 0.01%"


def _titled(prefix: Prefix) -> str:
    return f"{prefix.text} {prefix.name}".rstrip()
