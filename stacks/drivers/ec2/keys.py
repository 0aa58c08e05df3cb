"""`kms.key`: a key by its alias `alias/liangzhu/<environment>/<name>`.

Regions of China (`cn-…`) make SM2 keys, and their default symmetric key is SM4; everywhere else the default is
AES-256 and there is no SM2. So SM2 and SM4 are `unsupported` outside China and AES_256 inside: a request for a
national algorithm is never met by another one, nor the reverse. KMS turns symmetric keys only: a rotation wanted of
an asymmetric key is `unsupported`, not forgotten. A key waiting for its deletion counts as gone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import Keeper, Raw, invalid, unsupported

GONE = ("NotFoundException",)
_USAGE = {"encrypt": "ENCRYPT_DECRYPT", "sign": "SIGN_VERIFY"}
_SYMMETRIC = "SYMMETRIC_DEFAULT"
PERIOD = range(90, 2561)
"""days between rotations that KMS allows"""


class Keys(Keeper):
    kind = "kms.key"
    real = frozenset({"name", "spec", "usage"})

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._names: dict[str, str | None] = {}

    def check(self, fields: Any) -> None:
        name, spec = fields["name"], fields["spec"]
        chinese = spec in ("SM2", "SM4")
        if chinese != self.cloud.chinese and spec not in ("RSA_2048", "RSA_4096"):
            raise unsupported(
                name,
                f"区域 {self.cloud.region} 的密钥服务不提供 {spec}:另选驱动,或改用它有的算法",
                f"the key service of region {self.cloud.region} has no {spec}: choose another driver, or an algorithm "
                "that it has",
            )
        symmetric = spec in ("SM4", "AES_256")
        if symmetric and fields["usage"] != "encrypt":
            raise invalid(name, f"{spec} 只用于加密", f"{spec} is for encryption only")
        if fields["rotation_days"] and not symmetric:
            raise unsupported(
                name,
                f"密钥服务不能自动轮换 {spec}:rotation_days 写 0 并按期重建,或另选驱动",
                f"the key service cannot rotate {spec}: write rotation_days 0 and replace it in time, or choose "
                "another driver",
            )
        if fields["rotation_days"] and fields["rotation_days"] not in PERIOD:
            raise invalid(name, "轮换周期要在 90 到 2560 天之间", "a rotation period is 90 to 2560 days")
        if fields["deletion_window_days"] not in range(7, 31):
            raise invalid(name, "删除等待期要在 7 到 30 天之间", "a deletion window is 7 to 30 days")

    def all(self) -> Iterable[Raw]:
        start = self._alias("").rpartition("/")[0]
        for alias in self.cloud.pages("kms", "list_aliases", "Aliases"):
            if alias["AliasName"].startswith(f"{start}/") and (raw := self.get(alias.get("TargetKeyId", ""))):
                yield raw
        yield from self._orphans()

    def find(self, name: str) -> Raw | None:
        raw = self._described(self._alias(name))
        return raw if raw and raw["tags"].get(tags.NAME) == name else None

    def get(self, id: str) -> Raw | None:
        return self._described(id) if re.fullmatch(r"[0-9a-f-]{36}|mrk-[0-9a-f]{32}", id) else None

    def arn(self, name: str, where: str) -> str:
        """Of a key by logical name. DriverError `invalid` where there is none."""
        raw = self.find(name)
        if raw is None:
            raise invalid(where, f"没有密钥 {name}:先创建它", f"there is no key {name}: make it first")
        if raw["KeySpec"] != _SYMMETRIC:
            raise invalid(
                where,
                f"密钥 {name} 不是对称密钥,不能加密存储",
                f"key {name} is not symmetric: it cannot encrypt storage",
            )
        return raw["Arn"]

    def named(self, arn: str) -> str | None:
        """The logical name of a key by its ARN; None for a key that is not this environment's."""
        if arn not in self._names:
            raw = self._described(arn)
            self._names[arn] = raw["tags"].get(tags.NAME) if raw else None
        return self._names[arn]

    def make(self, fields: dict[str, Any]) -> None:
        name, alias = fields["name"], self._alias(fields["name"])
        # one that a broken-off creation left without its alias
        id_ = next((raw["KeyId"] for raw in self._orphans() if raw["tags"].get(tags.NAME) == name), None)
        if id_ is None:
            wanted = [{"TagKey": key, "TagValue": value} for key, value in self.wanted(fields).items()]
            made = self.cloud.kms(
                "create_key", KeySpec=_SYMMETRIC if fields["spec"] in ("SM4", "AES_256") else fields["spec"],
                KeyUsage=_USAGE[fields["usage"]], Description=f"liangzhu {self.cloud.environment}", Tags=wanted,
                where=name,
            )  # fmt: skip
            id_ = made["KeyMetadata"]["KeyId"]
        exists = ("AlreadyExistsException",)
        if self.cloud.kms("create_alias", AliasName=alias, TargetKeyId=id_, absent=exists, where=name) is None:
            self.cloud.kms("update_alias", AliasName=alias, TargetKeyId=id_, where=name)
        self._rotate(id_, fields, None)
        self._names.clear()

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self.fixed(raw, fields, "spec")
        id_ = raw["KeyId"]
        if raw["KeyState"] == "Disabled":
            self.cloud.kms("enable_key", KeyId=id_)
            raw = {**raw, "KeyState": "Enabled"}
        self.fixed(raw, fields, "usage")
        self._rotate(id_, fields, self.thing(raw).properties["rotation_days"])
        there, wanted = raw["tags"], self.wanted(fields)
        new = [{"TagKey": key, "TagValue": value} for key, value in wanted.items() if there.get(key) != value]
        if new:
            self.cloud.kms("tag_resource", KeyId=id_, Tags=new)
        if old := tags.stale(there, wanted):
            self.cloud.kms("untag_resource", KeyId=id_, TagKeys=old)

    def remove(self, id: str) -> None:
        raw = self.get(id)
        if raw is None:
            return
        name = raw["tags"].get(tags.NAME, "")
        window = self.thing(raw).properties["deletion_window_days"]
        window = window if isinstance(window, int) and window in range(7, 31) else 30
        self.cloud.kms("schedule_key_deletion", KeyId=id, PendingWindowInDays=window, absent=GONE, where=name)
        if (there := self._metadata(self._alias(name))) and there["KeyId"] == id:
            self.cloud.kms("delete_alias", AliasName=self._alias(name), absent=GONE)
        self._names.clear()

    def id(self, raw: Raw) -> str:
        return raw["KeyId"]

    def tags(self, raw: Raw) -> dict[str, str]:
        return raw["tags"]

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        spec = raw["KeySpec"]
        usage = next((ours for ours, theirs in _USAGE.items() if theirs == raw["KeyUsage"]), raw["KeyUsage"])
        found: dict[str, Any] = {
            "spec": spec if spec != _SYMMETRIC else "SM4" if self.cloud.chinese else "AES_256",
            "usage": usage if raw["KeyState"] != "Disabled" else f"{usage} (disabled)",
            "fingerprint": f"sha256:{hashlib.sha256(self._public(raw)).hexdigest()}",
        }
        if spec == _SYMMETRIC:
            status = self.cloud.kms("get_key_rotation_status", KeyId=raw["KeyId"])
            # an endpoint that does not tell the period turns the key, in a period that only the tag says
            period = status.get("RotationPeriodInDays") or carried["rotation_days"]
            found["rotation_days"] = period if status["KeyRotationEnabled"] else 0
        if raw.get("Origin") == "EXTERNAL":
            found["provenance"] = "software-pool"
        return found

    # --- parts -------------------------------------------------------------------------------------------------

    def _alias(self, name: str) -> str:
        """An alias has letters, digits, `/`, `_`, `-` only: the digest tells names apart that look alike then."""
        plain = re.sub(r"[^a-zA-Z0-9_-]", "-", name)[:100]
        return f"alias/liangzhu/{self.cloud.environment}/{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

    def _metadata(self, id: str) -> dict[str, Any] | None:
        answer = self.cloud.kms("describe_key", KeyId=id, absent=GONE)
        return answer["KeyMetadata"] if answer else None

    def _described(self, id: str) -> Raw | None:
        """Metadata and tags of a key of this environment that is not waiting for its deletion."""
        raw = self._metadata(id)
        if raw is None or raw["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        listed = self.cloud.pages("kms", "list_resource_tags", "Tags", KeyId=raw["KeyId"], absent=GONE)
        raw = {**raw, "tags": tags.plain(listed)}
        return raw if self.mine(raw["tags"]) else None

    def _orphans(self) -> list[Raw]:
        aliased = {alias.get("TargetKeyId") for alias in self.cloud.pages("kms", "list_aliases", "Aliases")}
        keys = [key["KeyId"] for key in self.cloud.pages("kms", "list_keys", "Keys")]
        return [raw for id_ in keys if id_ not in aliased and (raw := self._described(id_))]

    def _rotate(self, id: str, fields: dict[str, Any], now: Any) -> None:
        days = fields["rotation_days"]
        if days and days != now:
            self.cloud.kms("enable_key_rotation", KeyId=id, RotationPeriodInDays=days, where=fields["name"])
        elif not days and now:
            self.cloud.kms("disable_key_rotation", KeyId=id, where=fields["name"])

    def _public(self, raw: Raw) -> bytes:
        """What the fingerprint is of: the public key; for a symmetric one, which nobody sees, its ARN."""
        if raw["KeySpec"] == _SYMMETRIC:
            return raw["Arn"].encode()
        answer = self.cloud.kms(
            "get_public_key", KeyId=raw["KeyId"], absent=("DisabledException", "KMSInvalidStateException")
        )
        return answer["PublicKey"] if answer else raw["Arn"].encode()
