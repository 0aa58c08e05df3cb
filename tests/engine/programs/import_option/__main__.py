"""Resources that exist are taken over by their ids; later they are managed like any other."""

from pulumi import ResourceOptions
from things import Thing, step

if step() < 5:
    taken = Thing("taken", ResourceOptions(import_="wild-1" if step() < 3 else None), size=5, word="w")
    after = Thing("after", of=taken.address)
    ignoring = Thing("ignoring", ResourceOptions(import_="wild-2", ignore_changes=["size"]), size=1, word="w")
    if step() == 2:
        Thing("mismatch", ResourceOptions(import_="wild-5", depends_on=[after, ignoring]), size=7)
    if step() == 3:
        Thing("absent", ResourceOptions(import_="wild-9", depends_on=[after, ignoring]), size=7)
if step() == 4:
    Thing("moved", ResourceOptions(import_="wild-3"), size=5)
if step() == 5:
    Thing("moved", ResourceOptions(import_="wild-4"), size=5)
