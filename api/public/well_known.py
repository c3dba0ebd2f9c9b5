"""``/.well-known/…`` and ``/a/{authority}/did.json``: who we are and which keys are ours (trust model, 6.8).

Documents for programs of every origin, each in one representation whatever a reader says it accepts. An edge may go on
serving one while we are down (rulings 4): each says in its body how old it is or how long it is good.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from api import etags
from api.problems import Refusal
from api.public import reading
from registry import clock
from verification import published_keys, published_trust, signing, trust_list

KEPT: Final = "public, max-age=300, stale-if-error=86400"
NEVER_CHANGES: Final = "public, max-age=31536000, immutable"
_ALLOWED: Final = ("GET", "HEAD", "OPTIONS")
_LIFE_OF_SECURITY_TXT: Final = 6
"""Months; RFC 9116 wants less than a year."""

Body = Callable[..., bytes]


def document(
    media_type: str, *, parameters: Mapping[str, reading.Reader] | None = None
) -> Callable[[Body], Any]:
    """Make a view of a function that writes a document, given its query's parameters by name."""
    known = parameters or {}

    def wrap(body: Body) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, **where: str) -> HttpResponse:
            request.in_json = True  # type: ignore[attr-defined]  # refusals are problems in JSON
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers={"Allow": ", ".join(_ALLOWED)})
            if request.method not in _ALLOWED:
                raise Refusal(
                    "route.method_not_allowed", headers={"Allow": ", ".join(_ALLOWED)}, allowed=list(_ALLOWED)
                )
            asked = _asked(request, known)
            return _respond(request, body(**where, **asked), media_type, lasting=bool(asked))

        return view

    return wrap


def _asked(request: HttpRequest, known: Mapping[str, reading.Reader]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in request.GET.lists():
        if name not in known:
            raise Refusal("parameter.unknown", parameter=name[:64], known=sorted(known))
        if len(values) > 1:
            raise Refusal("parameter.repeated", parameter=name)
        found[name] = known[name](name, values[0])
    return found


def _respond(request: HttpRequest, body: bytes, media_type: str, *, lasting: bool) -> HttpResponse:
    headers = {
        "ETag": etags.strong(body),
        "Cache-Control": NEVER_CHANGES if lasting else KEPT,
        "Access-Control-Allow-Origin": "*",
    }
    held = request.headers.get("If-None-Match")
    if held is not None and etags.matches(held, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type=media_type, headers=headers)


def _written(stated: Any) -> bytes:
    return json.dumps(stated, ensure_ascii=False, separators=(",", ":")).encode()


@document(trust_list.MEDIA_TYPE, parameters={"ver": reading.Whole(1, 2**62)})
def trusted(ver: int | None = None) -> bytes:
    """The signed list of trust, the newest version unless ``ver`` names another, byte for byte as it was published."""
    return published_trust.document(ver)


@document(published_keys.JWKS_TYPE)
def jwks() -> bytes:
    """The public keys of all our authorities (RFC 7517)."""
    return _written(published_keys.jwks(at=clock.now()))


@document(published_keys.DID_TYPE)
def did() -> bytes:
    """The DID document of our host."""
    return _written(published_keys.did_document(settings.REGISTRY_HOST, at=clock.now()))


@document(published_keys.DID_TYPE)
def authority_did(authority: str) -> bytes:
    """The DID document of an authority, by its code in small letters."""
    return _written(published_keys.did_document(signing.issuer(authority), at=clock.now()))


@document("text/plain; charset=utf-8")
def security_txt() -> bytes:
    """Whom to tell of a weakness (RFC 9116); nothing here where nobody is named."""
    if not settings.REGISTRY_SECURITY_CONTACT:
        raise Refusal("route.not_found")
    lines = [f"Contact: {contact}" for contact in settings.REGISTRY_SECURITY_CONTACT]
    lines += [
        f"Expires: {_expires(clock.now()):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/.well-known/security.txt",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


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
