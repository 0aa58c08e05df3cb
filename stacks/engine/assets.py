"""Assets and archives: values that carry files. Each gets the hash by which a change of its content shows.

In: signature dicts of the SDK with `text`, `path`, `uri` or `assets`. Out: the same with `hash`, computed as the stock
engine computes it, so that a state may go from one to the other. Nothing is fetched: an asset elsewhere is refused.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from inventory.problems import Refused, refuse
from stacks.engine.values import ARCHIVE, ASSET, SIGNATURE, mapped

_PACKED = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
"""files that are archives already: their own bytes are hashed"""
_BOOKKEEPING = ".pulumi"


def elided(value: Any) -> Any:
    """The value with assets and archives as their hashes alone: that is all a comparison needs."""
    return mapped(value, lambda special: _hash(special) if special[SIGNATURE] in (ASSET, ARCHIVE) else special)


def restored(value: Any, original: Any) -> Any:
    """The value with assets and archives that are hashes alone as they are in the original: a provider's Read echoes
    what it was given."""
    known: dict[str, dict[str, Any]] = {}

    def learn(special: dict[str, Any]) -> dict[str, Any]:
        if special[SIGNATURE] in (ASSET, ARCHIVE) and special != _hash(special):
            known[special.get("hash", "")] = special
        return special

    mapped(original, learn)
    if not known:
        return value
    return mapped(
        value, lambda special: known.get(special.get("hash", ""), special) if special == _hash(special) else special
    )


def _hash(special: dict[str, Any]) -> dict[str, Any]:
    return {key: special[key] for key in (SIGNATURE, "hash") if key in special}


def hashed(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values with every asset's and archive's hash filled in. Relative paths start at `folder`, the program's.
    Refused where a file cannot be read, or lies on another machine."""
    return mapped(values, lambda special: _hashed(special, folder))


def _hashed(special: dict[str, Any], folder: Path) -> dict[str, Any]:
    if special.get("hash"):
        return special
    if special[SIGNATURE] == ASSET:
        return {**special, "hash": hashlib.sha256(_content(special, folder)).hexdigest()}
    if special[SIGNATURE] == ARCHIVE:
        return {**special, "hash": _archive(special, folder)}
    return special


def _content(asset: dict[str, Any], folder: Path) -> bytes:
    if "text" in asset:
        return asset["text"].encode()
    return _read(_place(asset, folder))


def _place(special: dict[str, Any], folder: Path) -> Path:
    if "path" in special:
        return folder / special["path"]
    place = urlsplit(special.get("uri", ""))
    if place.scheme == "file":
        return Path(unquote(place.path))
    raise refuse(
        "engine.asset",
        f"资源引用了其他机器上的文件 {special.get('uri')}:运行时不下载任何东西,请先取到本地,用 FileAsset 或 FileArchive",
        f"the asset lies on another machine ({special.get('uri')}): nothing is downloaded at run time; fetch it first and "
        "use FileAsset or FileArchive",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Refused:
    return refuse(
        "engine.asset",
        f"无法读取资源文件({error.strerror}):请检查路径(相对于程序所在的文件夹)和权限",
        f"the asset cannot be read ({error.strerror}): check its path, which starts at the program's folder, and its mode",
        file=str(path),
    )


def _archive(archive: dict[str, Any], folder: Path) -> str:
    if "assets" not in archive:
        place = _place(archive, folder)
        if place.name.endswith(_PACKED):
            return hashlib.sha256(_read(place)).hexdigest()
    digest = hashlib.sha256()
    seen: set[str] = set()
    size = 0
    for name, content in _files(archive, folder):
        if name in seen:
            continue
        seen.add(name)
        blocks = _entry(name, content)
        size += len(blocks)
        digest.update(blocks)
    digest.update(b"\0" * 1024)
    return digest.hexdigest()


def _entry(name: str, content: bytes) -> bytes:
    """A file as an entry of a tar, to the byte as the stock engine writes it: mode 0600, no owner, no time."""
    body = content + b"\0" * (-len(content) % 512)
    if name.isascii() and len(name) <= 100:
        return _head(name, 0o600, len(content), b"0") + body
    plain = "".join(letter for letter in name if letter.isascii())
    folder, _, file = plain.rpartition("/")
    record = _record("path", name)
    extended = _head("/".join(filter(None, (folder, "PaxHeaders.0", file))), 0, len(record), b"x")
    return extended + record + b"\0" * (-len(record) % 512) + _head(plain, 0o600, len(content), b"0") + body


def _head(name: str, mode: int, size: int, kind: bytes) -> bytes:
    owner = b"0000000\0" * 2
    numbers = b"%07o\0" % mode + owner + b"%011o\0" % size + b"%011o\0" % 0
    start = name.encode()[:100].ljust(100, b"\0") + numbers
    end = (kind + b"\0" * 100 + b"ustar\x0000" + b"\0" * 64 + owner).ljust(512 - len(start) - 8, b"\0")
    return start + b"%06o\0 " % sum(start + b" " * 8 + end) + end


def _record(key: str, value: str) -> bytes:
    """`length key=value`, the length that of the whole line."""
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _files(archive: dict[str, Any], folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of everything inside, in the order in which it is hashed."""
    if "assets" in archive:
        for name in sorted(archive["assets"]):
            inner = archive["assets"][name]
            if inner.get(SIGNATURE) == ASSET:
                yield name, _content(inner, folder)
            else:
                yield from ((f"{name}/{path}", content) for path, content in _files(inner, folder))
        return
    place = _place(archive, folder)
    if place.name.endswith(_PACKED):
        with tarfile.open(place) as packed:
            for member in packed.getmembers():
                file = packed.extractfile(member)
                if file:
                    yield member.name, file.read()
        return
    if not place.is_dir():
        raise refuse(
            "engine.asset",
            "这既不是文件夹,也不是可识别的归档(.tar、.tgz、.tar.gz、.zip、.jar)",
            "this is neither a folder nor an archive that is known (.tar, .tgz, .tar.gz, .zip, .jar)",
            file=str(place),
        )
    for path in sorted(_walk(place)):
        yield path.relative_to(place).as_posix(), _read(path)


def _walk(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if entry.name == _BOOKKEEPING:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)
