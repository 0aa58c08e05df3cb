"""One alert rule as a value, and how label matchers are spelled. The topic modules make these, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "warning"]
"""critical: people are or will at once be without a service, or unprotected; warning: something has to be done soon"""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert. `labels` are added to those of the series; a series that has a bureau keeps it."""

    alert: str
    expr: str
    hold: str
    """how long it must be true before anyone is told, in Prometheus' spelling"""
    severity: Severity
    zh: str
    en: str
    labels: dict[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """As in a rules file."""
        return {
            "alert": self.alert,
            "expr": self.expr,
            "for": self.hold,
            "labels": {"severity": self.severity, **{key: plain(self.labels[key]) for key in sorted(self.labels)}},
            "annotations": {"summary": self.zh, "summary_en": self.en},
        }


def where(**labels: str | None) -> str:
    """`{job="host",site="a"}`: equality matchers, quoted, in the order given; None is left out."""
    return "{" + ",".join(f"{key}={quoted(value)}" for key, value in labels.items() if value is not None) + "}"


def quoted(text: str) -> str:
    """A PromQL string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def plain(text: str) -> str:
    """Text of the graph inside a label or an annotation, unchanged when shown: both are Go templates, names are not."""
    return text.replace("{{", '{{"{{"}}')
