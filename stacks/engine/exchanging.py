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
from stacks.engine.journal import Journal
from stacks.engine.lease import Holder
from stacks.engine.project import Program
from stacks.engine.sealing import Sealer, environment_salt, keep_salt
from stacks.engine.session import now


def export(stack: str, state: Path, passphrase: str, *, show_secrets: bool = False) -> dict[str, Any]:
    """The document of a stack, which `pulumi stack import` takes. Refused where the stack has no state or the
    passphrase does not open it."""
    path = state / f"{stack}.db"
    if not path.exists():
        raise refuse(
            "engine.no-stack",
            f"没有栈 {stack} 的状态:请核对名称",
            f"there is no state of a stack {stack}: check the name",
            where=stack,
        )
    store = Journal(path, passphrase, "", now)
    try:
        store.sealer.unlock()
        return exported(store.records(), store.pending(), store.sealer, now(), show_secrets=show_secrets)
    finally:
        store.close()


def import_(
    program: Program,
    stack: str,
    document: Any,
    state: Path,
    passphrase: str,
    *,
    publish: Path | None = None,
) -> Imported:
    """Put a document in place of a stack's record, in one update of its history. Secrets keep their ciphertext where
    the environment has no salt yet, or the document's. Refused, with everything at once, where the document is not fit
    for this stack, and where somebody is working on it; then nothing is changed."""
    found = imported(document, stack, program.name, passphrase)
    salt = _salt(state, passphrase, found.sealer)
    asyncio.run(_replace(state / f"{stack}.db", passphrase, salt, found))
    if publish:
        nouns.publish(publish, stack, Estate(resources(stack, list(found.records))))
    return found


def _salt(state: Path, passphrase: str, sealer: Sealer | None) -> str:
    """The environment's salt: a new one is the document's, so that its ciphertexts go on to be valid."""
    if sealer is not None and not (state / "encryptionsalt").exists():
        keep_salt(state, sealer.salt)
    return environment_salt(state, passphrase, create=True)


async def _replace(path: Path, passphrase: str, salt: str, found: Imported) -> None:
    store = Journal(path, passphrase, salt, now)
    try:
        store.begin("import", Holder.me(), "import")
        word = "failed"
        try:
            old, gone = store.records(), tuple(operation.number for operation in store.pending())
            if found.sealer:
                store.sealer.keep(found.sealer)
            for record in old:
                store.drop("import", record)
            store.settle(gone)
            for record in found.records:
                store.put("import", record)
            for operation in found.pending:
                store.intend(operation.op, operation.body, 0)
            await store.flush()
            word = "succeeded"
        finally:
            await store.finish(word, {"import": len(found.records)})
    finally:
        store.close()
