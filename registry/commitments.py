"""Salted commitments: what stands in the transparency log for what may have to be forgotten (rulings 14, 27).

A commitment is ``SHA-256(field salt || value)``; the field salt is ``SHA-256(salt || name of the field)``. So one field
can be opened by telling its field salt, which says nothing about the others, and whoever deletes the salt erases every
commitment made with it: nobody, we included, can tell any more what it stands for. Salts are made in Python and stand
in a table of their own.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from django.db import connection

from registry.models import Salt

SIZE: Final = 32
"""Bytes of a salt."""


def field_salt(salt: bytes, field: str) -> bytes:
    """What opens the commitment of one field and of no other."""
    return hashlib.sha256(salt + field.encode()).digest()


def commit(salt: bytes, field: str, value: str) -> str:
    """The commitment of a field, hexadecimal."""
    return hashlib.sha256(field_salt(salt, field) + value.encode()).hexdigest()


def salts(about: Iterable[str]) -> Mapping[str, bytes]:
    """The salt of each of these; made now, in the caller's transaction, where there is none yet."""
    wanted = list(dict.fromkeys(about))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_salt (about, value) SELECT * FROM unnest(%s::text[], %s::bytea[])"
            " ON CONFLICT (about) DO NOTHING",
            [wanted, [secrets.token_bytes(SIZE) for _ in wanted]],
        )
        cursor.execute("SELECT about, value FROM registry_salt WHERE about = ANY(%s)", [wanted])
        return {name: bytes(value) for name, value in cursor.fetchall()}


def erase(about: str) -> bool:
    """Forget what every commitment about this stands for; whether there was anything to forget."""
    erased, _ = Salt.objects.filter(about=about).delete()
    return bool(erased)
