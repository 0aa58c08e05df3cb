"""The demo's own plan, as the engine makes it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory import addressing, reading
from inventory.estate import Estate
from policies.judging import recorded


def planned(home: Path, environment: str = "simulator") -> Estate:
    """An environment, planned from nothing in a home of its own, with its records."""
    from stacks import provisioning

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANGZHU_HOME", str(home))
        patch.setenv("LIANGZHU_ENVIRONMENT", environment)
        reading.read.cache_clear()
        try:
            read = reading.read(environment)
            addressing.settle(read, datetime.now(UTC))
            work = provisioning.work(read.places, read, lambda event: None, threading.Event())
            plan = provisioning.plan(work)
        finally:
            reading.read.cache_clear()
    assert not plan.problems, [str(problem) for problem in plan.problems]
    return Estate.union([plan.estate, recorded()])
