"""Resources of Terraform as an estate: what the clouds' tables make of them, and that nobody can write them so that a
check passes or breaks."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, marked
from inventory.kinds import kinds
from inventory.problems import Refused
from policies.adapters import rows, terraform
from policies.adapters.tables import Body
from policies.judge import judge, look
from policies.profiles import profile

FOLDER = Path(__file__).parent.parent / "cases" / "terraform"
DAY = date(2026, 6, 1)


class _Nothing:
    """Expressions that lead nowhere."""

    def __call__(self, text: str) -> Any:
        return text

    def body(self, text: str) -> Body | None:
        return None


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = terraform.read(_file(tmp_path, json.dumps(case["resources"]))).estate
    for head, fields in case["expect"].items():
        one = found.named(*head.split(" "))
        assert one, f"{head} is not there"
        said = json.loads(json.dumps(marked({key: one.get(key) for key in fields})))
        assert said == fields, head
    for head in case["absent"]:
        assert not found.named(*head.split(" ")), f"{head} is there"


def test_tables_speak_of_fields_that_kinds_have() -> None:
    for type_, entry in terraform.TABLE.items():
        body = Body({}, _Nothing(), "x")
        if entry.into:
            assert any(set(entry.fields) <= set(kind.model_fields) for kind in kinds().values()), type_
        elif entry.kind != "component":
            assert set(entry.fields) <= set(kinds()[entry.kind].model_fields), type_
        for take in entry.fields.values():
            take(body)
        for more in entry.more:
            for draft in more(body):
                assert set(draft.fields) <= set(kinds()[draft.kind].model_fields), type_


@pytest.mark.parametrize("shape", ["list", "lines", "object", "spread"])
def test_a_file_may_be_a_list_lines_or_an_object(tmp_path: Path, shape: str) -> None:
    some = [{"resource": f"alicloud_disk.d{i}", "type": "alicloud_disk", "attributes": {}} for i in range(3)]
    text = {
        "list": json.dumps(some, indent=1),
        "lines": "\n".join(map(json.dumps, some)) + "\n",
        "object": json.dumps({"resources": some}),
        "spread": "\n\n".join(json.dumps(one, indent=2) for one in some),
    }[shape]
    read = terraform.read(_file(tmp_path, text))
    assert [one.name for one in read.estate] == [one["resource"] for one in some]
    if shape == "lines":
        assert [one.origin.rpartition(":")[2] for one in read.estate] == ["1", "2", "3"]


def test_what_surrounds_a_row_is_in_the_estate_once(tmp_path: Path) -> None:
    key = {"resource": "alicloud_kms_key.k", "type": "alicloud_kms_key", "attributes": {}}
    other = {**key, "attributes": {"key_spec": "Aliyun_SM4"}}
    disk = {"type": "alicloud_disk", "attributes": {"encrypted": True, "kms_key_id": "${alicloud_kms_key.k.id}"}}
    text = [
        {**disk, "resource": "alicloud_disk.a", "related": [key]},
        {**disk, "resource": "alicloud_disk.b", "related": [key]},
        {**disk, "resource": "alicloud_disk.c", "related": [other]},
    ]
    found = terraform.read(_file(tmp_path, json.dumps(text))).estate
    assert [one.name for one in found.kind("kms.key")] == ["alicloud_kms_key.k", "alicloud_kms_key.k#2"]
    keys = {one.name: one["encryption_key"] for one in found.kind("storage.volume")}
    assert keys == {
        "alicloud_disk.a": "alicloud_kms_key.k",
        "alicloud_disk.b": "alicloud_kms_key.k",
        "alicloud_disk.c": "alicloud_kms_key.k#2",
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("{", "terraform.json", 1),
        ("[" * 100000, "terraform.json", 1),
        ('[{"resource": "a.b", "type": "a_b"}', "terraform.json", 1),
        ('[{"resource": "a.b", "type": "a_b"}] x', "terraform.json", 1),
        ('{"resource": "a.b", "type": "a_b"}\n\n7', "terraform.row", 3),
        ('{"resource": "a b", "type": "A", "attributes": []}', "terraform.row", 1),
        ('{"resource": "a.b", "type": "a_b", "related": {}}', "terraform.row", 1),
        ('{"resource": "a.b", "type": "a_b", "related": [1]}', "terraform.row", 1),
        ('{"resource": "a.b", "type": "a_b", "attributes": ' + '{"a":' * 60 + "1" + "}" * 60 + "}", "terraform.row", 1),
        ("1" * 5000, "terraform.json", 1),
    ],
)
def test_what_is_no_list_of_resources_is_refused(tmp_path: Path, text: str, code: str, line: int) -> None:
    with pytest.raises(Refused) as refused:
        terraform.read(_file(tmp_path, text))
    first = refused.value.problems[0]
    assert (first.code, first.line) == (code, line)
    assert all(one.zh and one.en and one.zh != one.en for one in refused.value.problems)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        terraform.read(_file(tmp_path, '{"resource": 1, "type": 2, "attributes": 3}\n{"resource": "a.b", "type": ""}'))
    assert [(one.line, one.where) for one in refused.value.problems] == [
        (1, "[0].resource"), (1, "[0].type"), (1, "[0].attributes"), (2, "[1].type"),
    ]  # fmt: skip


def test_sizes_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = '{"resource": "a.b", "type": "a_b", "related": [{"resource": "a.c", "type": "a_b"}]}\n'
    path = _file(tmp_path, row * 2)
    assert len(terraform.read(path).estate) == 2
    monkeypatch.setattr(rows, "MOST", 3)
    with pytest.raises(Refused, match=r"terraform\.many"):
        terraform.read(path)
    monkeypatch.setattr(rows, "LARGEST", 10)
    with pytest.raises(Refused, match=r"terraform\.large"):
        terraform.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(Refused, match=r"terraform\.text"):
        terraform.read(path)
    with pytest.raises(Refused, match=r"judge\.no-file"):
        terraform.read(tmp_path / "none.json")


@pytest.mark.slow
def test_large_and_nasty_files_are_read_and_looked_through(tmp_path: Path) -> None:
    """What would be quadratic somewhere would never end here: one hub, settings of the hub, neighbours, long words."""
    hub = {"resource": "alicloud_oss_bucket.hub", "type": "alicloud_oss_bucket", "attributes": {}}
    acl = {
        "type": "alicloud_oss_bucket_acl",
        "attributes": {"bucket": "${alicloud_oss_bucket.hub.id}", "acl": "private"},
    }
    some: list[dict[str, Any]] = [{**acl, "resource": f"{acl['type']}.a{i}", "related": [hub]} for i in range(5000)]
    around = [{**acl, "resource": f"{acl['type']}.b{i}"} for i in range(20000)]
    long = {"user_data": "a-" * 200000, "y": "a" * 400000 + "://", "z": "a_" * 200000 + "password"}
    some.append(
        {"resource": "tencentcloud_instance.x", "type": "tencentcloud_instance", "attributes": long, "related": around}
    )
    found = terraform.read(_file(tmp_path, json.dumps(some))).estate
    assert found.named("storage.bucket", "alicloud_oss_bucket.hub")
    assert not [one for one in found.kind("storage.bucket") if one["public"]]
    entry = next(one for one in profile("level3").entries if one.loaded.check.id == "IAM-013")
    assert {one.answer for one in look(found, entry, DAY)} <= {"not-applicable"}


@pytest.mark.parametrize("mark", [SECRET, UNKNOWN])
def test_nobody_can_write_the_marks_of_the_estate(tmp_path: Path, mark: str) -> None:
    row = {
        "resource": "alicloud_mongodb_instance.a",
        "type": "alicloud_mongodb_instance",
        "attributes": {"account_password": str(mark), "engine_version": str(mark), str(mark): "\ud800\x1b[31m"},
    }
    (one,) = terraform.read(_file(tmp_path, json.dumps(row))).estate
    assert one["password"] not in (SECRET, UNKNOWN)
    assert "\x1b" not in repr(one.properties)
    json.dumps(marked(one.properties), ensure_ascii=False).encode("utf-8")
    verdict = judge(terraform.read(tmp_path / "x.json").estate, "level3", planned=True, on=DAY)
    assert [f.answer for f in verdict.findings if f.check == "IAM-006"] == ["fail"]


_WORDS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["${var.x}", "${alicloud_kms_key.k.id}", "0.0.0.0/0", "22/22", "all", "Open", "${a.b[0].c}", "-1"]),
)  # fmt: skip
_VALUES = st.recursive(
    _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_KEYS = sorted(
    {
        "encrypted", "encrypt", "kms_key_id", "acl", "policy", "logging", "rule", "ingress", "egress", "cidr_ip", "port_range",
        "ip_protocol", "protocol", "ports", "ssl_action", "tde_status", "tags", "lifecycle", "security_group_id", "bucket",
        "rotation_interval", "automatic_rotation", "user_data", "db", "volume", "security_groups", "ethertype", "entry",
        "remote_ip_prefix", "minimum_password_length", "server_side_encryption_rule", "port_range_min", "region",
    }
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(terraform.TABLE)), st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6)
        ),
        max_size=5,
    )
)
def test_whatever_is_written_is_judged_and_breaks_no_check(tmp_path_factory: Any, drawn: list[tuple[str, Any]]) -> None:
    some = [{"resource": f"{type_}.r{i}", "type": type_, "attributes": body} for i, (type_, body) in enumerate(drawn)]
    found = terraform.read(_file(tmp_path_factory.mktemp("t"), json.dumps(some))).estate
    names = {one.name for one in found}
    assert {one["resource"] for one in some} <= names
    verdict = judge(found, "level3", planned=True, on=DAY)
    assert not [f for f in verdict.findings if f.answer == "error"]
