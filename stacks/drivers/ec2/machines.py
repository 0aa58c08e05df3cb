"""Which image and which instance type make a wanted machine. In: image name, architecture, cpu, memory; out: the
cloud's, of one and the same architecture, or a DriverError."""

from __future__ import annotations

import threading
from typing import Any

from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import invalid, unsupported

_THERE = {"aarch64": "arm64"}
"""our name of an architecture → EC2's; the others are called alike"""


def architecture_there(name: str) -> str:
    return _THERE.get(name, name)


def architecture_here(name: str | None) -> str | None:
    return next((ours for ours, theirs in _THERE.items() if theirs == name), name)


class Machines:
    """What an endpoint offers; asked once a driver object."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._types: dict[str, list[Any]] = {}
        self._offered: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def image(self, name: str, architecture: str, where: str) -> dict[str, Any]:
        """The newest image of that name for the architecture."""
        tagged = [{"Name": f"tag:{tags.PREFIX}image", "Values": [name]}]
        found = self._cloud.pages("ec2", "describe_images", "Images", Filters=tagged)
        found = found or self._cloud.pages(
            "ec2", "describe_images", "Images", Filters=[{"Name": "name", "Values": [name]}]
        )
        fitting = [one for one in found if one.get("Architecture") == architecture_there(architecture)]
        if not fitting:
            has = sorted({architecture_here(one.get("Architecture")) or "?" for one in found})
            raise invalid(
                where,
                f"没有 {architecture} 的映像 {name}(现有:{'、'.join(has) or '无'}):"
                f"导入映像并加标签 {tags.PREFIX}image={name}",
                f"there is no image {name} for {architecture} (there is: {', '.join(has) or 'none'}): import one and "
                f"tag it {tags.PREFIX}image={name}",
            )
        return max(fitting, key=lambda one: (one.get("CreationDate", ""), one["ImageId"]))

    def type(self, fields: dict[str, Any], zone: str) -> str:
        """The smallest type with that cpu, memory and architecture in the zone."""
        of_it = self._of(architecture_there(fields["architecture"]))
        if not of_it:
            raise unsupported(
                fields["name"],
                f"这个云没有 {fields['architecture']} 的机型:为该资源池另选驱动",
                f"this cloud has no machines of {fields['architecture']}: choose another driver for the pool",
            )
        here = self._in(zone)
        fitting = [
            one
            for one in of_it
            if _cpu(one) >= fields["cpu"]
            and _memory(one) >= fields["memory_mib"]
            and (not here or one["InstanceType"] in here)
        ]
        if not fitting:
            raise invalid(
                fields["name"],
                f"{zone} 没有 {fields['cpu']} 核 {fields['memory_mib']} MiB 的 {fields['architecture']} 机型:减小规格",
                f"{zone} has no {fields['architecture']} machine of {fields['cpu']} CPUs and {fields['memory_mib']} MiB: "
                "ask for less",
            )
        return min(fitting, key=_cost)["InstanceType"]

    def size(self, type_: str) -> tuple[int, int]:
        """CPUs and MiB of a type."""
        one = self._cloud.ec2("describe_instance_types", InstanceTypes=[type_])["InstanceTypes"][0]
        return _cpu(one), _memory(one)

    def _of(self, architecture: str) -> list[Any]:
        with self._lock:
            if architecture not in self._types:
                wanted = [{"Name": "processor-info.supported-architecture", "Values": [architecture]}]
                found = self._cloud.pages("ec2", "describe_instance_types", "InstanceTypes", Filters=wanted)
                # not every endpoint filters: what it says of each is looked at
                self._types[architecture] = [
                    one
                    for one in found
                    if architecture in one.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
                    and not one.get("BareMetal")
                    and not {"GpuInfo", "FpgaInfo", "InferenceAcceleratorInfo"} & set(one)
                ]
            return self._types[architecture]

    def _in(self, zone: str) -> set[str]:
        """Types that the zone has; empty where the endpoint does not say, and then it judges itself."""
        with self._lock:
            if zone not in self._offered:
                found = self._cloud.pages(
                    "ec2", "describe_instance_type_offerings", "InstanceTypeOfferings",
                    LocationType="availability-zone", Filters=[{"Name": "location", "Values": [zone]}],
                )  # fmt: skip
                self._offered[zone] = {one["InstanceType"] for one in found}
            return self._offered[zone]


def _cpu(one: Any) -> int:
    return one["VCpuInfo"]["DefaultVCpus"]


def _memory(one: Any) -> int:
    return one["MemoryInfo"]["SizeInMiB"]


def _cost(one: Any) -> tuple[bool, int, str]:
    """Current generation first, then the smallest (a CPU weighs 2 GiB), then by name: the same everywhere."""
    return not one.get("CurrentGeneration", True), _memory(one) + 2048 * _cpu(one), one["InstanceType"]
