"""What two engines did, made comparable: without times, tokens and ids that are random, secrets in clear and marked.

What is left out here is what no engine can repeat; what the engines do differently on purpose is in `compare`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from inventory import urns
from stacks.engine.sealing import Sealer
from stacks.engine.values import SECRET, SIGNATURE, UNKNOWN, mapped
from tests.engine.differential.place import PASSPHRASE, Raw

_RANDOM = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_OF_STATE = ("created", "modified", "sourcePosition", "stackTrace")
_OF_CALLS = ("name", "type", "randomSeed", "resource_status_address", "resource_status_token", "old_views",
             "acceptSecrets", "acceptResources", "sends_old_inputs", "sends_old_inputs_to_delete")  # fmt: skip
OPS = {"create-replacement": "replace", "delete-replaced": "replace", "read-replacement": "replace",
       "import-replacement": "replace", "discard-replaced": "replace", "read-discard": "replace"}  # fmt: skip
"""steps of a replacement: a plan shows one"""


@dataclass(frozen=True)
class Seen:
    """What one step came to."""

    outcome: str
    """succeeded or failed"""
    calls: tuple[dict[str, Any], ...]
    """`at`: positions of its beginning and its end in the log, or one for a note; the rest is the call or the note"""
    state: tuple[dict[str, Any], ...]
    pending: tuple[dict[str, Any], ...] = ()
    plan: tuple[tuple[str, str], ...] = ()
    resealed: tuple[str, ...] = ()
    """where a secret stands whose ciphertext is new though its text is not"""
    said: str = ""


class Normal:
    """Of one program on one engine: names random ids by the order in which they come."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._ids: dict[str, str] = {}
        self._sealed: dict[str, dict[str, tuple[Any, str]]] = defaultdict(dict)

    def seen(self, raw: Raw, stack: str) -> Seen:
        """The step, comparable."""
        home = f"urn:pulumi:{stack}::{self._project}::"
        salt = raw.deployment.get("secrets_providers", {}).get("state", {}).get("salt", "")
        opened, sealed = self._opened(raw.deployment, Sealer(PASSPHRASE, salt))
        state = sorted((_body(body) for body in opened["resources"]), key=_place)
        pending = [
            {**operation, "resource": _body(operation["resource"])} for operation in opened["pending_operations"]
        ]
        kept = self._sealed[stack]
        resealed = tuple(
            sorted(where for where, (text, cipher) in sealed.items() if where in kept and kept[where][0] == text and kept[where][1] != cipher)
        )  # fmt: skip
        self._sealed[stack] = sealed
        plan = sorted({(OPS.get(op, op), urn) for op, urn in raw.plan})
        return Seen(
            "succeeded" if raw.succeeded else "failed",
            *(
                tuple(self._named(item, home) for item in items)
                for items in (sorted(_calls(raw.calls), key=_place), state, sorted(pending, key=lambda p: _place(p["resource"])), plan)
            ),
            tuple(self._named(where, home) for where in resealed),
            raw.said,
        )  # fmt: skip

    def _opened(self, deployment: dict[str, Any], sealer: Sealer) -> tuple[dict[str, Any], dict[str, tuple[Any, str]]]:
        sealed: dict[str, tuple[Any, str]] = {}

        def opened(value: Any, where: str) -> Any:
            if isinstance(value, dict):
                if value.get(SIGNATURE) == SECRET:
                    text = sealer.open_text(value["ciphertext"], where)
                    sealed[where] = text, value["ciphertext"]
                    return {"$secret": _plain(json.loads(text))}
                found = {SIGNATURES.get(key, key): opened(item, f"{where}.{key}") for key, item in value.items()}
                if found.get("$special") == "resource" and not found.get("packageVersion", True):
                    del found["packageVersion"]
                return found
            if isinstance(value, list):
                return [opened(item, f"{where}[{index}]") for index, item in enumerate(value)]
            return _plain(value)

        resources = [opened(body, body["urn"]) for body in deployment.get("resources") or ()]
        pending = [opened(body, "pending") for body in deployment.get("pending_operations") or ()]
        return {"resources": resources, "pending_operations": pending}, sealed

    def _named(self, value: Any, home: str) -> Any:
        """Without random ids, and with the URNs of the stack itself shortened to `~`."""
        if isinstance(value, dict):
            return {key: self._named(value[key], home) for key in sorted(value)}
        if isinstance(value, list | tuple):
            return type(value)(self._named(item, home) for item in value)
        if not isinstance(value, str):
            return value
        return _RANDOM.sub(self._id, value).replace(home, "~")

    def _id(self, found: re.Match[str]) -> str:
        id = found.group()
        return "UNKNOWN" if id == UNKNOWN else self._ids.setdefault(id, f"id#{len(self._ids) + 1}")


def _calls(lines: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Beginnings and ends of the log, matched."""
    calls: list[dict[str, Any]] = []
    begun: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines):
        if "end" in line:
            call = begun[line["end"]]
            call["at"].append(number)
            if line["failed"]:
                call["failed"] = True
        elif "note" in line:
            calls.append({"at": [number], **_plain(line)})
        else:
            request = _marked(_trimmed(line["request"], _OF_CALLS))
            by = line["by"].rpartition("::")[2]
            urn = request.pop("urn", line["request"].get("tok", ""))
            call = {"at": [number], "call": line["method"], "urn": urn, "by": by, **request}
            calls.append(call)
            begun[line["begin"]] = call
    return calls


def _trimmed(body: dict[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    """Without what is random, and without what only says that there is nothing."""
    return {key: value for key, value in body.items() if key not in without and value not in (None, "", [], {}, False)}


def _body(body: dict[str, Any]) -> dict[str, Any]:
    """Of a resource in the state, with its sets in order."""
    body = _trimmed(body, _OF_STATE)
    if urns.is_provider(body["type"]) and not (body.get("inputs") or {}).get("__internal", True):
        body["inputs"] = {key: value for key, value in body["inputs"].items() if key != "__internal"}
    for key in ("dependencies", "replaceWith"):
        if key in body:
            body[key] = sorted(body[key])
    if "propertyDependencies" in body:
        found = {key: sorted(urns) for key, urns in body.pop("propertyDependencies").items() if urns}
        body |= {"propertyDependencies": found} if found else {}
    return body


def _marked(value: Any) -> Any:
    """Of a call: secrets as in the state."""
    return _plain(
        mapped(value, lambda special: {"$secret": special["value"]} if special[SIGNATURE] == SECRET else special)
    )


def _plain(value: Any) -> Any:
    """Whole numbers without a fraction, and special values with words for their signatures."""
    if isinstance(value, dict):
        return {SIGNATURES.get(key, key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return SIGNATURES.get(value, value) if isinstance(value, str) else value


SIGNATURES = {
    SIGNATURE: "$special",
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "resource",
    "d0e6a833031e9bbcd3f4e8bde6ca49a4": "output",
}


def _place(item: dict[str, Any]) -> tuple[str, list[int], str]:
    return item.get("urn", ""), item.get("at", [int(item.get("delete", False))]), item.get("id", "")
