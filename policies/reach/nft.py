"""The text of a packet filter (what `inventory.rendering.nftables` makes) → `filters.Ruleset`.

Only what the project renders is understood; everything else is refused with its line, all at once, and never skipped:
what is proved must be all that the kernel is told. The meaning was compared with the kernel's own (see the tests).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from inventory.problems import Problem, Refused
from policies.reach.filters import Chain, Family, Hook, Rule, Ruleset
from policies.reach.matches import NotUnderstood, statement

_TOKEN = re.compile(r'"[^"]*"|[{};,]|!=|[^\s{};,"]+')
_PRIORITIES: Final = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_HOOKS: Final[tuple[Hook, ...]] = ("prerouting", "input", "forward", "output", "postrouting")
_TYPES: Final = ("ipv4_addr", "ipv6_addr", "inet_service", "inet_proto")


def ruleset(text: str, source: str) -> Ruleset:
    """Read a filter. `source` is the file or host that sentences name. Refused with every line that is not understood."""
    reader = _Reader(source)
    for number, line in _lines(text):
        try:
            reader.take(number, line)
        except (ValueError, KeyError, IndexError) as odd:
            reader.odd(number, line, odd)
    if reader.block:
        reader.odd(text.count("\n") + 1, "", NotUnderstood("the text ends inside a block"))
    chains = tuple(chain for table in reader.tables.values() for chain in table)
    for chain in chains:
        _jumps(chain, chains, reader)
    if reader.problems:
        raise Refused(reader.problems)
    return Ruleset(source, chains)


class _Reader:
    """As long as one text is read: where in it we are, and what has been found."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.tables: dict[tuple[Family, str], list[Chain]] = {}
        self.sets: dict[tuple[Family, str, str], list[str]] = {}
        self.block: list[tuple[str, ...]] = []
        self._chain: Chain | None = None
        self._rules: list[Rule] = []

    def odd(self, number: int, line: str, why: Exception) -> None:
        said = str(why) if isinstance(why, NotUnderstood) else ""
        word = f" {said}" if said.startswith("'") else ""
        self.problems.append(
            Problem(
                "reach.nft",
                f"不能精确理解“{line}”{f'中的{word}' if word else ''}:可达性证明不能略过它,改用已支持的写法",
                f"'{line}' is not understood exactly{f' ({said})' if said else ''}: a proof must not skip it; write it in a "
                "supported form",
                "", self.source, number, 1,
            )
        )  # fmt: skip

    def take(self, number: int, line: str) -> None:
        words = _words(line)
        if words == ["}"]:
            self._close()
        elif not self.block:
            self._top(words)
        elif self.block[-1][0] == "table":
            self._in_table(number, words)
        elif self.block[-1][0] == "set":
            self._in_set(words)
        elif words[0] == "type" or words[0] == "policy":
            self._base(words)
        else:
            family, table = self._table
            if "@" in line:
                elements = {name: found for (f, t, name), found in self.sets.items() if (f, t) == (family, table)}
                rule = _rule(tuple(words), line, family, tuple((n, tuple(e)) for n, e in elements.items()))
            else:
                rule = _rule(tuple(words), line, family, ())
            self._rules.append(replace(rule, line=number))

    @property
    def _table(self) -> tuple[Family, str]:
        _, family, name = self.block[0]
        return _family(family), name

    def _top(self, words: list[str]) -> None:
        match words:
            case ["table", family, name]:
                self.tables.setdefault((_family(family), name), [])
            case ["delete" | "flush", "table", family, name]:
                self.tables[_family(family), name] = []
                self.sets = {key: each for key, each in self.sets.items() if key[:2] != (family, name)}
            case ["table", family, name, "{"]:
                self.tables.setdefault((_family(family), name), [])
                self.block.append(("table", family, name))
            case _:
                raise NotUnderstood("unknown outside a table")

    def _in_table(self, number: int, words: list[str]) -> None:
        family, table = self._table
        match words:
            case ["chain", name, "{"]:
                if any(chain.name == name for chain in self.tables[family, table]):
                    raise NotUnderstood("a chain of this name is there already")
                self.block.append(("chain", name))
                self._chain, self._rules = Chain(name, (), family, line=number, table=table), []
            case ["set", name, "{"]:
                self.block.append(("set", name))
                self.sets[family, table, name] = []
            case _:
                raise NotUnderstood("unknown inside a table")

    def _in_set(self, words: list[str]) -> None:
        family, table = self._table
        match words:
            case ["type", kind] if kind in _TYPES:
                pass
            case ["flags", "interval"] | ["auto-merge"]:
                pass
            case ["elements", "=", "{", *rest] if rest[-1:] == ["}"]:
                self.sets[family, table, self.block[-1][1]] = [word for word in rest[:-1] if word != ","]
            case _:
                raise NotUnderstood("unknown inside a set")

    def _base(self, words: list[str]) -> None:
        chain = self._chain
        assert chain is not None
        for part in _split(words, ";"):
            match part:
                case ["type", "filter", "hook", hook, "priority", *priority] if hook in _HOOKS:
                    chain = replace(chain, hook=hook, priority=_priority(priority))
                case ["policy", "accept" | "drop" as policy]:
                    chain = replace(chain, policy=policy)
                case _:
                    raise NotUnderstood("unknown kind of chain")
        self._chain = chain

    def _close(self) -> None:
        if not self.block:
            raise NotUnderstood("closes nothing")
        kind = self.block.pop()[0]
        if kind == "chain" and self._chain is not None:
            family, table = self._table
            self.tables[family, table].append(replace(self._chain, rules=tuple(self._rules)))
            self._chain = None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines: without comments, elements over several lines joined; a block's brace ends a line."""
    held, since = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw if "#" not in raw else re.sub(r'("[^"]*")|#.*', lambda m: m.group(1) or "", raw)
        line = line.strip()
        if not line:
            continue
        held, since = (f"{held} {line}", since) if held else (line, number)
        bare = re.sub(r'"[^"]*"', "", held)
        if bare.count("{") > bare.count("}") and (not bare.endswith("{") or "=" in bare):
            continue  # the braces of elements, not of a block
        yield since, held
        held = ""
    if held:
        yield since, held


@lru_cache(maxsize=65536)
def _tokens(line: str) -> tuple[str, ...]:
    if line.count('"') % 2:
        raise NotUnderstood("a quote is not closed")
    return tuple(_TOKEN.findall(line))


def _words(line: str) -> list[str]:
    words = list(_tokens(line))
    while len(words) > 1 and words[-1] == ";":
        words.pop()
    return words


def _split(words: list[str], at: str) -> Iterator[list[str]]:
    part: list[str] = []
    for word in [*words, at]:
        if word != at:
            part.append(word)
        elif part:
            yield part
            part = []


def _family(word: str) -> Family:
    if word not in ("inet", "ip", "ip6"):
        raise NotUnderstood(f"family {word}")
    return word


def _priority(words: list[str]) -> int:
    base = _PRIORITIES[words[0]] if words[0] in _PRIORITIES else int(words[0])
    if len(words) == 3 and words[1] in "+-":
        return base + int(words[1] + words[2])
    if len(words) != 1:
        raise NotUnderstood("unknown priority")
    return base


def _jumps(chain: Chain, chains: tuple[Chain, ...], reader: _Reader) -> None:
    """Every jump leads to a chain, and none round in a circle."""
    todo = [(rule, (chain.name,)) for rule in chain.rules if rule.verdict == "jump"]
    while todo:
        rule, trail = todo.pop()
        inner = [c for c in chains if (c.table, c.family, c.name) == (chain.table, chain.family, rule.chain)]
        if not inner or inner[0].hook or rule.chain in trail:
            reader.odd(
                rule.line, rule.text, NotUnderstood("jumps to no chain, to one with a hook, or round in a circle")
            )
            return
        todo += [(deeper, (*trail, rule.chain)) for deeper in inner[0].rules if deeper.verdict == "jump"]


@lru_cache(maxsize=65536)
def _rule(words: tuple[str, ...], text: str, family: Family, sets: tuple[tuple[str, tuple[str, ...]], ...]) -> Rule:
    """One rule; the same text in the same family is the same rule."""
    return statement(list(words), text, family, dict(sets))
