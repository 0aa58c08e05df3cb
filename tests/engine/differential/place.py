"""Where a program runs: a folder with copies of it, of its provider and SDK, a cloud, and room for the engine's state."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stacks.engine.sealing import Sealer, _encrypt, new_salt
from tests.engine.differential.cases import PROGRAMS, SHARED, Step

PASSPHRASE = "correct horse battery staple"


@dataclass(frozen=True)
class Raw:
    """What one step came to, as the engine left it."""

    succeeded: bool
    calls: tuple[dict[str, Any], ...]
    """lines of the cloud's log"""
    deployment: dict[str, Any]
    """the state of the stack in Pulumi's form, secrets sealed: `resources`, `pending_operations`, `secrets_providers`"""
    plan: tuple[tuple[str, str], ...] = ()
    """of a preview: (op, URN)"""
    said: str = ""
    """messages, for whoever looks for a reason; neither recorded nor compared"""


@cache
def salt() -> str:
    """One for all places of this process: deriving its key is slow on purpose."""
    return new_salt(PASSPHRASE)


class Place:
    """The surroundings of one program on one engine."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        for part in (name, *SHARED):
            shutil.copytree(PROGRAMS / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        self.program, self.sdk, self.cloud = folder / name, folder / "sdk", folder / "cloud"
        self.cloud.mkdir()
        (self.cloud / "cloud.json").write_text(json.dumps({"counts": {}, "things": {}}), encoding="utf-8")
        self._read = 0
        for stack in ("one", "two"):
            self.configure(stack, {})

    def prepare(self, step: Step) -> dict[str, str]:
        """Do what the step wants done before it; the environment variables of its run."""
        (self.cloud / "faults.json").write_text(json.dumps(step.faults), encoding="utf-8")
        if step.drift:
            path = self.cloud / "cloud.json"
            state = json.loads(path.read_text(encoding="utf-8"))
            for id, change in copy.deepcopy(step.drift).items():
                if change is None:
                    state["things"].pop(id, None)
                    continue
                there = state["things"].setdefault(id, {"props": {}, "writes": 1})
                there["writes"] = change.pop("$writes", there["writes"])
                there["props"].update(change)
            path.write_text(json.dumps(state), encoding="utf-8")
        for file, text in step.files.items():
            (self.program / file).parent.mkdir(parents=True, exist_ok=True)
            (self.program / file).write_text(text, encoding="utf-8")
        if step.config is not None:
            self.configure(step.stack, step.config)
        return {"CLOUD": str(self.cloud), "STEP": str(step.step), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}

    def configure(self, stack: str, config: dict[str, Any]) -> None:
        """Write the stack's file; JSON is YAML too, and both engines see the same types."""
        cipher = Sealer(PASSPHRASE, salt()).unlock()

        def value(raw: Any) -> Any:
            if isinstance(raw, dict) and raw.keys() == {"secret"}:
                return {"secure": _encrypt(cipher, raw["secret"])}
            return raw

        written = {"encryptionsalt": salt(), "config": {key: value(raw) for key, raw in config.items()}}
        (self.program / f"Pulumi.{stack}.yaml").write_text(json.dumps(written), encoding="utf-8")

    def calls(self) -> tuple[dict[str, Any], ...]:
        """What the cloud has logged since this was last asked."""
        path = self.cloud / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        new, self._read = lines[self._read :], len(lines)
        return tuple(json.loads(line) for line in new)
