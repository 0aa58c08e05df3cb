"""The driver: kinds → keepers, one writer a thing. In: things; out: things and DriverErrors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from inventory.model import Environment
from inventory.problems import refuse
from stacks.drivers.base import DriverError, Need, Thing
from stacks.drivers.ec2.buckets import Buckets
from stacks.drivers.ec2.cloud import ATTEMPTS, Cloud
from stacks.drivers.ec2.groups import Groups, Rules
from stacks.drivers.ec2.hosts import Hosts
from stacks.drivers.ec2.keeper import Keeper
from stacks.drivers.ec2.keys import Keys
from stacks.drivers.ec2.locks import Locks
from stacks.drivers.ec2.network import Network
from stacks.drivers.ec2.subnets import Subnets
from stacks.drivers.ec2.volumes import Volumes
from stacks.drivers.wants import checked

_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


class Ec2:
    """An EC2-, S3- and KMS-compatible endpoint: `environment.endpoint`, else boto3's AWS_ENDPOINT_URL."""

    name = "ec2"

    def __init__(
        self, environment: Environment, folder: Path, *, attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Refused where no endpoint or no region is named: nothing is made somewhere by accident. The folder holds
        locks only; everything else is in the cloud."""
        if not environment.endpoint and not any(os.environ.get(name) for name in _ENDPOINTS):
            raise refuse(
                "ec2.endpoint",
                f"环境 {environment.name} 没有写 endpoint,也没有设置 AWS_ENDPOINT_URL:请写明云的地址",
                f"environment {environment.name} names no endpoint and AWS_ENDPOINT_URL is not set: name the cloud",
                file="inventory/environments.yaml",
            )
        self._locks = Locks(folder, sleep, clock)
        self._cloud = Cloud(
            environment.name, environment.endpoint, self._locks, attempts=attempts, sleep=sleep, clock=clock
        )
        network, keys = Network(self._cloud), Keys(self._cloud)
        subnets, groups = Subnets(self._cloud, network), Groups(self._cloud, network)
        hosts = Hosts(self._cloud, subnets, groups)
        every = (subnets, groups, Rules(self._cloud, groups), hosts, keys, Volumes(self._cloud, hosts, keys))
        self._keepers: dict[str, Keeper] = {keeper.kind: keeper for keeper in (*every, Buckets(self._cloud, keys))}

    def __repr__(self) -> str:
        return f"Ec2({self._cloud.environment}, {self._cloud.region})"

    @staticmethod
    def needs(environment: Environment | None = None) -> list[Need]:
        """boto3, a region and credentials, and (once the environment is known) the endpoint."""
        configured = (Path.home() / ".aws" / "config").exists()
        region = any(os.environ.get(name) for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"))
        known = any(os.environ.get(name) for name in _CREDENTIALS) or (Path.home() / ".aws" / "credentials").exists()
        found = [
            Need("boto3", find_spec("boto3") is not None, "访问 EC2 兼容云:运行 ./lz 会按 requirements.lock 装好",
                 "talks to an EC2-compatible cloud: ./lz installs it from requirements.lock"),
            Need("AWS_DEFAULT_REGION", region or configured, "云的区域:设置 AWS_DEFAULT_REGION",
                 "the cloud's region: set AWS_DEFAULT_REGION"),
            Need("AWS_ACCESS_KEY_ID", known or configured, "云的凭据:设置 AWS_ACCESS_KEY_ID 等环境变量或 AWS_PROFILE",
                 "the cloud's credentials: set AWS_ACCESS_KEY_ID and its companions, or AWS_PROFILE"),
        ]  # fmt: skip
        if environment is not None:
            url = environment.endpoint or next(filter(None, map(os.environ.get, _ENDPOINTS)), None)
            found.append(
                Need("endpoint", url is not None and _reachable(url),
                     f"云的地址要写明且能连上(现为 {url or '空'}):在 environments.yaml 写 endpoint",
                     f"the cloud's address must be named and answer (now {url or 'none'}): write endpoint in "
                     "environments.yaml")
            )  # fmt: skip
        return found

    def create(self, want: Thing) -> Thing:
        fields = checked(want, self._keepers, self.name)
        keeper = self._keepers[want.kind]
        keeper.check(fields)
        with self._locks.hold(f"{want.kind}/{want.name}"):
            there = keeper.find(want.name)
            if there is None:
                keeper.make(fields)
            else:
                keeper.change(there, fields)
            # what was just made may take a moment to be seen
            made = self._cloud.wait(lambda: keeper.find(want.name), "visible", want.name, 60)
            return keeper.thing(made)

    def read(self, kind: str, id: str) -> Thing | None:
        keeper = self._keepers.get(kind)
        there = keeper.get(id) if keeper else None
        return keeper.thing(there) if keeper and there is not None else None

    def find(self, kind: str, name: str) -> Thing | None:
        keeper = self._keepers.get(kind)
        there = keeper.find(name) if keeper else None
        return keeper.thing(there) if keeper and there is not None else None

    def update(self, id: str, want: Thing) -> Thing:
        fields = checked(want, self._keepers, self.name)
        keeper = self._keepers[want.kind]
        keeper.check(fields)
        with self._locks.hold(f"{want.kind}/{want.name}"):
            there = keeper.get(id)
            if there is None:
                raise DriverError(
                    "not-found", "云中已没有它:刷新后重试", "the cloud has it no more: refresh and try again",
                    where=want.name,
                )  # fmt: skip
            keeper.change(there, fields)
            return keeper.thing(self._cloud.wait(lambda: keeper.get(id), "visible", want.name, 60))

    def delete(self, kind: str, id: str) -> None:
        if kind in self._keepers:
            with self._locks.hold(f"{kind}#{id}"):
                self._keepers[kind].remove(id)

    def list(self) -> Iterator[Thing]:
        for keeper in self._keepers.values():
            for there in keeper.all():
                yield keeper.thing(there)

    def close(self) -> None:
        self._cloud.close()


def _reachable(url: str) -> bool:
    """Whether something listens at the endpoint; at most 2 s."""
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=2):
            return True
    except (OSError, ValueError):
        return False
