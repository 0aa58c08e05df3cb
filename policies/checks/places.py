"""Where things are, and whether that is in the mainland: for checks on residence.

A site is a key; what is known of it stands in a `gov.site` of that name. A site that nobody recorded is an open question.
"""

from __future__ import annotations

from collections.abc import Iterable

from inventory.estate import Estate, Resource
from policies.checks.shape import Words, missing, settled, texts
from policies.checks.wants import Want, true, untold, weighed

MAINLAND = Want("mainland", true, "不在境内", "is not in the mainland")


def named(one: Resource, fields: Iterable[str]) -> tuple[list[str], list[Words]]:
    """The sites that these fields name, in order, each once; and the fields that cannot be read."""
    found: dict[str, None] = {}
    open_: list[Words] = []
    for field in fields:
        value = one.get(field)
        if value is None:
            continue
        if not settled(value):
            open_.append((f"{field} 尚未确定", f"{field} is not known yet"))
        else:
            names = (value,) if isinstance(value, str) else texts(value)
            found |= dict.fromkeys(map(str, filter(None, names)))
    return list(found), open_


def resident(estate: Estate, one: Resource, *groups: Iterable[str]) -> tuple[list[Words], list[Words]]:
    """Are all places that it names in the mainland. Of each group of fields one must name a place: where none does,
    that is an open question too."""
    wrong: list[Words] = []
    open_: list[Words] = []
    for fields in groups:
        sites, unclear = named(one, fields)
        open_ += unclear
        if not sites and not unclear:
            open_.append(untold("/".join(fields)))
        for name in sites:
            if (site := estate.named("gov.site", name)) is None:
                open_.append(missing(one, "gov.site", name))
                continue
            bad, vague = weighed(site, (MAINLAND,))
            wrong += [(f"站点 {name} {zh}", f"site {name} {en}") for zh, en in bad]
            open_ += [(f"站点 {name}:{zh}", f"site {name}: {en}") for zh, en in vague]
    return wrong, open_
