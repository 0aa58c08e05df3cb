"""A deployment as `pulumi stack export` or `./lz stack export` writes it → an estate of one stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inventory import urns
from inventory.estate import Estate, Resource
from inventory.kinds import kind_of
from inventory.problems import refuse
from policies.wire import of_json

_NONE = ("pulumi:providers:", "pulumi:pulumi:StackReference")


def read(path: Path) -> Estate:
    """The resources of the file; secrets are hidden, sealed or not. Refused where it is no deployment."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise refuse(
            "judge.no-file", "文件不存在:请检查路径", "there is no such file: check the path", file=str(path)
        ) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise refuse(
            "judge.export", "不是部署文档:用 pulumi stack export 或 ./lz stack export 写出",
            "this is no deployment: write one with pulumi stack export or ./lz stack export",
            file=str(path), line=line, col=getattr(error, "colno", 0),
        ) from None  # fmt: skip
    deployment = document.get("deployment") if isinstance(document, Mapping) else None
    rows = deployment.get("resources") if isinstance(deployment, Mapping) else None
    if deployment is not None and rows is None:
        rows = []  # an empty stack: the stock CLI leaves the key out
    if not isinstance(rows, list):
        raise refuse(
            "judge.export", "没有 deployment.resources:这不是部署文档", "it has no deployment.resources: this is no deployment",
            file=str(path),
        )  # fmt: skip
    return estate(rows)


def estate(rows: list[Any]) -> Estate:
    """Resources of a deployment. Providers, stack references and what only waits for its deletion are none."""
    return Estate(tuple(_resource(row) for row in rows if counts(row)))


def counts(row: Any) -> bool:
    """Is this row a resource of the estate."""
    if not isinstance(row, Mapping) or not isinstance(row.get("urn"), str) or not isinstance(row.get("type"), str):
        return False
    return not row["type"].startswith(_NONE) and not row.get("delete")


def _resource(row: Mapping[str, Any]) -> Resource:
    urn, parent = row["urn"], row.get("parent") or ""
    both = {**(row.get("inputs") or {}), **(row.get("outputs") or {})}
    properties = {key: of_json(value) for key, value in both.items()}
    origin = properties.get("origin")
    needs = sorted({str(one) for one in row.get("dependencies") or ()} - {parent})
    return Resource(
        kind_of(row["type"]), urn.rpartition("::")[2], urns.stack(urn), urn, properties,
        parent, tuple(needs), str(row.get("id") or ""), origin if isinstance(origin, str) else "",
    )  # fmt: skip
