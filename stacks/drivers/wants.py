"""What a driver does first with what is wanted: hold it against its kind. In: a `Thing` as the provider sends it
(tuples or lists); out: every field of the kind, JSON types. Imports no cloud."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import Any

from pydantic import ValidationError

from inventory.kinds import kinds
from stacks.drivers.base import DriverError, Thing


def checked(want: Thing, supported: Collection[str], driver: str) -> dict[str, Any]:
    """All input fields. DriverError `unsupported` for a kind that the driver does not make, `invalid` for a value
    that the kind does not allow; the value itself is not repeated, since it may be a secret."""
    if want.kind not in supported:
        raise DriverError(
            "unsupported",
            f"驱动 {driver} 不提供 {want.kind}:请在 environments.yaml 中为它另选驱动",
            f"driver {driver} does not make {want.kind}: choose another driver for it in environments.yaml",
            where=want.name,
        )
    try:
        return kinds()[want.kind].model_validate(dict(want.properties)).model_dump(mode="json")
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) or want.kind for one in error.errors(include_input=False))
        raise DriverError(
            "invalid",
            f"{want.kind} 的这些属性不合要求:{fields};请改正后重试",
            f"these properties are not what {want.kind} allows: {fields}; correct them and try again",
            where=want.name,
        ) from None


def prefix(text: str, where: str, family: int | None = None) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network that the text names. DriverError `invalid`, also for host bits and the wrong family."""
    try:
        network = ipaddress.ip_network(text)
        if family in (None, network.version):
            return network
    except ValueError:
        pass
    raise DriverError(
        "invalid",
        f"“{text}”不是 IPv{family or '4/6'} 网段:写成 3fff:0:0:1::/64 这样,主机位为零",
        f"'{text}' is no IPv{family or '4/6'} prefix: write it like 3fff:0:0:1::/64, host bits zero",
        where=where,
    )


def prefixes(texts: Iterable[str], where: str, family: int | None = None) -> list[str]:
    """Each in canonical text, in the order given."""
    return [str(prefix(text, where, family)) for text in texts]
