"""LOG-003: nobody can change, overwrite or delete logs, and a second site has them too."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import thing, word
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, missing, unknown
from policies.checks.told import absent, naming, unread, why
from policies.checks.trails import denied

CHECK = Check(
    id="LOG-003",
    title_zh="审计记录防删改并有异地副本",
    title_en="Logs cannot be deleted and have a copy elsewhere",
    clauses=("GB/T 22239-2019 8.1.4.3 c)", "GB/T 22239-2019 8.1.3.5 c)"),
    severity="high",
    severity_basis="audit-missing",
    scope="stack",
    kinds=("log.sink", "storage.bucket", "dr.replication", "dr.backup_plan", "iam.policy"),
    fix_zh="给日志桶打开版本和对象锁,复制或备份到另一站点,并用策略禁止除审计角色外的任何人删除",
    fix_en="switch on versioning and object lock, replicate or back up to a second site, and deny deletion to all but the "
    "audit role by a policy",
    params={
        "locked": Param(1, "对象锁天数下限", "fewest days of object lock", least=1),
        "verbs": Param(("delete",), "须禁止的操作", "acts that must be denied"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a log sink: the bucket that it writes to."""
    sinks = estate.kind("log.sink")
    yield from absent(estate, sinks, "日志库", "log sink")
    for sink in sinks:
        if open_ := unread(sink, "bucket"):
            yield open_
        elif (bucket := thing(estate, f"storage.bucket/{sink['bucket']}")) is None:
            yield unknown(sink, *missing(sink, "storage.bucket", sink["bucket"]))
        elif open_ := unread(bucket, "versioning", "locked_days", "site"):
            yield unknown(sink, *why(bucket, open_))
        else:
            wrong, open_words = _kept(bucket, params)
            for more_wrong, more_open in (_copied(estate, bucket), denied(estate, bucket, params["verbs"])):
                wrong += more_wrong
                open_words += more_open
            yield concluded(sink, wrong, open_words)


def _kept(bucket: Resource, params: Params) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    if not bucket["versioning"]:
        wrong.append((f"{bucket.name} 没有打开版本", f"{bucket.name} keeps no versions"))
    if bucket["locked_days"] < params["locked"]:
        wrong.append((f"{bucket.name} 没有对象锁", f"{bucket.name} has no object lock"))
    return wrong, []


def _copied(estate: Estate, bucket: Resource) -> tuple[list[Words], list[Words]]:
    copies, open_ = naming(estate, bucket, "of", "dr.replication", "dr.backup_plan")
    open_ = list(open_)
    for copy in copies:
        if hidden := unread(copy, "target_site"):
            open_.append(why(copy, hidden))
        elif copy["target_site"] != bucket["site"]:
            return [], []
    return ([], open_) if open_ else ([(f"{word(bucket)} 没有异地副本", f"{word(bucket)} has no copy elsewhere")], [])
