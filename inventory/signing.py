"""Signatures of people: who approved exactly this text. Ed25519 (RFC 8032); other algorithms by the same table.

In: nouns as plain data, keys as PEM, rosters of who holds which public key. Out: a signature as one word,
`<algorithm>:<key id>:<base64>`, or whether such a word is right. What is signed is the canonical text of the data
(`canonical`), with a purpose in front, so that a signature of one thing is never one of another.

SM2 (GM/T 0003.2) comes in as one more row of `ALGORITHMS` as soon as a module is there that signs with it: words name
their algorithm, rosters hold keys of any. A word whose algorithm nobody here knows is not valid, never ignored.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inventory.problems import refuse


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to sign. Keys are what `load_*` give."""

    private: type
    public: type
    sign: Callable[[Any, bytes], bytes]
    verify: Callable[[Any, bytes, bytes], bool]


def _ed25519_valid(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


ALGORITHMS: Mapping[str, Algorithm] = {
    "ed25519": Algorithm(Ed25519PrivateKey, Ed25519PublicKey, lambda key, message: key.sign(message), _ed25519_valid),
}
"""name in a signature → how it is made and checked"""


def canonical(data: Any) -> bytes:
    """The one text of plain data: UTF-8 JSON, keys sorted, no spaces. Equal data give equal bytes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def new_key() -> tuple[str, str]:
    """A new Ed25519 pair as PEM: private (PKCS 8, not encrypted: its holder keeps it) and public."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), _pem(key.public_key())


def public_of(private_pem: str) -> str:
    """The public half of a private key, as PEM. Refused where it is no key that can sign here."""
    return _pem(_private(private_pem)[1].public_key())


def key_id(public_pem: str) -> str:
    """A public key's short name: the first 16 hex digits of the SHA-256 of its DER."""
    der = _public(public_pem)[1].public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()[:16]


def sign(private_pem: str, purpose: str, data: Any) -> str:
    """The word that says that the key's holder approved this, for this purpose."""
    name, key = _private(private_pem)
    word = base64.b64encode(ALGORITHMS[name].sign(key, _message(purpose, data))).decode()
    return f"{name}:{key_id(_pem(key.public_key()))}:{word}"


def verified(word: str, keys: Mapping[str, str], purpose: str, data: Any) -> bool:
    """Is it a signature of this by one of the keys (name → public PEM)? Anything malformed is none."""
    name, _, rest = word.partition(":")
    id_, _, text = rest.partition(":")
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        return False
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    for pem in keys.values():
        kind, key = _public(pem)
        if kind == name and key_id(pem) == id_ and algorithm.verify(key, signature, _message(purpose, data)):
            return True
    return False


def _message(purpose: str, data: Any) -> bytes:
    return b"liangzhu " + purpose.encode() + b"\x00" + canonical(data)


def _pem(key: Any) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _private(pem: str) -> tuple[str, Any]:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    return _known(key, "private")


def _public(pem: str) -> tuple[str, Any]:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    return _known(key, "public")


def _known(key: Any, half: str) -> tuple[str, Any]:
    for name, algorithm in ALGORITHMS.items():
        if key is not None and isinstance(key, getattr(algorithm, half)):
            return name, key
    names = ", ".join(ALGORITHMS)
    raise refuse(
        "signing.key",
        f"不是可用的签名密钥:需要未加密的 PEM({names})",
        f"this is no key that can be used here: give a PEM that is not encrypted ({names})",
    )
