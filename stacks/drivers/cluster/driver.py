"""The driver: kinds `k8s.*` on one cluster. In: things; out: things and DriverErrors. Imports `api` and `objects`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inventory.model import Environment
from inventory.places import ROOT
from inventory.problems import refuse
from stacks.drivers.base import DriverError, Need, Thing
from stacks.drivers.cluster import objects
from stacks.drivers.cluster.api import Api
from stacks.drivers.wants import checked

SECONDS = 120
"""a namespace may take to empty itself"""


class Cluster:
    """A pool that is a Kubernetes cluster, as `environment.kubeconfig` (else `KUBECONFIG`) reaches it."""

    name = "kubernetes"

    def __init__(
        self,
        environment: Environment,
        folder: Path,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Refused where no kubeconfig is named. The folder is not used: all is in the cluster."""
        file = kubeconfig(environment)
        if file is None:
            raise refuse(
                "kubernetes.kubeconfig",
                f"环境 {environment.name} 没有写 kubeconfig,也没有设置 KUBECONFIG:请写明集群的连接文件",
                f"environment {environment.name} names no kubeconfig and KUBECONFIG is not set: name the cluster's file",
                file="inventory/environments.yaml",
            )
        self._environment = environment.name
        self._sleep, self._clock = sleep, clock
        self._api = Api(file, sleep=sleep)

    def __repr__(self) -> str:
        return f"Cluster({self._environment})"

    @staticmethod
    def needs(environment: Environment | None = None) -> list[Need]:
        """The client, and (once the environment is known) the kubeconfig."""
        found = [
            Need(
                "kubernetes (Python)", find_spec("kubernetes") is not None,
                "连接集群的官方客户端:运行 ./lz 会按 requirements.lock 装好",
                "the official client that talks to the cluster: ./lz installs it from requirements.lock",
            )
        ]  # fmt: skip
        if environment is not None:
            file = kubeconfig(environment)
            found.append(
                Need(
                    "kubeconfig", file is not None and file.is_file(),
                    "集群的连接文件:在 environments.yaml 写 kubeconfig,或设置 KUBECONFIG",
                    "the file that reaches the cluster: write kubeconfig in environments.yaml, or set KUBECONFIG",
                )
            )  # fmt: skip
        return found

    def create(self, want: Thing) -> Thing:
        fields = checked(want, objects.KINDS, self.name)
        body = objects.manifest(self._environment, want.kind, fields)
        path = self._path(want.kind, body)
        there = self._settled(path)
        if there is not None and not objects.owned(self._environment, want.kind, there):
            raise DriverError(
                "conflict",
                f"集群里已有 {body['metadata']['name']},但不属于本环境:请改名,或请其所有者删除",
                f"the cluster has {body['metadata']['name']} already and it is not this environment's: "
                "choose another name, or have its owner delete it",
                where=want.name,
            )
        return self._make(want.kind, fields, path, body)

    def read(self, kind: str, id: str) -> Thing | None:
        there = self._there(kind, id)
        return None if there is None else self._thing(kind, there)

    def find(self, kind: str, name: str) -> Thing | None:
        if kind == "k8s.namespace":
            body = {"metadata": {"name": objects.namespace(self._environment, name)}}
            there = self._api.get(self._path(kind, body))
            found = [there] if there and objects.owned(self._environment, kind, there) else []
        elif kind in objects.KINDS:
            found = self._api.list(objects.collection(kind), objects.selector(self._environment, kind, name))
        else:
            found = []
        return self._thing(kind, found[0]) if found else None

    def update(self, id: str, want: Thing) -> Thing:
        fields = checked(want, objects.KINDS, self.name)
        there = self._there(want.kind, id)
        if there is None:
            raise DriverError(
                "not-found",
                "集群里已没有这个对象:刷新后重试",
                "the cluster has no such object any more: refresh and try again",
                where=want.name,
            )
        body = objects.manifest(self._environment, want.kind, fields)
        if body["metadata"]["name"] != there["metadata"]["name"] or body["metadata"].get("namespace") != there[
            "metadata"
        ].get("namespace"):
            raise DriverError(
                "invalid",
                "Kubernetes 对象不能改名或换命名空间:只能重建",
                "a Kubernetes object can change neither name nor namespace: it must be replaced",
                where=want.name,
            )
        # another object of that name, made meanwhile, is not overwritten
        body["metadata"]["uid"] = there["metadata"]["uid"]
        return self._make(want.kind, fields, self._path(want.kind, body), body)

    def delete(self, kind: str, id: str) -> None:
        there = self._there(kind, id)
        if there is None:
            return
        path, uid = self._path(kind, there), there["metadata"]["uid"]
        if kind == "k8s.namespace":
            claims = self._api.list(f"/api/v1/namespaces/{there['metadata']['name']}/persistentvolumeclaims", "")
            if claims:
                names = ", ".join(claim["metadata"]["name"] for claim in claims)
                raise DriverError(
                    "conflict",
                    f"命名空间里还有数据卷({names}):先备份并删除它们",
                    f"the namespace still has volumes with data ({names}): back them up and delete them first",
                    where=there["metadata"]["name"],
                )
        self._api.delete(path, uid)
        self._gone(path, uid)

    def list(self) -> Iterator[Thing]:
        closed = {
            policy["metadata"]["namespace"]
            for policy in self._api.list(
                objects.collection("k8s.network_policy"),
                f"{objects.ENVIRONMENT}={objects.slug(self._environment)},{objects.PART}=default-deny",
            )
            if objects.denies(policy)
        }
        spaces: dict[str, str] = {}
        for kind in objects.KINDS:
            for there in self._api.list(objects.collection(kind), objects.selector(self._environment, kind)):
                found = objects.thing(kind, there, spaces, closed=there["metadata"]["name"] in closed)
                if kind == "k8s.namespace":
                    spaces[there["metadata"]["name"]] = found.name
                yield found

    def close(self) -> None:
        self._api.close()

    # --- parts -------------------------------------------------------------------------------------------------

    def _path(self, kind: str, body: dict[str, Any]) -> str:
        metadata = body["metadata"]
        return f"{objects.collection(kind, metadata.get('namespace', ''))}/{metadata['name']}"

    def _there(self, kind: str, id: str) -> dict[str, Any] | None:
        """Exactly the object of that id, when it is this environment's."""
        place, _, uid = id.rpartition("@")
        space, _, name = place.rpartition("/")
        if kind not in objects.KINDS or not uid or not name or (kind == "k8s.namespace") == bool(space):
            return None
        there = self._api.get(f"{objects.collection(kind, space)}/{name}")
        mine = there and there["metadata"]["uid"] == uid and objects.owned(self._environment, kind, there)
        return there if mine else None

    def _thing(self, kind: str, there: dict[str, Any]) -> Thing:
        if kind == "k8s.namespace":
            deny = objects.default_deny(self._environment, "")
            deny["metadata"]["namespace"] = there["metadata"]["name"]
            closed = objects.denies(self._api.get(self._path("k8s.network_policy", deny)))
            return objects.thing(kind, there, {}, closed=closed)
        space = there["metadata"]["namespace"]
        around = self._api.get(f"{objects.collection('k8s.namespace')}/{space}")
        spaces = {} if around is None else {space: objects.thing("k8s.namespace", around, {}).name}
        return objects.thing(kind, there, spaces)

    def _make(self, kind: str, fields: dict[str, Any], path: str, body: dict[str, Any]) -> Thing:
        there = self._api.apply(path, body)
        if kind == "k8s.namespace":
            deny = objects.default_deny(self._environment, fields["name"])
            closing = self._path("k8s.network_policy", deny)
            if fields["default_deny"]:
                self._api.apply(closing, deny)
            elif policy := self._api.get(closing):
                self._api.delete(closing, policy["metadata"]["uid"])
        return self._thing(kind, there)

    def _settled(self, path: str) -> dict[str, Any] | None:
        """What is there, once a deletion that is under way has ended."""
        there = self._api.get(path)
        if there is None or "deletionTimestamp" not in there["metadata"]:
            return there
        self._gone(path, there["metadata"]["uid"])
        return self._api.get(path)

    def _gone(self, path: str, uid: str) -> None:
        end = self._clock() + SECONDS
        while (there := self._api.get(path)) and there["metadata"]["uid"] == uid:
            if self._clock() > end:
                raise DriverError(
                    "unavailable",
                    f"{SECONDS} 秒后仍未删除完:请查看它的 finalizers 与命名空间控制器",
                    f"not deleted after {SECONDS} s: look at its finalizers and at the namespace controller",
                    where=there["metadata"]["name"],
                )
            self._sleep(0.2)


def kubeconfig(environment: Environment) -> Path | None:
    """The file, relative to the repository's root; None where none is named."""
    named = environment.kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return ROOT / named if named else None
