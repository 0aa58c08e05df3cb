"""What no single row can know: references between rows, files and systems. Yields problems, decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from inventory import layout, plan_faults
from inventory.model import City, Flow, Pool, Request, System, Workload
from inventory.problems import Problem, nearest

if TYPE_CHECKING:
    from inventory.documents import Document
    from inventory.examining import Examined

_ROOT = ("config", "liangzhu:system")


def _choice(word: str, known: Iterable[str]) -> tuple[str, str]:
    near = nearest(word, known)
    return (f":是不是 {near}?", f": did you mean {near}?") if near else ("", "")


_ONCE = (
    (
        "key", ("items", "bureaus", "sites", "links", "zones", "pools", "platforms"), "city.twice",
        "“{0}”出现了 {1} 次:键不可重复", "'{0}' is there {1} times: a key is given once",
    ),
    (
        "number", ("bureaus", "sites", "zones"), "city.number",
        "地址码 {0} 重复:每个只能用一次", "address code {0} is used more than once",
    ),
)  # fmt: skip
"""a field, where it is given once, and what is wrong where it is not"""


def of_city(city: City, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """References inside `inventory/city/`, codes given twice, the address plan."""
    bureaus = {bureau.key for bureau in city.bureaus}
    sites = {site.key for site in city.sites}
    items = {item.key for item in city.items}

    def unknown(part: str, path: tuple[Any, ...], what: tuple[str, str], word: str, known: set[str]) -> Problem:
        zh, en = _choice(word, known)
        return documents[part].problem(
            path, "city.unknown", f"没有名为“{word}”的{what[0]}{zh}", f"there is no {what[1]} '{word}'{en}"
        )

    for field, parts, code, zh, en in _ONCE:
        for part in parts:
            given = [getattr(row, field) for row in getattr(city, part)]
            counts = Counter(given)
            for index, value in enumerate(given):
                if (times := counts[value]) > 1:
                    yield documents[part].problem(
                        (index, field), code, zh.format(value, times), en.format(value, times)
                    )
    for index, item in enumerate(city.items):
        for n, key in enumerate(item.responsible):
            if key not in bureaus:
                yield unknown("items", (index, "responsible", n), ("单位", "unit"), key, bureaus)
    for index, link in enumerate(city.links):
        for n, key in enumerate(link.ends):
            if key not in sites:
                yield unknown("links", (index, "ends", n), ("站点", "site"), key, sites)
            elif link.backup and not any(key in other.ends for other in city.links if not other.backup):
                yield documents["links"].problem(
                    (index, "backup"), "city.backup", f"站点 {key} 只有备用线路:备用之前要有一条平时走的线路",
                    f"site {key} has lines that stand by and none that they stand by for: add one for every day",
                )  # fmt: skip
    for index, pool in enumerate(city.pools):
        for n, key in enumerate(pool.sites):
            if key not in sites:
                yield unknown("pools", (index, "sites", n), ("站点", "site"), key, sites)
        if pool.type != "partner" and pool.architecture is None:
            yield documents["pools"].problem(
                (index,), "city.architecture", f"资源池 {pool.key} 缺少指令集:只有合作算力可以为空",
                f"pool {pool.key} has no architecture: only a partner's may be null",
            )  # fmt: skip
    for index, platform in enumerate(city.platforms):
        if platform.item not in items:
            yield unknown("platforms", (index, "item"), ("事项", "item"), platform.item, items)
        if platform.operator not in bureaus:
            yield unknown("platforms", (index, "operator"), ("单位", "unit"), platform.operator, bureaus)
    yield from plan_faults.faults(city, documents)


def of_requests(city: City, examined: Iterable[Examined]) -> Iterator[Problem]:
    """References of the requests to the city, inside each system, and between systems. Parts that the schema has
    refused already are passed over."""
    found = [(each.request, each.document, each.doubtful) for each in examined if each.request and each.document]
    systems = {request.stack: request for request, _, _ in found}
    for request, doc, doubtful in found:
        spots = {doc.marks[path] for path in doubtful if path in doc.marks}
        for problem in _of_request(city, request, doc, systems):
            if (problem.line, problem.col) not in spots:
                yield problem


def _of_request(city: City, request: Request, doc: Document, systems: Mapping[str, Request]) -> Iterator[Problem]:
    yield from _of_system(city, request, doc)
    yield from _workloads(city, request, doc)
    for index, flow in enumerate(request.system.flows):
        yield from _flow(city, request, doc, index, flow, systems)


def _of_system(city: City, request: Request, doc: Document) -> Iterator[Problem]:
    system = request.system

    def problem(key: str, code: str, zh: str, en: str, *more: Any) -> Problem:
        return doc.problem((*_ROOT, key, *more), code, zh, en)

    bureau = city.bureau(system.bureau)
    if bureau is None:
        zh, en = _choice(system.bureau, [b.name for b in city.bureaus])
        yield problem(
            "bureau",
            "request.bureau",
            f"没有名为“{system.bureau}”的单位{zh}",
            f"there is no unit '{system.bureau}'{en}",
        )
    elif bureau.key != request.bureau:
        yield problem(
            "bureau", "request.bureau-file", f"文件名中的单位是 {request.bureau},这里写的是 {bureau.key}({bureau.name}):两处须一致",
            f"the file's name says {request.bureau}, this says {bureau.key} ({bureau.name}): make them agree",
        )  # fmt: skip
    if (system.domain is None) == (system.platform is None):
        yield doc.problem(
            (*_ROOT, "domain" if system.domain else "name"), "request.item",
            "domain(八大领域)与 platform(四大平台)须且只能填一个",
            "give a domain (one of eight) or a platform (one of four), not both",
        )  # fmt: skip
    else:
        key, part = ("domain", "domain") if system.domain else ("platform", "platform")
        word = system.domain or system.platform or ""
        item = city.item(word)
        if item is None or item.part != part:
            zh, en = _choice(word, [i.name.removesuffix("领域") for i in city.items if i.part == part])
            yield problem(key, "request.item", f"没有名为“{word}”的{'领域' if part == 'domain' else '平台'}{zh}",
                          f"there is no {part} '{word}'{en}")  # fmt: skip
        elif bureau and bureau.key not in item.responsible:
            names = "、".join(b.name for b in city.bureaus if b.key in item.responsible)
            yield problem(
                key, "request.responsible", f"{bureau.name}不是“{item.name}”的责任单位:责任单位为 {names}",
                f"{bureau.name} does not answer for {item.en}: {names} do",
            )  # fmt: skip
    for index, word in enumerate(system.uses):
        if city.capability(word) is None:
            zh, en = _choice(word, [c.name for p in city.platforms for c in p.capabilities])
            yield problem("uses", "request.capability", f"没有名为“{word}”的共享能力{zh}",
                          f"there is no shared capability '{word}'{en}", index)  # fmt: skip


def _workloads(city: City, request: Request, doc: Document) -> Iterator[Problem]:
    system = request.system
    counts = Counter(workload.name for workload in system.workloads)
    for index, workload in enumerate(system.workloads):

        def problem(key: str, code: str, zh: str, en: str, at: int = index) -> Problem:
            return doc.problem((*_ROOT, "workloads", at, key), code, zh, en)

        if counts[workload.name] > 1:
            yield problem("name", "request.twice", f"工作负载“{workload.name}”写了两次:换个名字",
                          f"workload '{workload.name}' is there twice: choose another name")  # fmt: skip
        pool = layout.pool_of(city, request, workload)
        if workload.pool and pool is None:
            zh, en = _choice(workload.pool, [p.key for p in city.pools])
            yield problem("pool", "request.pool", f"没有名为“{workload.pool}”的资源池{zh}",
                          f"there is no pool '{workload.pool}'{en}")  # fmt: skip
        elif pool is None:
            yield problem(
                "name", "request.pool", "缺少资源池 pool:写明用哪个资源池", "'pool' is missing: say which pool"
            )
        else:
            yield from _pool(city, system, workload, pool, problem)


def _pool(city: City, system: System, workload: Workload, pool: Pool, problem: Any) -> Iterator[Problem]:
    if workload.architecture and workload.architecture != pool.architecture:
        having = "、".join(p.key for p in city.pools if p.architecture == workload.architecture and p.type != "partner")
        yield problem(
            "architecture", "request.architecture",
            f"资源池 {pool.key} 的指令集是 {pool.architecture},没有 {workload.architecture}:可用资源池 {having or '无'}",
            f"pool {pool.key} is {pool.architecture}, not {workload.architecture}: pools with it: {having or 'none'}",
        )  # fmt: skip
    if pool.type == "partner":
        yield problem("pool", "request.pool-partner", f"{pool.name}是合作算力,不能直接部署主机:换一个资源池",
                      f"{pool.en} is a partner's: hosts cannot be placed there, choose another pool")  # fmt: skip
    if workload.database and pool.type == "cluster":
        yield problem("pool", "request.pool-database", "数据库不放在容器集群:写一个虚拟机资源池",
                      "a database does not run in the cluster: name a pool of virtual machines")  # fmt: skip
    if pool.level < system.level:
        yield problem(
            "pool", "request.pool-level", f"资源池 {pool.key} 为等保 {pool.level} 级,承载不了 {system.level} 级系统",
            f"pool {pool.key} is level {pool.level} and cannot host a system of level {system.level}",
        )  # fmt: skip
    missing = [site for site in layout.same_city(city) if site not in pool.sites]
    if system.availability.mode == "dual-active" and missing and pool.type != "partner":
        yield problem(
            "pool", "request.pool-site", f"双活要求两个同城站点,资源池 {pool.key} 不在 {'、'.join(missing)}",
            f"dual-active needs both same-city sites and pool {pool.key} is not at {', '.join(missing)}",
        )  # fmt: skip


def target_of(
    city: City, request: Request, flow: Flow, systems: Mapping[str, Request]
) -> tuple[str, Request | None, Workload | None]:
    """What a flow is to: ("workload", its request, it), ("capability", the providing request or None, its serving
    workload or None), or ("", None, None) where there is no such thing."""
    own = next((w for w in request.system.workloads if w.name == flow.to), None)
    if own:
        return "workload", request, own
    stack, slash, name = flow.to.partition("/")
    if slash and stack in systems:
        return "workload", systems[stack], next((w for w in systems[stack].system.workloads if w.name == name), None)
    capability = city.capability(flow.to)
    if capability:
        provider = systems.get(capability.system or "")
        offers = provider.system.workloads if provider else ()
        serving = next((w for w in offers if any(s.port == capability.port for s in w.serves)), None)
        return "capability", provider, serving
    return "", None, None


def _flow(
    city: City, request: Request, doc: Document, index: int, flow: Flow, systems: Mapping[str, Request]
) -> Iterator[Problem]:
    def problem(key: str, code: str, zh: str, en: str) -> Problem:
        return doc.problem((*_ROOT, "flows", index, key), code, zh, en)

    own = [w.name for w in request.system.workloads]
    if flow.from_ not in own:
        zh, en = _choice(flow.from_, own)
        yield problem("from", "request.flow-from", f"本系统没有工作负载“{flow.from_}”{zh}",
                      f"this system has no workload '{flow.from_}'{en}")  # fmt: skip
    kind, target, workload = target_of(city, request, flow, systems)
    if kind == "capability":
        known = {found.key for word in request.system.uses if (found := city.capability(word))}
        called = city.capability(flow.to)
        if called and called.key not in known:
            yield problem("to", "request.flow-uses", f"访问了“{flow.to}”但没有在 uses 中列出:请补上",
                          f"'{flow.to}' is called but not listed under uses: add it")  # fmt: skip
        return
    if workload is None or target is None:
        words = own + [c.name for p in city.platforms for c in p.capabilities]
        words += [f"{stack}/{w.name}" for stack, other in systems.items() for w in other.system.workloads]
        zh, en = _choice(flow.to, words)
        yield problem(
            "to", "request.flow-to", f"没有“{flow.to}”这个去向{zh or ':可写本系统的工作负载、共享能力或 单位.系统/工作负载'}",
            f"there is nothing called '{flow.to}'{en or ': a workload, a capability or bureau.system/workload'}",
        )  # fmt: skip
        return
    offered = {s.port for s in workload.serves} | ({5432} if workload.database else set())
    if flow.port is None and not offered:
        yield problem(
            "to", "request.flow-port", f"“{flow.to}”没有对外端口,须写明 port", f"'{flow.to}' serves no port: give one"
        )
    elif target is not request and flow.port is not None and flow.port not in offered:
        listed = "、".join(map(str, sorted(offered))) or "无"
        yield problem("port", "request.flow-port", f"“{flow.to}”不提供端口 {flow.port}:提供的有 {listed}",
                      f"'{flow.to}' does not serve port {flow.port}: it serves {listed}")  # fmt: skip
