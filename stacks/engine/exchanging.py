"""The way in and out: a stack's record as the stock CLI's deployment document, and such a document as its record.

What is there in the cloud is not touched by either; the document is the record alone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from inventory import estate as nouns
from inventory.estate import Estate
from inventory.problems import refuse
from stacks.engine.estate import resources
from stacks.engine.exporting import exported
from stacks.engine.importing import Imported, imported
from stacks.engine.project import Program
from stacks.engine.state import Holder, Store, at, now
from stacks.engine.verbs import State


def export(stack: str, state: State, passphrase: str, *, show_secrets: bool = False) -> dict[str, Any]:
    """The document of a stack, which `pulumi stack import` takes. Refused where the stack has no state or the
    passphrase does not open it."""
    shelf = at(state)
    if not shelf.exists(stack):
        raise refuse(
            "engine.no-stack",
            f"没有栈 {stack} 的状态:请核对名称",
            f"there is no state of a stack {stack}: check the name",
            where=stack,
        )
    store = shelf.open(stack, passphrase, "")  # a snapshot would not tell which ciphertext belongs to what
    try:
        store.sealer.unlock()
        return exported(store.records(), store.pending(), store.sealer, now(), show_secrets=show_secrets)
    finally:
        store.close()


def import_(
    program: Program,
    stack: str,
    document: Any,
    state: State,
    passphrase: str,
    *,
    publish: Path | None = None,
    note: str = "",
) -> Imported:
    """Put a document in place of a stack's record, in one update of its history. Secrets keep their ciphertext where
    the environment has no salt yet, or the document's. Refused, with everything at once, where the document is not fit
    for this stack, and where somebody is working on it; then nothing is changed."""
    found = imported(document, stack, program.name, passphrase)
    shelf = at(state)
    if found.sealer is not None and not shelf.place.salt():
        shelf.place.keep_salt(found.sealer.salt)  # a new environment takes the document's: its ciphertexts stay valid
    asyncio.run(_replace(shelf.open(stack, passphrase, shelf.salt(passphrase, create=True)), found, note))
    if publish:
        nouns.publish(publish, stack, Estate(resources(stack, list(found.records))))
    return found


async def _replace(store: Store, found: Imported, note: str) -> None:
    try:
        store.begin("import", Holder.me(), "import", "", note)
        word = "failed"
        try:
            if found.sealer:
                store.sealer.keep(found.sealer)
            store.replace(found.records, found.pending)
            await store.flush()
            word = "succeeded"
        finally:
            await store.finish(word, {"import": len(found.records)})
    finally:
        store.close()
