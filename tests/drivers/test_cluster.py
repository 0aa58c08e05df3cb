"""The kubernetes driver on a real kube-apiserver: the suite, conflicts of managers, and what drift looks like."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.model import Environment
from stacks.drivers.base import DriverError, Thing
from stacks.drivers.cluster import Cluster, objects
from stacks.drivers.cluster.api import Api
from tests.drivers.conformance import Opener, Suite, a_sentence, complete, empty, same, sample
from tests.drivers.kubernetes.build import Missing
from tests.drivers.servers import ControlPlane, control_plane

# one control plane for all of it, also when the tests are spread over processes
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]

KINDS = ("k8s.namespace", "k8s.quota", "k8s.network_policy")


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    try:
        plane = control_plane(lambda line: print(line, file=sys.__stderr__, flush=True))
        with plane as running:
            yield running
    except Missing as missing:
        pytest.skip(f"NO KUBERNETES: the kubernetes driver is not tested here: {missing}")


def environment(name: str, plane: ControlPlane | None, file: Path | None = None) -> Environment:
    path = file or (plane.kubeconfig if plane else None)
    return Environment.model_validate(
        {
            "name": name, "title": name, "en": name, "drivers": [{"k8s": "kubernetes"}], "requests": "r",
            "state": name, "kubeconfig": str(path) if path else None,
        }
    )  # fmt: skip


class TestCluster(Suite):
    kinds = KINDS

    @pytest.fixture
    def opener(self, cluster: ControlPlane, tmp_path: Path) -> Opener:
        return lambda name: Cluster(environment(name, cluster), tmp_path)

    def foreign(self, opener: Opener, kind: str) -> None:
        driver = opener("foreign")
        assert isinstance(driver, Cluster)
        api = driver._api
        api.apply("/api/v1/namespaces/not-ours", _bare("v1", "Namespace", "not-ours"))
        path = "/api/v1/namespaces/not-ours/resourcequotas/q"
        api.apply(path, _bare("v1", "ResourceQuota", "q", "not-ours", spec={"hard": {"pods": "1"}}))
        driver.close()


def _bare(version: str, kind: str, name: str, space: str = "", **rest: object) -> dict[str, object]:
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


@pytest.fixture
def driver(cluster: ControlPlane, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    # a name of its own, so that what one test leaves is not seen by the next
    made = Cluster(environment(objects.slug(request.node.name, 20), cluster), tmp_path)
    yield made
    empty(made)


@pytest.fixture
def other(cluster: ControlPlane) -> Iterator[Api]:
    """An administrator who changes things by hand: their field manager is not ours."""
    api = Api(cluster.second)
    yield api
    api.close()


def by_hand(api: Api, path: str, patch: dict[str, object], manager: str = "kubectl-edit") -> None:
    api._call("patch", path, body=patch, content_type="application/merge-patch+json", field_manager=manager)


def paths(driver: Cluster, made: Thing) -> str:
    place = made.id.partition("@")[0]
    space, _, name = place.rpartition("/")
    return f"{objects.collection(made.kind, space)}/{name}"


def test_a_changed_quota_is_seen_and_is_a_conflict(driver: Cluster, other: Api) -> None:
    driver.create(sample("k8s.namespace").want)
    made = driver.create(sample("k8s.quota").want)
    by_hand(other, paths(driver, made), {"spec": {"hard": {"requests.cpu": "64", "limits.cpu": "64"}}})
    seen = driver.read("k8s.quota", made.id)
    assert seen is not None
    assert seen.properties["cpu"] == 64
    with pytest.raises(DriverError) as refused:
        driver.update(made.id, sample("k8s.quota").want)
    a_sentence(refused.value)
    assert refused.value.reason == "conflict"
    assert "kubectl-edit" in refused.value.problem.en
    assert "requests.cpu" in refused.value.problem.zh
    assert (driver.read("k8s.quota", made.id) or made).properties["cpu"] == 64, "never by force"


def test_requests_and_limits_that_differ_are_seen(driver: Cluster, other: Api) -> None:
    driver.create(sample("k8s.namespace").want)
    made = driver.create(sample("k8s.quota").want)
    by_hand(other, paths(driver, made), {"spec": {"hard": {"limits.cpu": "2500m"}}})
    seen = driver.read("k8s.quota", made.id)
    assert seen is not None
    assert seen.properties["cpu"] == "requests.cpu=8 limits.cpu=2500m"


def test_a_policy_opened_by_hand_is_seen(driver: Cluster, other: Api) -> None:
    driver.create(sample("k8s.namespace").want)
    made = driver.create(sample("k8s.network_policy").want)
    by_hand(other, paths(driver, made), {"spec": {"ingress": [{}]}})
    seen = driver.read("k8s.network_policy", made.id)
    assert seen is not None
    assert seen.properties["ports"] == ["{}"], "every port"
    assert seen.properties["peers"] == ["{}"], "everybody"


def test_a_namespace_without_its_default_deny_is_seen_and_closed_again(driver: Cluster, other: Api) -> None:
    made = driver.create(sample("k8s.namespace").want)
    space = made.id.partition("@")[0]
    path = f"{objects.collection('k8s.network_policy', space)}/default-deny"
    policy = other.get(path)
    assert policy is not None
    other.delete(path, policy["metadata"]["uid"])
    seen = driver.read("k8s.namespace", made.id)
    assert seen is not None
    assert seen.properties["default_deny"] is False
    assert [thing.properties["default_deny"] for thing in driver.list()] == [False]
    same(driver.update(made.id, sample("k8s.namespace").want), sample("k8s.namespace").want)


def test_an_open_namespace_can_be_asked_for(driver: Cluster) -> None:
    made = driver.create(sample("k8s.namespace").want)
    want = complete("k8s.namespace", {**sample("k8s.namespace").want.properties, "default_deny": False})
    same(driver.update(made.id, want), want)


def test_a_policy_for_nobody_allows_nobody(driver: Cluster, other: Api) -> None:
    driver.create(sample("k8s.namespace").want)
    want = complete("k8s.network_policy", {**sample("k8s.network_policy").want.properties, "peers": ()})
    made = driver.create(want)
    same(driver.read("k8s.network_policy", made.id), want)
    stored = other.get(paths(driver, made))
    assert stored is not None
    assert not stored["spec"].get("ingress"), "an empty `from` would let everybody in"


def test_a_namespace_of_somebody_else_is_not_taken_over(driver: Cluster, other: Api) -> None:
    want = sample("k8s.namespace").want
    name = objects.namespace(driver._environment, want.name)
    other.apply(f"/api/v1/namespaces/{name}", _bare("v1", "Namespace", name))
    with pytest.raises(DriverError) as refused:
        driver.create(want)
    assert refused.value.reason == "conflict"
    assert driver.find("k8s.namespace", want.name) is None


def test_a_namespace_with_data_is_not_deleted(driver: Cluster, other: Api) -> None:
    made = driver.create(sample("k8s.namespace").want)
    space = made.id.partition("@")[0]
    claim = _bare(
        "v1", "PersistentVolumeClaim", "data", space,
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )  # fmt: skip
    path = f"/api/v1/namespaces/{space}/persistentvolumeclaims/data"
    other.apply(path, claim)
    with pytest.raises(DriverError) as refused:
        driver.delete("k8s.namespace", made.id)
    assert refused.value.reason == "conflict"
    assert "data" in refused.value.problem.zh
    there = other.get(path)
    assert there is not None
    by_hand(other, path, {"metadata": {"finalizers": None}})
    other.delete(path, there["metadata"]["uid"])


def test_a_quota_without_its_namespace_is_refused(driver: Cluster) -> None:
    with pytest.raises(DriverError) as refused:
        driver.create(sample("k8s.quota").want)
    a_sentence(refused.value)
    assert refused.value.reason == "invalid"


def test_a_wrong_token_is_denied(cluster: ControlPlane, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "not-the-token"
    file.write_text(json.dumps(config))
    driver = Cluster(environment("x", None, file), tmp_path)
    with pytest.raises(DriverError) as refused:
        list(driver.list())
    assert refused.value.reason == "denied"
    assert "not-the-token" not in str(refused.value) + repr(driver)
    driver.close()
