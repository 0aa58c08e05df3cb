"""IMG-001: machines are started from images of the catalogue that are hardened and not old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from inventory.estate import Estate, Resource
from policies.checks.references import day, thing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, failed, missing, unknown, unsure
from policies.checks.wants import Want, true, untold, weighed

CHECK = Check(
    id="IMG-001",
    title_zh="主机用目录中加固过的新镜像",
    title_en="Machines start from hardened, recent images",
    clauses=("GB/T 22239-2019 8.2.4.4 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host", "compute.image"),
    fix_zh="换用目录中批准的、加固过的镜像,并按期重建",
    fix_en="use an approved, hardened image of the catalogue, and build it anew in time",
    dated=True,
    params={"days": Param(90, "镜像可用天数上限", "most days since an image was built", least=1)},
)
_WANTS = (
    Want("approved", true, "没有批准进入目录", "is not approved for the catalogue"),
    Want("hardened", true, "没有加固", "is not hardened"),
)
Found = tuple[list[Words], list[Words]]


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an image and a host; a host is as good as its image."""
    found: dict[str, Found] = {}
    for image in estate.kind("compute.image"):
        found[image.name] = _image(image, params["today"], params["days"])
        yield concluded(image, *found[image.name])
    for host in estate.kind("compute.host"):
        name = host.get("image")
        if open_ := unsure(host, "image"):
            yield open_
        elif not name:
            yield failed(host, "没有写镜像", "names no image")
        elif thing(estate, f"compute.image/{name}") is None:
            yield unknown(host, *missing(host, "compute.image", name))
        else:
            wrong, open_ = found[name]
            yield concluded(
                host, *([(f"镜像 {name}:{zh}", f"image {name}: {en}") for zh, en in part] for part in (wrong, open_))
            )


def _image(image: Resource, today: date, days: int) -> Found:
    wrong, open_ = weighed(image, _WANTS)
    built = day(image.get("built"))
    if built is None:
        open_.append(untold("built"))
    elif not 0 <= (today - built).days <= days:
        wrong.append((f"制作于 {built},不在最近 {days} 天内", f"was built on {built}, not within the last {days} days"))
    return wrong, open_
