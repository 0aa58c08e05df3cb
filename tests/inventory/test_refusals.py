"""What departments write wrong: each story under tests/cases/requests has files and the sentences they must get."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import consistency, reading
from inventory.examining import examine
from inventory.places import ROOT
from inventory.problems import Problem, Refused

STORIES = sorted(path for path in (ROOT / "tests" / "cases" / "requests").iterdir() if path.is_dir())


def problems(story: Path) -> list[Problem]:
    mine = [examine(path) for path in sorted(story.glob("Pulumi.*.yaml"))]
    others = [examine(path) for path in sorted((ROOT / "inventory" / "requests").glob("Pulumi.*.yaml"))]
    files = {each.document.file for each in mine if each.document}
    wrong = [problem for each in mine for problem in each.problems]
    wrong += [p for p in consistency.of_requests(reading.city(), [*mine, *others]) if p.file in files]
    return sorted(wrong, key=lambda p: (p.file, p.line, p.col, p.code))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_mistake_gets_its_sentence_and_its_place(story: Path) -> None:
    said = "\n".join(f"{p.text('zh')}\n    {p.text('en')}" for p in problems(story)) + "\n"
    expected = story / "expected.txt"
    assert said.replace(f"tests/cases/requests/{story.name}/", "") == expected.read_text(encoding="utf-8")


def test_nothing_is_read_from_a_folder_with_one_error(tmp_path: Path) -> None:
    for path in (ROOT / "inventory" / "requests").glob("Pulumi.*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    bad = tmp_path / "Pulumi.civil-affairs.welfare.yaml"
    bad.write_text(bad.read_text(encoding="utf-8").replace("level: 3", "level: 30"), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        reading.requests(tmp_path, reading.city())
    assert [p.code for p in refused.value.problems][:1] == ["schema.less-than-equal"]


def test_an_unknown_environment_names_the_nearest() -> None:
    with pytest.raises(Refused, match=r"demo.*\[environment.unknown\]"):
        reading.environment("dmeo")


def test_no_utf8_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.civil-affairs.x.yaml"
    path.write_bytes("config: {a: 民政}".encode("gbk"))
    with pytest.raises(Refused, match=r"read.encoding"):
        reading.load(path)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("link6", "3fff:430:1100::/48", "address.overlap"),
        ("loopback6", "2001:db8::/48", "address.overlap"),
        ("public4", "198.18.3.0/24", "address.overlap"),
        ("prefix6", "3fff:430::/33", "address.bits"),
        ("ula", "fd00::zz/48", "address.text"),
    ],
)
def test_an_overlapping_prefix_is_refused_at_its_line(tmp_path: Path, field: str, value: str, code: str) -> None:
    for path in (ROOT / "inventory" / "city").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "addresses.yaml":
            lines = [f"{field}: {value}" if line.startswith(f"{field}:") else line for line in text.splitlines()]
            text = "\n".join(lines)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        reading.city(tmp_path)
    assert code in {p.code for p in refused.value.problems}
    assert all(p.line > 0 for p in refused.value.problems)


def test_what_is_given_twice_is_told_at_every_place_of_it(tmp_path: Path) -> None:
    for path in (ROOT / "inventory" / "city").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "zones.yaml":
            first, second = [at for at, line in enumerate(text.splitlines()) if line.startswith("- key:")][:2]
            text += "\n".join(text.splitlines()[first:second]) + "\n"
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        reading.city(tmp_path)
    lines = (tmp_path / "zones.yaml").read_text(encoding="utf-8").splitlines()
    keys = [at for at, line in enumerate(lines, 1) if line.startswith("- key: public")]
    numbers = [at for at, line in enumerate(lines, 1) if line.strip() == "number: 1"]
    assert len(keys) == len(numbers) == 2
    said = [(p.code, p.line, p.en) for p in refused.value.problems]
    assert said == [
        *(("city.twice", at, "'public' is there 2 times: a key is given once") for at in keys),
        *(("city.number", at, "address code 1 is used more than once") for at in numbers),
    ]
    assert "“public”出现了 2 次" in refused.value.problems[0].zh


def test_a_site_has_a_line_that_its_backups_stand_by_for(tmp_path: Path) -> None:
    for path in (ROOT / "inventory" / "city").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "links.yaml":
            text = text.replace("  ends: [a, d]\n", "  ends: [a, d]\n  backup: true\n")
            text = text.replace("  ends: [b, d]\n", "  ends: [b, c]\n")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        reading.city(tmp_path)
    said = {(p.code, p.line, p.en.partition(" has ")[0]) for p in refused.value.problems}
    lines = (tmp_path / "links.yaml").read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines, 1) if line == "  backup: true"]
    assert len(places) == 2
    assert said == {("city.backup", place, "site d") for place in places}


def test_what_the_stock_cli_keeps_beside_the_requests_is_no_request(tmp_path: Path) -> None:
    for path in (ROOT / "inventory" / "requests").glob("Pulumi.*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "Pulumi.city-network.yaml").write_text("encryptionsalt: v1:abc\n")
    first = tmp_path / "Pulumi.ecology.air.yaml"
    first.write_text(first.read_text(encoding="utf-8") + "encryptionsalt: v1:abc\n", encoding="utf-8")
    assert len(reading.requests(tmp_path, reading.city())) == len(list(tmp_path.glob("Pulumi.*.yaml"))) - 1
