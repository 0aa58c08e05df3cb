"""Runs on a host (standard library of Python 3.6 and later): reads what it is asked for, changes nothing.

In: argv[1], JSON:
    files     path or glob → pattern: of each line, only what the pattern matches is handed over
    commands  name → {argv, lines}: output, reduced in the same way; `sha256: true` hands over its digest only
    there     globs: which of these paths exist
Out: one line of JSON:
    files     path → text; one that does not exist is not in it
    unread    paths that exist and could not be read, or hold more than is taken
    commands  name → {code, out}; one that is not installed is not in it, out is null where it said too much or hung
    there     the paths that exist

Lines that begin with `#` stay here, and so do a login and a query in a URL. What is cut is not handed
over at all: half a list would look like a whole one.
"""

import glob
import hashlib
import json
import os
import re
import subprocess
import sys

MOST_TEXT, MOST_FILES, SECONDS = 256 * 1024, 200, 20
LOGIN, TOKEN = re.compile(r"//[^/@\s]*@"), re.compile(r"(://[^\s?]*)\?\S*")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def reduced(text, pattern):
    """Of each line what the pattern matches; lines without a match are left out."""
    found = []
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            words = [match.group(0) for match in re.finditer(pattern, line)]
            if words:
                found.append(TOKEN.sub(r"\1", LOGIN.sub("//", " ".join(words))))
    return "\n".join(found)


def paths(pattern):
    """What a path or glob names, in a fixed order."""
    return sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern] * os.path.lexists(pattern)


def files(asked):
    """Texts by path, and what could not be read."""
    texts, unread = {}, []
    for pattern, lines in asked.items():
        for path in paths(pattern)[: MOST_FILES + 1]:
            try:
                if not os.path.isfile(path):
                    raise OSError
                with open(path, "rb") as file:
                    raw = file.read(MOST_TEXT + 1)
            except OSError:
                unread.append(path)
                continue
            if len(raw) > MOST_TEXT or len(texts) >= MOST_FILES:
                unread.append(path)
            else:
                texts[path] = reduced(raw.decode("utf-8", "replace"), lines)
    return texts, unread


def command(argv, lines=None, sha256=False):
    """What a command says; None where it is not installed."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS,
            env={"PATH": PATH, "LC_ALL": "C"}, cwd="/", check=False,
        )  # fmt: skip
    except (FileNotFoundError, PermissionError):
        return None
    except (OSError, subprocess.TimeoutExpired):
        return {"code": -1, "out": None}
    if sha256:
        return {"code": done.returncode, "out": hashlib.sha256(done.stdout).hexdigest()}
    text = done.stdout.decode("utf-8", "replace") if len(done.stdout) <= MOST_TEXT else None
    return {"code": done.returncode, "out": reduced(text, lines) if text is not None and lines else text}


def main(asked):
    """The answer, as JSON."""
    os.environ["PATH"] = PATH
    texts, unread = files(asked["files"])
    said = {name: command(**of) for name, of in asked["commands"].items()}
    return json.dumps(
        {
            "files": texts,
            "unread": unread,
            "commands": {name: of for name, of in said.items() if of is not None},
            "there": sorted({path for pattern in asked["there"] for path in paths(pattern)}),
        }
    )


if __name__ == "__main__":
    print(main(json.loads(sys.argv[1])))
