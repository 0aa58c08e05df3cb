"""Things as Kubernetes objects and back: pure, no client.

A thing's name may be no name for Kubernetes (dots, length), and two environments may share a cluster, so a namespace
is called `<environment>--<name>`, shortened with a digest where it must be. Names of kinds never have `--` inside,
so no two environments meet. Labels say whose an object is; annotations carry what Kubernetes has no field for;
everything else is read back from `spec`, so that a change made by hand is seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from inventory.kinds import kinds
from stacks.drivers.base import Thing
from stacks.drivers.wants import prefixes

ENVIRONMENT, KIND, NAME, PART = "liangzhu/environment", "liangzhu/kind", "liangzhu/name", "liangzhu/part"
WORKLOAD = "liangzhu/workload"
"""label by which a policy finds the pods of a workload; deployments set it"""

KINDS = {
    "k8s.namespace": ("v1", "Namespace", "/api/v1/namespaces"),
    "k8s.quota": ("v1", "ResourceQuota", "/api/v1/{collection}resourcequotas"),
    "k8s.network_policy": (
        "networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/{collection}networkpolicies",
    ),
}  # fmt: skip
"""kind → API version, kind there, path of the collection"""

REAL = {
    "k8s.namespace": {"name", "default_deny"},
    "k8s.quota": {"name", "namespace", "cpu", "memory_mib", "pods"},
    "k8s.network_policy": {"name", "namespace", "workload", "ports", "peers"},
}
"""fields that are read from the cluster itself; the others travel in annotations"""

Object = dict[str, Any]


def slug(text: str, limit: int = 63) -> str:
    """A DNS label: the text itself where it is one, else what is left of it and eight digits of its digest."""
    if len(text) <= limit and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", text):
        return text
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[: limit - 9].rstrip("-") or "x"
    return f"{plain}-{digest(text)}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def namespace(environment: str, name: str) -> str:
    """Of a `k8s.namespace`, in the cluster."""
    return slug(f"{environment}--{slug(name, 40)}")


def collection(kind: str, space: str = "") -> str:
    """Path of all objects of a kind, in one namespace or ("") everywhere."""
    return KINDS[kind][2].format(collection=f"namespaces/{space}/" if space else "")


def selector(environment: str, kind: str, name: str | None = None) -> str:
    """Label selector of what an environment owns."""
    found = f"{ENVIRONMENT}={slug(environment)},{KIND}={kind},!{PART}"
    return found if name is None else f"{found},{NAME}={slug(name)}"


def manifest(environment: str, kind: str, fields: Mapping[str, Any]) -> Object:
    """The object of a thing, whole: what is not in it is not managed."""
    version, title, _path = KINDS[kind]
    name = fields["name"]
    carried = {key: value for key, value in fields.items() if key not in REAL[kind] or key == "name"}
    if kind == "k8s.network_policy" and not (fields["ports"] and fields["peers"]):
        # such a policy allows nothing, and has no place for the half that is there
        carried |= {key: fields[key] for key in ("ports", "peers")}
    metadata: dict[str, Any] = {
        "name": namespace(environment, name) if kind == "k8s.namespace" else slug(name),
        "labels": {ENVIRONMENT: slug(environment), KIND: kind, NAME: slug(name)},
        "annotations": {
            f"liangzhu/{key}": json.dumps(value, ensure_ascii=False)
            for key, value in carried.items()
            if value is not None
        },
    }
    whole: Object = {"apiVersion": version, "kind": title, "metadata": metadata}
    if kind == "k8s.quota":
        metadata["namespace"] = namespace(environment, fields["namespace"])
        cpu, memory = str(fields["cpu"]), f"{fields['memory_mib']}Mi"
        # requests and limits: a pod must state both, and cannot burst beyond its share
        whole["spec"] = {
            "hard": {
                "requests.cpu": cpu, "limits.cpu": cpu, "requests.memory": memory, "limits.memory": memory,
                "pods": str(fields["pods"]),
            }
        }  # fmt: skip
    if kind == "k8s.network_policy":
        metadata["namespace"] = namespace(environment, fields["namespace"])
        blocks = [{"ipBlock": {"cidr": cidr}} for cidr in prefixes(fields["peers"], name)]
        ports = [{"protocol": "TCP", "port": port} for port in fields["ports"]]
        # an empty `from` or `ports` would mean everybody and everything
        rules = [{"from": blocks, "ports": ports}] if blocks and ports else []
        chosen = {"matchLabels": {WORKLOAD: fields["workload"]}}
        whole["spec"] = {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": rules}
    return whole


def default_deny(environment: str, name: str) -> Object:
    """The policy that closes a namespace to what no other policy allows."""
    labels = {ENVIRONMENT: slug(environment), KIND: "k8s.namespace", NAME: slug(name), PART: "default-deny"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace(environment, name), "labels": labels},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []},
    }


def denies(policy: Object | None) -> bool:
    """Whether this is a policy that closes its namespace."""
    spec = (policy or {}).get("spec", {})
    closes = not spec.get("podSelector") and "Ingress" in spec.get("policyTypes", ()) and not spec.get("ingress")
    return policy is not None and closes


def owned(environment: str, kind: str, there: Object) -> bool:
    """Whether the environment's labels are on it."""
    labels = there["metadata"].get("labels", {})
    return labels.get(ENVIRONMENT) == slug(environment) and labels.get(KIND) == kind and PART not in labels


def identity(there: Object) -> str:
    """`namespace/name@uid`: an object that was deleted and made again by somebody is another one."""
    metadata = there["metadata"]
    space = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{space}{metadata['name']}@{metadata['uid']}"


def thing(kind: str, there: Object, spaces: Mapping[str, str], *, closed: bool = True) -> Thing:
    """What an object says, as a thing. `spaces`: namespace in the cluster → its name as a thing."""
    fields = kinds()[kind].model_fields
    carried: dict[str, Any] = dict.fromkeys(key for key in fields if key not in REAL[kind])
    for key, value in there["metadata"].get("annotations", {}).items():
        area, _, field = key.partition("/")
        if area == "liangzhu" and field in fields:
            carried[field] = _json(value)
    properties = {**carried, **_real(kind, there, spaces, carried, closed)}
    name = carried.get("name") or there["metadata"]["name"]
    if kind == "k8s.namespace":
        properties["uid"] = there["metadata"]["uid"]
    return Thing(kind, name, {**properties, "name": name}, identity(there))


def _real(
    kind: str, there: Object, spaces: Mapping[str, str], carried: Mapping[str, Any], closed: bool
) -> dict[str, Any]:
    if kind == "k8s.namespace":
        return {"default_deny": closed}
    space = there["metadata"]["namespace"]
    inside = {"namespace": spaces.get(space, space)}
    spec = there.get("spec", {})
    if kind == "k8s.quota":
        hard = spec.get("hard", {})
        return inside | {
            "cpu": _agreed(hard, "requests.cpu", "limits.cpu", 1),
            "memory_mib": _agreed(hard, "requests.memory", "limits.memory", 2**20),
            "pods": _agreed(hard, "pods", "pods", 1),
        }
    chosen = spec.get("podSelector", {})
    plain = set(chosen) == {"matchLabels"} and set(chosen["matchLabels"]) == {WORKLOAD}
    rules = spec.get("ingress") or []
    if not rules and "ports" in carried and not (carried["ports"] and carried.get("peers")):
        ports, peers = carried["ports"], carried.get("peers")
    else:
        ports = [one for rule in rules for one in map(_port, rule.get("ports") or [{}])]
        peers = [one for rule in rules for one in map(_peer, rule.get("from") or [{}])]
    workload = chosen["matchLabels"][WORKLOAD] if plain else json.dumps(chosen)
    return inside | {"workload": workload, "ports": ports, "peers": peers}


def _agreed(hard: Mapping[str, str], first: str, second: str, unit: int) -> Any:
    """The figure that both keys give, whole where it is; both, as text, where somebody made them differ."""
    one, two = (quantity(hard[key]) / unit if key in hard else None for key in (first, second))
    if one != two:
        return f"{first}={hard.get(first)} {second}={hard.get(second)}"
    return int(one) if one is not None and one == int(one) else None if one is None else float(one)


def _port(port: Mapping[str, Any]) -> Any:
    plain = set(port) <= {"protocol", "port"} and port.get("protocol", "TCP") == "TCP" and "port" in port
    return port["port"] if plain else json.dumps(port, sort_keys=True)


def _peer(peer: Mapping[str, Any]) -> str:
    plain = set(peer) == {"ipBlock"} and set(peer["ipBlock"]) == {"cidr"}
    return peer["ipBlock"]["cidr"] if plain else json.dumps(peer, sort_keys=True)


def quantity(text: str) -> Decimal:
    """`1500m` → 1.5, `2Gi` → 2147483648. ValueError for what is none."""
    match = re.fullmatch(r"([0-9.]+)(m|k|[MGTPE]i?|Ki|)", text)
    if not match:
        raise ValueError(f"no quantity: {text}")
    suffix = match[2]
    base = 1024 if suffix.endswith("i") else 1000
    power = -1 if suffix == "m" else " kMGTPE".index(suffix[0].replace("K", "k")) if suffix else 0
    return Decimal(match[1]) * Decimal(base) ** power


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
