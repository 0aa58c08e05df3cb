"""What an editor says while somebody writes: the generated schemas accept every file that the reader accepts, and
underline what it refuses. Files are read as an editor reads them (YAML 1.2: a date is text)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator

from inventory.places import ROOT

FIRST = "# yaml-language-server: $schema="
FILES = [
    path
    for folder in ("inventory/city", "inventory/requests")
    for path in sorted((ROOT / folder).glob("*.yaml"))
    if path.name != "city.yaml"
]


class _Editor(yaml.SafeLoader):
    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _complaints(path: Path, schema: Path) -> list[str]:
    data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_Editor)
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(data)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_names_its_schema_and_the_editor_has_nothing_to_say(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(FIRST)
    schema = path.parent / first.removeprefix(FIRST)
    assert schema.is_file(), f"{path.name} names {first.removeprefix(FIRST)}"
    assert _complaints(path, schema) == []


def test_the_editor_underlines_what_the_checker_refuses() -> None:
    said = "\n".join(
        _complaints(ROOT / "tests/cases/departments/spelling.yaml", ROOT / "inventory/schemas/request.schema.json")
    )
    for word in ("'level' is a required property", "'levle' was unexpected", "重要", "30秒", "两台", "200G"):
        assert word in said, word
