"""ZT-004: the catalogue of resources holds every application and every store of data, and nothing that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.references import pointing, thing, word
from policies.checks.shape import Check, Looked, Param, Params, concluded, passed, unknown
from policies.checks.told import naming, nothing, unread

CHECK = Check(
    id="ZT-004",
    title_zh="资源目录与实际一致",
    title_en="The catalogue of resources holds what there is",
    clauses=("GB/T 43696-2024 7.3",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("zt.resource", "net.listener", "db.instance", "storage.bucket"),
    fix_zh="把应用和数据资源登记进零信任资源目录(zt.resource 的 of);删掉已经不存在的条目",
    fix_en="enter applications and data into the catalogue (of of zt.resource); delete entries of what is gone",
    params={
        "registered": Param(("net.listener", "db.instance", "storage.bucket"), "必须登记的类型", "kinds to be entered")
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an application, a store of data and an entry."""
    for one in estate.kind(*params["registered"]):
        # an entry for a whole kind is none: what nobody listed singly, nobody looked at
        entries = pointing(estate, "of", "zt.resource").at(word(one))
        open_words = [] if entries else naming(estate, one, "of", "zt.resource")[1] + nothing(estate, "zt.resource")
        lacking = [] if entries or open_words else [("没有登记到资源目录", "is not in the catalogue")]
        yield concluded(one, lacking, open_words)
    for entry in estate.kind("zt.resource"):
        if open_ := unread(entry, "of"):
            yield open_
        elif thing(estate, entry["of"]) is None:
            yield unknown(
                entry,
                f"它登记的“{entry['of']}”不在被检查的范围内",
                f"it enters '{entry['of']}', which is not in what was judged",
            )
        else:
            yield passed(entry)
