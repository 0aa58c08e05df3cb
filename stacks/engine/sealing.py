"""Secrets of the state in Pulumi's passphrase form, so that a stock CLI with the same passphrase can read them.

`v1:<nonce>:<AES-256-GCM>` under a key from PBKDF2-SHA256 with 1,000,000 rounds. An environment has one salt and so
one key: it is derived once, in the parent, and the forked workers inherit it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inventory.problems import refuse
from stacks.engine.scalars import as_json
from stacks.engine.values import SECRET, SIGNATURE, clear, is_secret, mapped, secret

ROUNDS = 1_000_000
_CHECK = "pulumi"


@lru_cache(maxsize=8)
def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ROUNDS, 32))


def _encrypt(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    sealed = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _decrypt(cipher: AESGCM, text: str) -> str:
    _, nonce, sealed = text.split(":")
    return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()


def new_salt(passphrase: str) -> str:
    """`v1:<salt>:<check>`, as Pulumi writes it under `encryptionsalt`."""
    raw = os.urandom(8)
    return f"v1:{base64.b64encode(raw).decode()}:{_encrypt(_cipher(passphrase, raw), _CHECK)}"


class Sealer:
    """Seals and opens the secrets of one stack; keeps the ciphertext of what did not change."""

    def __init__(self, passphrase: str, salt: str) -> None:
        self.salt = salt
        self._passphrase = passphrase
        self._unlocked: AESGCM | None = None
        self._kept: dict[tuple[str, str], list[str]] = defaultdict(list)
        """scope and text → its ciphertexts, in the order in which they stand: the stock engine seals each by itself"""

    def unlock(self) -> AESGCM:
        """The cipher, derived on first use. Refused where the passphrase does not fit."""
        if self._unlocked is None:
            try:
                version, raw, check = self.salt.split(":", 2)
                cipher = _cipher(self._passphrase, base64.b64decode(raw))
                if version != "v1" or _decrypt(cipher, check) != _CHECK:
                    raise ValueError(version)
            except (InvalidTag, ValueError, binascii.Error):
                raise refuse(
                    "state.passphrase",
                    "口令与状态不符:请检查 PULUMI_CONFIG_PASSPHRASE 或环境目录中的 passphrase 文件",
                    "the passphrase does not open this state: check PULUMI_CONFIG_PASSPHRASE or the environment's "
                    "passphrase file",
                ) from None
            self._unlocked = cipher
        return self._unlocked

    def seal(self, value: Any, scope: str) -> Any:
        """The value with each secret encrypted; the same plaintext in the same scope keeps its ciphertext."""
        seen: Counter[str] = Counter()

        def sealed(special: dict[str, Any]) -> Any:
            if special[SIGNATURE] != SECRET or "value" not in special:
                return special
            text = as_json(clear(special["value"]))  # as the stock engine writes it, which then keeps the ciphertext
            kept = self._kept[scope, text]
            if not kept:
                kept.append(_encrypt(self.unlock(), text))
            seen[text] += 1
            return {SIGNATURE: SECRET, "ciphertext": kept[min(seen[text], len(kept)) - 1]}

        return mapped(value, sealed)

    def keep(self, other: Sealer) -> None:
        """Take over the ciphertexts that another has opened, where they are under the same salt."""
        if other.salt == self.salt:
            for key, ciphertexts in other._kept.items():
                self._kept[key] = list(dict.fromkeys([*ciphertexts, *self._kept[key]]))

    def open_text(self, sealed: str, scope: str) -> str:
        """One ciphertext in clear. Refused where it cannot be read."""
        try:
            return _decrypt(self.unlock(), sealed)
        except (InvalidTag, ValueError, binascii.Error):
            raise refuse(
                "state.secret",
                f"{scope} 的密文已损坏,无法解密:请从备份恢复,或重新写入该值",
                f"a secret of {scope} is damaged and cannot be decrypted: restore it from a backup, or set it again",
            ) from None

    def open(self, value: Any, scope: str) -> Any:
        """The value with each secret in clear again, still marked as one. Refused where it cannot be read."""

        def opened(special: dict[str, Any]) -> Any:
            if not is_secret(special) or "ciphertext" not in special:
                return special
            value = _read(self.open_text(special["ciphertext"], scope))
            kept = self._kept[scope, as_json(clear(value))]
            if special["ciphertext"] not in kept:
                kept.append(special["ciphertext"])
            return secret(value)

        return mapped(value, opened)


def _read(text: str) -> Any:
    """What stands under a seal. A secret inside of a secret is not sealed again: there it has its text in clear."""

    def bare(special: dict[str, Any]) -> Any:
        inner = special.get("ciphertext") or special.get("plaintext")
        return secret(_read(inner)) if is_secret(special) and isinstance(inner, str) else special

    return mapped(json.loads(text), bare)
