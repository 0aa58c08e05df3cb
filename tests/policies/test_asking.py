"""`./lz judge` and `./lz waivers`: the same verdict on what is deployed and on an export of it, told and as JSON."""

from __future__ import annotations

import argparse
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from rich.console import Console

from inventory import estate as estates
from inventory.estate import Estate, Resource
from inventory.kinds import token
from inventory.places import places
from inventory.problems import Refused
from inventory.reading import environment
from monitors.narrator import Narrator
from policies import asking, waivers
from policies.adapters import deployment
from policies.judge import judge
from policies.profiles import Profile, profile
from tests.policies.cases import FOLDER, case, paths
from tests.policies.test_waivers import WEAK
from tests.policies.waiving import PRIVATE
from tests.policies.writing import written


def _document(estate: Estate) -> dict[str, Any]:
    """As the stock CLI exports it: floats for numbers, secrets sealed."""
    rows = [
        {"urn": one.urn, "custom": True, "id": "x", "type": token(one.kind), "inputs": written(dict(one.properties), {"ciphertext": "v1:x:y"}),
         "outputs": {}, "dependencies": list(one.dependencies)}
        for one in estate
    ]  # fmt: skip
    rows.insert(0, {"urn": "urn:pulumi:s::p::pulumi:providers:gov::g", "type": "pulumi:providers:gov", "custom": True})
    rows.append({**rows[-1], "urn": rows[-1]["urn"] + "-old", "delete": True})
    return {"version": 3, "deployment": {"manifest": {}, "resources": rows}}


@pytest.mark.slow
def test_an_export_of_every_case_is_judged_as_the_case(tmp_path: Path) -> None:
    """By the case's own check; and, of each twentieth, by all."""
    for index, path in enumerate(paths()):
        one = case(path)
        (tmp_path / "x.json").write_text(json.dumps(_document(one.estate)), encoding="utf-8")
        read = deployment.read(tmp_path / "x.json")
        by = profile("level3") if index % 20 == 0 else Profile("alone", "", "", (one.entry,))
        for planned in (True, False):
            mine = judge(read, by, planned=planned, on=one.today).data()
            assert mine == judge(one.estate, by, planned=planned, on=one.today).data(), path


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"deployment": {"resources": {}}}', "[" * 100000])
def test_what_is_no_deployment_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        deployment.read(tmp_path / "x.json")
    assert refused.value.problems[0].code == "judge.export"
    (tmp_path / "empty.json").write_text('{"version": 3, "deployment": {}}', encoding="utf-8")
    assert len(deployment.read(tmp_path / "empty.json")) == 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in which one weak password policy is deployed, and a waivers file of its own."""
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    where = places(environment("demo").state).estate
    where.mkdir(parents=True)
    (where / "case.one.json").write_text(json.dumps(estates.to_data(Estate((WEAK,)))), encoding="utf-8")
    monkeypatch.setattr(asking, "BASELINES", tmp_path / "baselines")
    monkeypatch.setattr("policies.judging.BASELINES", tmp_path / "baselines")
    return tmp_path


def ask(
    *words: str, verb: Any = asking.judge, json_: bool = False, language: Literal["zh", "en"] = "en"
) -> tuple[str, int]:
    screen = io.StringIO()
    tell = Narrator("judge", "demo", language, Console(file=screen, width=400))
    options = argparse.Namespace(what=list(words), environment="demo", language=language, json=json_)
    verb(tell, options)
    return screen.getvalue(), tell.code


def test_what_is_deployed_is_judged_and_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, code = ask()
    assert code == 1
    assert "IAM-001" in text
    assert "blocks" in text
    assert "不通过,阻断" in ask(language="zh")[0]
    _, code = ask(json_=True)
    data = json.loads(capsys.readouterr().out)
    assert code == 1
    assert data["on"] == datetime.now().astimezone(asking.CHINA).date().isoformat()
    assert {f["check"] for f in data["findings"] if f["answer"] == "fail"} == {"IAM-001"}


def test_resources_of_terraform_are_judged_and_types_without_a_table_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"type": "ingress", "ip_protocol": "tcp", "port_range": "22/22", "security_group_id": "sg"}
    rows = [
        {"resource": "alicloud_security_group_rule.r", "type": "alicloud_security_group_rule", "attributes": rule},
        {"resource": "random_id.a", "type": "random_id", "attributes": {}},
        {"resource": "random_id.b", "type": "random_id", "attributes": {}},
    ]
    file = home / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    text, code = ask("--terraform", str(file))
    assert code == 1
    assert f"{file}:1:1: net.sg_rule alicloud_security_group_rule.r" in text
    assert "random_id 2" in text
    assert "random_id 2" in ask("--terraform", str(file), language="zh")[0]
    ask("--terraform", str(file), json_=True)
    data = json.loads(capsys.readouterr().out)
    assert data["without_a_kind"] == {"random_id": 2}
    assert "BND-016" in {one["check"] for one in data["findings"] if one["answer"] == "fail"}


def test_a_baseline_is_written_and_then_holds(home: Path) -> None:
    text, code = ask("--baseline", "30")
    assert code == 0
    assert "demo.json" in text
    text, _ = ask()
    assert "in the baseline" in text
    assert " (fail, blocks)" not in text
    assert " (fail, blocks)" in ask("--on", "2999-01-01")[0]


def test_a_waiver_is_made_signed_and_told(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("new", "IAM-001", "weak", verb=asking.ask_waivers)
    entry = capsys.readouterr().out
    assert f'fingerprint: "{waivers.fingerprint(WEAK)}"' in entry
    ask("key", str(home / "key.pem"), verb=asking.ask_waivers)
    public = capsys.readouterr().out
    assert (home / "key.pem").stat().st_mode & 0o777 == 0o600
    filled = entry.replace('reason: ""', "reason: r").replace('ticket: ""', "ticket: T-1").replace(
        'requester: ""', "requester: ops").replace('approver: ""', "approver: sec").replace(
        'compensating: ""', "compensating: CHG-003")  # fmt: skip
    roster = "approvers:\n  sec:\n    - |\n" + "".join(f"      {line}\n" for line in public.splitlines())
    file = home / "waivers.yaml"
    file.write_text(roster + "waivers:\n" + filled, encoding="utf-8")
    real = waivers.read
    monkeypatch.setattr(waivers, "read", lambda: real(file))
    assert "not validly signed" in ask("list", verb=asking.ask_waivers)[0]
    ask("sign", "T-1", str(home / "key.pem"), verb=asking.ask_waivers)
    word = capsys.readouterr().out.partition("signature: ")[2].strip()
    file.write_text(roster + "waivers:\n" + filled.replace('signature: ""', f"signature: {word}"), encoding="utf-8")
    assert "in force" in ask("list", verb=asking.ask_waivers)[0]
    text, _ = ask()
    assert "IAM-001" in text
    assert "(waived, reported)" in text
    assert PRIVATE not in text


@pytest.mark.parametrize(
    ("verb", "words", "code"),
    [
        (asking.ask_waivers, ("lst",), "waiver.verb"),
        (asking.ask_waivers, ("new", "IAM-001", "strong"), "waiver.not-failing"),
        (asking.ask_waivers, ("new",), "waiver.new"),
        (asking.ask_waivers, ("sign", "T-9", "k"), "waiver.ticket"),
        (asking.ask_waivers, ("key", "/proc/none"), "waiver.key"),
        (asking.judge, ("--profile", "level4"), "policy.unknown-profile"),
        (asking.judge, ("--export", "none.json"), "judge.no-file"),
        (asking.judge, ("--terraform", "none.json"), "judge.no-file"),
    ],
)
def test_wrong_words_get_a_sentence(home: Path, verb: Any, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(*words, verb=verb)
    assert refused.value.problems[0].code == code


def test_a_file_leaves_what_was_proved_of_the_environment_alone(home: Path, tmp_path: Path) -> None:
    network = case(FOLDER / "BND-001" / "fail-iot.yaml").estate  # of this a proof is kept
    (tmp_path / "x.json").write_text(json.dumps(_document(network)), encoding="utf-8")
    kept = places(environment("demo").state).proof
    kept.write_bytes(b"of the environment")
    ask("--export", str(tmp_path / "x.json"))
    assert kept.read_bytes() == b"of the environment"


def test_nothing_deployed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    with pytest.raises(Refused) as refused:
        ask()
    assert refused.value.problems[0].code == "judge.nothing"


def test_a_resource_of_another_program_is_a_component() -> None:
    (one,) = deployment.estate([{"urn": "urn:pulumi:s::p::aws:s3/bucket:Bucket::b", "type": "aws:s3/bucket:Bucket"}])
    assert one == Resource("component", "b", "s", "urn:pulumi:s::p::aws:s3/bucket:Bucket::b", {}, "", (), "", "")


def test_reports_are_written_where_they_are_asked_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, code = ask("--to", str(home / "out"), "--format", "sarif,gaps")
    assert code == 1
    assert {path.name for path in (home / "out").iterdir()} == {"results.sarif", "gaps-mlps.csv"}
    assert "results.sarif" in text
    log = json.loads((home / "out" / "results.sarif").read_text(encoding="utf-8"))
    failing = [row["ruleId"] for row in log["runs"][0]["results"] if row["kind"] == "fail"]
    assert failing == ["IAM-001"]
    capsys.readouterr()
    ask("--to", str(home / "more"), "--format", "junit", json_=True)
    assert json.loads(capsys.readouterr().out)["blocking"], "with --json the verdict alone is on standard output"
    assert (home / "more" / "results.junit.xml").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--format", "csv"), "judge.to-missing"), (("--to", "x", "--format", "cvs"), "judge.format")],
)
def test_wrong_formats_get_a_sentence(home: Path, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(*words)
    assert refused.value.problems[0].code == code
    assert not Path("x").exists()
