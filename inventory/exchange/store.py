"""Files → books and back: the form is told by the file's ending. The only part of this package that touches a disk."""

from __future__ import annotations

import os
from pathlib import Path

from inventory.exchange import netbox, pages, table
from inventory.exchange.book import Book
from inventory.places import Places
from inventory.problems import Language, refuse


def load(path: Path) -> Book:
    """A CSV or JSON file as a book. Refused: missing, not UTF-8, another ending, or with everything wrong in it."""
    reader = {".csv": table.read, ".json": netbox.read}.get(path.suffix.lower())
    if reader is None:
        raise refuse("asset.form", "只认 .csv 和 .json 文件:另存为 CSV UTF-8", "only .csv and .json files: save it as CSV UTF-8",
                     file=str(path))  # fmt: skip
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise refuse("read.missing", f"读不了文件({error.strerror}):请检查路径", f"cannot be read ({error.strerror}): check the path",
                     file=str(path)) from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise refuse(
            "read.encoding",
            f"第 {error.start + 1} 个字节不是 UTF-8:在电子表格里另存为“CSV UTF-8”",
            f"byte {error.start + 1} is not UTF-8: save it as 'CSV UTF-8' in the spreadsheet",
            file=str(path),
        ) from None
    return reader(text, str(path))


def save(path: Path, book: Book, language: Language = "zh") -> None:
    """Write a book, atomically. Refused where the ending is another, or the disk refuses."""
    if path.suffix.lower() not in (".csv", ".json"):
        raise refuse("asset.form", "只写 .csv 和 .json 文件", "only .csv and .json files are written", file=str(path))
    text = pages.write(book) if path.suffix.lower() == ".json" else table.write(book, language)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise refuse("asset.write", f"写不了文件({error.strerror}):检查目录和权限",
                     f"cannot be written ({error.strerror}): check the folder and its permissions", file=str(path)) from None  # fmt: skip


def kept(places: Places) -> Path:
    """Where an environment keeps the inventory of the present extranet, in NetBox's form."""
    return places.folder / "assets.json"
