"""Words and signs of steps, in Chinese and English: for the console, and for the monitors' narrator."""

from __future__ import annotations

from collections.abc import Mapping

OPS = {
    "create": ("新建", "create"), "update": ("更新", "update"), "replace": ("替换", "replace"),
    "delete": ("删除", "delete"), "discard": ("不再引用", "discard"), "same": ("不变", "unchanged"),
    "read": ("读取", "read"), "refresh": ("核对", "refreshed"), "import": ("收管", "import"),
}  # fmt: skip
SIGNS = {
    "create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red"),
    "import": ("=", "cyan"), "refresh": ("~", "yellow"), "discard": ("-", "yellow"),
}  # fmt: skip
"""op → (sign, style); what has none changes nothing"""
WHY = {
    "pending": ("上次没有完成", "was left unfinished"),
    "provider": ("提供者换了", "its provider is replaced"),
    "deletedWith": ("随另一资源删除", "goes with another resource"),
    "external": ("以前只是引用", "was only referred to"),
    "forced": ("要求替换", "was asked to be replaced"),
    "replacementTrigger": ("replacementTrigger 变了", "its replacementTrigger has changed"),
    "replaceWith": ("随另一资源替换", "is replaced with another resource"),
    "initErrors": ("上次初始化失败", "did not initialise"),
    "unexplained": ("提供者没有说明", "the provider does not say what"),
    "inputs": ("提供者的配置", "the provider's configuration"),
}
"""reasons that are no property"""


def counted(counts: Mapping[str, int]) -> tuple[str, str]:
    """{"create": 3, "same": 1} → (`新建 3、不变 1`, `create 3, unchanged 1`)."""
    seen = [(OPS.get(op, (op, op)), number) for op, number in counts.items() if number]
    return "、".join(f"{zh} {n}" for (zh, _), n in seen) or "无", ", ".join(
        f"{en} {n}" for (_, en), n in seen
    ) or "none"
