"""The official client, as one call that takes and gives plain objects. In: method, path, body; out: the answer, or a
DriverError that says what the cluster said. Retries are bounded; the client is imported when a cluster is opened."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stacks.drivers.base import DriverError, Reason

MANAGER = "liangzhu"
TRIES = 5
TIMEOUT = (5.0, 30.0)
"""seconds to connect, to answer"""
AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class _NoDiscovery:
    """The paths are known: the dynamic client need not ask for all of the cluster's API, nor keep it in a file."""

    def __init__(self, client: Any, cache_file: Any) -> None:
        pass


class Api:
    """A connection to one cluster; thread-safe."""

    def __init__(self, kubeconfig: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """DriverError `invalid` where the file is none, `unavailable` where it cannot be used."""
        from kubernetes import client, config, dynamic

        self._sleep = sleep
        settings = client.Configuration()
        settings.retries = 0  # ours are below: bounded, and for every method
        settings.connection_pool_maxsize = 16
        try:
            self._client = config.new_client_from_config(
                config_file=str(kubeconfig), persist_config=False, client_configuration=settings
            )
        except Exception as error:
            # what is wrong with the file may quote its credentials: only its type is told
            raise DriverError(
                "invalid",
                f"kubeconfig {kubeconfig.name} 不能使用({type(error).__name__}):请检查文件",
                f"kubeconfig {kubeconfig.name} cannot be used ({type(error).__name__}): check the file",
            ) from None
        self._dynamic = dynamic.DynamicClient(self._client, discoverer=_NoDiscovery)

    def get(self, path: str) -> dict[str, Any] | None:
        """None where there is none."""
        return self._call("get", path)

    def list(self, path: str, label_selector: str) -> list[dict[str, Any]]:
        """All pages."""
        found: list[dict[str, Any]] = []
        following = None
        while True:
            page = self._call("get", path, label_selector=label_selector, limit=500, _continue=following) or {}
            found += page.get("items", [])
            following = page.get("metadata", {}).get("continue")
            if not following:
                return found

    def apply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply as `liangzhu`, never by force: what another manager holds is a conflict."""
        answer = self._call(
            "patch", path, body=body, content_type="application/apply-patch+yaml", field_manager=MANAGER
        )
        if answer is None:
            space = body["metadata"].get("namespace", "")
            raise DriverError(
                "invalid",
                f"集群里没有命名空间 {space}:请先创建它",
                f"the cluster has no namespace {space}: create it first",
                where=body["metadata"]["name"],
            )
        return answer

    def delete(self, path: str, uid: str) -> None:
        """Starts the deletion of exactly this object; one that is gone is no error."""
        self._call("delete", path, body={"preconditions": {"uid": uid}, "propagationPolicy": "Background"})

    def close(self) -> None:
        self._client.rest_client.pool_manager.clear()

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any] | None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        for attempt in range(TRIES):
            try:
                answer = self._dynamic.request(method, path, serialize=False, _request_timeout=TIMEOUT, **options)
                return json.loads(answer.data)
            except ApiException as error:
                if error.status == 404:
                    return None
                wait, refused = _pause(error), refusal(error.status or 0, _status(error.body), path)
                if not _again(error, refused):
                    raise refused from None
            except (HTTPError, OSError) as error:
                wait = 0.0
                refused = DriverError(
                    "unavailable",
                    f"连不上集群({type(error).__name__}):请检查网络与 kubeconfig 中的地址",
                    f"the cluster cannot be reached ({type(error).__name__}): check the network and the server address",
                )
            if attempt == TRIES - 1:
                raise refused from None
            self._sleep(max(wait, min(4.0, 0.2 * 2**attempt)) * random.uniform(0.8, 1.2))
        raise AssertionError("unreachable")


def _again(error: Any, refused: DriverError) -> bool:
    # a lost race of two writers (409, but no other manager holds the fields) is worth another try
    race = error.status == 409 and _status(error.body).get("reason") in ("AlreadyExists", "Conflict")
    held = any(cause.get("reason") == "FieldManagerConflict" for cause in _causes(_status(error.body)))
    return error.status in AGAIN or refused.reason == "unavailable" or (race and not held)


def _pause(error: Any) -> float:
    """What the server asks for, at most 10 s."""
    try:
        return min(10.0, float(error.headers.get("Retry-After", 0)))
    except (AttributeError, TypeError, ValueError):
        return 0.0


def _status(body: Any) -> dict[str, Any]:
    try:
        status = json.loads(body)
        return status if isinstance(status, dict) else {}
    except (TypeError, ValueError):
        return {}


def _causes(status: dict[str, Any]) -> list[dict[str, Any]]:
    return (status.get("details") or {}).get("causes") or []


def refusal(code: int, status: dict[str, Any], path: str) -> DriverError:
    """An answer that is an error, as the driver's."""
    where = path.rpartition("/")[2]
    causes = _causes(status)
    held = [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]
    if held:
        fields = ", ".join(cause.get("field", "?") for cause in held)
        who = held[0].get("message", "").removeprefix("conflict with ")
        return DriverError(
            "conflict",
            f"{fields} 由另一个管理者({who})持有:请让它放手,或从申请中去掉这些字段",
            f"{fields} is held by another manager ({who}): have it let go, or take these fields out of the request",
            where=where,
        )
    message = str(status.get("message") or f"HTTP {code}")
    reason: Reason
    if code in (401, 403) and "exceeded quota" in message:
        reason, zh, en = "quota", "超出配额", "over the quota"
    elif code == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        reason, zh, en = "unavailable", "命名空间正在删除,稍后重试", "the namespace is being deleted: try again later"
    elif code in (401, 403):
        reason, zh, en = "denied", "集群拒绝了这个身份", "the cluster denies this identity"
    elif code == 409:
        reason, zh, en = "conflict", "与集群中的对象冲突", "in conflict with what is in the cluster"
    elif code in AGAIN or code >= 500 or code == 0:
        reason, zh, en = "unavailable", "集群暂时不能回答", "the cluster cannot answer for now"
    else:
        reason, zh, en = "invalid", "集群不接受", "the cluster does not accept it"
    return DriverError(reason, f"{zh}:{message}", f"{en}: {message}", where=where)
