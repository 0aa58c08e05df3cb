"""`storage.bucket`: S3 with versioning, encryption, lock, a policy that refuses clear text, and no public access.

Bucket names are one space for everybody, so the name there is `lz-<environment>-<name>-<digest>`; the tags say whose
it is. A bucket with objects is not deleted: that is a conflict, since the objects would be lost.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from stacks.drivers.base import DriverError
from stacks.drivers.ec2 import tags
from stacks.drivers.ec2.cloud import Cloud
from stacks.drivers.ec2.keeper import Keeper, Raw, conflict, invalid
from stacks.drivers.ec2.keys import Keys

GONE = ("NoSuchBucket", "404", "NotFound", "InvalidBucketName")
BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class Buckets(Keeper):
    """Its raw form: the bucket's name and tags."""

    kind = "storage.bucket"
    real = frozenset({"name", "encryption_key", "versioning", "public", "tls_only", "locked_days"})

    def __init__(self, cloud: Cloud, keys: Keys) -> None:
        super().__init__(cloud)
        self._keys = keys

    def check(self, fields: Any) -> None:
        if fields["locked_days"] and not fields["versioning"]:
            raise invalid(
                fields["name"],
                "锁定依赖版本:locked_days 大于 0 时 versioning 要为 true",
                "a lock needs versions: with locked_days above 0, versioning must be true",
            )

    def all(self) -> Iterable[Raw]:
        start = self._name("").rpartition("-")[0].rstrip("-")
        for bucket in self.cloud.pages("s3", "list_buckets", "Buckets"):
            if bucket["Name"].startswith(start) and (raw := self.get(bucket["Name"])):
                yield raw

    def find(self, name: str) -> Raw | None:
        return self.get(self._name(name))

    def get(self, id: str) -> Raw | None:
        there = self._tags(id) if re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", id) else None
        return {"Name": id, "tags": there} if there and self.mine(there) else None

    def make(self, fields: dict[str, Any]) -> None:
        name, bucket = fields["name"], self._name(fields["name"])
        key = self._key(fields)
        place = {} if self.cloud.region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": self.cloud.region}
        }  # fmt: skip
        self.cloud.s3(
            "create_bucket", Bucket=bucket, ObjectLockEnabledForBucket=fields["locked_days"] > 0, where=name,
            # ours from a broken-off creation, or somebody else's: the tags tell
            absent=("BucketAlreadyOwnedByYou",), **place,
        )  # fmt: skip
        # (an endpoint may give a new bucket the tags of a deleted one: ours are no obstacle)
        there = self._tags(bucket) or {}
        if there and not self.mine(there):
            raise conflict(
                name, f"存储桶 {bucket} 已存在,但不属于本环境", f"bucket {bucket} exists and is not this environment's"
            )
        # closed before it is known: access, clear text and encryption first, the tags last
        self._equal(bucket, fields, key)
        self._tag(bucket, there, fields)

    def change(self, raw: Raw, fields: dict[str, Any]) -> None:
        self._equal(raw["Name"], fields, self._key(fields))
        self._tag(raw["Name"], raw["tags"], fields)

    def remove(self, id: str) -> None:
        raw = self.get(id)
        if raw is None:
            return
        name = raw["tags"].get(tags.NAME, id)
        versions = self.cloud.s3("list_object_versions", Bucket=id, MaxKeys=1, absent=GONE) or {}
        if versions.get("Versions") or versions.get("DeleteMarkers"):
            raise conflict(
                name,
                "存储桶里还有对象或旧版本:确认不再需要并清空后再删除",
                "the bucket still has objects or old versions: empty it, once nobody needs them, and delete it then",
            )
        self.cloud.s3("delete_bucket", Bucket=id, absent=GONE, where=name)

    def id(self, raw: Raw) -> str:
        return raw["Name"]

    def tags(self, raw: Raw) -> dict[str, str]:
        return raw["tags"]

    def seen(self, raw: Raw, carried: dict[str, Any]) -> dict[str, Any]:
        bucket = raw["Name"]
        versioning = self.cloud.s3("get_bucket_versioning", Bucket=bucket).get("Status")
        lock = self.cloud.s3(
            "get_object_lock_configuration", Bucket=bucket, absent=("ObjectLockConfigurationNotFoundError",)
        )
        rule = ((lock or {}).get("ObjectLockConfiguration", {}).get("Rule") or {}).get("DefaultRetention", {})
        allowed, refused = self._policy(bucket)
        return {
            "encryption_key": self._encryption(bucket),
            "versioning": versioning == "Enabled",
            "public": allowed or not self._blocked(bucket),
            "tls_only": refused,
            "locked_days": rule.get("Days", rule.get("Years", 0) * 365) if rule.get("Mode") == "COMPLIANCE" else 0,
        }

    # --- parts -------------------------------------------------------------------------------------------------

    def _name(self, name: str) -> str:
        digest = hashlib.sha256(f"{self.cloud.environment}/{name}".encode()).hexdigest()[:10]
        plain = re.sub(r"[^a-z0-9]+", "-", f"lz-{self.cloud.environment}-{name}".lower())[:52].strip("-")
        return f"{plain}-{digest}"

    def _tags(self, bucket: str) -> dict[str, str] | None:
        """None where there is no such bucket."""
        answer = self.cloud.s3("get_bucket_tagging", Bucket=bucket, absent=(*GONE, "NoSuchTagSet"))
        if answer is not None:
            return tags.plain(answer["TagSet"])
        return None

    def _tag(self, bucket: str, there: dict[str, str], fields: dict[str, Any]) -> None:
        wanted = self.wanted(fields)
        others = {key: value for key, value in there.items() if not key.startswith(tags.PREFIX)}
        if there != {**others, **wanted}:
            self.cloud.s3("put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": tags.listed({**others, **wanted})})

    def _key(self, fields: dict[str, Any]) -> str | None:
        return self._keys.arn(fields["encryption_key"], fields["name"]) if fields["encryption_key"] else None

    def _equal(self, bucket: str, fields: dict[str, Any], key: str | None) -> None:
        """Every setting, put whether it differs or not: each is idempotent."""
        name = fields["name"]
        if fields["public"]:
            self.cloud.s3("delete_public_access_block", Bucket=bucket)
        else:
            settings = dict.fromkeys(BLOCK, True)
            self.cloud.s3("put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=settings)
        statements = self._statements(bucket, fields)
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.cloud.s3("put_bucket_policy", Bucket=bucket, Policy=policy, where=name)
        else:
            self.cloud.s3("delete_bucket_policy", Bucket=bucket, absent=("NoSuchBucketPolicy",))
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bool(key)}]
        self.cloud.s3(
            "put_bucket_encryption", Bucket=bucket, where=name, ServerSideEncryptionConfiguration={"Rules": rules}
        )
        now = self.cloud.s3("get_bucket_versioning", Bucket=bucket).get("Status")
        if fields["versioning"] or now == "Enabled":
            status = "Enabled" if fields["versioning"] else "Suspended"
            self.cloud.s3(
                "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": status}, where=name
            )
        absent = ("ObjectLockConfigurationNotFoundError",)
        locked = self.cloud.s3("get_object_lock_configuration", Bucket=bucket, absent=absent)
        if fields["locked_days"] or locked:
            days = fields["locked_days"]
            rule = {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}} if days else {}
            self.cloud.s3(
                "put_object_lock_configuration", Bucket=bucket, where=name,
                ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule},
            )  # fmt: skip

    def _statements(self, bucket: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
        arn = f"arn:{self.cloud.partition}:s3:::{bucket}"
        found: list[dict[str, Any]] = []
        if fields["tls_only"]:
            found.append(
                {
                    "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            )  # fmt: skip
        if fields["public"]:
            found.append(
                {
                    "Sid": "PublicRead",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": f"{arn}/*",
                }
            )
        return found

    def _policy(self, bucket: str) -> tuple[bool, bool]:
        """Whether the policy lets everybody in, and whether it refuses clear text."""
        answer = self.cloud.s3("get_bucket_policy", Bucket=bucket, absent=("NoSuchBucketPolicy",))
        statements = json.loads(answer["Policy"]).get("Statement", []) if answer else []
        anybody = [one for one in statements if one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})]
        allows = any(one["Effect"] == "Allow" and not one.get("Condition") for one in anybody)
        arn = f"arn:{self.cloud.partition}:s3:::{bucket}"
        refuses = any(
            one["Effect"] == "Deny"
            and one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            and one.get("Action") in ("s3:*", ["s3:*"])
            and {arn, f"{arn}/*"} <= set(one.get("Resource", ()))
            for one in anybody
        )
        return allows, refuses

    def _blocked(self, bucket: str) -> bool:
        absent = ("NoSuchPublicAccessBlockConfiguration",)
        answer = self.cloud.s3("get_public_access_block", Bucket=bucket, absent=absent) or {}
        return all(answer.get("PublicAccessBlockConfiguration", {}).get(one) for one in BLOCK)

    def _encryption(self, bucket: str) -> str | None:
        """The key's name; None for the cloud's own key; what it is for anything else."""
        absent = ("ServerSideEncryptionConfigurationNotFoundError",)
        answer = self.cloud.s3("get_bucket_encryption", Bucket=bucket, absent=absent)
        if answer is None:
            return "unencrypted"
        default = answer["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        key = default.get("KMSMasterKeyID")
        if key is None:
            return None if default["SSEAlgorithm"] == "AES256" else default["SSEAlgorithm"]
        try:
            return self._keys.named(key) or key
        except DriverError:
            return key
