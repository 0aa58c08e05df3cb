"""The report's data and text: equal input gives equal bytes, hostile names are text, what was skipped is said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, Estate
from inventory.reading import read
from policies import judge
from policies.report import build, write
from policies.report.write import page
from tests.report.fixture import STEPS, conducted, estate, full, proofs, seen

HOSTILE = "<script>alert('x')</script>\"'&</title><svg onload=1>"


class Tags(HTMLParser):
    """Counts what is opened and collects every attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened[tag] = self.opened.get(tag, 0) + 1
        self.attributes += attrs


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1", full()), write(tmp_path / "2", full())
    assert [path.name for path in first] == ["report.zh.html", "report.en.html", "report.json"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert json.loads(first[-1].read_text(encoding="utf-8")) == full()


def test_one_language_on_request(tmp_path: Path) -> None:
    assert [path.name for path in write(tmp_path, full(), ("zh",))] == ["report.zh.html", "report.json"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_fetches_nothing(language: str) -> None:
    tags = Tags(page(full(), language))
    assert not {"link", "img", "iframe", "object", "embed"} & tags.opened.keys()
    sources = [value for key, value in tags.attributes if key in ("src", "href", "xlink:href", "action")]
    assert all(value and value.startswith("#") for value in sources)
    assert "@import" not in page(full(), language)
    assert "url(" not in page(full(), language)


def test_english_pages_have_english_words() -> None:
    text = page(full(), "en")
    main = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.DOTALL)
    headings = re.findall(r"<h[123][^>]*>(.*?)</h[123]>|<th[^>]*>(.*?)</th>", main, flags=re.DOTALL)
    words = [re.sub(r"<[^>]+>", "", "".join(pair)) for pair in headings]
    assert len(words) > 40
    assert [word for word in words if re.search(r"[\u4e00-\u9fff]", word)] == []


def test_hostile_names_are_text() -> None:
    renamed = Estate(
        tuple(
            replace(
                r,
                name=r.name + HOSTILE if r.kind in ("dr.backup_plan", "net.subnet") else r.name,
                properties={
                    **r.properties,
                    **({"title": HOSTILE} if "title" in r.properties else {}),
                    **({"peer": HOSTILE} if "peer" in r.properties else {}),
                    **({"media": HOSTILE} if "media" in r.properties else {}),
                    **({"role": HOSTILE, "pool": HOSTILE} if r.kind == "compute.host" else {}),
                },
                origin=HOSTILE if r.origin else "",
            )
            for r in estate()
        )
    )
    steps = [{"name": HOSTILE, "zh": HOSTILE, "en": HOSTILE, "seconds": 1.0, "skipped": False}]
    data = build(None, None, renamed, judge.judge(renamed, planned=True), steps=steps, seen=seen(HOSTILE), when=HOSTILE)
    text = page(data, "zh")
    assert HOSTILE not in text
    tags = Tags(text)
    assert tags.opened["script"] == 1
    assert tags.opened["title"] == text.count("<title>")
    assert not [key for key, _ in tags.attributes if key.startswith("on")]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40))
def test_any_title_leaves_the_page_the_same_page(title: str) -> None:
    def shape(word: str) -> dict[str, int]:
        systems = (replace(r, properties={**r.properties, "title": word}) for r in estate() if r.kind == "gov.system")
        return Tags(page(build(None, None, Estate(tuple(systems)), None), "zh")).opened

    assert shape(title) == shape("民政")


def test_nothing_at_all_is_still_a_report_that_says_so() -> None:
    data = build(None, None, None, None)
    for language, words in (("zh", ("未判定", "未验证", "未监测", "未配置")), ("en", ("Not judged", "Not watched"))):
        text = page(data, language)
        assert all(word in text for word in words)
    assert {tile["tone"] for tile in data["tiles"]} == {"plain", "none"}


def test_a_skipped_step_gives_its_reason_where_its_result_would_stand() -> None:
    why = {"zh": "模拟器不产生真实主机", "en": "the simulator makes no real hosts"}
    steps = [{"name": name, "seconds": 0.0, "skipped": True, **why} for name in ("configure", "prove", "watch")]
    data = build(read("demo"), None, estate(), None, steps=steps)
    assert data["monitors"]["skipped"] == data["hosts"]["skipped"] == data["recovery"]["skipped"] == why
    assert data["flows"]["proofs"]["skipped"] == why
    # the three places, the proof of flows, and a line a step
    assert page(data, "zh").count(why["zh"]) == 4 + 3


def test_the_sixteen_items_are_there_with_their_units() -> None:
    parts = full()["coverage"]
    assert [len(part["rows"]) for part in parts] == [4, 4, 8]
    computing = parts[0]["rows"][0]
    assert computing["clause"] == "二(一)"
    # all nine districts are one phrase, as in the document
    assert [unit["zh"] for unit in computing["responsible"]][-2:] == [
        "各区县(市)人民政府(9 个)",
        "马栏山视频文创园管委会",
    ]
    livelihood = next(row for row in parts[2]["rows"] if row["key"] == "livelihood")
    assert (livelihood["built"], livelihood["systems"]) >= (1, 1)


def test_figures_are_counted_not_claimed() -> None:
    data = full()
    tiles = {tile["section"]: tile for tile in data["tiles"]}
    assert tiles["systems"]["figure"]["zh"] == "3"
    assert tiles["hosts"]["figure"]["zh"] == "11"
    assert (tiles["monitors"]["figure"]["zh"], tiles["monitors"]["of"], tiles["monitors"]["tone"]) == ("13", 14, "bad")
    share = data["pools"]["domestic"]
    # 8 of 11 hosts of 2 cores are on Kunpeng or Hygon
    assert (share["used"], share["of"]) == (16, 22)
    assert data["monitors"]["targets"][0]["state"] == "down"


def test_flows_say_what_was_declared_and_what_was_proved() -> None:
    flows = full()["flows"]
    row = next(r for r in flows["declared"] if r["target"] == "ecology.air/db")
    assert (row["source"], row["port"], row["hosts"]) == ("ecology.air/app", "tcp/5432", 1)
    assert row["origin"].startswith("inventory/requests/Pulumi.ecology.air.yaml:")
    states = {(f["source"], f["target"]): f["state"] for f in full()["map"]["flows"]}
    assert states["civil-affairs-welfare-web-a-1", "civil-affairs-welfare-db-a-1"] == "allowed"
    assert states["ecology-air-app-a-1", "civil-affairs-welfare-db-b-1"] == "denied"


def test_findings_count_every_answer_and_a_clause_is_as_good_as_its_worst() -> None:
    found = full()["findings"]
    verdict = judge.judge(estate(), planned=True)
    assert sum(found["answers"].values()) == sum(sum(counts.values()) for counts in verdict.results.values())
    assert found["blocking"] == len(verdict.blocking)
    failed = {f.check for f in verdict.findings if f.answer == "fail"}
    assert failed, "the fixture has something to find, else this test shows nothing"
    for clause in found["clauses"]:
        assert (clause["answer"] == "fail") == bool(failed & set(clause["checks"]))
    assert all(s["total"] is None or s["checked"] <= s["total"] for s in found["standards"])


def test_a_page_of_an_incomplete_catalogue_does_not_claim_a_total() -> None:
    partial = [s for s in full()["findings"]["standards"] if not s["complete"]]
    assert partial
    assert all(s["total"] is None for s in partial)


def test_markers_never_reach_the_page() -> None:
    hidden = Estate(
        tuple(
            replace(r, properties={**r.properties, "address6": UNKNOWN, "address4": SECRET})
            if r.kind == "compute.host"
            else r
            for r in estate()
        )
    )
    data = build(read("demo"), None, hidden, None)
    assert "\ufffc" not in json.dumps(data, ensure_ascii=False) + page(data, "zh")


@pytest.mark.slow
def test_a_city_of_three_hundred_systems_stays_light() -> None:
    many = Estate.union(
        Estate(tuple(replace(r, name=f"{r.name}-{n}", urn=f"{r.urn}-{n}", properties={**r.properties, "name": f"{r.name}-{n}"})
                     for r in estate()))
        for n in range(100)
    )  # fmt: skip
    data = build(read("city"), None, many, None)
    assert len(data["systems"]) >= 300
    for language in ("zh", "en"):
        assert len(page(data, language).encode()) < 5_000_000


def test_what_other_rooms_return_is_understood() -> None:
    """The real classes of the rooms that the report may not import."""
    data = build(read("demo"), None, estate(), None, steps=STEPS, conducted=conducted(), proofs=proofs(), seen=seen())
    assert data["hosts"]["rows"][0]["changed"] == 3
    assert data["recovery"]["proofs"][0]["arrived"] is True
    assert data["flows"]["proofs"] | {"rows": []} == {
        "skipped": None, "rows": [], "good": 3, "total": 3, "allowed": 2, "denied": 1,
    }  # fmt: skip
    assert data["monitors"]["alerts"][0]["name"] == "HostDown"
