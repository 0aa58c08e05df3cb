"""How a run is made, beside what it works on: the same words as the stock CLI's flags."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Of one run. URNs may hold `*` (anything but a colon) and `**` (anything)."""

    targets: tuple[str, ...] = ()
    """URNs: only these are changed; of everything else the state stays as it is"""
    target_dependents: bool = False
    """whatever depends on a target is one too"""
    excludes: tuple[str, ...] = ()
    """URNs: all but these are changed"""
    exclude_dependents: bool = False
    replace: tuple[str, ...] = ()
    """URNs that are replaced even where nothing differs; with targets, they are targets too"""
    continue_on_error: bool = False
    """what does not depend on a failure is still done"""
    refresh: bool = False
    """what is there is read before anything is decided"""
    parallel: int = 2
    """stacks at once"""
    slots: int = 10
    """provider operations at once, of one stack"""


DEFAULT = Options()
