"""A program's folder: `Pulumi.yaml`, the stack's configuration, and what can be imported before the workers fork."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inventory.problems import refuse
from inventory.reading import document
from stacks.engine.providers import Config
from stacks.engine.sealing import Sealer


@dataclass(frozen=True)
class Program:
    """A folder with a Pulumi.yaml: `name`, `main`, `stackConfigDir`, `plugins.providers`."""

    root: Path

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Pulumi.yaml as data. Refused where it is missing or is not one."""
        path = self.root / "Pulumi.yaml"
        if not path.is_file():
            raise refuse(
                "engine.no-program",
                "这里没有 Pulumi.yaml:请给出程序所在的文件夹",
                "there is no Pulumi.yaml here: name the folder of the program",
                file=str(path),
            )
        data = document(path)
        if not isinstance(data, dict) or not data.get("name"):
            raise refuse(
                "engine.no-program", "缺少 name:请写明项目名", "name is missing: name the project", file=str(path)
            )
        return data

    @property
    def name(self) -> str:
        return self.settings["name"]

    @property
    def main(self) -> Path:
        """Folder of `__main__.py`."""
        return (self.root / (self.settings.get("main") or ".")).resolve()

    @cached_property
    def folders(self) -> dict[str, Path]:
        """package → folder of its provider plugin."""
        listed = (self.settings.get("plugins") or {}).get("providers") or []
        return {plugin["name"]: (self.root / plugin["path"]).resolve() for plugin in listed}

    def config(self, stack: str, passphrase: str) -> Config:
        """The stack's configuration; nested values are JSON text, `secure:` ones are opened. Refused where they do
        not open."""
        folder = self.root / (self.settings.get("stackConfigDir") or "")
        path = folder / f"Pulumi.{stack}.yaml"
        data = (document(path) if path.is_file() else None) or {}
        values, secret_keys = {}, set()
        for key, value in (data.get("config") or {}).items():
            full = key if ":" in key else f"{self.name}:{key}"
            if isinstance(value, dict) and value.keys() == {"secure"}:
                opened = Sealer(passphrase, data.get("encryptionsalt", "")).open_text(value["secure"], str(path))
                values[full] = opened
                secret_keys.add(full)
            else:
                values[full] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return Config(values, frozenset(secret_keys))

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
