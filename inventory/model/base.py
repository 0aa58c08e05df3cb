"""Scalars and bases that every noun shares. Files hand over strings only; the types here decide what they mean."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MEBIBYTES = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


class Frozen(BaseModel):
    """Base of every noun: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Provenance(Frozen):
    """Where a row of the city's data comes from; nothing invented passes for a fact."""

    basis: Literal["sourced", "derived", "illustrative"]
    source: str = Field(min_length=1, description="文件与条款,或 city-data 的来源标签 / document and clause")
    date: str = Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="来源日期 / date of the source")
    assumed: tuple[str, ...] = Field((), description="本行中由本项目设定的字段 / fields of this row that are ours")


def _duration(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value.strip())
        if not match:
            raise ValueError("写成数字加单位,例如 10s、5m、4h / a number and a unit: 10s, 5m, 4h")
        return float(match[1]) * _SECONDS[match[2]]
    return value


def _size(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+)(Mi|Gi|Ti)", value.strip())
        if not match:
            raise ValueError("写成整数加单位,例如 512Mi、4Gi、1Ti / a whole number and a unit: 512Mi, 4Gi, 1Ti")
        return int(match[1]) * _MEBIBYTES[match[2]]
    return value


def _key(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
        raise ValueError(
            "只用小写字母、数字和连字符,以字母开头 / lower-case letters, digits and hyphens, a letter first"
        )
    return value


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$", "examples": ["10s", "5m", "4h"]}),
]
"""seconds; written `10s`, `5m`, `4h`"""

Size = Annotated[
    int,
    BeforeValidator(_size),
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(Mi|Gi|Ti)$", "examples": ["512Mi", "4Gi"]}),
]
"""mebibytes; written `512Mi`, `4Gi`"""

Key = Annotated[str, AfterValidator(_key), Field(max_length=40)]
"""a name for machines: file names, stack names, host names"""

Port = Annotated[int, Field(ge=1, le=65535)]
Level = Annotated[int, Field(ge=1, le=4, description="等保级别 / MLPS level, GB/T 22239-2019")]
DataClass = Literal["general", "important", "core"]
"""一般、重要、核心 (GB/T 43697-2024)"""
Architecture = Literal["x86_64", "aarch64", "loongarch64"]
Reach = Literal["internet", "extranet", "private"]
"""who may call: anyone, everyone on the e-government extranet, only declared callers"""
