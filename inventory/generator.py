"""More systems than the departments have asked for, for planning and measuring at the size of a city.

Copies of the real requests in rounds, so that every bureau keeps its share; each copy is marked as generated in its
name and its file. No randomness: the same requests and number give the same files.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from inventory.model import Request

_HEADER = "# 由生成器按真实申请复制,仅用于规模测算 / copied from a real request by the generator, for measuring at size only\n"


def grow(requests: Sequence[Request], at_least: int, texts: Mapping[str, Any]) -> dict[str, Any]:
    """stack → document, the given ones first, until there are `at_least`. `texts` has the documents of `requests`."""
    grown = {request.stack: texts[request.stack] for request in requests}
    number = 1
    while requests and len(grown) < at_least:
        number += 1
        for request in requests:
            if len(grown) >= at_least:
                break
            document = copy.deepcopy(texts[request.stack])
            system = document["config"]["liangzhu:system"]
            system["name"] = f"{system['name']}·扩展{number:02d}"
            grown[f"{request.stack}-{number:02d}"] = document
    return grown


def write(folder: Path, documents: Mapping[str, Any]) -> None:
    """One file a system; a file that is right already is left alone, a stale one is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"Pulumi.{stack}.yaml": document for stack, document in documents.items()}
    for path in folder.glob("Pulumi.*.yaml"):
        if path.name not in wanted:
            path.unlink()
    for name, document in wanted.items():
        text = _HEADER + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
