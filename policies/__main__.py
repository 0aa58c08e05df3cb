"""The checks as a policy pack of the stock Pulumi CLI: `pulumi up --policy-pack policies`.

In: the resources of one stack, over Pulumi's analyzer protocol. Out: the findings of the very same
`policies.judge.judge`, mandatory ones as violations that stop the update. It speaks the protocol itself:
`pulumi_policy.PolicyPack` takes secrets out of their wrapping before a policy sees them (IAM-013 could not tell a
secret from a password in clear), raises where a value is unknown, and builds the graph anew for every policy.

The CLI shows one stack at a time; the other stacks of the environment are read from what the platform published of
them, and the records of the city (the address plan) from what people wrote. As long as not all of its systems are
published, what cannot be known of other stacks is reported and does not stop the update.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

from inventory import estate as nouns
from inventory import urns, verdicts
from inventory.kinds import kind_of
from inventory.places import places
from inventory.reading import environment, read
from policies.checks import load
from policies.checks.shape import Answer
from policies.citing import cite
from policies.clauses import clause
from policies.explaining import named
from policies.judge import Finding, Verdict
from policies.judging import Around, around, claimed, judged
from policies.profiles import Entry
from policies.wire import of_struct

NAME, VERSION = "liangzhu", "0.1.0"
_SEVERITY = {
    "low": proto.POLICY_SEVERITY_LOW,
    "medium": proto.POLICY_SEVERITY_MEDIUM,
    "high": proto.POLICY_SEVERITY_HIGH,
}
_LARGE = 400 * 1024 * 1024


def estate(resources: Iterable[proto.AnalyzerResource], stack: str) -> nouns.Estate:
    """The resources of one stack as an estate; providers and stack references are none of it."""
    found = []
    for one in resources:
        if one.type.startswith("pulumi:providers:") or one.type == "pulumi:pulumi:StackReference":
            continue
        properties = {key: of_struct(value) for key, value in one.properties.fields.items()}
        origin = properties.get("origin")
        found.append(
            nouns.Resource(
                kind_of(one.type), one.name, stack or urns.stack(one.urn), one.urn, properties, one.parent,
                tuple(one.dependencies), "", origin if isinstance(origin, str) else "",
            )
        )  # fmt: skip
    return nouns.Estate(tuple(found))


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Lives as long as the CLI wants the pack."""

    def __init__(
        self, given: Around, others: nouns.Estate, variables: Mapping[str, str], systems: frozenset[str] = frozenset()
    ) -> None:
        self._given, self._systems = given, systems
        """the environment's systems, which come after everything that they may refer to"""
        self._others = others
        """what is published of the environment"""
        """what stands in the estate without a provider"""
        self._stack = variables.get("PULUMI_STACK", "")
        self._dry_run = variables.get("PULUMI_DRY_RUN") == "true"
        self._asked = variables.get(verdicts.ASKED, "")
        """where whoever attests the update wants to be told the verdict"""

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(self, request: Any, context: Any) -> proto.AnalyzerHandshakeResponse:
        return proto.AnalyzerHandshakeResponse()

    def Configure(self, request: Any, context: Any) -> empty_pb2.Empty:
        """What is mandatory is decided in profiles.yaml, not on the command line."""
        return empty_pb2.Empty()

    def ConfigureStack(
        self, request: proto.AnalyzerStackConfigureRequest, context: Any
    ) -> proto.AnalyzerStackConfigureResponse:
        self._stack, self._dry_run = request.stack, request.dry_run
        return proto.AnalyzerStackConfigureResponse()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> proto.AnalyzerInfo:
        info = proto.AnalyzerInfo(name=NAME, version=VERSION, supportsConfig=False)
        info.policies.extend(_policy(entry, self._given.on) for entry in self._given.profile.entries)
        return info

    def Analyze(self, request: Any, context: Any) -> proto.AnalyzeResponse:
        """Nothing: every check looks at the graph."""
        return proto.AnalyzeResponse()

    def Remediate(self, request: Any, context: Any) -> proto.RemediateResponse:
        return proto.RemediateResponse()

    def AnalyzeStack(self, request: proto.AnalyzeStackRequest, context: Any) -> proto.AnalyzeResponse:
        mine = estate(request.resources, self._stack)
        stacks = set(mine.stacks)
        others = self._others.only(lambda one: one.stack not in stacks)
        verdict = judged(self._given, nouns.Estate.union([others, mine]), planned=self._dry_run)
        whole = len(others) > 0 and self._systems <= {*others.stacks, *stacks}
        response = answer(verdict, stacks, whole=whole)
        if self._asked:
            said = verdicts.Said(self._stack, self._dry_run, self._settled(verdict, response, stacks), claimed(verdict))
            with suppress(OSError):  # what is not told is not attested, and that is seen; the answer stands
                verdicts.leave(Path(self._asked), said)
        return response

    def _settled(self, verdict: Verdict, response: proto.AnalyzeResponse, stacks: set[str]) -> bool:
        """Whether nothing stops it, and nothing that could is left for later, when nobody may be asked again."""
        if any(one.enforcementLevel == proto.MANDATORY for one in response.diagnostics):
            return False
        return not self._dry_run or not any(
            one.mandatory and one.answer is Answer.UNKNOWN and (not one.stack or one.stack in stacks)
            for one in verdict.findings
        )


def answer(verdict: Verdict, stacks: set[str], *, whole: bool) -> proto.AnalyzeResponse:
    """A verdict as diagnostics: of these stacks, and of the estate as a whole."""
    blocking = set(verdict.blocking)
    response = proto.AnalyzeResponse()
    for finding in verdict.findings:
        if finding.stack and finding.stack not in stacks:
            continue
        stops = finding in blocking and (whole or not _elsewhere(finding))
        response.diagnostics.append(
            proto.AnalyzeDiagnostic(
                policyName=finding.check, policyPackName=NAME, policyPackVersion=VERSION,
                description=f"{finding.title_zh} / {finding.title_en}", message=_message(finding),
                enforcementLevel=proto.MANDATORY if stops else proto.ADVISORY, urn=finding.urn,
                severity=_SEVERITY[finding.severity],
            )
        )  # fmt: skip
    for check, counts in verdict.results.items():
        if not any(count for word, count in counts.items() if word != Answer.NOT_APPLICABLE):
            reason = next((one.zh for one in verdict.not_applicable if one.check == check), "")
            response.not_applicable.append(proto.PolicyNotApplicable(policy_name=check, reason=reason))
    return response


def _elsewhere(finding: Finding) -> bool:
    return finding.answer is Answer.UNKNOWN and load(finding.check).check.scope == "estate"


def _message(finding: Finding) -> str:
    problem = finding.problem()
    return f"[{finding.answer}] {problem.text('zh')}\n{problem.text('en')}"


def _policy(entry: Entry, on: date) -> proto.PolicyInfo:
    check = entry.loaded.check
    return proto.PolicyInfo(
        name=check.id,
        displayName=f"{check.title_zh} / {check.title_en}",
        description="; ".join(named(clause(one), "zh") for one in cite(check.clauses, on).clauses),
        enforcementLevel=proto.MANDATORY if entry.mode == "mandatory" else proto.ADVISORY,
        policy_type=proto.POLICY_TYPE_STACK,
        severity=_SEVERITY[check.severity],
        remediation_steps=f"{check.fix_zh} / {check.fix_en}",
    )


def serve() -> None:
    """Tell the CLI the port on standard output, as the protocol wants, and answer until it ends the process."""
    chosen = environment(os.environ.get("LIANGZHU_ENVIRONMENT") or "demo")
    published = nouns.published(places(chosen.state).estate)
    systems = frozenset(request.stack for request in read(chosen.name).selected)
    analyzer = Analyzer(around(chosen, datetime.now().astimezone()), published, os.environ, systems)
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", _LARGE)])
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve()
