"""Where private keys are kept: in a file, in a PKCS#11 device, or in a cloud's key service.

Each is a ``signing.Signer``. Only ``verification.keys`` makes and opens them, for the signer and for the command
that keeps keys, and ``verification.ceremony`` on the machines of the roots; import contracts hold everybody else away.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from verification import public_keys
from verification.cbor import Malformed
from verification.public_keys import base64url

INSECURE: Final = "INSECURE DEMONSTRATION KEY: whoever has the demo has it\n"
"""Stands above a demo key in its file."""

_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ED25519_PARAMETERS: Final = b"\x13\x0cedwards25519"
"""The curve's name as a DER PrintableString, which PKCS#11 3.0 asks for."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Algorithm(StrEnum):
    """How a key signs, by JOSE's names (RFC 7518, RFC 9864)."""

    ES256 = "ES256"
    ED25519 = "Ed25519"


class VaultClosed(RuntimeError):  # noqa: N818 - named by the refusal, like the register's errors
    """A key can't be opened or used where it is kept; the sentence says why and what to do."""


def kid(jwk: Mapping[str, str]) -> str:
    """The name of a public key of either kind: the first eight bytes of its RFC 7638 thumbprint."""
    if jwk.get("kty") != "OKP":
        return public_keys.kid(jwk)
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    thumbprint = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64url(thumbprint[: public_keys.KID_SIZE])


def jwk_of(key: object) -> dict[str, str]:
    """A public key as a JSON web key; refuses any but P-256 and Ed25519."""
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        x, y = (base64url(n.to_bytes(32, "big")) for n in (key.public_numbers().x, key.public_numbers().y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    raise VaultClosed("The key is neither P-256 nor Ed25519.")


def raw_signature(der: bytes) -> bytes:
    """The 64 bytes r and s of an ES256 signature that came in DER; refuses what is not one."""
    try:
        r, s = decode_dss_signature(der)
    except ValueError:
        raise Malformed("not an ECDSA signature in DER") from None
    if not (0 < r < _P256_ORDER and 0 < s < _P256_ORDER):
        raise Malformed("a half of the signature is out of bounds")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class _Named:
    """What every signer says of its key."""

    def __init__(self, public_jwk: Mapping[str, str]) -> None:
        self.public_jwk = dict(public_jwk)
        self.kid = kid(public_jwk)
        self.alg = Algorithm.ED25519 if public_jwk["kty"] == "OKP" else Algorithm.ES256


class FileSigner(_Named):
    """A key in a PEM file that nobody but its owner may read, or that is locked with a passphrase."""

    def __init__(self, path: Path, passphrase: str | None = None) -> None:
        """Refuses with ``VaultClosed`` a file that others may read, that is not ours, or holds no such key.

        A locked one may lie on a stick that knows no owners.
        """
        try:
            with path.open("rb") as file:
                if passphrase is None:
                    _check_owner(path, os.fstat(file.fileno()))
                password = None if passphrase is None else passphrase.encode()
                self._key = load_pem_private_key(file.read(), password=password)
        except (OSError, ValueError, TypeError) as fault:
            raise VaultClosed(f"{path} can't be read as a private key: {fault}") from fault
        super().__init__(jwk_of(self._key.public_key()))

    def sign(self, message: bytes, /) -> bytes:
        """The signature, 64 bytes."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return raw_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        raise VaultClosed("The key is neither P-256 nor Ed25519.")


def _check_owner(path: Path, facts: os.stat_result) -> None:
    if stat.S_IMODE(facts.st_mode) & _OTHERS:
        raise VaultClosed(
            f"{path} may be read by others than its owner. Say chmod 600, and treat the key as stolen if they could."
        )
    if facts.st_uid not in {os.geteuid(), 0}:
        raise VaultClosed(f"{path} belongs to another user.")


def make_file(directory: Path, algorithm: Algorithm, *, insecure: bool = False) -> dict[str, str]:
    """Make a key in ``directory`` under its own name; its public part. The file is 0600 from its first byte."""
    key = _drawn(algorithm)
    jwk = jwk_of(key.public_key())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_once(directory / f"{kid(jwk)}.pem", (INSECURE.encode() if insecure else b"") + pem)
    return jwk


def make_locked(path: Path, passphrase: str) -> dict[str, str]:
    """Make an ES256 key in a new file, locked with the passphrase; its public part."""
    key = _drawn(Algorithm.ES256)
    locked = BestAvailableEncryption(passphrase.encode())
    _write_once(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return jwk_of(key.public_key())


def _drawn(algorithm: Algorithm) -> Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
    """A fresh key whose name no command line takes for an option: one in 64 would begin with a hyphen."""
    while True:
        ed25519 = algorithm is Algorithm.ED25519
        key = Ed25519PrivateKey.generate() if ed25519 else ec.generate_private_key(ec.SECP256R1())
        if not kid(jwk_of(key.public_key())).startswith("-"):
            return key


def _write_once(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


class HsmSigner(_Named):
    """A key in a PKCS#11 device, which it never leaves: ``module`` is the device's library."""

    def __init__(self, module: str, token: str, label: str, pin: str, public_jwk: Mapping[str, str]) -> None:
        """Nothing is opened yet; ``public_jwk`` is the key that the device must turn out to hold."""
        super().__init__(public_jwk)
        self._place, self._pin, self._lock = (module, token, label), pin, threading.Lock()
        self._session: Any = None
        self._key: Any = None

    def sign(self, message: bytes, /) -> bytes:
        """The signature, 64 bytes; one thread at a time, as sessions ask for."""
        pkcs11 = _pkcs11()
        with self._lock:
            try:
                key = self._opened(pkcs11)
                if self.alg is Algorithm.ED25519:
                    return bytes(key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
                return bytes(key.sign(hashlib.sha256(message).digest(), mechanism=pkcs11.Mechanism.ECDSA))
            except (pkcs11.PKCS11Error, pkcs11.NoSuchKey, pkcs11.NoSuchToken) as fault:
                self._close()
                raise VaultClosed(f"The device does not sign: {fault!r}") from fault

    def _opened(self, pkcs11: ModuleType) -> Any:
        if self._key is None:
            module, token, label = self._place
            self._session = _session(pkcs11, module, token, self._pin)
            self._key = self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
            public = self._session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=label)
            if _hsm_jwk(pkcs11, public) != self.public_jwk:
                self._close()
                raise VaultClosed(f"The device holds another key under {label}.")
        return self._key

    def _close(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None:
            session.close()


def make_hsm(module: str, token: str, label: str, pin: str, algorithm: Algorithm) -> dict[str, str]:
    """Make a key inside the device, under the label, that can't be read out; its public part."""
    pkcs11 = _pkcs11()
    kind, parameters = (
        (pkcs11.KeyType.EC_EDWARDS, _ED25519_PARAMETERS)
        if algorithm is Algorithm.ED25519
        else (pkcs11.KeyType.EC, import_module("pkcs11.util.ec").encode_named_curve_parameters("secp256r1"))
    )
    try:
        session = _session(pkcs11, module, token, pin, rw=True)
        with session:
            domain = session.create_domain_parameters(
                kind, {pkcs11.Attribute.EC_PARAMS: parameters}, local=True
            )
            public, _private = domain.generate_keypair(store=True, label=label)
            return _hsm_jwk(pkcs11, public)
    except pkcs11.PKCS11Error as fault:
        raise VaultClosed(f"The device makes no key: {fault!r}") from fault


def _pkcs11() -> ModuleType:
    try:
        return import_module("pkcs11")
    except ImportError as absent:
        raise VaultClosed(
            "Keys in a device need the package python-pkcs11: install the extra hsm."
        ) from absent


def _session(pkcs11: ModuleType, module: str, token: str, pin: str, *, rw: bool = False) -> Any:
    try:
        device = pkcs11.lib(module).get_token(token_label=token)
        try:
            return device.open(rw=rw, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            # A device knows processes, not keys: another key of ours has signed in for all of them.
            return device.open(rw=rw)
    except (pkcs11.PKCS11Error, RuntimeError) as fault:
        raise VaultClosed(f"The device at {module} does not open: {fault!r}") from fault


def _hsm_jwk(pkcs11: ModuleType, public: Any) -> dict[str, str]:
    """The point that a device states, an OCTET STRING within DER, as a JSON web key."""
    point = bytes(public[pkcs11.Attribute.EC_POINT])[2:]
    if public.key_type is pkcs11.KeyType.EC_EDWARDS:
        return jwk_of(Ed25519PublicKey.from_public_bytes(point))
    return jwk_of(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))


class CloudSigner(_Named):
    """A key in a cloud's key service, which signs a SHA-256 digest and answers in DER."""

    def __init__(self, public_jwk: Mapping[str, str], sign_digest: Callable[[bytes], bytes]) -> None:
        """``sign_digest`` is the service's call for this key; only ES256, which every service has."""
        super().__init__(public_jwk)
        if self.alg is not Algorithm.ES256:
            raise VaultClosed("Cloud key services hold ES256 keys; keep a log's key in a file or a device.")
        self._sign_digest = sign_digest

    def sign(self, message: bytes, /) -> bytes:
        """The signature, 64 bytes; ``VaultClosed`` when the service answers with anything else."""
        try:
            signature = raw_signature(self._sign_digest(hashlib.sha256(message).digest()))
        except Malformed as fault:
            raise VaultClosed(f"The key service answers with something else: {fault}") from fault
        if not public_keys.vouches(self.public_jwk, message, signature):
            raise VaultClosed("The key service signed with another key.")
        return signature


def aws_signer(key: str, client: Any = None) -> CloudSigner:
    """The key of this name in AWS KMS; ``client`` is boto3's, made from the environment when not given."""
    kms = client or _boto3().client("kms")
    public = load_der_public_key(_bytes(kms.get_public_key(KeyId=key)["PublicKey"]))

    def sign_digest(digest: bytes) -> bytes:
        answer = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        return _bytes(answer["Signature"])

    return CloudSigner(jwk_of(public), sign_digest)


def _boto3() -> ModuleType:
    try:
        return import_module("boto3")
    except ImportError as absent:
        raise VaultClosed("Keys in AWS KMS need the package boto3: install the extra kms.") from absent


def _bytes(stated: bytes | str) -> bytes:
    """What a service states, whether its client has undone the base64 or not."""
    return base64.b64decode(stated) if isinstance(stated, str) else stated
