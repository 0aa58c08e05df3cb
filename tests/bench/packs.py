"""Two policy packs with the same checks, as processes that speak the analyzer protocol: `python -m tests.bench.packs WHICH`.

- `ours`: `policies.__main__.Analyzer`, as the stock CLI starts it, with no waivers, baseline or records of its own.
- `stock`: `pulumi_policy.PolicyPack`, every check a `StackValidationPolicy`. Each makes an estate of the resources that it is
  given, as it must: the SDK hands it proxies that are neither lists nor dictionaries.
- `favoured`: the same, with the estate made once for all policies and with it the indexes and the proof of reachability.
  The SDK foresees nothing of the kind; so what is measured is its own work and nothing that a wrapper could have saved.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from inventory.estate import Estate, Resource
from inventory.kinds import kind_of
from policies.checks.shape import Answer
from policies.judge import look
from policies.profiles import Entry, profile

TODAY = date(2026, 6, 1)
_LARGE = 400 * 1024 * 1024


def plain(value: Any) -> Any:
    """What a proxy stands before."""
    if isinstance(value, str | int | bool) or value is None:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    return [plain(one) for one in value] if isinstance(value, Sequence) else value


def of_stock(resources: Sequence[Any]) -> Estate:
    """Resources of the SDK as an estate."""
    return Estate(
        tuple(
            Resource(
                kind_of(one.resource_type), one.name, one.urn.removeprefix("urn:pulumi:").partition("::")[0], one.urn,
                plain(one.props), one.parent.urn if one.parent else "", tuple(each.urn for each in one.dependencies),
            )
            for one in resources
        )
    )  # fmt: skip


class Wrapped:
    """A check as a policy of the SDK."""

    kept: Estate | None = None
    """the estate that all share, where they do"""

    def __init__(self, entry: Entry, *, shares: bool) -> None:
        self._entry, self._shares = entry, shares

    def __call__(self, args: Any, report: Any) -> None:
        if not self._shares:
            estate = of_stock(args.resources)
        else:
            estate = Wrapped.kept = Wrapped.kept or of_stock(args.resources)
        for looked in look(estate, self._entry, TODAY):
            if looked.answer not in (Answer.PASS, Answer.NOT_APPLICABLE):
                report(f"[{looked.answer}] {looked.zh}\n{looked.en}", looked.resource.urn if looked.resource else "")


def stock(*, shares: bool) -> None:
    """Never returns: the SDK's constructor serves."""
    from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

    levels = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    PolicyPack("stock", [
        StackValidationPolicy(entry.loaded.check.id, entry.loaded.check.title_en, Wrapped(entry, shares=shares),
                              levels[entry.mode])
        for entry in profile("level3").entries
    ])  # fmt: skip


def ours() -> None:
    """As `policies.__main__.serve`, around nothing."""
    import grpc
    from pulumi.runtime.proto import analyzer_pb2_grpc

    from policies.__main__ import Analyzer
    from policies.judging import Around

    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", _LARGE)])
    analyzer = Analyzer(Around(profile("level3"), TODAY), Estate(), {})
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    {"ours": ours, "stock": lambda: stock(shares=False), "favoured": lambda: stock(shares=True)}[sys.argv[1]]()
