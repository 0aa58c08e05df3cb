"""Provider plugins in processes of their own: found where the stock CLI finds them, asked over gRPC, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from inventory.problems import Refused
from stacks import engine
from stacks.engine import Program, state
from stacks.engine.manifest import Listed
from stacks.engine.plugins import places
from stacks.engine.plugins.errors import METHODS
from tests.engine.conftest import PASSPHRASE, PROGRAMS

pytestmark = pytest.mark.slow

SOURCE = PROGRAMS / "strange" / "plugin" / "strange.py"
REPOSITORY = PROGRAMS.parent.parent.parent


class Place:
    """A program with a foreign provider, and what is told while it runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._set = folder, monkeypatch.setenv
        self.program = Program(PROGRAMS / "strange")
        self.state, self.notes, self.bin = folder / "state", folder / "notes", folder / "bin"
        self.notes.mkdir()
        self.bin.mkdir()
        self.events: list[engine.Event] = []
        monkeypatch.setenv("NOTES", str(self.notes))
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PULUMI_HOME", str(folder / "home"))

    def script(self, path: Path, text: str = "") -> Path:
        """An executable; by default the strange provider below a shell, as the stock CLI's own wrappers are."""
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copy(SOURCE, self.folder / "strange.py")
        wrapper = f'{sys.executable} {copy} "$@"'
        path.write_text(f"#!/bin/sh\n{text or wrapper}\n")
        path.chmod(0o755)
        return path

    def want(self, **things: Mapping[str, Any]) -> None:
        self._set("THINGS", json.dumps(things))

    def up(self, **more: Any) -> engine.Outcome:
        return engine.apply(
            self.program, [engine.Spec("one")], self.state, PASSPHRASE, self.events.append,
            publish=self.folder / "estate", **more,
        )  # fmt: skip

    def destroy(self) -> engine.Outcome:
        return engine.destroy(
            self.program, [engine.Spec("one")], self.state, PASSPHRASE, publish=self.folder / "estate"
        )

    def probe(self, *calls: str, program: Path | None = None, version: str = "", **environ: str) -> dict[str, Any]:
        """What comes of asking the plugin directly."""
        command = [sys.executable, "-m", "tests.engine.probe", str(program or self.program.root), "strange", version]
        done = subprocess.run(
            [*command, *calls], capture_output=True, text=True, timeout=90, check=False, cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def running(self) -> list[int]:
        """Processes that work for this place."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.folder).encode() in command:
                    found.append(int(entry.name))
        return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def until(test: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# ---------------------------------------------------------------------- through the engine


def test_a_binary_on_the_path_serves_a_program(place: Place) -> None:
    place.script(place.bin / "pulumi-resource-strange")
    place.want(a={}, b={"do": "spawn"})
    outcome = place.up()
    assert not outcome.problems
    assert outcome.counts["create"] == 4
    spawned = [int(pid) for pid in (place.notes / "spawned").read_text().split()]
    until(lambda: all(gone(pid) for pid in spawned))  # also what the plugin had started and let go
    assert not place.running()
    assert place.up().counts == {"same": 4}
    assert not place.destroy().problems
    assert not place.running()


def test_what_a_plugin_writes_becomes_events_without_secrets(place: Place) -> None:
    place.script(place.bin / "pulumi-resource-strange")
    place.want(a={"do": "say", "word": "open-sesame-4711"})
    assert not place.up().problems
    said = {(e.message.code, e.message.en) for e in place.events if e.message and e.message.code.startswith("plugin.")}
    assert said == {
        ("plugin.output", "strange: on stdout: [secret]"),
        ("plugin.output", "strange: on stderr"),
        ("plugin.warning", "through the engine"),
    }


@pytest.mark.parametrize(("do", "how"), [("exit", "exit code 3"), ("kill", "signal SIGKILL")])
def test_a_crash_in_the_middle_of_a_creation_is_a_sentence_and_stays_in_doubt(place: Place, do: str, how: str) -> None:
    place.script(place.bin / "pulumi-resource-strange", f'exec {sys.executable} {place.folder}/strange.py "$@"')
    place.want(a={"do": do})
    (problem,) = place.up().problems
    assert (problem.code, problem.where) == ("engine.plugin-died", "strange")
    assert how in problem.en
    assert ("something went wrong" in problem.en) == (do == "exit")
    (pending,) = state.at(place.state).snapshot("one", PASSPHRASE).pending
    assert (pending.op, pending.urn.rpartition("::")[2]) == ("creating", "a")
    assert not place.running()
    place.want(a={})
    assert not place.up().problems
    assert not state.at(place.state).snapshot("one", PASSPHRASE).pending


def test_a_killed_engine_leaves_no_plugin(place: Place) -> None:
    place.script(place.bin / "pulumi-resource-strange")
    place.want(a={"do": "spawn"}, b={"do": "sleep"})
    run = (
        "import sys; from pathlib import Path; from stacks import engine; folder = Path(sys.argv[1]);"
        "engine.apply(engine.Program(Path(sys.argv[2])), [engine.Spec('one')], folder / 'state', sys.argv[3],"
        "publish=folder / 'estate')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", run, str(place.folder), str(place.program.root), PASSPHRASE],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    until(lambda: (place.notes / "asleep").exists() and (place.notes / "spawned").exists())
    spawned = [int(pid) for pid in (place.notes / "spawned").read_text().split()]
    assert place.running()
    assert not any(gone(pid) for pid in spawned)
    process.kill()
    process.wait(30)
    until(lambda: all(gone(pid) for pid in spawned) and all(gone(pid) for pid in place.running()))


def test_stopping_a_run_tells_the_plugin(place: Place) -> None:
    place.script(place.bin / "pulumi-resource-strange")
    place.want(a={"do": "sleep"})
    stopping = threading.Event()
    watch = threading.Thread(target=lambda: (until((place.notes / "asleep").exists), stopping.set()), daemon=True)
    watch.start()
    outcome = place.up(stopping=stopping)
    assert outcome.interrupted
    assert (place.notes / "cancelled").exists()
    assert not place.running()


def test_dynamic_providers_come_with_the_sdk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.program = Program(PROGRAMS / "dynamic")
    for size in ("4", "5"):
        monkeypatch.setenv("SIZE", size)
        assert not place.up().problems
        (root,) = [
            r for r in state.at(place.state).snapshot("one", PASSPHRASE).records if r.type == "pulumi:pulumi:Stack"
        ]
        assert root.outputs == {"double": int(size) * 2}


# ---------------------------------------------------------------------- asked directly


def folder_of(place: Place, name: str, entry: Path = SOURCE, description: str = "runtime: python\n") -> Path:
    """A program that lists a plugin folder with this entry."""
    root = place.folder / name
    plugin = root / "plugin"
    plugin.mkdir(parents=True)
    shutil.copy(entry, plugin / "__main__.py")
    (plugin / "PulumiPlugin.yaml").write_text(description)
    (root / "Pulumi.yaml").write_text(
        "name: here\nruntime: python\nplugins: {providers: [{name: strange, path: plugin}]}\n"
    )
    return root


def test_both_kinds_of_servicer_answer_alike(place: Place) -> None:
    calls = ("invoke", "create:", "create:fail", "create:partial", "create:invalid", "preview:fail")
    place.script(place.bin / "pulumi-resource-strange")
    outside = place.probe(*calls)
    inside = place.probe(*calls, program=folder_of(place, "inside"))
    assert (outside["kind"], inside["kind"]) == ("Process", "Inside")
    for found in (outside, inside):
        assert found["results"][1].pop("made").startswith("by ")
    assert outside["results"] == inside["results"] == [
        {"word": "梁柱", "token": "strange:index:ask"},
        {"id": "strange-id"},
        {"error": "UNKNOWN", "message": "the thing cannot be made", "half": None, "wrong": None},
        {
            "error": "UNKNOWN", "message": "it did not start", "wrong": None,
            "half": ["half", ["not ready yet"], {"do": "partial", "made": "half"}],
        },
        {"error": "INVALID_ARGUMENT", "message": "wrong inputs", "half": None, "wrong": [["do", "not like this"]]},
        {"id": "", "made": None},
    ]  # fmt: skip


def test_a_folder_with_an_environment_of_its_own_is_a_process(place: Place) -> None:
    root = folder_of(place, "own", description="runtime: {name: python, options: {virtualenv: here}}\n")
    assert place.probe("create:", program=root)["kind"] == "Inside"  # not made yet
    own = root / "plugin" / "here"
    (own / "bin").mkdir(parents=True)
    (own / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", own)
    (own / "lib").symlink_to(Path(sys.prefix) / "lib")
    found = place.probe("create:", program=root)
    assert (found["kind"], found["results"][0]["id"]) == ("Process", "strange-id")


def test_the_older_way_to_serve_is_a_process(place: Place) -> None:
    found = place.probe("schema", program=folder_of(place, "older", PROGRAMS / "strange" / "older" / "__main__.py"))
    assert (found["kind"], found["results"]) == ("Process", [{"schema": '{"name": "strange"}'}])


def test_an_entry_with_modules_beside_it_is_a_process(place: Place) -> None:
    root = folder_of(place, "beside")
    shutil.copy(SOURCE, root / "plugin" / "helper.py")
    (root / "plugin" / "__main__.py").write_text(
        "import sys\nfrom helper import Strange, server\nserver.main(sys.argv[1:], '1.0.0', Strange())\n"
    )
    found = place.probe("create:", program=root)
    assert (found["kind"], found["results"][0]["id"]) == ("Process", "strange-id")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("echo broken >&2; exit 7", "engine.plugin-start", "exit code 7); its last words: broken"),
        ("echo hello; sleep 60", "engine.plugin-port", "'hello'"),
        ("exec sleep 60", "engine.plugin-slow", "within"),
        ("exec /no/such/thing", "engine.plugin-start", "/no/such/thing"),
    ],
)
def test_a_plugin_that_does_not_start_is_a_sentence(place: Place, text: str, code: str, says: str) -> None:
    place.script(place.bin / "pulumi-resource-strange", text)
    found = place.probe("create:", PROBE_START="3")
    ((problem,),) = [result["refused"] for result in found["results"]]
    assert problem["code"] == code
    assert says in problem["en"]
    assert not place.running()


def test_one_that_runs_already_is_attached_to(place: Place) -> None:
    place.script(place.folder / "by-hand")
    process = subprocess.Popen([place.folder / "by-hand", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        found = place.probe("create:", PULUMI_DEBUG_PROVIDERS=f"other:1,strange:{port}")
        assert found["results"][0]["id"] == "strange-id"
        assert process.poll() is None
    finally:
        for pid in place.running():
            os.kill(pid, 9)
        process.wait(30)


# ---------------------------------------------------------------------- where plugins lie


def test_the_version_asked_for_or_the_newest(place: Place) -> None:
    environ = {"PATH": "", "PULUMI_HOME": str(place.folder / "home")}
    for version in ("1.9.0", "1.10.0", "2.0.0-beta.1", "1.2.3"):
        place.script(place.folder / "home" / "plugins" / f"resource-strange-v{version}" / "pulumi-resource-strange")
    place.script(place.folder / "home" / "plugins" / "resource-strange-thing-v9.0.0" / "pulumi-resource-strange-thing")
    (place.folder / "home" / "plugins" / "resource-strange-v3.0.0").mkdir()
    (place.folder / "home" / "plugins" / "resource-strange-v3.0.0.partial").touch()

    def found(version: str, **more: str) -> str:
        return places.find("strange", version, (), {**environ, **more}).where

    plugins = f"{place.folder}/home/plugins"
    assert found("") == f"{plugins}/resource-strange-v1.10.0/pulumi-resource-strange"
    assert found("1.2.3") == f"{plugins}/resource-strange-v1.2.3/pulumi-resource-strange"
    assert found("2.0.0-beta.1") == f"{plugins}/resource-strange-v2.0.0-beta.1/pulumi-resource-strange"
    with pytest.raises(Refused) as refused:
        found("3.0.0")
    assert "1.2.3, 1.9.0, 1.10.0" in str(refused.value)
    ambient = place.script(place.bin / "pulumi-resource-strange")
    assert found("1.2.3", PATH=str(place.bin)) == str(ambient)
    assert found("", PATH=str(place.bin), PULUMI_IGNORE_AMBIENT_PLUGINS="true").startswith(plugins)


def test_all_places_are_named_where_there_is_no_plugin(place: Place) -> None:
    listed = (Listed("strang", place.folder), Listed("strange", place.folder, "1.0.0"))
    with pytest.raises(Refused) as refused:
        places.find("strange", "2.0.0", listed, {"PATH": str(place.bin), "PULUMI_HOME": str(place.folder)})
    (problem,) = refused.value.problems
    assert problem.code == "engine.no-plugin"
    for part in (f"{place.folder} (1.0.0)", "PATH (pulumi-resource-strange)", f"{place.folder}/plugins", "2.0.0"):
        assert part in problem.en, problem.en
    place.want(a={})
    assert {problem.code for problem in place.up().problems} == {"engine.no-plugin"}


def test_another_language_needs_a_binary(place: Place) -> None:
    root = folder_of(place, "go", description="runtime: go\n")
    listed = Program(root).listed
    with pytest.raises(Refused) as refused:
        places.find("strange", "", listed, {})
    assert refused.value.problems[0].code == "engine.plugin-runtime"
    binary = place.script(root / "plugin" / "pulumi-resource-strange")
    assert places.find("strange", "", listed, {}).command == (str(binary),)


def test_every_method_of_the_service_can_be_asked() -> None:
    assert {"CheckConfig", "DiffConfig", "Configure", "Check", "Diff", "Create", "Update", "Delete", "Read"} <= METHODS
    assert {"Invoke", "Call", "Construct", "GetSchema", "GetPluginInfo", "Cancel", "Handshake", "Attach"} <= METHODS
