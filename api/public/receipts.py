"""``/receipts/verify``, ``/verify-token``, ``/credentials/verify``: for who can't verify what an authority signed."""

from datetime import datetime
from typing import Any, Final

from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags, labels, throttles
from api.problems import Refusal
from api.public import badges, reading, route
from registry import clock
from verification import (
    check,
    credentials,
    offline,
    published_keys,
    published_trust,
    receipts,
    secured,
    statuses,
    verdicts,
)
from verification.cbor import Malformed
from verification.check import Proof
from verification.statuses import ListNotFound
from verification.trust_list import TrustList
from verification.verdicts import Result

RECEIPT_REASONS: Final = [reason.value for reason in receipts.Reason]
CREDENTIAL_REASONS: Final = [reason.value for reason in credentials.Reason]

_FALSE: Final = frozenset(
    {
        credentials.Reason.FORGED,
        credentials.Reason.KEY_UNKNOWN,
        credentials.Reason.KEY_WRONG_USE,
        credentials.Reason.KEY_NOT_IN_USE,
    }
)
"""Findings of credentials that no authority of ours can have issued; of all others it can't be told."""

LONGEST_TOKEN: Final = 8192
"""Symbols of an address with its digits."""


class ReceiptInput(serializers.Serializer[Any]):
    """A receipt or a certificate, as it was given."""

    receipt = serializers.CharField(max_length=receipts.LONGEST)


class ReceiptBody(serializers.Serializer[Any]):
    """Whether an authority of ours signed it, and what it says."""

    genuine = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=RECEIPT_REASONS)
    receipt = serializers.JSONField(allow_null=True, help_text="Its claims, when it is genuine.")


@route.post(
    tag="Receipts", body=ReceiptBody, takes=ReceiptInput, says=["receipt.malformed", "signature.unavailable"]
)
def verify_receipt(ask: route.Ask) -> route.Answer:
    """Whether a receipt is genuine.

    It says what the register stated at that instant, not what is true today: look the licence up for that. Who has
    our list of trust can verify receipts without asking us.
    """
    text = _text(ask.body, "receipt", receipts.LONGEST)
    throttles.take(ask.request, throttles.CHECKS)
    try:
        judged = receipts.judge(text, trust=_trust())
    except Malformed:
        raise Refusal("receipt.malformed") from None
    return route.Answer(judged.as_json(), seeds=None, caching=etags.KEEP_NOT)


class TokenInput(serializers.Serializer[Any]):
    """What a scanner read from print L: the whole address, or its digits."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)


class TokenBody(serializers.Serializer[Any]):
    """What the print proves by itself, and what its code proves now; the lower of the two counts."""

    result = serializers.CharField(
        help_text="Of both together; `licensed` only when the print is genuine and good now."
    )
    print = serializers.JSONField(help_text="As the offline verifier says it.")
    now = badges.BadgeBody(allow_null=True, help_text="What the register says, when the print is genuine.")


@route.post(
    tag="Receipts", body=TokenBody, takes=TokenInput, says=["token.malformed", "signature.unavailable"]
)
def verify_token(ask: route.Ask) -> route.Answer:
    """Check a scanned print, for whoever can not verify it.

    Better is to verify it on your own device, which tells nobody whom you check.
    """
    text = _text(ask.body, "token", LONGEST_TOKEN).strip()
    throttles.take(ask.request, throttles.CHECKS)
    at = clock.now()
    trust = _trust()
    judged = offline.verify(text, trust=trust, status_list=None, at=at, logged=published_trust.logged)
    if offline.Reason.TOKEN_MALFORMED in judged.reasons:
        raise Refusal("token.malformed")
    badge = judged.badge
    if badge is None:
        told = {"result": judged.result.value, "print": judged.as_json(), "now": None}
        return route.Answer(told, seeds=None, caching=etags.KEEP_NOT)
    judged = offline.verify(
        text, trust=trust, status_list=_list(badge.code, at), at=at, logged=published_trust.logged
    )
    found = check.verdict(badge.code, at=at)
    known = found.proof in {Proof.KNOWN, Proof.WITHDRAWN}
    told = {
        "result": _together(judged, found.result).value,
        "print": judged.as_json(),
        "now": badges.told(found) if known else None,
    }
    text = labels.spliced(route.written(told).decode(), ask.language)
    return route.Answer(text, seeds=None, caching=etags.KEEP_NOT)


class CredentialInput(serializers.Serializer[Any]):
    """A verifiable credential or presentation: as JWT, as SD-JWT, or as COSE in base64."""

    credential = serializers.CharField(max_length=secured.LONGEST)


class CredentialBody(serializers.Serializer[Any]):
    """Who issued a credential, and what its licence's badge proves now."""

    genuine = serializers.BooleanField(help_text="An authority of ours issued it; not that it is good today.")
    reason = serializers.ChoiceField(choices=CREDENTIAL_REASONS)
    credential = serializers.JSONField(allow_null=True, help_text="Its claims, when it is genuine.")
    result = serializers.CharField(
        help_text="`licensed` only when the credential is genuine and its badge good now."
    )
    now = badges.BadgeBody(
        allow_null=True, help_text="What the register says, when the credential is genuine."
    )


class JudgedBody(CredentialBody):
    """The same; of a presentation also each credential in it, for who presents can't be judged here."""

    credentials = CredentialBody(many=True)


@route.post(
    tag="Receipts",
    body=JudgedBody,
    takes=CredentialInput,
    says=["credential.malformed", "signature.unavailable"],
)
def verify_credential(ask: route.Ask) -> route.Answer:
    """Check a verifiable credential, or those in a presentation (VC-JOSE-COSE).

    Nothing is fetched and no holder's key is known: of a presentation only the credentials are judged.
    """
    text = _text(ask.body, "credential", secured.LONGEST)
    throttles.take(ask.request, throttles.CHECKS)
    at, trust = clock.now(), _trust()
    try:
        enveloped = credentials.presented(text)
        told = (
            _nothing(credentials.Reason.HOLDER_UNKNOWN)
            if enveloped is not None
            else _credential(text, trust, at)
        )
    except Malformed:
        raise Refusal("credential.malformed") from None
    told["credentials"] = [_enveloped(one, trust, at) for one in enveloped or ()]
    text = labels.spliced(route.written(told).decode(), ask.language)
    return route.Answer(text, seeds=None, caching=etags.KEEP_NOT)


def _enveloped(text: str, trust: TrustList, at: datetime) -> dict[str, Any]:
    try:
        return _credential(text, trust, at)
    except Malformed:
        return _nothing(credentials.Reason.MALFORMED)


def _credential(text: str, trust: TrustList, at: datetime) -> dict[str, Any]:
    """What is found of a credential, and of the badge that it speaks of."""
    reason, claims = credentials.judge(text, trust=trust, at=at)
    if reason is not credentials.Reason.GENUINE:
        return _nothing(reason)
    found = check.verdict(str(claims.get("id")).rpartition("/c/")[2], at=at)
    known = found.proof in {Proof.KNOWN, Proof.WITHDRAWN}
    return {
        "genuine": True,
        "reason": reason.value,
        "credential": claims,
        "result": found.result.value,
        "now": badges.told(found) if known else None,
    }


def _nothing(reason: credentials.Reason) -> dict[str, Any]:
    """What is told of something that is not believed."""
    result = Result.NOT_GENUINE if reason in _FALSE else Result.UNKNOWN
    return {"genuine": False, "reason": reason.value, "credential": None, "result": result.value, "now": None}


def _together(print_: offline.Verdict, now: Result) -> Result:
    """The lower of what a genuine print proves by itself and what the register says of its code now.

    The register knows better than a list, and what it says outlives a print; nothing outweighs a print of tomorrow.
    """
    return verdicts.worst(now, Result.UNKNOWN) if offline.Reason.BADGE_NOT_YET in print_.reasons else now


def _list(code: str, at: datetime) -> bytes | None:
    """The status list that speaks of the badge, where one is signed."""
    place = statuses.places([code]).get(code)
    try:
        return statuses.read(place.number, at=at).cwt if place is not None else None
    except ListNotFound:
        return None


def _text(body: Any, name: str, most: int) -> str:
    """The one field of a body."""
    text = reading.fields(body, {name: True})[name]
    if not isinstance(text, str) or not 0 < len(text) <= most:
        raise Refusal("field.invalid", field=name, wanted=f"text of 1 to {most} characters")
    reading.plain(text, name)
    return text


def _trust() -> TrustList:
    """The keys of our own authorities; refuses while they are not known."""
    found = published_keys.trust(at=clock.now())
    if not found.authorities:
        raise Refusal("signature.unavailable", headers={"Retry-After": "30"})
    return found


urlpatterns: list[URLPattern] = [
    path("v1/receipts/verify", verify_receipt, name="verify-receipt"),
    path("v1/credentials/verify", verify_credential, name="verify-credential"),
    path("v1/verify-token", verify_token, name="verify-token"),
]
