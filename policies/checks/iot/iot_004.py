"""IOT-004: things speak over channels that are encrypted and take no message twice."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded, listed
from policies.checks.told import unread

CHECK = Check(
    id="IOT-004",
    title_zh="物联网传输加密并防重放",
    title_en="Things speak encrypted, and no message counts twice",
    clauses=("GB/T 22239-2019 8.4.3.3 a)", "GB/T 22239-2019 8.4.3.3 b)"),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("iot.gateway", "net.listener"),
    fix_zh="网关只用 MQTTS、CoAPS 等加密协议,打开防重放(freshness);关闭明文 MQTT、CoAP 监听",
    fix_en="use encrypted protocols (MQTTS, CoAPS) at the gateway and let it refuse what it has seen (freshness); close "
    "listeners for MQTT and CoAP in clear",
    assurance="partial",
    params={
        "protocols": Param(("mqtts", "coaps", "https", "lwm2ms"), "认可的协议", "accepted protocols"),
        "ports": Param((1883, 5683), "明文物联网协议的端口", "ports of protocols in clear"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a gateway, and a listener at a port of MQTT or CoAP."""
    for one in estate.kind("iot.gateway"):
        yield unread(one, "protocols", "freshness") or _gateway(one, params)
    for one in estate.kind("net.listener"):
        if open_ := unread(one, "port"):
            yield open_
        elif one["port"] in params["ports"]:
            yield unread(one, "protocol") or _listener(one)


def _gateway(one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    if clear := set(one["protocols"]).difference(params["protocols"]):
        wrong.append((f"使用 {listed(clear)}", f"speaks {listed(clear)}"))
    if not one["freshness"]:
        wrong.append(("不防重放", "takes a message twice"))
    return concluded(one, wrong)


def _listener(one: Resource) -> Looked:
    encrypted = one["protocol"] in ("https", "tls")
    return concluded(one, [] if encrypted else [("是明文的物联网监听", "listens for things in clear")])


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """What a gateway speaks in clear goes, where it speaks something else too; a listener is its workload's own."""
    del estate
    if one.kind != "iot.gateway":
        return None
    kept = [word for word in one["protocols"] if word in params["protocols"]]
    if not kept:
        return None
    return mend(one, protocols=kept if len(kept) < len(one["protocols"]) else one["protocols"], freshness=True)
