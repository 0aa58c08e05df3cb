"""The resources that programs register: one class for each provisioned kind, generated from `inventory.kinds`.

`Subnet("a", cidr6=…, router=…)` registers `gov:net/subnet:Subnet` with the name `a` and the property `name` = "a".
Fields are spelled as in the kind and checked at once, so a slip of the pen fails in the program's own line; values are
checked by the provider. Every field and every output is an attribute (an Output). `Quota` and `Platform` exist in
several areas: their classes carry the area's name where two would be the same (`GovQuota`, `K8sQuota`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pulumi

from inventory.kinds import compute, db, dns, dr, gov, iam, k8s, kms, log, mon, net, sec, storage, token
from inventory.kinds.base import Kind
from stacks.parts import fitting

CLASSES: dict[type[Kind], type[Resource]] = {}
"""kind → its class"""


class Resource(pulumi.CustomResource):
    """Base of the generated classes."""

    kind: ClassVar[type[Kind]]
    _token: ClassVar[str]

    def __init_subclass__(cls, of: type[Kind], **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.kind, cls._token = of, token(of.kind())
        CLASSES[of] = cls
        cls.__doc__ = of.__doc__

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> pulumi.Output[Any]: ...

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None, **fields: Any) -> None:
        kind, known = self.kind, self.kind.model_fields
        fitting(kind, name, fields)
        properties = {**dict.fromkeys(known), **fields, "name": name}
        for field in kind.secrets:
            if properties[field] is not None:
                properties[field] = pulumi.Output.secret(properties[field])
        properties |= dict.fromkeys(kind.outputs)
        # a name is there once: a replacement made first would find the old thing, and then be deleted with it
        own = pulumi.ResourceOptions(
            delete_before_replace=True, additional_secret_outputs=sorted(kind.secret_outputs) or None
        )
        opts = pulumi.ResourceOptions.merge(own, opts)
        super().__init__(self._token, name, properties, opts)


class System(Resource, of=gov.System): ...


class Platform(Resource, of=gov.Platform): ...


class GovQuota(Resource, of=gov.Quota): ...


class Subnet(Resource, of=net.Subnet): ...


class Router(Resource, of=net.Router): ...


class Link(Resource, of=net.Link): ...


class Sg(Resource, of=net.Sg): ...


class SgRule(Resource, of=net.SgRule): ...


class Lb(Resource, of=net.Lb): ...


class Listener(Resource, of=net.Listener): ...


class Pool(Resource, of=compute.Pool): ...


class Host(Resource, of=compute.Host): ...


class Namespace(Resource, of=k8s.Namespace): ...


class K8sQuota(Resource, of=k8s.Quota): ...


class NetworkPolicy(Resource, of=k8s.NetworkPolicy): ...


class Instance(Resource, of=db.Instance): ...


class Bucket(Resource, of=storage.Bucket): ...


class Volume(Resource, of=storage.Volume): ...


class Key(Resource, of=kms.Key): ...


class Certificate(Resource, of=sec.Certificate): ...


class Bastion(Resource, of=sec.Bastion): ...


class Tsa(Resource, of=sec.Tsa): ...


class Secret(Resource, of=sec.Secret): ...


class PasswordPolicy(Resource, of=iam.PasswordPolicy): ...


class Role(Resource, of=iam.Role): ...


class Idp(Resource, of=iam.Idp): ...


class Replication(Resource, of=dr.Replication): ...


class BackupPlan(Resource, of=dr.BackupPlan): ...


class Record(Resource, of=dns.Record): ...


class Zone(Resource, of=dns.Zone): ...


class Sink(Resource, of=log.Sink): ...


class Target(Resource, of=mon.Target): ...
