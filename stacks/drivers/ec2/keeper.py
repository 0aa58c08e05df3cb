"""What the driver asks of each kind. A keeper knows one kind of thing: how to find, make, change and remove it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from stacks.drivers.base import DriverError, Thing
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud

Raw = Any
"""what the cloud's description says of one thing"""


class Keeper:
    """Base of the keepers."""

    kind: ClassVar[str]
    real: ClassVar[Collection[str]]
    """the fields that the cloud itself has; the others travel in tags"""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def check(self, fields: Mapping[str, Any]) -> None:
        """DriverError for what can be seen to be wrong before anything is made."""

    def all(self) -> Iterable[Raw]:
        """Everything of the kind that the environment owns."""
        raise NotImplementedError

    def find(self, name: str) -> Raw | None:
        raise NotImplementedError

    def get(self, id: str) -> Raw | None:
        """By id, of this environment only."""
        raise NotImplementedError

    def make(self, fields: dict[str, Any]) -> None:
        raise NotImplementedError

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        """Makes it equal; `invalid` for what only a replacement can change."""
        raise NotImplementedError

    def remove(self, id: str) -> None:
        raise NotImplementedError

    def id(self, raw: Raw) -> str:
        raise NotImplementedError

    def tags(self, raw: Raw) -> dict[str, str]:
        return tags.plain(raw.get("Tags", []))

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        """The `real` fields and the outputs; `carried` are those of the tags."""
        raise NotImplementedError

    # --- for all of them ---------------------------------------------------------------------------------------

    def thing(self, raw: Raw) -> Thing:
        there = self.tags(raw)
        name = there.get(tags.NAME, "")
        carried = tags.fields(self.kind, there, self.real)
        return Thing(self.kind, name, {**carried, **self.seen(raw, carried), "name": name}, self.id(raw))

    def wanted(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """The tags of what is wanted."""
        return tags.of(self.cloud.environment, self.kind, fields, self.real)

    def mine(self, there: Mapping[str, str]) -> bool:
        return there.get(tags.ENVIRONMENT) == self.cloud.environment and there.get(tags.KIND) == self.kind

    def fixed(self, raw: Raw, fields: Mapping[str, Any], *names: str) -> None:
        """DriverError `invalid` where one of these would have to change."""
        there = self.thing(raw).properties
        other = [name for name in names if there.get(name) != fields[name]]
        if other:
            raise DriverError(
                "invalid",
                f"这些属性不能就地修改:{'、'.join(other)};需要先删除再重建",
                f"these cannot be changed in place: {', '.join(other)}; it must be deleted and made again",
                where=fields["name"],
            )


def invalid(where: str, zh: str, en: str) -> DriverError:
    return DriverError("invalid", zh, en, where=where)


def unsupported(where: str, zh: str, en: str) -> DriverError:
    return DriverError("unsupported", zh, en, where=where)


def conflict(where: str, zh: str, en: str) -> DriverError:
    return DriverError("conflict", zh, en, where=where)
