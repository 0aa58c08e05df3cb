"""XC-001: processor, system and database in domestic pools stand on the published list, and their entries still hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from inventory.estate import Estate, Resource
from policies.checks.references import day, word
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable
from policies.checks.told import follow, given, nothing, unread, why

CHECK = Check(
    id="XC-001",
    title_zh="信创资源池用测评有效的产品",
    title_en="Domestic pools run products whose assessment holds",
    clauses=("安全可靠测评结果公告 测评清单", "通用服务器政府采购需求标准 处理器与操作系统"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.pool", "compute.host", "compute.image", "db.instance", "gov.assessment"),
    fix_zh="换用清单内且在有效期内的处理器、操作系统和数据库;新公告出来后登记 gov.assessment",
    fix_en="use processors, systems and databases of the list whose entries hold; enter new notices as gov.assessment",
    dated=True,
    params={
        "grades": Param(("I", "II"), "认可的等级", "accepted grades"),
        "years": Param(
            3, "没有写到期日时的有效年数", "years that an entry holds where its end is not written", least=1
        ),
    },
)


class Entries:
    """The list: what it says of a product on a day."""

    def __init__(self, estate: Estate, params: Params) -> None:
        self._params = params
        self._found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        self._vague = list(nothing(estate, "gov.assessment"))
        for one in sorted(estate.kind("gov.assessment"), key=word):
            fields = ["product", "subject", "grade", "published"]
            # that no end was recorded means the years of the notice; one that cannot be read means nothing
            fields += [] if one.get("expires") is None else ["expires"]
            if hidden := unread(one, *fields):
                self._vague.append(why(one, hidden))
            else:
                self._found[one["subject"], one["product"].casefold()].append(one)

    def weigh(self, subject: str, product: str, wrong: list[Words], open_words: list[Words]) -> None:
        """One entry that holds is enough; none is wrong only where all could be read."""
        entries = self._found[subject, product.casefold()]
        if any(self._holds(one) for one in entries):
            return
        if self._vague:
            open_words += self._vague
        elif entries:
            wrong.append(
                (f"{product} 的测评结果已失效或等级不够", f"the assessment of {product} holds no more or is low")
            )
        else:
            wrong.append((f"{product} 不在测评清单", f"{product} is not on the list"))

    def _holds(self, one: Resource) -> bool:
        today: date = self._params["today"]
        begins = day(one["published"])
        if begins is None or begins > today or one["grade"] not in self._params["grades"]:
            return False
        if given(one, "expires"):
            ends = day(one["expires"])
            return ends is not None and ends >= today
        last = (begins.year + self._params["years"], begins.month, begins.day)
        return (today.year, today.month, today.day) < last


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a pool, and a host and a database in a domestic pool."""
    entries = Entries(estate, params)
    for pool in estate.kind("compute.pool"):
        if hidden := unread(pool, "xinchuang"):
            yield hidden
        elif not pool["xinchuang"]:
            yield not_applicable(pool, "不是信创资源池", "is no domestic pool")
        else:
            yield unread(pool, "make", "os") or _listed(pool, entries, ("cpu", pool["make"]), ("os", pool["os"]))
    for host in estate.kind("compute.host"):
        domestic, open_words = _domestic(estate, host)
        if open_words:
            yield concluded(host, (), open_words)
        elif domestic:
            yield _image(estate, host, entries)
    for one in estate.kind("db.instance"):
        yield unread(one, "members", "engine", "version") or _database(estate, one, entries)


def _domestic(estate: Estate, host: Resource) -> tuple[bool, list[Words]]:
    pool, open_words = follow(estate, host, "pool", "compute.pool")
    if pool and (hidden := unread(pool, "xinchuang")):
        open_words.append(why(pool, hidden))
    return bool(pool and not open_words and pool["xinchuang"]), open_words


def _listed(one: Resource, entries: Entries, *products: tuple[str, str]) -> Looked:
    wrong: list[Words] = []
    open_words: list[Words] = []
    for subject, product in products:
        entries.weigh(subject, product, wrong, open_words)
    return concluded(one, wrong, open_words)


def _image(estate: Estate, host: Resource, entries: Entries) -> Looked:
    image, open_words = follow(estate, host, "image", "compute.image")
    if image and (hidden := unread(image, "os")):
        open_words.append(why(image, hidden))
    return concluded(host, (), open_words) if open_words or not image else _listed(host, entries, ("os", image["os"]))


def _database(estate: Estate, one: Resource, entries: Entries) -> Looked:
    open_words: list[Words] = []
    domestic = False
    for name in one["members"]:
        host = estate.named("compute.host", name)
        if host is None:
            open_words.append((f"主机 {name} 不在被检查的范围内", f"host {name} is not in what was judged"))
            continue
        here, vague = _domestic(estate, host)
        domestic = domestic or here
        open_words += vague
    if domestic:
        return _listed(one, entries, ("database", f"{one['engine']} {one['version']}"))
    if open_words:
        return concluded(one, (), open_words)
    return not_applicable(one, "不在信创资源池", "is in no domestic pool")
