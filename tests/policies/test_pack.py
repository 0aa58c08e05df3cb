"""The pack as the stock CLI starts it: a process that speaks the analyzer protocol and says what the judge says."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from inventory import verdicts
from inventory.estate import Estate
from inventory.kinds import token
from inventory.places import ROOT
from inventory.reading import environment
from policies.__main__ import Analyzer, estate
from policies.checks.shape import Answer
from policies.judge import Verdict
from policies.judging import around, claimed, judged
from policies.profiles import profile
from tests.policies.cases import case, paths
from tests.policies.writing import written


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The policy plugin, started by the SDK's own launcher in an environment where nothing is published."""
    variables = {**os.environ, "LIANGZHU_HOME": str(tmp_path_factory.mktemp("home")), "LIANGZHU_ENVIRONMENT": "demo"}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(ROOT / "policies")],
        stdout=subprocess.PIPE, env=variables, text=True, cwd=tmp_path_factory.mktemp("cwd"),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 120)
        assert ready, "the pack told no port within two minutes"
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait(timeout=30)


def test_it_lists_the_profile(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=60)
    expected = [(entry.loaded.check.id, entry.mode == "mandatory") for entry in profile("level3").entries]
    assert [(one.name, one.enforcementLevel == proto.MANDATORY) for one in info.policies] == expected
    assert info.name == "liangzhu"


@pytest.mark.parametrize("step", [100, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_it_says_of_every_case_what_the_judge_says(pack: analyzer_pb2_grpc.AnalyzerStub, step: int) -> None:
    """All checks on every case, by turns as in a plan and as applied."""
    given = around(environment("demo"), datetime.now().astimezone())
    for index, path in enumerate(paths()[::step]):
        one, planned = case(path), index % 2 == 0
        # the CLI shows one stack at a time: all of the case stands in one
        stack = "case.one"
        pack.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack=stack, dry_run=planned), timeout=60)
        estate = Estate(tuple(_in(stack, resource) for resource in one.estate))
        answer = pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=map(_wire, estate)), timeout=60)
        verdict = judged(given, estate, planned=planned)
        assert _said(answer) == _judged(verdict), path


def test_a_finding_names_the_request_and_hides_the_secret(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    resource = proto.AnalyzerResource(
        type=token("db.instance"), name="d", urn="urn:pulumi:s::liangzhu::gov:db/instance:Instance::d",
        properties=_struct({"name": "d", "password": "changeme-and-tell-nobody", "origin": "requests/x.yaml:7"}),
    )  # fmt: skip
    pack.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack="s", dry_run=True), timeout=60)
    answer = pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=[resource]), timeout=60)
    (finding,) = [one for one in answer.diagnostics if one.policyName == "IAM-013"]
    assert finding.enforcementLevel == proto.MANDATORY
    assert "requests/x.yaml:7:1" in finding.message
    assert "changeme" not in str(answer)


def test_it_leaves_its_word_for_whoever_asked_and_no_value_in_it(tmp_path: Path) -> None:
    given, file = around(environment("demo"), datetime.now().astimezone()), tmp_path / "verdict.json"
    bad = proto.AnalyzerResource(
        type=token("db.instance"), name="d", urn="urn:pulumi:s::liangzhu::gov:db/instance:Instance::d",
        properties=_struct({"name": "d", "password": "changeme-and-tell-nobody"}),
    )  # fmt: skip

    def said(*resources: proto.AnalyzerResource, dry_run: bool, asked: bool = True) -> verdicts.Said | None:
        pack = Analyzer(given, Estate(), {verdicts.ASKED: str(file)} if asked else {})
        pack.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack="s", dry_run=dry_run), None)
        file.unlink(missing_ok=True)
        answer = pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources), None)
        found = verdicts.taken(file, "s")
        stops = any(one.enforcementLevel == proto.MANDATORY for one in answer.diagnostics)
        assert not (found and found.settled and stops)
        return found

    nothing = said(dry_run=False)
    assert nothing
    assert (nothing.planned, nothing.settled) == (False, True)
    assert nothing.claims == claimed(judged(given, Estate(), planned=False))
    blocked = said(bad, dry_run=True)
    assert blocked
    assert (blocked.planned, blocked.settled) == (True, False)
    assert blocked.claims["verdict"] != nothing.claims["verdict"]
    assert "changeme" not in file.read_text(encoding="utf-8")
    assert verdicts.taken(file, "another") is None
    assert said(dry_run=False, asked=False) is None


def test_what_a_preview_leaves_unsaid_settles_nothing(tmp_path: Path) -> None:
    """An unknown that may turn out well does not stop a preview; when the update ends half-way nobody has asked again."""
    given, file = around(environment("demo"), datetime.now().astimezone()), tmp_path / "verdict.json"
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    resource = proto.AnalyzerResource(
        type=token("db.instance"), name="d", urn="urn:pulumi:s::liangzhu::gov:db/instance:Instance::d",
        properties=_struct({"name": "d", "password": unknown}),
    )  # fmt: skip
    findings = judged(given, estate([resource], "s"), planned=True).findings
    assert [one for one in findings if one.mandatory and one.answer is Answer.UNKNOWN and one.stack == "s"]
    pack = Analyzer(given, Estate(), {verdicts.ASKED: str(file)})
    pack.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack="s", dry_run=True), None)
    pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=[resource]), None)
    left = verdicts.taken(file, "s")
    assert left
    assert not left.settled


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stack": "s", "planned": true, "settled": 1, "claims": 3, "x": 1}'])
def test_what_is_no_verdict_is_not_taken_for_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "verdict.json").write_text(text, encoding="utf-8")
    assert verdicts.taken(tmp_path / "verdict.json", "s") is None


@pytest.mark.skipif(
    not shutil.which("pulumi"), reason="no stock pulumi CLI on PATH: the pack is tested by its protocol"
)
def test_the_stock_cli_reads_the_pack(tmp_path: Path) -> None:
    variables = {
        **os.environ, "PULUMI_BACKEND_URL": f"file://{tmp_path}", "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(tmp_path / "home"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    (tmp_path / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    subprocess.run(["pulumi", "stack", "init", "s"], cwd=tmp_path, env=variables, check=True, timeout=120)
    done = subprocess.run(
        ["pulumi", "preview", "--policy-pack", str(ROOT / "policies"), "--non-interactive"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "liangzhu" in done.stdout


def _said(answer: proto.AnalyzeResponse) -> set[tuple[str, str, str, bool]]:
    return {
        (one.policyName, one.urn, one.message.partition("]")[0].lstrip("["), one.enforcementLevel == proto.MANDATORY)
        for one in answer.diagnostics
    }


def _judged(verdict: Verdict) -> set[tuple[str, str, str, bool]]:
    """As `_said`. Nothing is published here, so what cannot be known of other stacks does not stop."""
    scopes = {entry.loaded.check.id: entry.loaded.check.scope for entry in profile("level3").entries}
    stops = set(verdict.blocking)
    return {
        (
            one.check, one.urn, one.answer.value,
            one in stops and not (one.answer is Answer.UNKNOWN and scopes[one.check] == "estate"),
        )
        for one in verdict.findings
    }  # fmt: skip


def _in(stack: str, resource: Any) -> Any:
    from dataclasses import replace

    return replace(resource, stack=stack, urn=f"urn:pulumi:{stack}::liangzhu::{token(resource.kind)}::{resource.name}")


def _wire(resource: Any) -> proto.AnalyzerResource:
    return proto.AnalyzerResource(
        type=token(resource.kind),
        name=resource.name,
        urn=resource.urn,
        properties=_struct(written(dict(resource.properties), {"value": "not to be seen"})),
    )


def _struct(data: Any) -> struct_pb2.Struct:
    return json_format.ParseDict(data, struct_pb2.Struct())
