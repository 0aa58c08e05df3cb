"""A stock CLI's state under attestation: what its own commands leave alone, and what they do beside us. Loudly skipped
where no `pulumi` is on PATH; what the files alone tell is in `test_statements`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inventory import signing
from inventory.estate import from_data
from inventory.places import ROOT, Places
from stacks import engine, vouching
from stacks.drivers.simulator import fail
from stacks.engine import checkpoint, statements
from stacks.engine.attesting import Standing, Voucher
from stacks.engine.checkpoint import Where
from tests.city.door import lz
from tests.engine.conftest import PASSPHRASE, Bench, thing
from tests.engine.test_stock import NO_CLI, NO_VENV

RUNNER = Voucher({"verdict": "sha256:1", "runner": "runner/a"}, signing.new_key()[0])
WANTED = {"things": [thing("a", size=1, secret={"$secret": "open-sesame"}), thing("b", depends=("a",))]}

pytestmark = [NO_CLI, pytest.mark.slow]


def typed(folder: Path, variables: dict[str, str], program: Path, *words: str) -> str:
    """The stock CLI on a back end of ours, with no policy pack."""
    variables = {
        **os.environ, "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}", "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])), **variables,
    }  # fmt: skip
    done = subprocess.run(
        ["pulumi", *words, "--non-interactive"], cwd=program, env=variables, capture_output=True, text=True, timeout=300,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Stock:
    """One stack of the bench on the stock CLI: as we run it, and by hand."""

    def __init__(self, bench: Bench) -> None:
        from stacks.engine import stock

        root = bench.folder / "program"
        shutil.copytree(bench.program.root, root, ignore=shutil.ignore_patterns("__pycache__"))
        runtime = {"runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
        (root / "provider" / "PulumiPlugin.yaml").write_text(json.dumps(runtime), encoding="utf-8")
        self.bench, self.program = bench, engine.Program(root)
        self.folder = bench.folder / "pulumi"
        self.where = Where(self.folder, self.program.name, "one")
        self._stock = stock
        variables = {key: os.environ[key] for key in ("GRAPH", "CLOUD")}
        self.ground = stock.Ground(self.program, "one", self.folder, PASSPHRASE, variables=variables)

    def up(self) -> None:
        """An update of ours, attested."""
        before = checkpoint.updates(self.where)
        assert self.run("up").problems == ()
        assert statements.attest(self.where, before, RUNNER, {"result": "succeeded"})

    def run(self, verb: Any) -> engine.Outcome:
        """A run of ours that nobody attests."""
        return self._stock.run(verb, self.ground, lambda event: None, who="us").outcome

    def hand(self, *words: str) -> str:
        """The CLI as somebody types it."""
        settings = ["--config-file", str(self.folder / "project" / "Pulumi.one.yaml")]
        variables = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
        more = settings if words[0] in ("up", "preview", "refresh", "destroy", "config") else []
        return typed(self.folder, variables, self.program.root, *words, "--stack", "one", *more)

    def stands(self) -> Standing:
        (found,) = statements.standings(self.folder, RUNNER.keys)
        return found


@pytest.fixture
def stock(bench: Bench) -> Stock:
    bench.want(one=WANTED)
    return Stock(bench)


def test_what_only_looks_leaves_it_and_what_writes_does_not(stock: Stock) -> None:
    bench = stock.bench
    stock.up()
    assert stock.stands().attested
    assert "open-sesame" not in (stock.folder / "attested" / stock.program.name / "one.jsonl").read_text()
    for words in (["preview"], ["stack", "export"], ["stack", "history"], ["config", "set", "a", "b"]):
        stock.hand(*words)
        assert stock.stands().attested, words
    kept = bench.folder / "kept"
    shutil.copytree(stock.folder / "backend", kept)

    def back() -> None:
        shutil.rmtree(stock.folder / "backend")
        shutil.copytree(kept, stock.folder / "backend")
        assert stock.stands().attested

    stock.hand("state", "delete", f"urn:pulumi:one::{stock.program.name}::test:index:Thing::b", "--yes")
    assert (stock.stands().why, stock.stands().last["kind"]) == ("moved", "edit")
    back()
    document = json.loads(stock.hand("stack", "export"))
    next(one for one in document["deployment"]["resources"] if "Thing::a" in one["urn"])["id"] = "another"
    (bench.folder / "edited.json").write_text(json.dumps(document), encoding="utf-8")
    stock.hand("stack", "import", "--file", str(bench.folder / "edited.json"))
    assert (stock.stands().why, stock.stands().last["kind"]) == ("moved", "edit")
    back()
    bench.ask(f"UPDATE things SET props='{json.dumps({'size': 9})}' WHERE name='a'")
    stock.hand("refresh", "--yes")
    assert (stock.stands().why, stock.stands().last["kind"]) == ("moved", "refresh")
    back()
    bench.want(one=[thing("a", size=2), thing("b")])
    stock.hand("up", "--yes", "--skip-preview")
    found = stock.stands()
    assert (found.why, found.version, found.last["kind"], found.last["who"]) == ("moved", 2, "up", "pulumi cli")
    assert "--engine pulumi" in found.problem().text("en")
    stock.up()
    assert stock.stands().attested
    assert stock.stands().version == 3


def test_who_seals_secrets_anew_carries_the_attestation_on(stock: Stock) -> None:
    """The CLI seals every secret anew when it runs, also where it finds nothing to do."""
    stock.up()
    before, stood = checkpoint.updates(stock.where), stock.stands()
    seen = checkpoint.opened(stock.where.files()[0], PASSPHRASE)
    assert stock.run("refresh").problems == ()
    assert stock.stands().why == "moved"
    assert statements.carry(stock.where, before, seen, PASSPHRASE, stood, RUNNER.key)
    found = stock.stands()
    assert found.attested
    assert (found.claims["verdict"], found.claims["update"], found.version) == ("sha256:1", 1, 2)

    before, stood = checkpoint.updates(stock.where), stock.stands()
    seen = checkpoint.opened(stock.where.files()[0], PASSPHRASE)
    stock.bench.ask(f"UPDATE things SET props='{json.dumps({'size': 1, 'secret': 'guessed'})}' WHERE name='a'")
    assert stock.run("refresh").problems == ()
    assert not statements.carry(stock.where, before, seen, PASSPHRASE, stood, RUNNER.key)
    assert stock.stands().why == "moved", "another secret is a change"


def test_without_secrets_a_run_that_changes_nothing_changes_nothing(stock: Stock) -> None:
    stock.bench.want(one=[thing("a", size=1), thing("b", depends=("a",)), thing("c", depends=("b", "a"))])
    stock.up()
    for words in (["up", "--yes", "--skip-preview"], ["refresh", "--yes"]):
        stock.hand(*words)
        assert stock.stands().attested, words
    assert len(checkpoint.updates(stock.where)) == 3
    stock.hand("destroy", "--yes", "--skip-preview")
    assert stock.stands().attested, "what is empty needs none"
    stock.hand("stack", "rm", "--yes", "--preserve-config")
    assert stock.stands().why == "gone", "nobody of ours said that it may go"


@NO_VENV
def test_an_environment_is_watched_alike_on_both_engines(tmp_path: Path) -> None:
    """The verdict comes from the policy pack; by hand nobody asks it."""
    stock, where = ("--engine", "pulumi"), ("-e", "simulator", "-l", "en")
    folder = tmp_path / "simulator" / "stacks" / "pulumi"

    def watched() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        seen = json.loads(lz(tmp_path, "watch", *where, "--json").stdout)
        return seen["stacks"], [one for one in seen["alarms"] if one["name"] == "StateUnattested"]

    def up() -> str:
        done = lz(tmp_path, "stack", "up", "city-network", *where, *stock, "--yes")
        return done.stdout

    fail(tmp_path / "simulator" / "drivers" / "simulator", "net.link", "a-b")
    assert "[engine.stock]" in up()
    assert watched() == ([{"stack": "city-network", "version": 1, "why": "", "engine": "pulumi"}], [])
    (claims,) = _claims(folder)
    assert (claims["result"], claims["profile"], claims["update"]) == ("failed", "level3", 1)
    assert "✓" in up()
    claims = _claims(folder)[-1]
    assert (claims["result"], claims["update"]) == ("succeeded", 2)
    assert claims["verdict"] != _claims(folder)[0]["verdict"], "the one on what was made, the other on the preview"
    (update,) = from_data(json.loads((tmp_path / "simulator" / "facts" / "updates.json").read_text(encoding="utf-8")))
    assert (update.kind, update["applied_digest"], update["system"]) == ("stack.update", claims["plan"], "city-network")
    assert not lz(tmp_path, "stack", "refresh", "city-network", *where, *stock, "--yes").returncode
    assert watched()[1] == []

    settings = {"PULUMI_CONFIG_PASSPHRASE": (tmp_path / "simulator" / "passphrase").read_text(encoding="utf-8")}
    typed(folder, settings, ROOT, "state", "delete", "--stack", "city-network", "--yes",
          "urn:pulumi:city-network::liangzhu::liangzhu:network:Backbone$gov:net/link:Link::a-b")  # fmt: skip
    ((standing,), (alarm,)) = watched()
    assert standing["why"] == "moved"
    assert (alarm["labels"]["stack"], alarm["labels"]["engine"]) == ("city-network", "pulumi")
    assert "[state.unattested]" in lz(tmp_path, "refresh", *where).stdout
    assert "✓" in up()
    assert watched()[1] == [], "judged again"
    assert not lz(tmp_path, "stack", "destroy", "city-network", *where, *stock, "--yes").returncode
    typed(folder, settings, ROOT, "stack", "rm", "--stack", "city-network", "--yes", "--preserve-config")
    assert vouching.standings(Places(tmp_path / "simulator"), {}) == (), "it was taken down, and so may go"


def _claims(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "attested" / "liangzhu" / "city-network.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
