"""``/.well-known/…`` and ``/a/{authority}/did.json``: who we are and which keys are ours (trust model, 6.8).

Documents for programs of every origin, each in one representation whatever a reader says it accepts. An edge may go on
serving one while we are down (rulings 4): each says in its body how old it is or how long it is good.
"""

import json
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, path

from api.problems import Refusal
from api.public import documents, reading, route
from api.public.documents import Document
from registry import clock
from verification import published_keys, published_trust, signing, trust_list

TEXT: Final = "text/plain; charset=utf-8"
KEPT: Final = "public, max-age=300, stale-if-error=86400"
_LIFE_OF_SECURITY_TXT: Final = 6
"""Months; RFC 9116 wants less than a year."""

_VERSION: Final = route.Parameter("ver", reading.Whole(1, 2**62), "Another version than the newest.")


def _written(stated: Any, media_type: str) -> Document:
    return Document(json.dumps(stated, ensure_ascii=False, separators=(",", ":")), KEPT, media_type)


@documents.reads(trust_list.MEDIA_TYPE, parameters={"ver": _VERSION}, whoever=True)
def trusted(_request: HttpRequest, ver: int | None = None) -> Document:
    """The signed list of trust, the newest version unless ``ver`` names another, byte for byte as it was published."""
    caching = KEPT if ver is None else documents.FINAL
    return Document(published_trust.document(ver), caching, trust_list.MEDIA_TYPE)


@documents.reads(published_keys.JWKS_TYPE, whoever=True)
def jwks(_request: HttpRequest) -> Document:
    """The public keys of all our authorities (RFC 7517)."""
    return _written(published_keys.jwks(at=clock.now()), published_keys.JWKS_TYPE)


@documents.reads(published_keys.DID_TYPE, whoever=True)
def did(_request: HttpRequest) -> Document:
    """The DID document of our host."""
    stated = published_keys.did_document(settings.REGISTRY_HOST, at=clock.now())
    return _written(stated, published_keys.DID_TYPE)


@documents.reads(published_keys.DID_TYPE, whoever=True)
def authority_did(_request: HttpRequest, authority: str) -> Document:
    """The DID document of an authority, by its code in small letters."""
    stated = published_keys.did_document(signing.issuer(authority), at=clock.now())
    return _written(stated, published_keys.DID_TYPE)


@documents.reads(TEXT, whoever=True)
def security_txt(_request: HttpRequest) -> Document:
    """Whom to tell of a weakness (RFC 9116); nothing here where nobody is named."""
    if not settings.REGISTRY_SECURITY_CONTACT:
        raise Refusal("route.not_found")
    lines = [f"Contact: {contact}" for contact in settings.REGISTRY_SECURITY_CONTACT]
    lines += [
        f"Expires: {_expires(clock.now()):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/.well-known/security.txt",
    ]
    return Document("".join(f"{line}\n" for line in lines), KEPT, TEXT)


def _expires(at: datetime) -> datetime:
    """The first of a month to come, so that the document changes once a month alone."""
    years, month = divmod(at.month - 1 + _LIFE_OF_SECURITY_TXT, 12)
    return datetime(at.year + years, month + 1, 1, tzinfo=at.tzinfo)


urlpatterns: list[URLPattern] = [
    path(".well-known/recruiter-trust-list", trusted, name="trust-list"),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path(".well-known/did.json", did, name="did"),
    path("a/<str:authority>/did.json", authority_did, name="authority-did"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
]
