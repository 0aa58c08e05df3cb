"""The providers of one stack: default ones, those that the program makes, and those that the state remembers.

They are resources like others: `pulumi:providers:gov`, named `default` where the program made none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.problems import nearest, refuse
from stacks.engine import urns
from stacks.engine.executor import Executor
from stacks.engine.provider import Provider, load
from stacks.engine.records import Record
from stacks.engine.steps import Decision, Goal
from stacks.engine.values import UNKNOWN, secret


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the stack, keys with their namespace: `gov:region`."""

    values: Mapping[str, str]
    secret_keys: frozenset[str] = frozenset()

    def of(self, package: str) -> dict[str, Any]:
        """Inputs of the package's default provider."""
        own = {key: value for key, value in self.values.items() if key.startswith(f"{package}:")}
        return {key.partition(":")[2]: secret(v) if key in self.secret_keys else v for key, v in own.items()}


class Providers:
    """Finds, makes and keeps the providers of a run. `fresh` gives ids for new ones."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        config: Config,
        olds: Mapping[str, Record],
        executor: Executor,
        fresh: Callable[[], str],
    ) -> None:
        self._folders, self._config, self._olds, self._executor, self._fresh = folders, config, olds, executor, fresh
        self._ready: dict[str, asyncio.Task[Provider]] = {}
        self._defaults: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._servicers: dict[str, Any] = {}

    async def of(self, reference: str) -> Provider:
        """The provider that a reference names. Refused where neither the program nor the state knows it."""
        if reference not in self._ready:
            self._ready[reference] = asyncio.ensure_future(self._remembered(reference))
        return await asyncio.shield(self._ready[reference])

    async def default(self, package: str, version: str, root: str, name_: Callable[[str, str], str]) -> str:
        """Reference of a package's default provider, registered on first use. `name_`: (type, name) → URN."""
        key = (package, version)
        if key not in self._defaults:
            self._defaults[key] = asyncio.ensure_future(self._default(package, version, name_))
        return await asyncio.shield(self._defaults[key])

    async def register(self, goal: Goal, old: Record | None) -> tuple[Record, bool]:
        """Register a provider resource and ready it: (record, whether it replaces all that the old one made)."""
        package = urns.package(goal.type)
        provider = Provider(package, self._servicer(package), goal.inputs)
        inputs = await provider.check_config(goal.urn, old.inputs if old else {}, goal.inputs)
        replaces = False
        if old is None:
            decision = Decision("create", ("new",))
        elif old.inputs == inputs:
            decision = Decision("same")
        else:
            replaces = await provider.diff_config(goal.urn, old.inputs, old.outputs, inputs)
            decision = Decision("replace" if replaces else "update", ("inputs",))
        if decision.op == "same" and old:
            record = await self._executor.same(goal, inputs, old)
        elif decision.op == "update" and old:
            record = await self._executor.update(decision, goal, None, inputs, old)
        else:
            record = await self._executor.create(decision, goal, None, inputs, old)
            record.body["id"] = UNKNOWN if self._executor.store is None else self._fresh()
        if inputs:
            self._executor.outputs(record, inputs)
        if self._executor.store and decision.op not in ("same", "update"):
            self._executor.store.put("outputs", record)
        await provider.configure(goal.urn, record.id, inputs)
        reference = urns.reference(goal.urn, record.id)
        self._ready[reference] = asyncio.ensure_future(_done(provider))
        return record, replaces

    async def _default(self, package: str, version: str, name_: Callable[[str, str], str]) -> str:
        type_ = urns.PROVIDERS + package
        name = "default" + (f"_{re.sub(r'[.+-]', '_', version)}" if version else "")
        inputs = self._config.of(package) | ({"version": version} if version else {})
        goal = Goal(name_(type_, name), type_, name, custom=True, inputs=inputs)
        record, _ = await self.register(goal, self._olds.get(goal.urn))
        return urns.reference(record.urn, record.id)

    async def _remembered(self, reference: str) -> Provider:
        urn, id = urns.referenced(reference)
        old = self._olds.get(urn)
        if old is None or old.id != id:
            raise refuse(
                "engine.provider-lost",
                f"状态与程序中都没有提供者 {reference}:状态可能被手工改过,请从备份恢复",
                f"neither the state nor the program has the provider {reference}: the state may have been edited; "
                "restore it from a backup",
            )
        package = urns.package(old.type)
        provider = Provider(package, self._servicer(package), old.inputs)
        await provider.configure(urn, id, old.inputs)
        return provider

    def _servicer(self, package: str) -> Any:
        if package not in self._servicers:
            folder = self._folders.get(package)
            if folder is None:
                close = nearest(package, self._folders)
                hint = (f":是否指 {close}?", f": did you mean {close}?") if close else ("", "")
                raise refuse(
                    "engine.no-plugin",
                    f"Pulumi.yaml 的 plugins.providers 中没有 {package}{hint[0]} 请在那里写明它的文件夹",
                    f"plugins.providers of Pulumi.yaml does not list {package}{hint[1]}; name its folder there",
                )
            self._servicers[package] = load(folder)
        return self._servicers[package]


async def _done(provider: Provider) -> Provider:
    return provider
