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
    run_program: bool = False
    """of a destroy: the program runs first, so that its hooks and the inputs of its providers are there"""
    all: bool = False
    """every stack is evaluated, also those that nothing has reached since they were found unchanged"""
    parallel: int = 2
    """stacks at once"""
    slots: int = 10
    """provider operations at once, of one stack"""

    @property
    def whole(self) -> bool:
        """Whether nothing is left out and nothing asked for beside what the program wants."""
        return not (self.all or self.targets or self.excludes or self.replace or self.refresh)


@dataclass(frozen=True, slots=True)
class Import:
    """A resource that exists and is to be managed from now on: the program is to declare it as it is."""

    type: str
    name: str
    id: str
    parent: str = ""
    """URN; the stack itself where none is named"""
    provider: str = ""
    """URN; the package's default provider where none is named"""
    protect: bool = True


DEFAULT = Options()
