"""Signatures: by the right key, of exactly this, for this purpose; nothing malformed is ever one."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from inventory.problems import Refused
from inventory.signing import ALGORITHMS, canonical, key_id, new_key, public_of, sign, verified

PRIVATE, PUBLIC = new_key()
OTHER, OTHER_PUBLIC = new_key()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(PLAIN, PLAIN, st.sampled_from(["waiver", "plan"]))
def test_it_holds_for_what_was_signed_and_nothing_else(data: Any, other: Any, purpose: str) -> None:
    word = sign(PRIVATE, purpose, data)
    assert verified(word, {"a": OTHER_PUBLIC, "b": PUBLIC}, purpose, data)
    assert not verified(word, {"a": OTHER_PUBLIC}, purpose, data)
    assert not verified(word, {}, purpose, data)
    assert not verified(word, {"b": PUBLIC}, purpose + "s", data)
    assert verified(word, {"b": PUBLIC}, purpose, other) == (canonical(data) == canonical(other))


@given(st.text(max_size=60))
def test_what_is_no_signature_is_none(word: str) -> None:
    assert not verified(word, {"b": PUBLIC}, "waiver", {})
    assert not verified(f"ed25519:{key_id(PUBLIC)}:{word}", {"b": PUBLIC}, "waiver", {})


def test_another_algorithm_or_key_name_is_not_valid() -> None:
    name, id_, text = sign(PRIVATE, "waiver", {"x": 1}).split(":")
    assert name in ALGORITHMS
    assert not verified(f"sm2:{id_}:{text}", {"b": PUBLIC}, "waiver", {"x": 1})
    assert not verified(f"{name}:{key_id(OTHER_PUBLIC)}:{text}", {"b": PUBLIC}, "waiver", {"x": 1})


def test_the_known_answer_of_rfc_8032() -> None:
    """RFC 8032, 7.1, test 1: the empty message."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    made = ALGORITHMS["ed25519"].sign(key, b"")
    assert made.hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert ALGORITHMS["ed25519"].verify(key.public_key(), made, b"")
    assert not ALGORITHMS["ed25519"].verify(key.public_key(), made, b"x")


def test_data_have_one_text() -> None:
    assert canonical({"b": 1, "a": ["中", None]}) == '{"a":["中",null],"b":1}'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


def test_keys_that_cannot_sign_here_are_refused_with_a_sentence() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    pem = curve.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    for bad in (pem, locked.decode(), "", "-----BEGIN PRIVATE KEY-----\n", PUBLIC):
        with pytest.raises(Refused) as refused:
            sign(bad, "waiver", {})
        assert refused.value.problems[0].code == "signing.key"
        assert base64.b64encode(b"x").decode() not in str(refused.value)
    assert public_of(PRIVATE) == PUBLIC
