"""Where a provider plugin lies and how it is started: a pure decision over the file system.

In the stock CLI's order: the folders that the program lists, `pulumi-resource-<name>` on PATH, what the stock CLI has
installed under PULUMI_HOME.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.documents import document
from inventory.problems import Refused, nearest, refuse
from stacks.engine import manifest
from stacks.engine.manifest import Listed
from stacks.engine.plugins import inside

DYNAMIC = "pulumi-python"
"""the package of `pulumi.dynamic`: the SDK brings its provider along"""
_INSTALLED = re.compile(r"resource-(.+)-v(\d+\.\d+\.\d+.*)")


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin. `inside` is the folder whose entry may run in this process; `command` starts it as a process, with the
    engine's address behind it; `port` is where one runs already (PULUMI_DEBUG_PROVIDERS)."""

    package: str
    where: str
    command: tuple[str, ...] = ()
    inside: Path | None = None
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    """what the command wants beside the environment of this process"""
    folder: Path | None = None
    """of the plugin, for the handshake"""


def find(package: str, version: str, listed: Sequence[Listed], environ: Mapping[str, str]) -> Found:
    """The plugin of a package, of the version asked for ("" is any, the newest). Refused where there is none."""
    if port := _attached(package, environ):
        return Found(package, f"127.0.0.1:{port}", port=port)
    looked: list[str] = []
    for plugin in listed:
        if plugin.name == package:
            if not version or not plugin.version or plugin.version == version:
                return _folder(package, plugin.path)
            looked.append(f"{plugin.path} ({plugin.version})")
    if package == DYNAMIC:
        command = (sys.executable, "-u", "-m", "pulumi.dynamic")
        return Found(package, "pulumi.dynamic", command)
    binary = f"pulumi-resource-{package}"
    if environ.get("PULUMI_IGNORE_AMBIENT_PLUGINS", "").lower() not in ("1", "true"):
        if path := shutil.which(binary, path=environ.get("PATH")):
            return Found(package, path, (path,), folder=Path(path).parent)
        looked.append(f"PATH ({binary})")
    folder = home(environ) / "plugins"
    there = installed(folder, package)
    chosen = version if version in there else _newest(there) if not version and there else None
    if chosen:
        return _folder(package, there[chosen])
    others = f" ({', '.join(sorted(there, key=_order))})" if there else ""
    looked.append(f"{folder}/resource-{package}-v{version or '*'}{others}")
    raise _missing(package, version, listed, looked)


def home(environ: Mapping[str, str]) -> Path:
    """Where the stock CLI keeps what it installs."""
    return Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".pulumi")


def installed(folder: Path, package: str) -> dict[str, Path]:
    """version → folder of what is installed completely."""
    found = {}
    for path in folder.glob(f"resource-{package}-v*"):
        named = _INSTALLED.fullmatch(path.name)
        complete = not path.with_name(path.name + ".partial").exists()
        if named and named[1] == package and path.is_dir() and complete:
            found[named[2]] = path
    return found


def _folder(package: str, path: Path) -> Found:
    """A binary, or a folder with one in it, or a folder with a PulumiPlugin.yaml for Python."""
    binary = path if path.is_file() else path / f"pulumi-resource-{package}"
    if binary.is_file():
        return Found(package, str(binary), (str(binary),), folder=binary.parent)
    description = path / "PulumiPlugin.yaml"
    data = document(description) if description.is_file() else {}
    language = manifest.runtime(data or {}) or "python"
    if language != "python":
        raise refuse(
            "engine.plugin-runtime",
            f"{path} 的插件用 {language} 编写:请把它编译为该文件夹中的可执行文件 {binary.name}",
            f"the plugin in {path} is written in {language}: build it as an executable {binary.name} in that folder",
            where=package,
        )
    runtime: Any = (data or {}).get("runtime")
    own = manifest.environment(path, runtime) or _default_environment(path)
    if own is None or manifest.ours(own):
        command = (sys.executable, *_entry(package, path))
        here = path if (path / "__main__.py").is_file() and inside.alone(path) else None
        return Found(package, str(path), command, here, environment={"PYTHONUNBUFFERED": "1"}, folder=path)
    environment = {
        "PYTHONUNBUFFERED": "1",
        "VIRTUAL_ENV": str(own),
        "PATH": f"{own / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    return Found(package, str(path), (str(own / "bin" / "python"), *_entry(package, path)), None, 0, environment, path)


def _default_environment(path: Path) -> Path | None:
    return path / "venv" if (path / "venv" / "bin" / "python").exists() else None


def _entry(package: str, path: Path) -> tuple[str, ...]:
    if (path / "__main__.py").is_file():
        return (str(path),)
    project = path / "pyproject.toml"
    name = (
        tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("name") if project.is_file() else ""
    )
    if not name:
        raise refuse(
            "engine.no-provider",
            f"{path} 既没有 __main__.py,也没有写明名称的 pyproject.toml:请更正该插件的文件夹",
            f"{path} has neither a __main__.py nor a pyproject.toml with a name: correct the plugin's folder",
            where=package,
        )
    return ("-m", "pulumi.run.plugin", name)


def _attached(package: str, environ: Mapping[str, str]) -> int:
    for entry in environ.get("PULUMI_DEBUG_PROVIDERS", "").split(","):
        name, _, port = entry.partition(":")
        if name.strip() == package and port.strip().isdigit():
            return int(port)
    return 0


def _order(version: str) -> tuple[bool, tuple[int, ...], bool, str]:
    """By this versions compare: a release is newer than any of its own and of every other's previews."""
    numbers, _, more = version.partition("-")
    figures = tuple(int(part) for part in numbers.partition("+")[0].split(".") if part.isdigit())
    return not more, figures, not more, more


def _newest(versions: Mapping[str, Path]) -> str:
    return max(versions, key=_order)


def _missing(package: str, version: str, listed: Sequence[Listed], looked: Sequence[str]) -> Refused:
    close = nearest(package, (plugin.name for plugin in listed))
    hint = (f":是否指 {close}?", f": did you mean {close}?") if close else ("", "")
    wanted = f"{package} {version}".strip()
    return refuse(
        "engine.no-plugin",
        f"Pulumi.yaml 的 plugins.providers 中没有 {wanted}{hint[0]} 请在那里写明它的文件夹;还找过:{'、'.join(looked)}",
        f"plugins.providers of Pulumi.yaml does not list {wanted}{hint[1]}; name its folder there; also looked at: "
        f"{', '.join(looked)}",
        where=package,
    )
