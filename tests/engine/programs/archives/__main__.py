"""Folders and made-up archives as properties."""

from pulumi import AssetArchive, FileArchive, FileAsset, StringAsset
from things import Thing, step

Thing("folder", source=FileArchive("./site"))
Thing(
    "made",
    source=AssetArchive(
        {
            "a.txt": StringAsset("a" if step() < 3 else "b"),
            "site": FileArchive("site"),
            "page": FileAsset("site/index.html"),
            "inner": AssetArchive({"b.txt": StringAsset("b")}),
        }
    ),
)
