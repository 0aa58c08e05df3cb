"""CRY-002: files that say who may do what on a host are watched, with SM3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from inventory.estate import Estate, Resource
from policies.checks.facts import Told, of_hosts
from policies.checks.shape import Check, Looked, Param, Params, Words, listed
from policies.checks.told import unread

CHECK = Check(
    id="CRY-002",
    title_zh="设备访问控制文件受完整性监视",
    title_en="Access control files of hosts are watched",
    clauses=("GB/T 39786-2021 8.3 c)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "host.integrity"),
    fix_zh="用 AIDE 或 IMA 以 SM3 监视参数 paths 列出的文件",
    fix_en="watch the files of the parameter paths by AIDE or IMA, with SM3",
    assurance="partial",
    params={
        "tools": Param(("aide", "ima"), "认可的工具", "accepted tools"),
        "algorithms": Param(("sm3",), "认可的摘要算法", "accepted digests"),
        "paths": Param(
            ("/etc/nftables.conf", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/sudoers", "/etc/ssh/sshd_config",
             "/etc/pam.d"),
            "必须监视的文件和目录", "files and folders that must be watched",
        ),
    },
)  # fmt: skip


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host of level 3 and above."""

    def look(host: Resource, record: Resource) -> Told:
        del host
        if open_ := unread(record, "tool", "algorithm", "paths"):
            return [], [(open_.zh, open_.en)]
        wrong: list[Words] = []
        if record["tool"].lower() not in params["tools"]:
            wrong.append((f"工具“{record['tool']}”不在认可之列", f"its tool '{record['tool']}' is not accepted"))
        if record["algorithm"].lower() not in params["algorithms"]:
            wrong.append((f"摘要用的是“{record['algorithm']}”", f"digests are made with '{record['algorithm']}'"))
        watched = {path.rstrip("/") or "/" for path in record["paths"] if not path.startswith("!")}
        left_out = {path.removeprefix("!") for path in record["paths"] if path.startswith("!")}
        if bare := [path for path in params["paths"] if not watched & _above(path) or _holed(path, left_out)]:
            wrong.append((f"没有监视 {listed(bare)}", f"does not watch {listed(bare)}"))
        return wrong, []

    yield from of_hosts(estate, "host.integrity", look, least=3)


def _above(path: str) -> set[str]:
    return {path, *map(str, PurePosixPath(path).parents)}


def _holed(path: str, left_out: set[str]) -> bool:
    """Is it left out itself, or with a folder above, or something in it."""
    return bool(left_out & _above(path)) or any(path in _above(other) for other in left_out)
