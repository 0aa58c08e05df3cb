"""Files → books and back: the form is told by the file's ending. The only part of this package that touches a disk."""

from __future__ import annotations

from codecs import utf_8_decode
from pathlib import Path

from inventory.exchange import netbox, pages, table
from inventory.exchange.book import Book
from inventory.places import Places
from inventory.problems import Language, refuse
from inventory.replacing import SHARED, replace

_WINDOW = 1 << 18


def load(path: Path) -> Book:
    """A CSV or JSON file as a book. Refused: missing, not UTF-8, another ending, or with everything wrong in it."""
    form = path.suffix.lower()
    if form not in (".csv", ".json"):
        raise refuse("asset.form", "只认 .csv 和 .json 文件:另存为 CSV UTF-8", "only .csv and .json files: save it as CSV UTF-8",
                     file=str(path))  # fmt: skip
    try:
        data = path.read_bytes()
        if form == ".json":
            _check(data)
            return netbox.read(data, str(path))
        return table.read(str(data, "utf-8"), str(path))
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


def _check(data: bytes) -> None:
    """UnicodeDecodeError where it is not UTF-8. In small windows: the text of the whole would take twice the memory of
    the bytes, and nobody needs it."""
    view, at = memoryview(data), 0
    while at < len(data):
        try:
            at += utf_8_decode(view[at : at + _WINDOW], "strict", at + _WINDOW >= len(data))[1]
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError("utf-8", b"", at + error.start, at + error.end, error.reason) from None


def save(path: Path, book: Book, language: Language = "zh") -> None:
    """Write a book, atomically. Refused where the ending is another, or the disk refuses."""
    if path.suffix.lower() not in (".csv", ".json"):
        raise refuse("asset.form", "只写 .csv 和 .json 文件", "only .csv and .json files are written", file=str(path))
    text = pages.write(book) if path.suffix.lower() == ".json" else table.write(book, language)
    try:
        replace(path, text, mode=SHARED)
    except OSError as error:
        raise refuse("asset.write", f"写不了文件({error.strerror}):检查目录和权限",
                     f"cannot be written ({error.strerror}): check the folder and its permissions", file=str(path)) from None  # fmt: skip


def kept(places: Places) -> Path:
    """Where an environment keeps the inventory of the present extranet, in NetBox's form."""
    return places.folder / "assets.json"
