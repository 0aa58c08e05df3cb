"""What a database says about a state, as sentences."""

from __future__ import annotations

import errno

from inventory.problems import Problem, Refused
from stacks.engine.state.tables import Place

_SENTENCES = {
    "state.corrupt": (
        "状态已损坏({}),未做任何改动:请从备份恢复,或用 ./lz stack repair 修复(先另存原件,再保留一切仍可读的记录)",
        "the state is damaged ({}) and nothing was changed: restore it from a backup, or mend it with ./lz stack repair "
        "(which first copies it aside, and keeps every record that can still be read)",
    ),
    "state.readonly": (
        "状态不可写({}):请检查它的属主与权限,或磁盘是否只读挂载",
        "the state cannot be written ({}): check its owner and permissions, and whether the disk is mounted read-only",
    ),
    "state.full": (
        "写状态时磁盘出错({}),已记录的内容不受影响:请腾出空间或修复磁盘后重新运行",
        "the disk failed while the state was written ({}); what was recorded is safe: free some space or repair the "
        "disk, then run again",
    ),
    "state.locked": (
        "状态正被另一进程占用({}):请等它结束后再运行",
        "the state is in use by another process ({}): wait until that has ended, then run again",
    ),
    "state.replaced": (
        "状态文件在运行期间被移走或替换({}):本次运行未再写入,请核对文件后重新运行",
        "the state file was moved or replaced while this run had it open ({}): nothing more was written; look at the "
        "file, then run again",
    ),
    "state.unreachable": (
        "无法连接存放状态的数据库({}):请检查地址、口令(PGPASSWORD 或 ~/.pgpass)与网络;已确认的记录不受影响",
        "the database that holds the state cannot be reached ({}): check its address, the password (PGPASSWORD or "
        "~/.pgpass) and the network; what was confirmed is safe",
    ),
    "state.format": (
        "状态的格式不是本版本所写({}):请用写它的版本打开",
        "the state is of another format ({}): use the version that wrote it",
    ),
    "state.server": (
        "存放状态的数据库拒绝了操作({}):请把这句话交给数据库管理员",
        "the database that holds the state refused ({}): show this to whoever runs the database",
    ),
}


_ERRNO = {
    errno.EACCES: "state.readonly", errno.EPERM: "state.readonly", errno.EROFS: "state.readonly",
    errno.EISDIR: "state.readonly", errno.ENOTDIR: "state.readonly", errno.EEXIST: "state.readonly",
    errno.ENOENT: "state.replaced",
}  # fmt: skip
"""of everything else (no space, quota, input/output) the disk is the cause"""


def sentence(code: str, text: str, place: Place) -> Refused:
    """The refusal of one code with the database's own words in it."""
    zh, en = _SENTENCES[code]
    text = " ".join(text.split())
    return Refused([Problem(code, zh.format(text), en.format(text), **place)])


def sqlite_code(error: BaseException) -> str:
    """Which sentence fits what SQLite or the file system says."""
    if isinstance(error, OSError):
        return _ERRNO.get(error.errno or 0, "state.full")
    lower = str(error).lower()
    if any(word in lower for word in ("readonly", "read-only", "permission", "unable to open")):
        return "state.readonly"
    if any(word in lower for word in ("full", "disk i/o", "no space", "too big", "large")):
        return "state.full"
    if "locked" in lower or "busy" in lower:
        return "state.locked"
    return "state.corrupt"
