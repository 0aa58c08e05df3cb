"""A program's folder: `Pulumi.yaml`, the stack's configuration, and what can be imported before the workers fork."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inventory.documents import document
from inventory.problems import Problem, Refused, refuse
from stacks.engine import configuring, manifest
from stacks.engine.providers import Config
from stacks.engine.scalars import typed
from stacks.engine.sealing import Sealer

_PROVIDERS = ("", "default", "passphrase")
"""the ways of keeping secrets that need nobody else"""


@dataclass(frozen=True)
class Program:
    """A folder with a Pulumi.yaml. `overrides` are `key=value`, stronger than the stack's file and never saved."""

    root: Path
    overrides: tuple[str, ...] = ()

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Pulumi.yaml as data. Refused where it is missing, is not one, or asks for what cannot be run here."""
        return manifest.read(self.root)

    @property
    def name(self) -> str:
        return self.settings["name"]

    @property
    def main(self) -> Path:
        """Folder of `__main__.py`."""
        return (self.root / (self.settings.get("main") or ".")).resolve()

    @cached_property
    def listed(self) -> tuple[manifest.Listed, ...]:
        """The provider plugins that the program brings along."""
        return manifest.listed(self.root, self.settings)

    @property
    def folders(self) -> dict[str, Path]:
        """package → folder of its provider plugin."""
        return {plugin.name: plugin.path for plugin in reversed(self.listed)}

    @property
    def refreshes(self) -> bool:
        """Whether the project wants what is there to be read before every update (`options: {refresh: always}`)."""
        return (self.settings.get("options") or {}).get("refresh") == "always"

    def config(self, stack: str, passphrase: str) -> Config:
        """The stack's configuration: its file, over it the overrides, under it the project's values. Nested values are
        JSON text, `secure:` ones are opened. Refused, with everything at once, where it does not fit the project's
        declarations, and where secrets do not open."""
        declared = self.settings.get("config")
        folder = self.root / (declared if isinstance(declared, str) else self.settings.get("stackConfigDir") or "")
        path = _stack_file(folder, stack.rpartition("/")[2])
        data = (document(path, typed) if path.is_file() else None) or {}
        problems = list(_unusable(data, str(path)))
        declarations, faults = configuring.declarations(self.name, declared, str(self.root / "Pulumi.yaml"))
        problems += faults
        values: dict[str, configuring.Value] = {}
        for short, raw in ({} if problems else data.get("config") or {}).items():
            key = configuring.full_key(short, self.name)
            try:
                if key is None:
                    raise ValueError
                values[key] = configuring.value(raw, _opener(data.get("encryptionsalt") or "", passphrase, path))
            except ValueError:
                problems.append(_senseless(short, str(path)))
        for text in self.overrides:
            key, override = configuring.override(text, self.name)
            values[key] = configuring.Value(override, override)
        for one in () if faults else declarations:
            if one.key not in values and one.required:
                problems.append(configuring.missing(one, stack, str(path)))
            elif one.key not in values:
                values[one.key] = configuring.value(one.value, str)
            if one.key in values and (problem := configuring.unfit(one, values[one.key], str(path))):
                problems.append(problem)
        if problems:
            raise Refused(problems)
        return Config(
            {key: value.text for key, value in values.items()},
            frozenset(key for key, value in values.items() if value.hidden),
            frozenset(text for value in values.values() for text in value.hidden),
        )

    def warm(self) -> None:
        """Import what the program and its providers import from installed packages, so that every fork has it. What
        cannot be imported here fails in the worker, where it is reported."""
        import pulumi.provider.experimental.server  # noqa: F401 the largest part, used by every worker

        own = {path.resolve() for path in (self.main, *self.folders.values())}
        for folder in own:
            source = folder / "__main__.py"
            for name in _imports(source) if source.is_file() else ():
                if _installed(name, own):
                    try:
                        importlib.import_module(name)
                    except Exception:
                        continue


def _stack_file(folder: Path, stack: str) -> Path:
    path = folder / f"Pulumi.{stack}.yaml"
    other = path.with_suffix(".yml")
    return other if other.is_file() and not path.is_file() else path


def _opener(salt: str, passphrase: str, path: Path) -> Any:
    def opened(ciphertext: str) -> str:
        if not salt:
            raise refuse(
                "config.salt",
                "文件中有 secure: 的值,却没有 encryptionsalt:请恢复该行,或重新加密这些值",
                "the file has values under `secure:` but no encryptionsalt: restore that line, or encrypt the values anew",
                file=str(path),
            )
        return Sealer(passphrase, salt).open_text(ciphertext, str(path))

    return opened


def _unusable(data: dict[str, Any], file: str) -> Any:
    provider = data.get("secretsprovider") or ""
    if provider not in _PROVIDERS or data.get("encryptedkey"):
        yield Problem(
            "config.secretsprovider",
            f"内嵌引擎只支持口令加密,而该栈用的是 {provider or 'encryptedkey'}:请先用原版 pulumi stack change-secrets-provider passphrase 转换",
            f"the embedded engine keeps secrets under a passphrase only, and this stack uses {provider or 'encryptedkey'}: "
            "first convert it with the stock `pulumi stack change-secrets-provider passphrase`",
            "secretsprovider",
            file,
        )
    if data.get("environment"):
        yield Problem(
            "config.environment",
            "内嵌引擎不读取 Pulumi ESC 环境:请把所需的值写进 config",
            "the embedded engine does not read Pulumi ESC environments: write the values that are needed under `config`",
            "environment",
            file,
        )


def _senseless(short: str, file: str) -> Problem:
    return Problem(
        "config.key",
        "不是配置:键须写成 键 或 命名空间:键,数值须有限",
        "this is no configuration: write the key as key or namespace:key, and finite numbers",
        short,
        file,
    )


def _imports(source: Path) -> list[str]:
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return []
    names = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def _installed(name: str, own: set[Path]) -> bool:
    """Whether the module comes from the path as it is, and not from the program's own folder."""
    if name in sys.modules:
        return False
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and (spec.origin is None or Path(spec.origin).parent.resolve() not in own)
