"""Where the city is brought up: the drivers, the requests, the state."""

from __future__ import annotations

from pydantic import Field

from inventory.model.base import Frozen, Key


class Environment(Frozen):
    """One entry of `inventory/environments.yaml`. Paths are relative to the repository's root."""

    name: Key
    title: str
    en: str
    drivers: tuple[dict[str, str], ...] = Field(
        min_length=1,
        description="按先后选用本机可行的一组:资源类型前缀 → 驱动 / the first set that this machine can do is used",
    )
    """each: kind prefix (`compute.host`, `net`, `*`) → driver name; the longest prefix wins"""
    requests: str
    """folder of the request files"""
    systems: tuple[str, ...] = ()
    """stack names; empty: every request in the folder"""
    at_least: int = 0
    """grow the requests by the generator to this many systems"""
    state: str
    endpoint: str | None = None
    """of an EC2-compatible service, for the driver that needs one"""
    kubeconfig: str | None = None
    runners: dict[str, str] = Field(
        default_factory=dict,
        description="谁可以为变更签名:名称 → 公钥(PEM) / who may sign for updates: name → public key (PEM)",
    )
    """empty: the key that this machine has made for the environment"""
    profile: str = "level3"
    """profile of policies/profiles.yaml"""
