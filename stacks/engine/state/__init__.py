"""The state of an environment's stacks: an append-only journal each, what follows from it, and who may write it.

`at(location)` gives the `Shelf` (a folder, one file, or PostgreSQL); `Shelf.open` a stack's `Store`. Read on in `chain`
(the journal as a value), `tables` (where it lies), `journal` (the store), `lease`, `past`, `checking` and `repairing`.
`docs/decisions/20261126-state-stores.md` says why.
"""

from stacks.engine.state.lease import Holder, Lease
from stacks.engine.state.nouns import Repair, Snapshot, Store, Version
from stacks.engine.state.shelf import Shelf, at, now, one_file

__all__ = ["Holder", "Lease", "Repair", "Shelf", "Snapshot", "Store", "Version", "at", "now", "one_file"]
