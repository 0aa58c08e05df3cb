"""Words that the page uses for the vocabulary's own words, in Chinese and English, and small helpers for plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from inventory.estate import known
from inventory.model import City

Pair = dict[str, str]

ROLES = {
    "web": ("网站", "web"), "app": ("应用", "application"), "database": ("数据库", "database"),
    "arbiter": ("仲裁", "arbiter"), "log": ("日志", "log"), "monitor": ("监测", "monitor"), "bastion": ("堡垒", "bastion"),
    "resolver": ("域名", "names"), "lb": ("入口", "entrance"),
}  # fmt: skip
SITE_ROLES = {
    "primary": ("主中心", "primary"), "secondary": ("同城中心", "same-city"), "remote": ("异地灾备", "remote"),
    "arbiter": ("仲裁", "arbiter"),
}  # fmt: skip
PARTS = {
    "infrastructure": ("四大基础设施", "Four infrastructures"), "platform": ("四大综合平台", "Four platforms"),
    "domain": ("八大领域应用", "Eight domains"),
}  # fmt: skip
DATA = {"general": ("一般", "general"), "important": ("重要", "important"), "core": ("核心", "core")}
MODES = {"single": ("单中心", "single"), "dual-active": ("同城双活", "dual-active")}
REACH = {
    "internet": ("互联网", "internet"),
    "extranet": ("政务外网", "extranet"),
    "private": ("仅声明的调用方", "declared callers"),
}
UNITS = {
    "bureau": ("市直部门", "bureau"), "party": ("市委部门", "party office"), "district": ("区县(市)", "district"),
    "park": ("园区", "park"), "group": ("市属企业", "group"), "centre": ("中心", "centre"),
}  # fmt: skip


def pair(zh: str, en: str = "") -> Pair:
    """A text in both languages; English falls back to Chinese."""
    return {"zh": zh, "en": en or zh}


def word(table: Mapping[str, tuple[str, str]], key: Any) -> Pair:
    """The word for a key; a key that the table lacks stands for itself."""
    return pair(*table.get(str(key), (str(key),)))


def joined(pairs: Iterable[Pair]) -> Pair:
    """`甲、乙` and `a, b`."""
    pairs = list(pairs)
    return pair("、".join(p["zh"] for p in pairs), ", ".join(p["en"] for p in pairs))


def unit(city: City | None, key: Any) -> Pair:
    """Name of a responsible unit by its key; the key itself where the city does not know it."""
    bureau = city.bureau(str(key)) if city and key else None
    return pair(bureau.name, bureau.en) if bureau else pair(str(key or ""))


def duration(seconds: Any) -> Pair:
    """`10 秒`, `4 小时`."""
    if not isinstance(seconds, int | float):
        return pair("—")
    for size, zh, en in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size and seconds % size == 0:
            return pair(f"{seconds / size:g} {zh}", f"{seconds / size:g} {en}")
    return pair(f"{seconds:g} 秒", f"{seconds:g} s")


def rate(mbps: int) -> str:
    """`10 Gbps`."""
    return f"{mbps / 1000:g} Gbps" if mbps >= 1000 else f"{mbps} Mbps"


def shown(value: Any) -> Any:
    """A property for the page: what is unknown or secret is a dash, never the marker."""
    if not known(value):
        return "—"
    return "●●●" if str(value) == "\ufffcsecret" else value


def plain(value: Any) -> Any:
    """Whatever a step returned as JSON-able data: dataclasses by field, other objects by their text."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
