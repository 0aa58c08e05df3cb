"""`./lz judge --fix`: the differences of requests, records and exports; what is written, what is refused, what is left."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from inventory import addressing, reading, recording
from inventory import estate as estates
from inventory.estate import Estate, Resource
from inventory.examining import examine
from inventory.kinds import token
from inventory.places import ROOT, places
from inventory.problems import Refused
from inventory.written import FIELDS, Written
from monitors.narrator import Narrator
from policies import asking, mending
from policies.adapters import deployment
from policies.adapters.amending import amended
from policies.mending import Edit, difference, write
from policies.remedies import Change
from tests.policies.cases import resource
from tests.policies.writing import SIGNATURE

STACK = "education.resources"
FILE = f"Pulumi.{STACK}.yaml"


def ask(*words: str, json_: bool = False, language: Literal["zh", "en"] = "zh") -> tuple[str, int]:
    screen = io.StringIO()
    tell = Narrator("judge", "simulator", language, Console(file=screen, width=4000))
    asking.judge(tell, argparse.Namespace(what=list(words), environment="simulator", language=language, json=json_))
    return screen.getvalue(), tell.code


def plan() -> Estate:
    from stacks import provisioning

    reading.read.cache_clear()
    read = reading.read("simulator")
    addressing.settle(read, datetime.now(UTC))
    found = provisioning.plan(provisioning.work(read.places, read, lambda event: None, threading.Event()))
    assert not found.problems, [str(problem) for problem in found.problems]
    return found.estate


def publish(estate: Estate) -> None:
    where = places(reading.environment("simulator").state).estate
    for stack in estate.stacks:
        estates.publish(where, stack, estate.only(lambda one, stack=stack: one.stack == stack))


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The demo's requests in a folder of their own, with a system that has a bucket; nothing is deployed yet."""
    folder = tmp_path / "requests"
    shutil.copytree(ROOT / "inventory/requests", folder)
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LIANGZHU_ENVIRONMENT", "simulator")
    monkeypatch.setenv("LIANGZHU_SYSTEMS", STACK)
    known = reading.environments()
    mine = known["simulator"].model_copy(update={"requests": str(folder)})
    monkeypatch.setattr(reading, "environments", lambda: {**known, "simulator": mine})
    yield folder
    reading.read.cache_clear()


@pytest.fixture
def weak(requests: Path) -> Path:
    """One request with two failings: a bucket that keeps no versions, and a database that anybody may delete."""
    file = requests / FILE
    text = file.read_text(encoding="utf-8")
    assert "- {name: courses, size: 50Ti}" in text
    text = text.replace("- {name: courses, size: 50Ti}", "- {name: courses, versioning: false, size: 50Ti}   # 课件")
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_walk_in_chinese(weak: Path) -> None:
    """Deploy, see what would mend it, write it, plan it: what was promised comes, and nothing else changes."""
    before, planned = weak.read_text(encoding="utf-8"), plan()
    publish(planned)
    others = {path: path.read_bytes() for path in weak.parent.iterdir() if path != weak}
    text, code = ask("--fix")
    assert code == ask()[1], "the code is that of the verdict"
    assert weak.read_text(encoding="utf-8") == before, "it is shown, not done"
    assert "申请 — DAT-006 存储中的数据可查出改动、CHG-005 数据和密钥有删除保护" in text
    assert "-      - {name: courses, versioning: false, size: 50Ti}   # 课件" in text
    assert "+      - {name: courses, versioning: true, size: 50Ti, deletion_protection: true}   # 课件" in text
    assert "@@ CHG-005 DAT-006" in text
    assert "没有可由机器改的文件:卷打开 secure_erase" in text, "what no request says is for people, with what to do"
    assert "A request" not in text
    english, _ = ask("--fix", language="en")
    assert "a request — DAT-006 Stored data shows when it was changed" in english
    assert "cannot be mended by a file: switch on secure_erase" in english

    text, code = ask("--fix", "--write")
    after = weak.read_text(encoding="utf-8")
    changed = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert len(changed) == 2, "the bucket's line and the database's"
    assert f"✓ {weak}" in text
    assert "再判定一次,按改后的申请" in text
    assert code == 0
    assert "DAT-006" not in text.partition("再判定一次")[2]
    touched = {path.name for path, was in others.items() if path.read_bytes() != was}
    assert touched <= {"Pulumi.civil-affairs.welfare.yaml", "Pulumi.ecology.air.yaml"}, "databases of other systems"

    rows = {one.urn: one for one in planned}
    now = {one.urn: one for one in plan()}
    assert rows.keys() == now.keys(), "no resource comes or goes"
    differing = {
        (one.kind, key) for urn, one in rows.items() for key in {*one.properties, *now[urn].properties}
        if one.get(key) != now[urn].get(key)
    }  # fmt: skip
    assert differing == {
        ("storage.bucket", "versioning"), ("storage.bucket", "deletion_protection"), ("db.instance", "deletion_protection"),
        ("storage.volume", "deletion_protection"),
    }  # fmt: skip
    assert differing == {(kind, field) for kind, (_, fields) in FIELDS.items() for field in fields}, (
        "each row was planned"
    )

    text, _ = ask("--fix", "--write")
    assert weak.read_text(encoding="utf-8") == after, "a second time changes nothing"
    assert "申请已经这样写:./lz up 建成即可" in text, "it is deployed as it was"
    publish(Estate(tuple(now.values())))
    text, _ = ask("--fix")
    assert "自动修复:改 0 个文件,涉及资源属性 0 项" in text
    assert "申请已经这样写" not in text


@pytest.mark.slow
def test_a_difference_is_a_patch(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = weak.read_text(encoding="utf-8")
    publish(plan())
    ask("--fix", json_=True)
    data = json.loads(capsys.readouterr().out)
    files = {Path(row["file"]).name: row for row in data["remedies"]["files"]}
    row = files[FILE]
    assert {check for one in row["changes"] for check in one["checks"]} == {"DAT-006", "CHG-005"}
    patch = row["diff"].replace(str(weak), FILE) + "\n"
    subprocess.run(["git", "apply", "-p0", "-"], input=patch, text=True, cwd=weak.parent, check=True)
    patched = weak.read_text(encoding="utf-8")
    weak.write_text(before, encoding="utf-8")
    ask("--fix", "--write", json_=True)
    data = json.loads(capsys.readouterr().out)
    assert str(weak) in data["written"]
    assert weak.read_text(encoding="utf-8") == patched
    assert not [one for one in data["findings"] if one["check"] == "DAT-006" and one["answer"] == "fail"]


# records


RECORDS = """# 登记
zt.policy office:   # 办公网
  default: allow
  session_hours: 24
  reevaluate_minutes: 5
  conditions: [device, time]
iam.settings console: {concurrent_sessions: 0, idle_minutes: 15}
host.sshd h:
  host: h
  settings: {maxauthtries: "9", clientaliveinterval: "0", clientalivecountmax: "0"}
"""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "ours.yaml").write_text(RECORDS, encoding="utf-8")
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(recording, "declared", lambda declared=recording.declared: declared(folder))
    publish(Estate((resource("iam.password_policy p", {"min_length": "12", "min_classes": "3", "max_age_days": "90", "history": "5",
                             "lockout_tries": "5", "lockout_minutes": "30", "idle_minutes": "15"}),)))  # fmt: skip
    return folder / "ours.yaml"


def test_a_record_is_shown_and_written_only_once_the_thing_itself_is_changed(records: Path) -> None:
    text, _ = ask("--fix")
    assert "登记写的是已有的东西:先把它本身改好" in text
    assert "-  default: allow\n-  session_hours: 24\n+  default: deny\n+  session_hours: 8\n" in text
    assert "+iam.settings console: {concurrent_sessions: 3, idle_minutes: 15}" in text
    assert "+  settings" not in text, "facts of a host are gathered, not written"
    text, _ = ask("--fix", "--write")
    assert records.read_text(encoding="utf-8") == RECORDS, "it may not be true yet"
    assert f"✓ {records}" not in text
    assert "ZT-007" in text.partition("再判定一次")[2], "and so the verdict is as it was"
    text, _ = ask("--fix", "--write", "--records")
    expected = (
        RECORDS.replace("allow", "deny")
        .replace("session_hours: 24", "session_hours: 8")
        .replace("sessions: 0", "sessions: 3")
    )
    assert records.read_text(encoding="utf-8") == expected
    assert "ZT-007" not in "".join(line for line in text.partition("再判定一次")[2].splitlines() if "不通过" in line)
    assert "自动修复:改 0 个文件" in ask("--fix")[0]


def test_what_cannot_be_edited_is_left_to_people_with_its_place_and_the_rest_is_done(records: Path) -> None:
    text = RECORDS.replace("default: allow", "default: &d allow").replace("office:   # 办公网", "office:")
    records.write_text(text, encoding="utf-8")
    shown, _ = ask("--fix")
    assert "[edit.by-hand]" in shown
    assert f"{records}:3:" in shown
    assert "+  session_hours: 8" in shown
    assert "zt.policy office: default → deny (ZT-007):没有可由机器改的文件" in shown


# exports


def document(*rows: Resource, indent: int | None = None, **more: Any) -> str:
    made = [
        {"urn": one.urn, "custom": True, "id": "x", "type": token(one.kind), "inputs": dict(one.properties), "outputs": dict(one.properties)}
        for one in rows
    ]  # fmt: skip
    gone = [{**made[-1], "delete": True}]
    return json.dumps(
        {"version": 3, "deployment": {"manifest": more, "resources": [*made, *gone]}}, indent=indent, ensure_ascii=False
    )


SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter2"'}
DATABASE = resource("db.instance d", {"tls": "false", "mode": "single", "admin": "owner", "level": "2"})
DATABASE = replace(DATABASE, properties={**DATABASE.properties, "password": SECRET})
BUCKET = resource("storage.bucket b", {"public": "true", "tls_only": "false", "level": "2", "data_class": "general"})


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path / "home"))
    file = tmp_path / "stack.json"
    file.write_text(document(DATABASE, BUCKET, indent=4), encoding="utf-8")
    return file


def test_an_export_is_mended_in_a_copy_and_what_it_hides_stays_hidden(export: Path, tmp_path: Path) -> None:
    before, target = export.read_text(encoding="utf-8"), tmp_path / "mended.json"
    text, code = ask("--export", str(export), "--fix")
    assert code == 1
    assert '-          "tls": false\n+          "tls": true\n' in text
    assert "不要导入状态" in text
    assert "hunter2" not in text
    assert not target.exists()
    text, _ = ask("--export", str(export), "--fix", "--write", str(target))
    assert export.read_text(encoding="utf-8") == before, "the export itself is never overwritten"
    assert "hunter2" not in text
    after = target.read_text(encoding="utf-8")
    lines = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert {b.strip(" ,") for _, b in lines} == {'"tls": true', '"tls_only": true', '"public": false'}
    assert len(lines) == 6, "in inputs and outputs; what waits for its deletion stays as it is"
    assert "DAT-005" not in text.partition("再判定一次,按写出的副本")[2]
    mended = {
        (one.kind, key): one.get(key)
        for one in deployment.read(target)
        for key in ("tls", "tls_only", "public")
        if key in one
    }
    assert mended == {
        ("db.instance", "tls"): True,
        ("storage.bucket", "tls_only"): True,
        ("storage.bucket", "public"): False,
    }
    assert target.stat().st_mode & 0o077 == 0, "an export may hold secrets"
    with pytest.raises(Refused) as refused:
        ask("--export", str(export), "--fix", "--write", str(target))
    assert refused.value.problems[0].code == "fix.exists"
    again, _ = ask("--export", str(target), "--fix", "--write", str(tmp_path / "twice.json"))
    assert not (tmp_path / "twice.json").exists(), "there was nothing to write"
    assert "自动修复:改 0 个文件" in again


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "é\n"]), VALUES, max_size=4), min_size=1, max_size=3),
    st.sampled_from([None, 2, 4, "\t"]), st.booleans(), st.sampled_from(["a", "b", "new"]), VALUES,
)  # fmt: skip
def test_a_deployment_has_the_new_values_and_every_other_character(
    rows: list[dict[str, Any]], indent: Any, ascii_: bool, field: str, value: Any
) -> None:
    made = [
        {"urn": f"urn:{n}", "type": "gov:db/instance:Instance", "inputs": row, "outputs": {}}
        for n, row in enumerate(rows)
    ]
    whole = {"version": 3, "deployment": {"resources": made, "more": rows}}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_)
    new, lines = amended(text, {"urn:0": {field: value}})
    assert ("urn:0", field) in lines
    for side in [side for side in ("inputs", "outputs") if field in made[0][side]] or ["inputs", "outputs"]:
        made[0][side] = {**made[0][side], field: value}
    assert json.loads(new) == json.loads(json.dumps(whole))
    assert amended(new, {"urn:0": {field: value}})[0] == new
    assert amended(text, {"urn:9": {field: value}}) == (text, {})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--write"], "--write 要和 --fix 一起写"),
        (["--records"], "--records 要和 --fix --write 一起写"),
        (["--fix", "--records"], "--records 要和 --fix --write 一起写"),
        (["--fix", "--baseline", "30"], "--fix 和 --baseline 只写一个"),
        (["--export", "a.json", "--fix", "--write"], "写 --write 另一个文件"),
        (["--export", "a.json", "b.json", "--fix", "--write", "c.json"], "一次只写一个导出文件"),
        (["--export", "a.json", "--fix", "--write", "a.json"], "不能是导出文件本身"),
        (["--export", "a.json", "--fix", "--write", "./a.json"], "不能是导出文件本身"),
        (["--fix", "--write", "a.json"], "申请文件就地修改"),
        (["--terraform", "a.json", "--fix", "--write", "b.json"], "照显示的改 HCL"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_judged(words: list[str], says: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(*words)
    assert any(says in problem.zh for problem in refused.value.problems)
    assert all(problem.en and problem.code == "fix.words" for problem in refused.value.problems)


def test_resources_of_terraform_are_mended_by_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    file = tmp_path / "rows.json"
    row = {
        "resource": "alicloud_oss_bucket.b",
        "type": "alicloud_oss_bucket",
        "attributes": {"bucket": "b", "acl": "public-read"},
    }
    file.write_text(json.dumps([row]), encoding="utf-8")
    text, _ = ask("--terraform", str(file), "--fix")
    assert "storage.bucket alicloud_oss_bucket.b: public → false (IAM-005):没有可由机器改的文件" in text
    assert "@@" not in text


# writing


def edit(path: Path, after: str, **more: Any) -> Edit:
    return Edit(path, path.read_bytes().decode() if path.exists() else "", after, (), (), **more)


def test_all_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_bytes(b"old\r\n")
        file.chmod(0o640)
    edits = [edit(file, "new\r\n") for file in files]
    real, count = os.replace, 0

    def breaks(source: Any, target: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", breaks)
    with pytest.raises(Refused) as refused:
        write(edits)
    assert refused.value.problems[0].code == "fix.write"
    assert "没有改动任何文件" in refused.value.problems[0].zh
    monkeypatch.setattr(os, "replace", real)
    assert [file.read_bytes() for file in files] == [b"old\r\n"] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"], "nothing is left beside them"
    write(edits)
    assert [file.read_bytes() for file in files] == [b"new\r\n"] * 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}


def test_a_file_that_was_changed_meanwhile_is_left_and_so_are_the_others(tmp_path: Path) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    for file in (one, two):
        file.write_text("old\n")
    edits = [edit(one, "new\n"), edit(two, "new\n")]
    two.write_text("somebody's\n")
    with pytest.raises(Refused) as refused:
        write(edits)
    assert refused.value.problems[0].code == "fix.moved"
    assert (one.read_text(), two.read_text()) == ("old\n", "somebody's\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.data(), st.booleans())
def test_a_difference_patches_one_text_into_the_other(lines: list[str], data: st.DataObject, end: bool) -> None:
    places_ = data.draw(st.sets(st.integers(0, len(lines) - 1), min_size=1, max_size=4))
    new = [f"{line}!" if n in places_ else line for n, line in enumerate(lines)]
    before, after = ("\n".join(some) + "\n" * end for some in (lines, new))
    asked = tuple((n, (f"XXX-{n:03}",)) for n in sorted(places_))
    text = difference(Edit(Path("x"), before, after, asked, ()))
    for n in places_:
        assert f"XXX-{n:03}" in text, "every change has its check"
    assert patched(before, text) == after


def patched(before: str, text: str) -> str:
    """What `patch` does with it, strictly."""
    lines, made, at, last = before.splitlines(keepends=True), [], 0, ""
    for row in text.splitlines(keepends=True)[2:]:
        mark, line = row[0], row[1:] if row.endswith("\n") else row[1:] + "\n"
        if mark == "@":
            start = int(row.split()[1].removeprefix("-").partition(",")[0]) - 1
            made, at = made + lines[at:start], start
        elif mark == "\\":
            made[-1:] = [made[-1].removesuffix("\n")] if last in " +" else made[-1:]
        else:
            if mark in " -":
                assert lines[at].removesuffix("\n") == line.removesuffix("\n")
                at += 1
            if mark in " +":
                made.append(line)
        last = mark
    return "".join(made + lines[at:])


# where it is written


def test_what_no_request_says_has_no_place(requests: Path) -> None:
    file = requests / FILE
    made = resource(f"storage.bucket education-resources-courses @{STACK}", {"system": STACK})
    host = resource(f"compute.host h @{STACK}", {"system": STACK, "workload": "db"})
    volume = resource(f"storage.volume v @{STACK}", {"system": STACK, "host": "h"})
    made, volume = (replace(one, origin=f"{file}:17") for one in (made, volume))
    estate, written = Estate((made, host, volume)), Written()
    spot = written.spot(estate, made, "versioning")
    assert spot is not None
    assert (spot.file, spot.path[-3:], spot.record) == (file, ("buckets", 0, "versioning"), False)
    spot = written.spot(estate, volume, "deletion_protection")
    assert spot is not None
    assert spot.path[-3:] == ("workloads", 1, "deletion_protection")
    for one, field in (
        (made, "tls_only"),
        (replace(made, name="education-resources-other"), "versioning"),
        (replace(made, properties={**made.properties, "system": "ecology.air"}), "versioning"),
        (replace(made, origin=""), "versioning"),
        (replace(made, origin=f"{file}.gone:1"), "versioning"),
        (replace(made, origin="inventory/city/sites.yaml:3"), "versioning"),
        (replace(volume, properties={**volume.properties, "host": "nobody"}), "deletion_protection"),
        (host, "deletion_protection"),
    ):
        assert written.spot(Estate((one, host)), one, field) is None, (one, field)


def test_a_request_that_protects_what_holds_nothing_is_refused_at_its_place(requests: Path) -> None:
    file = requests / FILE
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("replicas: 6,", "replicas: 6, deletion_protection: true,"), encoding="utf-8")
    (problem,) = examine(file).problems
    assert (problem.code, problem.line > 0) == ("schema.value", True)
    assert problem.where.endswith("workloads[0].deletion_protection")
    assert "没有 database 或 storage 可保护" in problem.zh
    file.write_text(text.replace("storage: 1Ti", "storage: 1, deletion_protection: true"), encoding="utf-8")
    assert [one.where.rpartition(".")[2] for one in examine(file).problems] == ["storage"], (
        "what is wrong itself is told alone"
    )


def test_one_line_that_two_resources_want_otherwise_is_for_people(records: Path) -> None:
    found = recording.declared()
    policy = found.named("zt.policy", "office")
    assert policy is not None
    rows = [Change(policy.urn, "default", "allow", word, ("ZT-007",)) for word in ("deny", "refuse")]
    done = mending.of_files(found, rows)
    assert done.edits == ()
    assert set(done.people) == set(rows)
