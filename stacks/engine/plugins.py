"""Provider plugins: a plugin folder of the program, run in this process.

A plugin folder's `__main__.py` is run with `server.main` intercepted, so that a folder which the stock CLI can start is
all that is needed; whatever it hands to `server.main` is the provider.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import server

from inventory.problems import nearest, refuse
from stacks.engine.project import Program


def servicer(program: Program, package: str, version: str) -> Any:
    """The servicer of a package. Refused where the program names no plugin for it."""
    folder = program.folders.get(package)
    if folder is None:
        close = nearest(package, program.folders)
        hint = (f":是否指 {close}?", f": did you mean {close}?") if close else ("", "")
        raise refuse(
            "engine.no-plugin",
            f"Pulumi.yaml 的 plugins.providers 中没有 {package}{hint[0]} 请在那里写明它的文件夹",
            f"plugins.providers of Pulumi.yaml does not list {package}{hint[1]}; name its folder there",
        )
    return load(folder)


def load(folder: Path) -> server.ProviderServicer:
    """The servicer of a plugin folder. Refused where its `__main__.py` serves no provider."""
    found: list[server.ProviderServicer] = []

    def capture(args: list[str], version: str, provider: Any) -> None:
        found.append(server.ProviderServicer(args, version, provider, engine_address=""))

    original, server.main = server.main, capture
    try:
        runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
    finally:
        server.main = original
    if not found:
        raise refuse(
            "engine.no-provider",
            f"{folder} 的 __main__.py 没有调用 pulumi.provider.experimental.server.main",
            f"the __main__.py of {folder} does not call pulumi.provider.experimental.server.main",
        )
    return found[0]
