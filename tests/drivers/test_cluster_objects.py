"""Things as Kubernetes objects, without a cluster: names, quantities, refusals, bounded retries."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.problems import Refused
from stacks.drivers.base import DriverError
from stacks.drivers.cluster import Cluster, objects
from stacks.drivers.cluster.api import TRIES, Api, refusal
from tests.drivers.conformance import a_sentence, complete, inputs, sample
from tests.drivers.servers import free_port
from tests.drivers.test_cluster import KINDS, environment

KEY = st.from_regex(r"[a-z][a-z0-9]{0,40}(-[a-z0-9]{1,30}){0,2}", fullmatch=True)


@given(KEY, st.text(min_size=1, max_size=120))
def test_every_name_is_a_dns_label(environment_name: str, name: str) -> None:
    for made in (objects.slug(name), objects.namespace(environment_name, name)):
        assert len(made) <= 63
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", made)


@given(st.tuples(KEY, KEY), st.tuples(KEY, KEY))
def test_two_environments_never_share_a_namespace(one: tuple[str, str], two: tuple[str, str]) -> None:
    assert (objects.namespace(*one) == objects.namespace(*two)) == (one == two)


@given(st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**5))
def test_a_quota_survives_the_way_there_and_back(cpu: int, memory: int, pods: int) -> None:
    figures = {"cpu": cpu, "memory_mib": memory, "pods": pods}
    want = complete("k8s.quota", {**sample("k8s.quota").want.properties, **figures})
    there = objects.manifest("demo", "k8s.quota", want.properties)
    there["metadata"]["uid"] = "u"
    space = there["metadata"]["namespace"]
    back = objects.thing("k8s.quota", there, {space: want.properties["namespace"]})
    assert inputs(back, want) == inputs(want, want)


@pytest.mark.parametrize(
    ("text", "value"), [("8", 8), ("2500m", Decimal("2.5")), ("4Gi", 2**32), ("1500M", 1_500_000_000), ("1k", 1000)]
)
def test_quantities(text: str, value: Decimal) -> None:
    assert objects.quantity(text) == value


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (401, {}, "denied"),
        (403, {"message": "exceeded quota: q"}, "quota"),
        (403, {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}, "unavailable"),
        (409, {"details": {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.hard"}]}}, "conflict"),
        (422, {"message": "Invalid value"}, "invalid"),
        (429, {}, "unavailable"),
        (503, {}, "unavailable"),
    ],
)
def test_what_the_cluster_says_has_a_reason(code: int, status: dict[str, object], reason: str) -> None:
    error = refusal(code, status, "/api/v1/namespaces/x")
    a_sentence(error)
    assert error.reason == reason


def test_a_cluster_that_does_not_answer_is_tried_a_few_times(tmp_path: Path) -> None:
    file, pauses = tmp_path / "kubeconfig", []
    server = {"server": f"https://127.0.0.1:{free_port()}"}
    names = {"context": {"cluster": "t", "user": "t"}, "name": "t"}
    text = {"clusters": [{"name": "t", "cluster": server}], "users": [{"name": "t", "user": {}}], "contexts": [names]}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "t", **text}))
    api = Api(file, sleep=pauses.append)
    with pytest.raises(DriverError) as refused:
        api.get("/api/v1/namespaces/x")
    a_sentence(refused.value)
    assert refused.value.reason == "unavailable"
    assert len(pauses) == TRIES - 1
    assert sum(pauses) < 30


def test_a_broken_kubeconfig_is_refused_without_quoting_it(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("token: very-secret\n")
    with pytest.raises(DriverError) as refused:
        Cluster(environment("x", None, file), tmp_path)
    assert refused.value.reason == "invalid"
    assert "very-secret" not in str(refused.value)


def test_without_a_kubeconfig_the_driver_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(Refused, match="kubeconfig"):
        Cluster(environment("x", None), tmp_path)
    assert {need.name: need.present for need in Cluster.needs(environment("x", None))}["kubeconfig"] is False


def test_the_samples_are_of_every_kind() -> None:
    assert set(KINDS) == set(objects.KINDS)
