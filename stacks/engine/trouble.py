"""SQLite's complaints about a state file, as sentences."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inventory.problems import Refused, refuse

_SENTENCES = {
    "state.corrupt": (
        "状态文件已损坏({}),未做任何改动:请从备份恢复该文件;若没有备份,先把它移走,再运行 ./lz up,按逻辑名重新认领已有资源",
        "the state file is damaged ({}) and nothing was changed: restore it from a backup; without one, move it away "
        "and run ./lz up, which finds what exists again by its logical names",
    ),
    "state.readonly": (
        "状态文件不可写({}):请检查该目录的属主与权限,或磁盘是否只读挂载",
        "the state file cannot be written ({}): check the owner and mode of its folder, and whether the disk is "
        "mounted read-only",
    ),
    "state.full": (
        "写状态时磁盘出错({}),已记录的内容不受影响:请腾出空间或修复磁盘后重新运行 ./lz up",
        "the disk failed while the state was written ({}); what was recorded is safe: free some space or repair the "
        "disk, then run ./lz up again",
    ),
    "state.locked": (
        "状态文件正被另一进程占用({}):请等它结束后再运行",
        "the state file is in use by another process ({}): wait until that has ended, then run again",
    ),
}


@contextmanager
def trouble(path: Path) -> Iterator[None]:
    """Whatever SQLite or the file system says about a state file inside, raised as Refused."""
    try:
        yield
    except (sqlite3.Error, OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError) as error:
        raise _refused(path, str(error)) from error


def _refused(path: Path, text: str) -> Refused:
    lower = text.lower()
    if any(word in lower for word in ("readonly", "read-only", "permission", "unable to open")):
        code = "state.readonly"
    elif any(word in lower for word in ("full", "disk i/o", "no space", "too big", "large")):
        code = "state.full"
    elif "locked" in lower or "busy" in lower:
        code = "state.locked"
    else:
        code = "state.corrupt"
    zh, en = _SENTENCES[code]
    return refuse(code, zh.format(text), en.format(text), file=str(path))
