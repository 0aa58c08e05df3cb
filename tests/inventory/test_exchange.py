"""Plans of others: each seeded defect is found and nothing else, each wrong cell gets its sentence, what we write we read.

A story under tests/cases/exchange is a plan, the defects that were put into it (`line code`, written by hand; none where
the file itself is refused), and everything that is said of it. A new story costs no Python.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory import addressing, reading
from inventory.addressing import Allocations
from inventory.exchange import netbox, own, pages, report, store, table
from inventory.exchange.audit import findings
from inventory.exchange.book import Book, Prefix
from inventory.places import ROOT
from inventory.problems import Refused

STORIES = sorted(path for path in (ROOT / "tests" / "cases" / "exchange").iterdir() if path.is_dir())
READ = reading.read("demo")
OURS = own.book(READ, addressing.assign(READ, Allocations()))


def plan(story: Path) -> Path:
    return next(story.glob("plan.*"))


def told(story: Path) -> str:
    """Everything that the verb says of a story, in both languages."""
    try:
        stock = report.stocktaking(store.load(plan(story)), READ.city, OURS)
    except Refused as refused:
        problems, lines = refused.problems, []
    else:
        problems, lines = stock.findings, list(report.lines(stock))
    said = [f"{p.text('zh')}\n    {p.text('en')}" for p in problems] + [f"{zh}\n    {en}" for zh, en in lines]
    return ("\n".join(said) + "\n").replace(f"{story}/", "")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_is_said_of_a_plan(story: Path) -> None:
    assert told(story) == (story / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("story", [s for s in STORIES if (s / "defects.txt").exists()], ids=lambda story: story.name)
def test_each_seeded_defect_is_found_and_nothing_else(story: Path) -> None:
    found = findings(store.load(plan(story)), READ.city, OURS)
    assert [f"{p.line} {p.code}" for p in found] == (story / "defects.txt").read_text().split("\n")[:-1]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_our_own_plan_comes_back_the_same_and_nothing_is_wrong_with_it(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"plan.{form}"
    store.save(path, OURS)
    again = store.load(path)
    assert again.unplaced() == OURS.unplaced()
    assert len(OURS.prefixes) > 200
    assert findings(again, READ.city, OURS) == ()
    store.save(tmp_path / f"second.{form}", again)
    assert (tmp_path / f"second.{form}").read_bytes() == path.read_bytes()


def test_every_segment_of_ours_that_is_moved_to_another_unit_is_found() -> None:
    """The bits of each segment against the code table: a wrong owner is found wherever it is."""
    segments = [n for n, p in enumerate(OURS.prefixes) if p.system and p.version == 6]
    other = {"ecology": "water"}
    for index in segments:
        row = OURS.prefixes[index]
        wrong = [*OURS.prefixes]
        wrong[index] = row._replace(owner=other.get(row.owner, "ecology"))
        book = Book(tuple(wrong), sites=OURS.sites, zones=OURS.zones, owners=OURS.owners)
        assert [p.code for p in findings(book, READ.city, Book())] == ["asset.misplaced-owner"]


def test_a_chosen_target_is_free_and_says_its_owner() -> None:
    story = next(s for s in STORIES if s.name == "extranet")
    book = store.load(plan(story))
    moves = report.stocktaking(book, READ.city, OURS).migration.moves
    assert [move.order for move in moves] == list(range(1, len(moves) + 1))
    proposed = table.read(
        "kind,address,owner,zone,site\n" + "".join(f"prefix,{m.target6},{m.owner},{m.zone},{m.site}\n" for m in moves),
        "proposed",
    )
    whole = Prefix(6, 0x3FFF0430 << 96, 32, status="container")
    assert findings(Book((whole, *proposed.prefixes)), READ.city, OURS) == ()
    spans = [(p.first, p.last) for p in (*book.prefixes, *OURS.prefixes) if p.version == 6 and p.status != "container"]
    for move in proposed.prefixes:
        assert not any(low <= move.last and move.first <= high for low, high in spans), move.text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000, "asset.json"),
        ('{"prefixes": [{"prefix": "10.0.0.0/8"}] ', "asset.json"),
        ('{"prefixes": []} x', "asset.json"),
        ('{"aggregates": []}', "asset.endpoint"),
        ("", "asset.json"),
        ('{"prefixes": [{"prefix": "10.0.0.0/8", "custom_fields": 3}]}', "asset.type"),
        ('{"prefixes": [{"id": 1' + "0" * 5000 + "}]}", "asset.json"),
    ],
)
def test_hostile_json_gets_a_sentence(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        netbox.read(text, "plan.json")
    assert [problem.code for problem in refused.value.problems] == [code]


def test_a_page_alone_is_known_by_its_fields_and_a_number_may_come_before_what_it_names() -> None:
    page = json.loads(pages.write(OURS))["prefixes"]
    assert netbox.read(json.dumps(page), "x").unplaced().prefixes == OURS.unplaced().prefixes
    text = '{"prefixes": [{"prefix": "10.0.0.0/8", "tenant": 4}], "tenants": [{"id": 4, "slug": "water"}]}'
    assert netbox.read(text, "x").prefixes[0].owner == "water"


def test_other_files_get_a_sentence(tmp_path: Path) -> None:
    gbk = tmp_path / "plan.csv"
    gbk.write_bytes("类型,地址".encode("gbk"))
    for path, code in (
        (gbk, "read.encoding"),
        (tmp_path / "plan.xlsx", "asset.form"),
        (tmp_path / "no.csv", "read.missing"),
    ):
        with pytest.raises(Refused, match=code.replace(".", r"\.")):
            store.load(path)
    with pytest.raises(Refused, match=r"asset\.write"):
        store.save(tmp_path / "nowhere" / "plan.csv", OURS)
    assert not list(tmp_path.glob(".*"))
