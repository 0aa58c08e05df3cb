"""Where packages come from, and whether somebody checks who signed them. Pure: an answer → fields of `host.repositories`.

`signed` is False as soon as one source in use goes unchecked; True only where the manager's own settings were read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser, Error
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from playbooks.facts.answer import Answer
from playbooks.facts.systems import System

_TRUE = ("1", "yes", "true", "on", "with", "enable")
_LAX = ("APT::Get::AllowUnauthenticated", "Acquire::AllowInsecureRepositories", "Acquire::AllowUnsignedRepositories")
_MAIN = "main"

Source = tuple[tuple[str, ...], bool | None]
"""addresses, and whether their signatures are checked"""


class Odd(Exception):
    """A line that makes no sense."""


def repositories(answer: Answer, system: System | None) -> dict[str, Any]:
    """Of the system's own package manager."""
    if system is None:
        return {}
    try:
        found = list((_apt if system.packages == "dpkg" else _rpm)(answer))
    except (Odd, Error):
        return {}
    checked = [one for _, one in found]
    signed = False if False in checked else None if None in checked else True
    sources = sorted({_plain(url) for urls, _ in found for url in urls})
    return {"sources": sources} | ({} if signed is None else {"signed": signed})


def _apt(answer: Answer) -> Iterator[Source]:
    lines = answer.texts("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list")
    stanzas = answer.texts("/etc/apt/sources.list.d/*.sources")
    if lines is None or stanzas is None:
        raise Odd
    yield (), _apt_itself(answer)
    for line in (line for text in lines for line in text.splitlines() if line.strip()):
        row = re.fullmatch(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+.*", line)
        if row is None:
            raise Odd
        yield (row[2],), not _lax(dict(word.split("=", 1) for word in (row[1] or "").split() if "=" in word))
    for text in stanzas:
        for block in re.split(r"\n\s*\n", text):
            fields = _stanza(block)
            if fields.get("uris") and fields.get("enabled", "yes") in _TRUE:
                yield tuple(fields["uris"].split()), not _lax(fields)


def _stanza(block: str) -> dict[str, str]:
    """deb822: a line that begins with a space goes on with the field before."""
    fields: dict[str, str] = {}
    key = ""
    for line in block.splitlines():
        if line[:1] in (" ", "\t"):
            fields[key] = f"{fields.get(key, '')} {line.strip()}"
        elif line.strip():
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
    return fields


def _lax(options: dict[str, str]) -> bool:
    return any(options.get(key, "no").strip().lower() in _TRUE for key in ("trusted", "allow-insecure"))


def _apt_itself(answer: Answer) -> bool | None:
    text = answer.out("apt")
    if text is None:
        return None
    given = dict(re.findall(r'^(\S+) "([^"]*)";', text, re.MULTILINE))
    return not any(given.get(key, "0").lower() in _TRUE for key in _LAX)


def _rpm(answer: Answer) -> Iterator[Source]:
    main = answer.texts("/etc/dnf/dnf.conf", "/etc/yum.conf")
    repos = answer.texts("/etc/yum.repos.d/*.repo")
    if main is None or repos is None or not main:
        raise Odd
    own = _ini(main[0])
    if own.has_option(_MAIN, "reposdir"):
        raise Odd  # its sources are elsewhere, and were not read
    default = own.get(_MAIN, "gpgcheck", fallback="0")  # dnf's own
    if not repos:
        yield (), default.lower() in _TRUE
    for text in repos:
        read = _ini(text)
        for name in read.sections():
            if read.get(name, "enabled", fallback="1").lower() in (*_TRUE, ""):
                words = (read.get(name, key, fallback="") for key in ("baseurl", "metalink", "mirrorlist"))
                yield (
                    tuple(url for word in words for url in re.split(r"[\s,]+", word) if url),
                    read.get(name, "gpgcheck", fallback=default).lower() in _TRUE,
                )


def _ini(text: str) -> ConfigParser:
    read = ConfigParser(interpolation=None, strict=False, default_section="\0", delimiters=("=",))
    read.read_string(text)
    return read


def _plain(url: str) -> str:
    """Without a login and without what follows a question mark, where a mirror's token may stand."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:500]
    except ValueError:
        raise Odd from None
