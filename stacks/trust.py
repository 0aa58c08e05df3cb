"""Trust of the city (stack `city-trust`): keys, administrators in three duties, identity, timestamps, the bastion,
certificates.

In: the city and its addresses. Out: `kms.key`, `iam.*`, `sec.*`. The cryptographic pool is software and says so.
"""

from __future__ import annotations

from typing import Any

from inventory.kinds.iam import Idp, PasswordPolicy, Role
from inventory.kinds.kms import Key
from inventory.kinds.sec import Bastion, Certificate, Tsa
from inventory.layout import same_city
from stacks.parts import Draft
from stacks.sheets import Sheet

FACTORS = ("password", "certificate")
"""of operators and of the identity provider; the certificate is the cryptographic one"""
LOCKOUT: dict[str, Any] = {"lockout_tries": 5, "lockout_minutes": 30, "idle_minutes": 15}
ROTATION_DAYS = 180
CITY_KEY, CITY_SIGNING_KEY, TIMESTAMPS, SINK = "city-key", "city-signing-key", "city-timestamps", "city-logs"
ISSUER = "CN=Liangzhu Demonstration CA"
"""nobody's real authority: a city that uses this names its own"""
CERTIFICATE: dict[str, Any] = {
    "issuer": ISSUER,
    "algorithm": "SM2",
    "dual": True,
    "valid_days": 365,
    "renew_before_days": 45,
}

DUTIES = {
    "system": ("host.start", "host.stop", "pool.assign", "network.change"),
    "security": ("policy.change", "key.rotate", "waiver.grant", "account.grant"),
    "audit": ("log.read", "record.verify", "session.replay"),
}
"""三权分立: no action and no post is in two duties"""


def city(blue: Sheet, draft: Draft) -> dict[str, Any]:
    """Stack `city-trust`. Exports the names of the keys and the bastion's address."""
    pair = same_city(blue.city)
    level = max(zone.level for zone in blue.city.zones)
    keys = draft.part("trust:Keys", "keys", {"level": level})
    keys.add(Key, CITY_KEY, spec="SM4", usage="encrypt", **key_policy(pair))
    keys.add(Key, CITY_SIGNING_KEY, spec="SM2", usage="sign", **key_policy(pair))
    people = draft.part("trust:Administrators", "administrators", {"level": level})
    people.add(PasswordPolicy, "city-passwords", min_length=12, min_classes=3, max_age_days=90, history=5, **LOCKOUT)
    for duty, actions in DUTIES.items():
        people.add(
            Role, f"{duty}-administrator", duty=duty, actions=actions, members=(f"{duty}-post-1", f"{duty}-post-2")
        )
    services = draft.part("trust:Services", "services", {"level": level})
    domain = blue.city.addresses.domain
    certificate = services.add(Certificate, "city-identity", subject=f"CN=identity.{domain}", **CERTIFICATE)
    services.add(Idp, "city-identity", after=[certificate], mfa=FACTORS, sites=pair, session_hours=8)
    services.add(Tsa, TIMESTAMPS, sites=pair)
    entry = draft.part("trust:Entry", "entry", {"level": level, "zone": "management"})
    bastions = {}
    for machine in blue.own.machines:
        if machine.role == "bastion":
            its = blue.allocations.host(machine.name)
            bastion = entry.add(
                Bastion, machine.name, site=machine.site, subnet=machine.segment, address6=its.address6,
                address4=its.address4, mfa=FACTORS, recording=SINK, **LOCKOUT,
            )  # fmt: skip
            bastions[machine.name] = {"address6": its.address6, "netns": bastion.output("netns")}
    return {"keys": [CITY_KEY, CITY_SIGNING_KEY], "timestamps": TIMESTAMPS, "bastions": bastions}


def key_policy(sites: tuple[str, ...]) -> dict[str, Any]:
    """Every key of ours: software, turned in half a year, thirty days to change one's mind, at two sites."""
    return {"provenance": "software-pool", "rotation_days": ROTATION_DAYS, "deletion_window_days": 30, "sites": sites}
