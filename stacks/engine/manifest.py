"""`Pulumi.yaml` as data, and what of it cannot be run here.

Texts stay text, as the stock CLI decodes them into text fields; only `config:` holds typed values. Ignored because they
change nothing here: description, author, website, license, template, backend, requiredPulumiVersion, and under
`plugins:` analyzers and languages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.documents import document
from inventory.problems import Problem, Refused, refuse
from stacks.engine.scalars import typed

_TOOLCHAINS = {"uv": ".venv", "poetry": ".venv"}
"""where the environment lies when no `virtualenv` says it"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider plugin that the program brings along: a folder. `version` is "" where any will do."""

    name: str
    path: Path
    version: str = ""


def read(root: Path) -> dict[str, Any]:
    """The file's data. Refused, with everything at once: no such file, no name, what cannot be run here."""
    path = next((p for p in (root / "Pulumi.yaml", root / "Pulumi.yml") if p.is_file()), root / "Pulumi.yaml")
    if not path.is_file():
        raise refuse(
            "engine.no-program",
            "这里没有 Pulumi.yaml:请给出程序所在的文件夹",
            "there is no Pulumi.yaml here: name the folder of the program",
            file=str(path),
        )
    data = document(path)
    if not isinstance(data, dict) or not data.get("name"):
        raise refuse("engine.no-program", "缺少 name:请写明项目名", "name is missing: name the project", file=str(path))
    if isinstance(data.get("config"), dict):
        data["config"] = document(path, typed)["config"]
    problems = tuple(_faults(root, str(path), data))
    if problems:
        raise Refused(problems)
    return data


def listed(root: Path, data: dict[str, Any]) -> tuple[Listed, ...]:
    """The plugin folders of `plugins.providers`, then those of `packages` that are folders."""
    plugins = (data.get("plugins") or {}).get("providers") or []
    found = [
        Listed(plugin["name"], (root / plugin["path"]).resolve(), plugin.get("version") or "") for plugin in plugins
    ]
    for name, package in (data.get("packages") or {}).items():
        source = _source(package)
        if source.startswith(("./", "..", "/")):
            found.append(Listed(name, (root / source).resolve()))
    return tuple(found)


def environment(folder: Path, runtime: Any) -> Path | None:
    """The virtual environment that a `runtime:` names and that is there; None where it names none or none is there."""
    options = (runtime.get("options") if isinstance(runtime, dict) else None) or {}
    name = options.get("virtualenv") or _TOOLCHAINS.get(options.get("toolchain") or "")
    path = folder / name if name else None
    return path if path and (path / "bin" / "python").exists() else None


def ours(environment: Path) -> bool:
    """Whether a virtual environment is the one that this process runs in."""
    return environment.resolve() == Path(sys.prefix).resolve()


def runtime(data: dict[str, Any]) -> str:
    """Name of the language."""
    spoken = data.get("runtime")
    return str((spoken.get("name") if isinstance(spoken, dict) else spoken) or "")


def _source(package: Any) -> str:
    return str((package.get("source") if isinstance(package, dict) else package) or "")


def _faults(root: Path, file: str, data: dict[str, Any]) -> Iterator[Problem]:
    language = runtime(data)
    if language != "python":
        yield Problem(
            "engine.runtime",
            f"内嵌引擎只运行 Python 程序,而 runtime 是 {language or '空'}:请用原版 pulumi 运行它",
            f"the embedded engine runs Python programs, and the runtime is {language or 'not given'}: run this one with "
            "the stock pulumi",
            "runtime",
            file,
        )
    own = environment(root, data.get("runtime"))
    if own and not ours(own):
        yield Problem(
            "engine.virtualenv",
            f"程序要求在 {own} 中运行,而引擎在 {sys.prefix} 中运行同一进程的程序:请把程序所需的包装进后者,并去掉 virtualenv",
            f"the program wants to run in {own}, but the engine runs it in its own process in {sys.prefix}: install the "
            "program's packages there and take `virtualenv` away",
            "runtime.options.virtualenv",
            file,
        )
    if isinstance(data.get("config"), str) and data.get("stackConfigDir"):
        yield Problem(
            "engine.config-folder",
            "config 与 stackConfigDir 都写了栈配置的文件夹:只留 stackConfigDir",
            "config and stackConfigDir both name the folder of the stacks' configuration: keep stackConfigDir",
            "config",
            file,
        )
    for name, package in (data.get("packages") or {}).items():
        if isinstance(package, dict) and (package.get("parameters") or package.get("extensions")):
            yield Problem(
                "engine.parameterised",
                "内嵌引擎不支持带参数的包:请用原版 pulumi 运行本程序,或换用不带参数的提供者",
                "the embedded engine does not support parameterised packages: run the program with the stock pulumi, or "
                "use a provider without parameters",
                f"packages.{name}",
                file,
            )
    for index, plugin in enumerate((data.get("plugins") or {}).get("providers") or []):
        if not isinstance(plugin, dict) or not plugin.get("name") or not plugin.get("path"):
            yield Problem(
                "engine.plugin-entry",
                "每个提供者插件都须写明 name 和 path",
                "every provider plugin has a name and a path: write both",
                f"plugins.providers[{index}]",
                file,
            )
        elif not (root / plugin["path"]).exists():
            yield Problem(
                "engine.plugin-folder",
                f"没有文件夹 {plugin['path']}:请更正 path",
                f"there is no folder {plugin['path']}: correct the path",
                f"plugins.providers[{index}]",
                file,
            )
