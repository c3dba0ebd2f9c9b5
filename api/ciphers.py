"""What rows of the edge hold sealed: under keys made from the secret key, one for each purpose, in no database."""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


def cipher(purpose: str) -> MultiFernet:
    """What seals for this purpose under the newest secret key, and reads under each that is still known (RFC 5869)."""
    made = (
        HKDF(SHA256(), 32, None, purpose.encode()).derive(force_bytes(secret))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
