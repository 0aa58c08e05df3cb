"""boto3 behind one call: `cloud.ec2("describe_vpcs", …)`. Out: plain answers, or a DriverError.

Region and credentials come from boto3's own chain (environment, profile, role) and are kept nowhere. Retries are
botocore's standard mode: bounded, with random backoff. Thread-safe.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from inventory.problems import refuse
from stacks.drivers.base import DriverError
from stacks.drivers.ec2 import errors, tags
from stacks.drivers.ec2.locks import Locks

ATTEMPTS = 5
WAIT = 300
"""seconds for something to settle"""


@cache
def _models() -> Any:
    """boto3's descriptions of the services: half a second of reading, once a process. Holds no credentials."""
    import os

    import boto3
    from botocore.loaders import Loader

    return Loader(extra_search_paths=[os.path.join(os.path.dirname(boto3.__file__), "data")])


class Cloud:
    """One environment at one endpoint."""

    def __init__(
        self, environment: str, endpoint: str | None, locks: Locks, *,
        attempts: int = ATTEMPTS, sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        import botocore.session
        from boto3.session import Session

        plain = botocore.session.get_session()
        plain.register_component("data_loader", _models())
        self.environment, self.locks = environment, locks
        self._endpoint, self._attempts, self._sleep, self._clock = endpoint, attempts, sleep, clock
        self._session = Session(botocore_session=plain)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        if not self._session.region_name:
            raise refuse(
                "ec2.region",
                "没有设置区域:请设置 AWS_DEFAULT_REGION,或在 AWS_PROFILE 中写明",
                "no region is set: set AWS_DEFAULT_REGION, or name it in AWS_PROFILE",
            )
        self.region: str = self._session.region_name

    @property
    def chinese(self) -> bool:
        """Whether the endpoint calls itself a region of China: there KMS makes SM2 and SM4 keys, and no AES."""
        return self.region.startswith("cn-")

    @property
    def partition(self) -> str:
        return "aws-cn" if self.chinese else "aws"

    def ec2(self, operation: str, *, absent: Collection[str] = (), where: str = "", **parameters: Any) -> Any:
        """None for an error code of `absent`."""
        return self._call("ec2", operation, absent, where, parameters)

    def s3(self, operation: str, *, absent: Collection[str] = (), where: str = "", **parameters: Any) -> Any:
        return self._call("s3", operation, absent, where, parameters)

    def kms(self, operation: str, *, absent: Collection[str] = (), where: str = "", **parameters: Any) -> Any:
        return self._call("kms", operation, absent, where, parameters)

    def once(self, operation: str, **parameters: Any) -> Any:
        """An EC2 question that a compatible endpoint may not know: one try, None where it does not answer."""
        try:
            return self._call("ec2-once", operation, (), "", parameters)
        except DriverError:
            return None

    def pages(self, service: str, operation: str, key: str, *, absent: Collection[str] = (), **parameters: Any) -> list:
        """All items of a paged answer."""
        found: list[Any] = []
        try:
            for page in self._client(service).get_paginator(operation).paginate(**parameters):
                found += page.get(key, [])
        except errors.all_of_botocore() as error:
            if errors.code_of(error) in absent:
                return []
            raise errors.refusal(error, operation) from None
        return found

    def owned(self, operation: str, key: str, kind: str, name: str | None = None, *more: dict[str, Any]) -> list:
        """What an EC2 description finds by our tags: of a kind, and of a name."""
        wanted = {tags.ENVIRONMENT: self.environment, tags.KIND: kind, **({tags.NAME: name} if name else {})}
        return self.pages("ec2", operation, key, Filters=[*tags.filters(wanted), *more])

    def retag(self, id: str | list[str], there: dict[str, str], wanted: dict[str, str]) -> None:
        """Makes our tags of an EC2 thing equal."""
        ids = [id] if isinstance(id, str) else id
        if new := {key: value for key, value in wanted.items() if there.get(key) != value}:
            self.ec2("create_tags", Resources=ids, Tags=tags.listed(new))
        if old := tags.stale(there, wanted):
            self.ec2("delete_tags", Resources=ids, Tags=[{"Key": key} for key in old])

    def wait(self, ready: Callable[[], Any], what: str, where: str, seconds: float = WAIT) -> Any:
        """The first true answer. DriverError `unavailable` when it does not come."""
        end, pause = self._clock() + seconds, 0.1
        while not (answer := ready()):
            if self._clock() > end:
                raise DriverError(
                    "unavailable",
                    f"{seconds:.0f} 秒后仍未就绪({what}):稍后再运行",
                    f"not ready after {seconds:.0f} s ({what}): run this again later",
                    where=where,
                )
            self._sleep(pause)
            pause = min(3.0, pause * 1.5)
        return answer

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _call(self, service: str, operation: str, absent: Collection[str], where: str, parameters: Any) -> Any:
        try:
            return getattr(self._client(service), operation)(**parameters)
        except errors.all_of_botocore() as error:
            if errors.code_of(error) in absent:
                return None
            raise errors.refusal(error, operation, where) from None

    def _client(self, service: str) -> Any:
        with self._lock:  # making a client is not thread-safe, using one is
            if service not in self._clients:
                from botocore.config import Config

                name, _, once = service.partition("-")
                config = Config(
                    retries={"mode": "standard", "total_max_attempts": 1 if once else self._attempts},
                    connect_timeout=5,
                    read_timeout=60,
                    max_pool_connections=32,
                    # a compatible endpoint has no wildcard name for buckets
                    s3={"addressing_style": "path" if self._endpoint else "auto"},
                )
                self._clients[service] = self._session.client(name, endpoint_url=self._endpoint, config=config)
            return self._clients[service]
