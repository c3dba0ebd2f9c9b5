"""How words, files and PINs of concerns are kept: sealed under ``REGISTRY_CONCERN_KEY``, which no database holds.

AES-256-GCM (NIST SP 800-38D) under keys derived by HKDF (RFC 5869), one for each purpose; what a sealed text belongs to
is authenticated with it, so that rows can not be exchanged. A PIN is keyed and hashed with scrypt (RFC 7914).
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from registry.rules.concerns import PIN_DIGITS

_NONCE: Final = 12
_WORK: Final = 1 << 14
"""Of scrypt (RFC 7914), in blocks of a kilobyte: some forty milliseconds for whoever tries a PIN."""
_SALT: Final = 16


def seal(content: bytes, *, about: str) -> bytes:
    """The content, readable for whoever has the key and says what it is about."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key("seal")).encrypt(nonce, content, about.encode())


def unseal(sealed: bytes, *, about: str) -> bytes:
    """What was sealed; raises ``cryptography.exceptions.InvalidTag`` where it or what it is about was altered."""
    return AESGCM(_key("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())


def seal_words(words: Mapping[str, Any], *, about: str) -> bytes:
    """Words by name, sealed."""
    return seal(json.dumps(dict(words), ensure_ascii=False).encode(), about=about)


def unseal_words(sealed: bytes, *, about: str) -> dict[str, Any]:
    """The words again."""
    return dict(json.loads(unseal(bytes(sealed), about=about)))


def keyed(purpose: str, *parts: str | bytes) -> bytes:
    """A digest of ``parts`` that nobody can make or try out without the key."""
    told = (part.encode() if isinstance(part, str) else part for part in parts)
    digest = hmac.new(_key(purpose), digestmod="sha256")
    for part in told:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def pin_of(secret: str, code: str) -> str:
    """The PIN of the concern that was filed with this secret: the same whenever it is asked for, and kept nowhere."""
    return f"{int.from_bytes(keyed('pin', secret, code)) % 10**PIN_DIGITS:0{PIN_DIGITS}d}"


def pin_hash(pin: str, code: str) -> str:
    """What is kept of a PIN."""
    salt = secrets.token_bytes(_SALT)
    return (salt + _stretched(pin, code, salt)).hex()


def is_pin(pin: str, code: str, kept: str) -> bool:
    """Whether the PIN is the one of which ``kept`` was kept."""
    held = bytes.fromhex(kept)
    return hmac.compare_digest(_stretched(pin, code, held[:_SALT]), held[_SALT:])


def _stretched(pin: str, code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(keyed("pin hash", pin, code), salt=salt, n=_WORK, r=8, p=1)


def _key(purpose: str) -> bytes:
    made = HKDF(SHA256(), length=32, salt=None, info=f"concerns: {purpose}".encode())
    return made.derive(settings.REGISTRY_CONCERN_KEY.encode())
