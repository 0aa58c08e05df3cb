"""Which resources a run may change: `--target`, `--exclude`, `--replace` and their dependents. Pure.

The program registers a resource after what it needs, and the state lists it so, so that one look at what a resource
needs tells whether it depends on a target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from inventory import urns
from stacks.engine.options import Options
from stacks.engine.records import Record


class Urns:
    """A set of URNs, some of them with `*` (anything but a colon) or `**` (anything)."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.names: set[str] = set()
        self._patterns: list[re.Pattern[str]] = []
        for text in texts:
            if "*" in text:
                parts = [re.escape(part) for part in re.split(r"(\*\*|\*)", text)]
                named = {re.escape("**"): ".*", re.escape("*"): "[^:]*"}
                self._patterns.append(re.compile("".join(named.get(part, part) for part in parts), re.DOTALL))
            else:
                self.names.add(text)

    def __bool__(self) -> bool:
        return bool(self.names or self._patterns)

    def __contains__(self, urn: object) -> bool:
        return urn in self.names or any(pattern.fullmatch(str(urn)) for pattern in self._patterns)


class Targets:
    """What may be changed in one run; grows by the dependents of what is asked for as they are met."""

    def __init__(self, options: Options) -> None:
        self.asked, self.excluded = Urns(options.targets), Urns(options.excludes)
        self.replaced = Urns(options.replace)
        self._options = options
        self._reached = Urns(options.targets)
        self._spared = Urns(options.excludes)

    @property
    def constrained(self) -> bool:
        return bool(self.asked or self.excluded)

    def included(self, urn: str, type_: str, needs: Iterable[str]) -> bool:
        """Whether a resource may be changed. Providers and the stack itself always may."""
        if not self.constrained or urns.is_provider(type_) or type_ == urns.STACK:
            return True
        if self.asked:
            depends = self._options.target_dependents and any(need in self._reached for need in needs)
            reached = depends or urn in self.asked
            if reached:
                self._reached.names.add(urn)
            return reached
        spared = urn in self.excluded or (
            self._options.exclude_dependents and any(need in self._spared for need in needs)
        )
        if spared:
            self._spared.names.add(urn)
        return not spared

    def deletable(self, records: Sequence[Record], falls: Sequence[Record] = ()) -> Callable[[Record], bool]:
        """A test for what may be deleted. With targets these are the targets and all that depends on them, children
        too; with excludes all but these and what they depend on."""
        if self.asked:
            chosen = {r.urn for r in records if r.urn in self.asked} | {r.urn for r in falls}
            _spread(chosen, records)
            return lambda record: record.urn in chosen
        if self.excluded:
            kept = {record.urn for record in records if record.urn in self.excluded}
            size = -1
            while size != len(kept):  # as the stock engine: what depends on what these depend on counts too
                size = len(kept)
                _beneath(kept, records)
                if self._options.exclude_dependents:
                    _spread(kept, records)
            return lambda record: record.urn not in kept
        return lambda record: True

    def unasked(self, records: Iterable[Record]) -> list[Record]:
        """Of what is about to be deleted, what nobody asked for: it only depends on a target."""
        if not self.asked or self._options.target_dependents:
            return []
        return [record for record in records if record.urn not in self.asked]


def _spread(chosen: set[str], records: Sequence[Record]) -> None:
    """Add everything that depends on what is chosen, directly or not."""
    grown = True
    while grown:
        grown = False
        for record in records:
            if record.urn not in chosen and not chosen.isdisjoint(record.needs):
                chosen.add(record.urn)
                grown = True


def _beneath(chosen: set[str], records: Sequence[Record]) -> None:
    """Add everything that what is chosen depends on, directly or not."""
    needs = {record.urn: record.needs for record in records}
    todo = list(chosen)
    while todo:
        for needed in needs.get(todo.pop(), ()):
            if needed not in chosen:
                chosen.add(needed)
                todo.append(needed)
