"""LOG-009: provider and tenant each keep the trail of their own part, in a place of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Params, Words, below, concluded, listed
from policies.checks.told import absent, unread, why
from policies.checks.trails import by_owner, delivered

CHECK = Check(
    id="LOG-009",
    title_zh="云服务商与客户各自集中审计",
    title_en="Provider and tenant keep their own trails",
    clauses=("GB/T 22239-2019 8.2.5.1 c)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.tenant", "audit.trail", "log.sink"),
    fix_zh="云服务商和租户的审计各写各的日志库,日志库的责任单位不同",
    fix_en="let the provider's and the tenant's trails write to two sinks of different owners",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a tenant."""
    del params
    tenants = estate.kind("gov.tenant")
    yield from absent(estate, tenants, "租户的记录", "record of tenants")
    owned, hidden = by_owner(estate)
    theirs, their_open = _sinks(estate, owned.get("provider", ()))
    for tenant in tenants:
        if open_ := below(tenant, 3) or unread(tenant, "bureau"):
            yield open_
            continue
        own, own_open = _sinks(estate, owned.get(f"tenant/{tenant['bureau']}", ()))
        open_words = [*hidden, *their_open, *own_open]
        wrong: list[Words] = []
        if both := own.keys() & theirs.keys():
            wrong.append((f"与云服务商共用 {listed(both)}", f"shares {listed(both)} with the provider"))
        if others := [name for name, bureau in own.items() if bureau != tenant["bureau"]]:
            wrong.append((f"{listed(others)} 不由它负责", f"{listed(others)} is not its own"))
        if not open_words:
            wrong += [("没有自己的审计", "has no trail of its own")] if not own else []
            wrong += [("云服务商没有自己的审计", "the provider has no trail of its own")] if not theirs else []
        yield concluded(tenant, wrong, open_words)


def _sinks(estate: Estate, trails: Sequence[Resource]) -> tuple[dict[str, str], list[Words]]:
    """Sink → who is responsible for it."""
    found: dict[str, str] = {}
    kept, open_ = delivered(estate, trails)
    for _, sink in kept:
        if hidden := unread(sink, "bureau"):
            open_.append(why(sink, hidden))
        else:
            found[sink.name] = sink["bureau"]
    return found, open_
