"""What a department asks for: one system a file, under the key `liangzhu:system`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from inventory.model.base import Architecture, DataClass, Duration, Frozen, Key, Level, Port, Reach, Size

Exposure = Reach


class Availability(Frozen):
    """高可用与灾备 / how the system survives."""

    mode: Literal["single", "dual-active"] = "single"
    remote: bool = Field(False, description="是否异地灾备 / a copy at the remote site")
    rto: Duration = Field(14400, description="恢复时间目标 / recovery time objective")
    rpo: Duration = Field(86400, description="恢复点目标 / recovery point objective")


class Serves(Frozen):
    """对外提供的端口 / a port that others call."""

    port: Port
    to: Reach = "private"
    protocol: Literal["https", "tls", "tcp", "udp"] = "https"


class Workload(Frozen):
    """一组相同的主机 / a group of equal hosts."""

    name: Key
    pool: Key | None = Field(None, description="资源池;数据库缺省取系统中其他工作负载的资源池 / the pool")
    architecture: Architecture | None = Field(None, description="指令集,须与资源池一致 / must be the pool's")
    domain: Literal["video", "iot"] | None = Field(
        None, description="放在视频域或物联网专网;缺省按用途放入公用或专用网络区 / in the video or IoT network"
    )
    cpu: int = Field(2, ge=1, le=128)
    memory: Size = 4096
    replicas: int = Field(1, ge=1, le=64, description="副本数;双活时每个同城站点至少一个 / over all sites")
    serves: tuple[Serves, ...] = ()
    database: Literal["postgresql"] | None = None
    storage: Size | None = Field(None, description="数据盘 / data volume of each replica")
    deletion_protection: bool = Field(
        False,
        description="数据库和数据盘的删除保护:去掉并应用一次之前删不掉 / its database and volumes cannot be deleted",
    )

    @field_validator("deletion_protection")
    @classmethod
    def _something_to_protect(cls, value: bool, info: ValidationInfo) -> bool:
        read = {"database", "storage"} <= info.data.keys()  # one that is wrong itself is told by itself
        if value and read and not (info.data["database"] or info.data["storage"]):
            raise ValueError(
                "没有 database 或 storage 可保护:去掉这一项 / neither database nor storage to protect: leave it out"
            )
        return value


class Bucket(Frozen):
    """对象存储 / object storage."""

    name: Key
    size: Size
    versioning: bool = True
    deletion_protection: bool = Field(
        False, description="删除保护:去掉并应用一次之前删不掉 / it cannot be deleted before this is taken away"
    )


class Flow(Frozen):
    """一条允许的访问 / one allowed connection. `to` is a workload of this system, a shared capability, or
    `<bureau>.<system>/<workload>` of another system; nothing else passes."""

    from_: str = Field(alias="from")
    to: str
    port: Port | None = Field(None, description="缺省取被访问方的端口 / default: the port of what is called")
    protocol: Literal["tcp", "udp"] = "tcp"


class Contact(Frozen):
    """联系岗位 / a post to call, not a person's name."""

    role: Literal["owner", "operations", "security"]
    unit: str
    phone: str | None = None


class System(Frozen):
    """一个信息系统的资源申请 / what one system needs."""

    name: str = Field(min_length=2, max_length=60)
    en: str | None = None
    bureau: str = Field(description="责任单位,用规范名称,如 市民政局 / the responsible unit")
    domain: str | None = Field(None, description="八大领域之一,如 民生保障 / one of the eight domains")
    platform: str | None = Field(None, description="四大平台之一(与 domain 二选一) / or one of the four platforms")
    summary: str = ""
    level: Level
    data: DataClass = "general"
    personal_information: bool = False
    availability: Availability = Availability.model_validate({})
    workloads: tuple[Workload, ...] = Field(min_length=1)
    buckets: tuple[Bucket, ...] = ()
    flows: tuple[Flow, ...] = ()
    uses: tuple[str, ...] = Field((), description="使用的共享能力,如 统一身份认证 / shared capabilities")
    contacts: tuple[Contact, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Request:
    """A system with where it was written: `marks` maps a path inside the file to (line, column), from 1."""

    stack: str
    """`<bureau>.<system>`: the stack's name, and the file's"""
    system: System
    file: str
    """relative to the repository"""
    marks: Mapping[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)
    reserved: bool = False
    """made by the generator, not by a department"""

    @property
    def bureau(self) -> str:
        """key of the bureau, the first half of the stack's name"""
        return self.stack.partition(".")[0]

    def origin(self, *path: str | int) -> str:
        """`file:line` of the nearest marked part of the request, for `Kind.origin`."""
        for length in range(len(path), -1, -1):
            mark = self.marks.get(path[:length])
            if mark:
                return f"{self.file}:{mark[0]}"
        return self.file
