"""Where things are, and whether that is in the mainland: for checks on residence.

A site is a key; what is known of it stands in a `gov.site` of that name. A site that nobody recorded is an open question.
"""

from __future__ import annotations

from collections.abc import Iterable

from inventory.estate import Estate, Resource
from policies.checks.shape import Words, missing, settled, texts
from policies.checks.wants import Want, true, weighed

MAINLAND = Want("mainland", true, "不在境内", "is not in the mainland")


def named(one: Resource, fields: Iterable[str]) -> tuple[list[str], list[Words]]:
    """The sites that these fields name, in order, each once; and the fields that cannot be read."""
    found: dict[str, None] = {}
    open_: list[Words] = []
    for field in fields:
        value = one.get(field)
        if not settled(value):
            open_.append((f"{field} 尚未确定", f"{field} is not known yet"))
        elif value:
            found |= dict.fromkeys(map(str, (value,) if isinstance(value, str) else texts(value)))
    return list(found), open_


def resident(estate: Estate, one: Resource, fields: Iterable[str]) -> tuple[list[Words], list[Words]]:
    """Are all places that it names in the mainland; a place that it does not name is an open question too."""
    sites, open_ = named(one, fields)
    wrong: list[Words] = []
    if not sites and not open_:
        open_.append(("没有记录所在站点", "it is not recorded where it is"))
    for name in sites:
        if (site := estate.named("gov.site", name)) is None:
            open_.append(missing(one, "gov.site", name))
            continue
        bad, unclear = weighed(site, (MAINLAND,))
        wrong += [(f"站点 {name} {zh}", f"site {name} {en}") for zh, en in bad]
        open_ += [(f"站点 {name}:{zh}", f"site {name}: {en}") for zh, en in unclear]
    return wrong, open_
