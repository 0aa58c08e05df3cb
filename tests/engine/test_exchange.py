"""The way in and out: documents that the stock CLI takes, and its own taken here; what is not fit is told at once.

`tests/cases/engine/exchange/*.json` are documents with what is wrong with them; `stock/*.json` there are exports of the
stock CLI, as it wrote them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.estate import published
from inventory.problems import Refused
from stacks import engine
from stacks.engine import Program, state
from stacks.engine.exchanging import export, import_
from stacks.engine.exporting import exported, manifest
from stacks.engine.importing import imported
from stacks.engine.records import Pending, Record
from stacks.engine.sealing import Sealer, new_salt
from stacks.engine.values import SECRET, SIGNATURE, secret
from tests.engine.conftest import PASSPHRASE, PROGRAMS, Bench, thing

CASES = Path(__file__).parent.parent / "cases" / "engine" / "exchange"
WORD = 'open-sesame <&> "4711"'
NOW = "2026-11-26T00:00:00Z"
ROOT = "urn:pulumi:one::graph::pulumi:pulumi:Stack::graph-one"


def named(path: Path) -> str:
    return path.stem


def ciphertexts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["ciphertext"]] if value.get(SIGNATURE) == SECRET and "ciphertext" in value else []
        return own + [text for item in value.values() for text in ciphertexts(item)]
    return [text for item in value for text in ciphertexts(item)] if isinstance(value, list) else []


def complaints(document: dict[str, Any]) -> Iterator[str]:
    """What the stock engine's check of a snapshot would say: everything stands after what it names."""
    seen: set[str] = set()
    providers: set[str] = set()
    written = document["deployment"]["manifest"]
    if written["magic"] != manifest(NOW)["magic"]:
        yield "magic"
    for body in document["deployment"]["resources"]:
        needed = [
            body.get("parent"),
            body.get("deletedWith"),
            *body.get("dependencies", ()),
            *body.get("replaceWith", ()),
        ]
        needed += [urn for urns in body.get("propertyDependencies", {}).values() for urn in urns]
        for urn in filter(None, needed):
            if urn not in seen:
                yield f"{body['urn']} before {urn}"
        if body.get("provider") and body["provider"] not in providers and not body.get("pendingReplacement"):
            yield f"{body['urn']} before its provider"
        if body["type"].startswith("pulumi:providers:"):
            providers.add(f"{body['urn']}::{body['id']}")
        seen.add(body["urn"])


# ---------------------------------------------------------------------- documents


@pytest.mark.parametrize("case", sorted(CASES.glob("*.json")), ids=named)
def test_what_is_not_fit_is_told_at_once(case: Path) -> None:
    data = json.loads(case.read_text())
    with pytest.raises(Refused) as refused:
        imported(data["document"], "one", "graph", PASSPHRASE)
    assert sorted(f"{problem.code} {problem.where}".strip() for problem in refused.value.problems) == data["refused"]


@pytest.mark.parametrize("case", sorted((CASES / "stock").glob("*.json")), ids=named)
def test_an_export_of_the_stock_cli_comes_out_as_it_went_in(case: Path) -> None:
    document = json.loads(case.read_text())
    found = imported(document, "one", "graph", PASSPHRASE)
    sealer = found.sealer or Sealer(PASSPHRASE, document["deployment"]["secrets_providers"]["state"]["salt"])
    again = exported(found.records, found.pending, sealer, NOW, show_secrets=found.sealer is None)
    assert not list(complaints(again))
    resources = [document["deployment"].pop("resources"), again["deployment"].pop("resources")]
    before, after = (sorted(bodies, key=lambda body: json.dumps(body, sort_keys=True)) for bodies in resources)
    assert before == after
    for one in (document, again):
        one["deployment"].pop("manifest")
    assert document == again


def test_secrets_are_marked_and_in_clear(tmp_path: Path) -> None:
    document = json.loads((CASES / "stock" / "sealed.json").read_text())
    shown = json.loads((CASES / "stock" / "shown.json").read_text())
    records = [imported(one, "one", "graph", PASSPHRASE).records for one in (document, shown)]
    assert [r.body for r in records[0]] == [r.body for r in records[1]]
    (a,) = [record for record in records[0] if record.urn.endswith("::a")]
    assert a.inputs["secret"] == secret(WORD)
    assert WORD not in json.dumps(document)


@st.composite
def estates(draw: st.DrawFn) -> list[Record]:
    """Records in any order: a stack, two providers of one URN, things that need what was made before them."""
    provider = "urn:pulumi:one::graph::pulumi:providers:test::default"
    bodies: list[dict[str, Any]] = [
        {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"},
        {"urn": provider, "custom": True, "type": "pulumi:providers:test", "id": "new", "parent": ROOT},
        {"urn": provider, "custom": True, "type": "pulumi:providers:test", "id": "old", "parent": ROOT, "delete": True},
    ]
    count = draw(st.integers(0, 8))
    for index in range(count):
        urn = f"urn:pulumi:one::graph::test:index:Thing::t{index}"
        before = [f"urn:pulumi:one::graph::test:index:Thing::t{i}" for i in range(index)]
        some = st.lists(st.sampled_from(before), unique=True, max_size=2) if before else st.just([])
        body: dict[str, Any] = {
            "urn": urn,
            "custom": True,
            "type": "test:index:Thing",
            "id": f"id-{index}",
            "parent": ROOT,
        }
        body |= {
            "provider": f"{provider}::new",
            "dependencies": draw(some),
            "propertyDependencies": {"ref": draw(some)},
        }
        if draw(st.booleans()):
            bodies.append({**body, "id": f"old-{index}", "provider": f"{provider}::old", "delete": True})
        if before and draw(st.booleans()):
            body[draw(st.sampled_from(["parent", "deletedWith"]))] = before[-1]
        if draw(st.booleans()):
            body["inputs"] = {"deep": [{"x": secret(draw(st.text(max_size=5)))}]}
        bodies.append(body)
    order = draw(st.permutations(range(len(bodies))))
    return [Record(body, number + 1) for body, number in zip(bodies, order, strict=True)]


SALT = new_salt(PASSPHRASE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates())
def test_everything_stands_after_what_it_needs(records: list[Record]) -> None:
    document = exported(records, (), Sealer(PASSPHRASE, SALT), NOW)
    assert not list(complaints(document))
    found = imported(json.loads(json.dumps(document)), "one", "graph", PASSPHRASE)
    key = lambda body: (body["urn"], body.get("id", ""))  # noqa: E731
    assert sorted((r.body for r in found.records), key=key) == sorted((r.body for r in records), key=key)
    doomed = [bool(body.get("delete")) for body in document["deployment"]["resources"] if "Thing" in body["type"]]
    assert doomed == sorted(doomed)


def test_a_name_that_was_changed_is_changed_wherever_it_is_named() -> None:
    was, now = (f"urn:pulumi:one::graph::test:index:Group::{name}" for name in ("was", "now"))
    child = {"urn": "urn:pulumi:one::graph::test:index:Group$test:index:Group::c", "type": "test:index:Group"}
    records = [
        Record({"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"}, 1),
        Record({"urn": now, "custom": False, "type": "test:index:Group", "parent": ROOT, "aliases": [was]}, 3),
        Record(
            {**child, "custom": False, "parent": was, "dependencies": [was], "propertyDependencies": {"x": [was]}}, 2
        ),
    ]
    document = exported(records, (), Sealer(PASSPHRASE, SALT), NOW)
    assert not list(complaints(document))
    assert was not in json.dumps(document)
    assert imported(document, "one", "graph", PASSPHRASE).records[-1].body["parent"] == now


def test_features_make_it_version_4() -> None:
    stack = Record({"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"}, 1)
    group = {"urn": "urn:pulumi:one::graph::test:index:Group::g", "custom": False, "type": "test:index:Group"}
    hooked = Record({**group, "parent": ROOT, "resourceHooks": {"BeforeCreate": ["h"]}, "replaceWith": [ROOT]}, 2)
    plain, rich = (exported(records, (), Sealer(PASSPHRASE, SALT), NOW) for records in ([stack], [stack, hooked]))
    assert (plain["version"], "features" in plain) == (3, False)
    assert (rich["version"], rich["features"]) == (4, ["hooks", "replaceWith"])
    assert imported(rich, "one", "graph", PASSPHRASE).records[1].body == hooked.body


def test_pending_operations_go_with_their_whole_resource() -> None:
    stack = Record({"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"}, 1)
    there = Record(
        {"urn": f"{ROOT[:-5]}x", "custom": True, "type": "test:index:Thing", "id": "i", "inputs": {"a": 1}}, 2
    )
    deleting = Pending(3, "deleting", {"urn": there.urn, "type": there.type}, 2)
    document = exported([stack, there], [deleting], Sealer(PASSPHRASE, SALT), NOW)
    assert document["deployment"]["pending_operations"] == [{"type": "deleting", "resource": there.body}]
    (again,) = imported(document, "one", "graph", PASSPHRASE).pending
    assert (again.op, again.body) == ("deleting", there.body)


# ---------------------------------------------------------------------- with the engine


def rich(bench: Bench) -> None:
    bench.want(
        one={
            "things": [
                thing("a", secret={"$secret": WORD}, size=1, list=[1, {"deep": {"$secret": ["x", {"y": 2.5}]}}]),
                {"name": "g", "group": True},
                thing("b", ref={"$ref": ["a", "address"]}, opts={"parent": "g", "additional_secret_outputs": ["key"]}),
                thing("c", depends=("b",), opts={"protect": True, "ignore_changes": ["size"]}, size=3),
            ],
            "exports": {"word": ["a", "secret"], "address": ["a", "address"]},
        }
    )


def test_a_record_that_went_out_and_came_in_is_the_same(bench: Bench, tmp_path: Path) -> None:
    rich(bench)
    assert not bench.up().problems
    document = export("one", bench.state, PASSPHRASE)
    assert not list(complaints(document))
    assert WORD not in json.dumps(document)
    assert json.loads(json.dumps(export("one", bench.state, PASSPHRASE, show_secrets=True)))["deployment"]
    bench.state = tmp_path / "elsewhere"
    found = import_(bench.program, "one", document, bench.state, PASSPHRASE, publish=bench.publish)
    assert len(found.records) == 6
    again = export("one", bench.state, PASSPHRASE)
    assert again["deployment"]["resources"] == document["deployment"]["resources"]  # ciphertexts and all
    assert {resource.name for resource in published(bench.publish)} >= {"a", "b", "c"}
    assert bench.plan().stacks["one"].still
    (update,) = state.at(bench.state).history("one")
    assert (update["kind"], update["result"]) == ("import", "succeeded")


def test_an_import_replaces_the_whole_record(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert not bench.up().problems
    document = export("one", bench.state, PASSPHRASE)
    bench.want(one=[thing("a"), thing("b", secret={"$secret": WORD})])
    assert not bench.up().problems
    import_(bench.program, "one", document, bench.state, PASSPHRASE)
    assert export("one", bench.state, PASSPHRASE)["deployment"]["resources"] == document["deployment"]["resources"]
    bad = json.loads(json.dumps(document))
    bad["deployment"]["resources"][-1]["dependencies"] = ["urn:pulumi:one::graph::test:index:Thing::nowhere"]
    with pytest.raises(Refused):
        import_(bench.program, "one", bad, bench.state, PASSPHRASE)
    assert len(bench.recorded().records) == len(document["deployment"]["resources"])


def test_there_is_nothing_to_export_of_a_stack_without_a_state(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        export("nowhere", bench.state, PASSPHRASE)
    assert refused.value.problems[0].code == "engine.no-stack"
    assert not bench.state.exists()


# ---------------------------------------------------------------------- with the stock CLI


class Stock:
    """The stock CLI on the same program, provider and cloud, with a state of its own."""

    def __init__(self, bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = folder / "graph"
        shutil.copytree(PROGRAMS / "graph", self.program)
        (self.program / "provider" / "PulumiPlugin.yaml").write_text(
            f"runtime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n"
        )
        bench.program = Program(self.program)
        (folder / "stock").mkdir()
        monkeypatch.setenv("PATH", f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PULUMI_HOME", str(folder / "home"))
        monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder / 'stock'}")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")
        self("stack", "init", "one")

    def __call__(self, *args: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive"], cwd=self.program, capture_output=True, text=True, input=stdin,
            timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def stock(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stock:
    if not shutil.which("pulumi"):
        pytest.skip("no stock `pulumi` on PATH: the exchange with it is shown by recorded documents only")
    return Stock(bench, tmp_path, monkeypatch)


def test_what_we_made_goes_on_under_the_stock_cli(bench: Bench, stock: Stock) -> None:
    rich(bench)
    assert not bench.up().problems
    document = export("one", bench.state, PASSPHRASE)
    stock("stack", "import", "--stack", "one", stdin=json.dumps(document))
    stock("preview", "--stack", "one", "--expect-no-changes")
    stock("up", "--stack", "one", "--yes", "--skip-preview", "--expect-no-changes")
    back = json.loads(stock("stack", "export", "--stack", "one"))
    import_(bench.program, "one", back, bench.state, PASSPHRASE)
    assert not bench.plan().changes
    bench.state = bench.folder / "elsewhere"  # where there is no other salt yet
    import_(bench.program, "one", back, bench.state, PASSPHRASE)
    again = export("one", bench.state, PASSPHRASE)
    assert sorted(ciphertexts(again)) == sorted(ciphertexts(back))


def test_what_the_stock_cli_made_goes_on_here(bench: Bench, stock: Stock) -> None:
    rich(bench)
    stock("up", "--stack", "one", "--yes", "--skip-preview")
    document = json.loads(stock("stack", "export", "--stack", "one"))
    import_(bench.program, "one", document, bench.state, PASSPHRASE, publish=bench.publish)
    plan = bench.plan()
    assert not plan.problems
    assert {step.op for step in plan.stacks["one"].steps} == {"same"}, plan.stacks["one"].steps
    outcome = bench.up()
    assert not outcome.problems
    assert set(outcome.counts) == {"same"}
    assert sorted(ciphertexts(export("one", bench.state, PASSPHRASE))) == sorted(ciphertexts(document))
    shown = json.loads(stock("stack", "export", "--stack", "one", "--show-secrets"))
    again = engine.Program(stock.program)
    import_(again, "one", shown, bench.state, PASSPHRASE)
    assert not bench.plan().changes
