"""What is allowed: the judge, the checks, the standards that they serve.

Edited by the security centre: checks/ (one file a check, its page beside it), catalogue/*.yaml (standards, editions,
clauses), profiles.yaml (which checks, mandatory or advisory, with which parameters). In: the estate, planned or
deployed. Out: a verdict (`policies.judge`), the report (`policies.report`), explanations. Imports only `inventory`.
Read next: `policies.judge`, then `policies.checks.shape`, then any check.
"""

from __future__ import annotations

from typing import Literal


def explain(id_: str, language: Literal["zh", "en"] = "zh") -> str:
    """What a check or clause is about, as text. Refused with the nearest id."""
    from policies.explaining import explanation

    return explanation(id_, language)
