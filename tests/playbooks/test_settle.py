"""The modules that the roles are written in, on a folder of this machine: all or nothing, and nothing forgotten."""

from __future__ import annotations

import getpass
import grp
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from inventory.places import ROOT

ME = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "playbooks" / "library" / f"{name}.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def settle(tmp_path: Path) -> ModuleType:
    made = module("settle")
    made.PENDING, made.SHOWN = tmp_path / "run" / "pending", tmp_path / "shown"
    return made


def wanted(**parts: Any) -> dict[str, Any]:
    lists = {name: [] for name in ("packages", "locked", "folders", "files", "verify", "units")}
    return {**lists, "commands": {}, "secrets": {}, **parts}


def entry(path: Path, content: str = "new\n", **more: Any) -> dict[str, Any]:
    return {"path": str(path), "content": content, **ME, **more}


def test_a_second_visit_changes_nothing(settle: ModuleType, tmp_path: Path) -> None:
    want = wanted(folders=[{"path": str(tmp_path / "d"), "mode": "0750", **ME}], files=[entry(tmp_path / "d" / "f")])
    first, second = settle.settle(want), settle.settle(want)
    assert first["changed"]
    assert first["files"] == [str(tmp_path / "d"), str(tmp_path / "d" / "f")]
    assert second == {"changed": False, "locked": [], "files": [], "ran": [], "units": []}


def test_mode_alone_is_a_change(settle: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "f"
    settle.settle(wanted(files=[entry(file, mode="0600")]))
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert settle.settle(wanted(files=[entry(file, mode="0600")]))["files"] == [str(file)]
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_somebody_elses_is_left_alone(settle: ModuleType, tmp_path: Path) -> None:
    theirs, nobodys = tmp_path / "theirs", tmp_path / "nobodys"
    theirs.write_text("nameserver ::1\n")
    files = [{**entry(path, then=["x.service"]), "untouched": True} for path in (theirs, nobodys)]
    assert settle.settle(wanted(files=files))["files"] == []
    assert theirs.read_text() == "nameserver ::1\n"
    assert not nobodys.exists()


def test_what_does_not_pass_leaves_everything_as_it_was(settle: ModuleType, tmp_path: Path) -> None:
    kept, link, new, gone = (tmp_path / name for name in ("kept", "link", "new", "gone"))
    kept.write_text("old\n")
    kept.chmod(0o640)
    gone.write_text("here\n")
    link.symlink_to("kept")
    files = [entry(p, then=["x.service"]) for p in (kept, link, new)] + [{"path": str(gone), "absent": True}]
    with pytest.raises(settle.Failed, match="nonsense in line 3"):
        settle.settle(wanted(files=files, verify=[["sh", "-c", "echo nonsense in line 3 >&2; exit 1"]]))
    assert kept.read_text() == "old\n"
    assert kept.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert gone.read_text() == "here\n"
    assert not new.exists()
    assert not (settle.PENDING / "x.service").exists(), "nothing is to be restarted for what was put back"


def test_verification_runs_only_after_a_change(settle: ModuleType, tmp_path: Path) -> None:
    log = tmp_path / "log"
    want = wanted(files=[entry(tmp_path / "f")], verify=[["sh", "-c", f"echo once >> {log}"]])
    settle.settle(want)
    settle.settle(want)
    assert log.read_text() == "once\n"


def test_a_command_that_a_cut_run_owed_is_run_by_the_next(settle: ModuleType, tmp_path: Path) -> None:
    done = tmp_path / "done"
    broken = wanted(files=[entry(tmp_path / "f", then=["job"])], commands={"job": ["false"]})
    with pytest.raises(settle.Failed):
        settle.settle(broken)
    assert (tmp_path / "f").read_text() == "new\n"
    again = settle.settle({**broken, "commands": {"job": ["touch", str(done)]}})
    assert again["files"] == []
    assert again["ran"] == ["job"]
    assert done.exists()
    assert settle.settle({**broken, "commands": {"job": ["false"]}})["changed"] is False


def test_strangers_leave_a_folder_that_is_ours_alone(settle: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "old.yml").write_text("x")
    want = wanted(folders=[{"path": str(folder), "only": True, **ME}], files=[entry(folder / "new.yml")])
    settle.settle(want)
    assert [path.name for path in folder.iterdir()] == ["new.yml"]
    assert settle.settle(want)["changed"] is False


def test_secrets_take_their_places_in_the_text(settle: ModuleType, tmp_path: Path) -> None:
    want = wanted(files=[entry(tmp_path / "f", "password: @@one@@\n")], secrets={"one": "{{ not a template }}"})
    settle.settle(want)
    assert (tmp_path / "f").read_text() == "password: {{ not a template }}\n"


def test_a_package_that_the_image_lacks_is_named(settle: ModuleType) -> None:
    if not shutil.which("dpkg-query"):
        pytest.skip("NO dpkg HERE: the assertion of packages is not tested")
    with pytest.raises(settle.Failed, match="no-such-package-at-all"):
        settle.settle(wanted(packages=["dpkg", "no-such-package-at-all"]))


def systemctl(settle: ModuleType, monkeypatch: pytest.MonkeyPatch, states: dict[str, tuple[str, str]]) -> list[str]:
    """A systemd that is told its units' states and writes down what it is asked."""
    asked: list[str] = []

    def run(argv: list[str], check: bool = True) -> str:
        if argv[:2] == ["systemctl", "show"]:
            return "\n\n".join(f"Id={n}\nActiveState={states[n][0]}\nUnitFileState={states[n][1]}" for n in argv[4:])
        if argv[0] == "memory":
            return states["memory"][0]
        asked.append(" ".join(argv[1:]))
        return ""

    monkeypatch.setattr(settle, "run", run)
    return asked


def test_units_are_enabled_started_reloaded_or_left_alone(settle: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {
        "off": ("inactive", "disabled"), "new": ("active", "enabled"), "gentle": ("active", "enabled"),
        "right": ("active", "enabled"), "rising": ("activating", "enabled"),
    }  # fmt: skip
    asked = systemctl(settle, monkeypatch, states)
    settle.PENDING.mkdir(parents=True)
    for name in ("new", "gentle", "rising"):
        (settle.PENDING / name).touch()
    units = [
        {"name": "off"}, {"name": "new"}, {"name": "gentle", "on_change": "reloaded"}, {"name": "right"},
        {"name": "rising", "on_change": "reloaded", "no_block": True},
    ]  # fmt: skip
    done = settle.serve(units, False)
    assert done == ["enabled off", "start off", "restart new", "reload gentle", "restart rising"]
    assert "--no-block restart rising" in asked
    assert not any("right" in words for words in asked)
    assert settle.serve(units[1:], False) == []


def test_what_was_changed_in_memory_only_is_loaded_again(settle: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"filter": ("active", "enabled"), "memory": ("rules", "")}
    systemctl(settle, monkeypatch, states)
    unit = {"name": "filter", "on_change": "reloaded", "shows": ["memory"]}
    assert settle.serve([unit], False) == ["reload filter"]
    assert settle.serve([unit], False) == []
    states["memory"] = ("rules, and a hole", "")
    assert settle.serve([unit], False) == ["reload filter"]


def test_a_certificate_is_for_its_name_and_address_and_is_renewed_in_time(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("NO openssl HERE: the hosts' certificates are not tested")
    certificate = module("certificate")
    crt, key = tmp_path / "host.crt", tmp_path / "host.key"
    certificate.make(crt, key, "w-web-a-1", "3fff:0:7e:a1::10", 100)
    assert certificate.good(crt, key, "w-web-a-1", "3fff:0:7e:a1::10", 30)
    assert not certificate.good(crt, key, "w-web-a-2", "3fff:0:7e:a1::10", 30)
    assert not certificate.good(crt, key, "w-web-a-1", "3fff:0:7e:a1::11", 30)
    assert not certificate.good(crt, key, "w-web-a-1", "3fff:0:7e:a1::10", 101)
    assert key.stat().st_mode & 0o777 == 0o600
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", crt], capture_output=True, text=True, check=True
    )
    assert "prime256v1" in told.stdout


def test_settings_of_a_cluster_are_compared_by_what_is_asked_for() -> None:
    cluster = module("cluster")
    assert not cluster.differs({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3})
    assert cluster.differs({"a": {"b": 1}}, {"a": {"b": 2}})
    assert cluster.differs({"a": {"b": 1}}, {})
