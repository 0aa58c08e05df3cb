"""`./lz engine` and `./lz stack` as they are typed: transcripts in tests/cases/console, and what a transcript cannot say.

A transcript is a text: `want {"one": […]}` says what the program builds, `fault {…}` what fails, `$ engine …` is typed
(the program, its state and its stack are added), the lines below are what it says, the last of them the exit code.
Times, ids and who it was are masked. With LIANGZHU_RECORD set the transcripts are written anew, to be read in the diff.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import jsonschema
import pytest

import liangzhu
from inventory import reading
from inventory.places import ROOT
from stacks.engine.stream import schema
from tests.city.door import checkout, command, lz, surroundings
from tests.engine.conftest import PASSPHRASE, Bench, thing

CASES = sorted((ROOT / "tests" / "cases" / "console").glob("*.txt"))
MASKS = (
    (r"\d+\.\d s\b", "N s"),
    (r"\b\d\d-\d\d \d\d:\d\d\b", "MM-DD HH:MM"),
    (r"│ \d+\.\d +│ \S+@\S+ +│", "│ N │ who@host │"),
    (r"\S+@\S+(?=[ ,(])", "who@host"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN"),
    (r"[ \t]+$", ""),
)  # fmt: skip
CHECKER = jsonschema.Draft202012Validator(schema())


class Typed:
    """What was typed came to this."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def typing(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """Types a verb at the door, in this process."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LIANGZHU_HOME", str(bench.folder / "home"))
    monkeypatch.delenv("LIANGZHU_LANGUAGE", raising=False)
    monkeypatch.setenv("LIANGZHU_ENVIRONMENT", "simulator")
    monkeypatch.setenv("LIANGZHU_SYSTEMS", "")  # the door sets both for its workers: put back afterwards
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    reading.read.cache_clear()

    def run(*words: str) -> Typed:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = liangzhu.main(list(words))
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Typed(code, out.getvalue(), err.getvalue())

    yield run
    reading.read.cache_clear()


def words_of(text: str, bench: Bench) -> list[str]:
    words = shlex.split(text.replace("{folder}", str(bench.folder)))
    if words[0] == "engine" and len(words) > 1 and "--help" not in words and "--program" not in words:
        words[2:2] = ["--program", str(bench.program.root), "--stack", "one", "--state", str(bench.state)]
    return words


def masked(text: str, bench: Bench) -> str:
    text = text.replace(str(bench.folder), "{folder}").replace(str(ROOT), "{root}")
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    text = re.sub(r"([━─])\1+", r"\1", text)
    # what is independent ends in any order; which comes first where it matters is tested elsewhere
    return re.sub(
        r"(?:^  (?:[+~±=-] .* N s|✗ .*)\n)+", lambda m: "".join(sorted(m[0].splitlines(True))), text, flags=re.MULTILINE
    )


@pytest.mark.parametrize(
    "case", [pytest.param(path, marks=() if path.stem == "life" else pytest.mark.slow, id=path.stem) for path in CASES]
)
def test_a_transcript_is_what_is_said(case: Path, bench: Bench, typing, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = case.read_text(encoding="utf-8")
    told: list[str] = []
    for line in wanted.splitlines():
        if line.startswith("$ "):
            done = typing(*words_of(line[2:], bench))
            said = masked(done.out + done.err, bench).rstrip("\n")
            told += [line, *([said] if said else []), f"[{done.code}]", ""]
        elif line.startswith("want "):
            bench.want(**json.loads(line[5:]))
            told.append(line)
        elif line.startswith("fault "):
            bench.faults(**json.loads(line[6:]))
            told.append(line)
        elif line.startswith("edit "):
            name, _, change = line[5:].partition(" ")
            path, (before, after) = bench.folder / name, json.loads(change)
            text = path.read_text(encoding="utf-8")
            assert before in text
            path.write_text(text.replace(before, after), encoding="utf-8")
            told.append(line)
        elif line.startswith("unset "):
            monkeypatch.delenv(line[6:])
            told.append(line)
        elif line.startswith("# "):
            told.append(line)
    text = "\n".join(told).rstrip("\n") + "\n"
    if os.environ.get("LIANGZHU_RECORD"):
        case.write_text(text, encoding="utf-8")
    assert text == wanted


def test_json_is_events_and_nothing_else(bench: Bench, typing) -> None:
    bench.want(one={"things": [thing("a", secret={"$secret": "open-sesame"})], "say": "hello"})
    done = typing(*words_of("engine up --yes --json", bench))
    assert done.code == 0, done.err
    events = [json.loads(line) for line in done.out.splitlines()]
    for event in events:
        CHECKER.validate(event)
    assert [e["verb"] for e in events if e["event"] == "run-started"] == ["preview", "up"]
    assert "open-sesame" not in done.out + done.err
    bench.want(one=[thing("a", size=2)])
    refused = typing(*words_of("engine preview --json --expect-no-changes", bench))
    assert refused.code == 1
    events = [json.loads(line) for line in refused.out.splitlines()]
    assert events[-1]["event"] == "diagnostic"
    assert events[-1]["problem"]["code"] == "engine.changes"
    assert events[-1]["seq"] == events[-2]["seq"] + 1
    CHECKER.validate(events[-1])
    early = typing(*words_of("engine up --json", bench))
    assert [json.loads(line)["problem"]["code"] for line in early.out.splitlines()] == ["engine.not-confirmed"]
    assert "--yes" in early.err


def test_history_for_machines(bench: Bench, typing) -> None:
    bench.want(one=[thing("a")])
    assert typing(*words_of("engine up --yes -m 'the first'", bench)).code == 0
    told = [json.loads(line) for line in typing(*words_of("engine history --json", bench)).out.splitlines()]
    assert [(one["kind"], one["result"], one["note"]) for one in told] == [("up", "succeeded", "the first")]
    assert told[0]["plan"], "the history names the plan that was carried out"


def test_secrets_come_out_only_where_they_are_asked_for(bench: Bench, typing) -> None:
    bench.want(one={"things": [thing("a", secret={"$secret": "open-sesame"})], "exports": {"word": ["a", "secret"]}})
    hidden = typing(*words_of("engine up --yes --diff", bench))
    assert "open-sesame" not in hidden.out + hidden.err
    assert "word: [secret]" in hidden.out
    assert 'word: "open-sesame"' in typing(*words_of("engine up --yes --show-secrets", bench)).out
    assert "open-sesame" not in typing(*words_of("engine export", bench)).out
    file = bench.folder / "clear.json"
    assert typing(*words_of(f"engine export --show-secrets --file {file}", bench)).code == 0
    assert "open-sesame" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


def at_terminal(bench: Bench, words: list[str], *answers: tuple[str, str]) -> tuple[int, str]:
    """Type at a terminal: after each text the keys. (exit code, all that was seen)"""
    pid, fd = pty.fork()
    if not pid:
        environment = {**surroundings(bench.folder / "home"), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "TERM": "xterm",
                       "GRAPH": os.environ["GRAPH"], "CLOUD": os.environ["CLOUD"]}  # fmt: skip
        os.execve(sys.executable, command(*words), environment)
    seen, left, ends = "", list(answers), time.monotonic() + 60
    while time.monotonic() < ends:
        if left and left[0][0] in seen.rpartition("\x04")[2]:
            os.write(fd, left.pop(0)[1].encode())
            seen += "\x04"
        if select.select([fd], [], [], 0.1)[0]:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            if not got:
                break
            seen += got.decode(errors="replace")
    os.close(fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert not left, seen
    return code, seen


@pytest.mark.slow
def test_at_a_terminal_it_asks(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    words = words_of("engine up -l en", bench)
    code, seen = at_terminal(bench, words, ("[y/N/d", "n\n"))
    assert code == 1, seen
    assert "nothing was changed" in seen
    assert not bench.things()
    code, seen = at_terminal(bench, words, ("[y/N/d", "d\n"), ("[y/N/d", "y\n"))
    assert code == 0, seen
    assert "size: 1" in seen, "details show every property"
    assert "a" in bench.things()
    code, seen = at_terminal(bench, words)
    assert code == 0, "where nothing changes, nobody is asked"
    code, seen = at_terminal(bench, words_of("engine destroy", bench), ("删除", "是\n"))
    assert code == 0, seen
    assert not bench.things()


@pytest.mark.slow
def test_ctrl_c_once_finishes_what_is_in_flight(bench: Bench) -> None:
    bench.want(one=[thing("a", delay=2), thing("b", depends=("a",))])
    run = subprocess.Popen(
        command(*words_of("engine up --yes --json", bench)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**surroundings(bench.folder / "home"), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
                        "GRAPH": os.environ["GRAPH"], "CLOUD": os.environ["CLOUD"]},
    )  # fmt: skip
    assert run.stdout
    events = []
    for line in run.stdout:
        events.append(json.loads(line))
        if (
            events[-1]["event"] == "step-started"
            and events[-1]["name"] == "a"
            and events[0]["run"] != events[-1]["run"]
        ):
            run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    assert events[-1]["result"] == "interrupted"
    assert set(bench.things()) == {"a"}
    assert [one["name"] for one in events if one["event"] == "step-done" and one["op"] == "create"][-1] == "a"


@pytest.mark.slow
def test_one_stack_of_ours_from_its_preview_to_its_end(tmp_path: Path) -> None:
    stack = ("city-network", "-e", "simulator", "-l", "en")
    preview = lz(tmp_path, "stack", "preview", *stack)
    assert preview.returncode == 0, preview.stdout
    assert "+ net.router core-a" in preview.stdout
    assert not (tmp_path / "simulator" / "stacks").exists(), "a preview writes no state"
    done = lz(tmp_path, "stack", "up", *stack, "--yes", "-m", "the network")
    assert done.returncode == 0, done.stdout
    assert "routers: " in done.stdout
    assert (tmp_path / "simulator" / "estate" / "city-network.json").exists(), "what is deployed is published"
    again = lz(tmp_path, "stack", "up", *stack, "--yes", "--expect-no-changes")
    assert again.returncode == 0, again.stdout
    assert "the network" in lz(tmp_path, "stack", "history", *stack).stdout
    missing = lz(tmp_path, "stack", "preview", "city-netwok", "-e", "simulator")
    assert missing.returncode == 1
    assert "Traceback" not in missing.stdout
    early = lz(tmp_path, "stack", "preview", "city-pools", "-e", "simulator")
    assert early.returncode == 1
    assert "[engine.no-stack]" in early.stdout, "what it refers to is not deployed"
    gone = lz(tmp_path, "stack", "destroy", *stack, "--yes")
    assert gone.returncode == 0, gone.stdout
    assert not (tmp_path / "simulator" / "estate" / "city-network.json").exists()


@pytest.mark.slow
def test_a_verdict_that_blocks_the_whole_blocks_the_stack(tmp_path: Path) -> None:
    root, home = checkout(tmp_path / "checkout"), tmp_path / "home"
    assert lz(home, "up", "-e", "simulator", root=root).returncode == 0
    request = root / "inventory" / "requests" / "Pulumi.civil-affairs.welfare.yaml"
    text = request.read_text(encoding="utf-8")
    request.write_text(text.replace("mode: dual-active", "mode: single"), encoding="utf-8")
    words = ("stack", "up", "civil-affairs.welfare", "-e", "simulator", "--yes")
    blocked = lz(home, *words, root=root)
    assert blocked.returncode == 1, blocked.stdout
    assert "[policy.DR-00" in blocked.stdout
    assert (
        lz(home, "stack", "history", "civil-affairs.welfare", "-e", "simulator", "--json", root=root).stdout.count("\n")
        == 1
    )
    neighbour = lz(home, "stack", "up", "ecology.air", "-e", "simulator", "--yes", root=root)
    assert neighbour.returncode == 0, f"the fault is another stack's\n{neighbour.stdout}"
