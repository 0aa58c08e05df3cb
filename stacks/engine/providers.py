"""The providers of one stack: default ones, those that the program makes, and those that the state remembers.

They are resources like others: `pulumi:providers:gov`, named `default` where the program made none. `Registry` is the
provider of these resources: making one configures it, so that a registration of a provider goes the way of any other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory import urns
from inventory.problems import refuse
from stacks.engine.provider import Provider, Values, configuration
from stacks.engine.records import Record
from stacks.engine.steps import Answer, Goal
from stacks.engine.values import UNKNOWN, secret

Load = Callable[[str, str], Any]
"""(package, version) → a servicer of its own"""


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the stack, keys with their namespace: `gov:region`."""

    values: Mapping[str, str]
    secret_keys: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    """every secret text, also where it is only part of a value"""

    def of(self, package: str) -> dict[str, Any]:
        """Inputs of the package's default provider."""
        own = {key: value for key, value in self.values.items() if key.startswith(f"{package}:")}
        return {key.partition(":")[2]: secret(v) if key in self.secret_keys else v for key, v in own.items()}


class Registry:
    """The provider of provider resources. `fresh` gives ids for new ones."""

    def __init__(self, load: Load, fresh: Callable[[], str]) -> None:
        self._load, self._fresh = load, fresh
        self._checked: dict[str, Provider] = {}
        self.rereads: set[str] = set()
        self.ready: dict[str, Provider] = {}
        """reference → configured provider"""

    def new(self, type_: str, inputs: Values) -> Provider:
        """A provider that is not configured yet. Refused where no plugin is found."""
        package = urns.package(type_)
        return Provider(package, self._load(package, str(inputs.get("version") or "")), inputs)

    async def check(self, urn: str, olds: Values | None, news: Values, seed: bytes) -> Values:
        provider = self._checked[urn] = self.new(urns.type_of(urn), news)
        return await provider.check_config(urn, olds or {}, news)

    async def diff(
        self, urn: str, id: str, old_inputs: Values, old_outputs: Values, news: Values, ignore: tuple[str, ...]
    ) -> Answer:
        provider = self._checked.get(urn) or self.ready.get(urns.reference(urn, id))
        provider = provider or self.new(urns.type_of(urn), old_inputs)
        return await provider.diff_config(urn, old_inputs, old_outputs, news, ignore)

    async def create(self, urn: str, inputs: Values, timeout: float, *, preview: bool) -> tuple[str, Values]:
        id = UNKNOWN if preview else self._fresh()
        await self.configure(urn, id, inputs)
        return id, configuration(inputs)

    async def update(
        self, urn: str, old: tuple[str, Values, Values], inputs: Values, timeout: float, ignore: tuple[str, ...],
        *, preview: bool,
    ) -> Values:  # fmt: skip
        await self.configure(urn, old[0], inputs)
        return configuration(inputs)

    async def delete(self, urn: str, id: str, inputs: Values, outputs: Values, timeout: float) -> None:
        self.ready.pop(urns.reference(urn, id), None)

    async def configure(self, urn: str, id: str, inputs: Values) -> Provider:
        """Ready it under its reference."""
        provider = self._checked.pop(urn, None) or self.new(urns.type_of(urn), inputs)
        await provider.configure(urn, id, inputs)
        self.ready[urns.reference(urn, id)] = provider
        return provider


class Providers:
    """Finds and keeps the providers of a run. `register` registers a provider that the program did not make."""

    def __init__(
        self,
        config: Config,
        records: Sequence[Record],
        registry: Registry,
        register: Callable[[Goal], Awaitable[Record]],
        name: Callable[[str, str], str],
    ) -> None:
        """`name`: (type, name) → URN."""
        self.registry = registry
        self._config, self._records, self._register, self._name = config, records, register, name
        self._remembering: dict[str, asyncio.Task[Provider]] = {}
        self._defaults: dict[tuple[str, str, str], asyncio.Task[str]] = {}

    async def of(self, reference: str) -> Provider:
        """The provider that a reference names. Refused where neither the program nor the state knows it."""
        ready = self.registry.ready.get(reference)
        if ready is not None:
            return ready
        if reference not in self._remembering:
            self._remembering[reference] = asyncio.ensure_future(self._remembered(reference))
        return await asyncio.shield(self._remembering[reference])

    async def default(self, package: str, version: str = "", url: str = "") -> str:
        """Reference of a package's default provider, registered on first use."""
        key = (package, version, url)
        if key not in self._defaults:
            self._defaults[key] = asyncio.ensure_future(self._default(*key))
        return await asyncio.shield(self._defaults[key])

    async def _default(self, package: str, version: str, url: str) -> str:
        type_ = urns.PROVIDERS + package
        name = "_".join(["default", *(re.sub(r"[^A-Za-z0-9]", "_", part) for part in (version, url) if part)])
        inputs = self._config.of(package)
        inputs |= {key: value for key, value in (("version", version), ("pluginDownloadURL", url)) if value}
        record = await self._register(Goal(self._name(type_, name), type_, name, custom=True, inputs=inputs))
        return urns.reference(record.urn, record.id)

    async def _remembered(self, reference: str) -> Provider:
        urn, id = urns.referenced(reference)
        # one that was replaced still deletes what it made, also when that is left to a later run
        old = next((record for record in self._records if record.urn == urn and record.id == id), None)
        if old is None:
            raise refuse(
                "engine.provider-lost",
                f"状态与程序中都没有提供者 {reference}:状态可能被手工改过,请从备份恢复",
                f"neither the state nor the program has the provider {reference}: the state may have been edited; "
                "restore it from a backup",
            )
        provider = self.registry.new(old.type, old.inputs)
        await provider.configure(urn, id, old.inputs)
        return self.registry.ready.setdefault(reference, provider)
