"""``/gateway/sms`` and ``/gateway/ussd``: where the operator's gateway asks, signed, and is answered at once.

The answer stands in the response, so no number waits anywhere for a reply. A request that comes again under its id is
answered again and costs nothing. Nothing of a request is logged.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import phonenumbers
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from api import clients, connections, etags, labels, problems, standard_webhooks, throttles
from api.pages.facts import in_language
from api.phones import septets, sms, ussd
from api.phones.septets import Space
from api.problems import Refusal
from api.public import reading
from registry import clock, lookup

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 16_384
_SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
#: Whether a request was answered before; a bucket that is empty after one, for longer than a signature is good.
_ANSWERED: Final = throttles.Limit("gateway", burst=1, per_second=1 / 1200)


@csrf_exempt
def message(request: HttpRequest) -> HttpResponse:
    """Answer a message: ``{"from": "+977…", "text": "…"}``; the text to send back, with its language and length."""
    body, at, free = _signed(request, reading.JSON)
    told = reading.fields(reading.parsed(body), {"from": True, "text": True})
    sender, text = (_text(told, name) for name in ("from", "text"))
    reply = sms.answer(text, _number(sender, "from"), at=at, free=free)
    said = {
        "text": reply.text,
        "language": reply.language,
        "encoding": "gsm-7" if septets.is_gsm(reply.text) else "ucs-2",
        "length": septets.length(reply.text),
    }
    return JsonResponse(
        said, json_dumps_params={"ensure_ascii": False}, headers={"Cache-Control": etags.KEEP_NOT}
    )


@csrf_exempt
def menu(request: HttpRequest) -> HttpResponse:
    """Answer a step of a menu: a form with ``sessionId``, ``phoneNumber`` and ``text``; ``CON …`` or ``END …``."""
    body, at, free = _signed(request, FORM)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refusal("request.malformed") from None
    sender = _number(fields.get("phoneNumber", [""])[0], "phoneNumber")
    typed = fields.get("text", [""])[0]

    def ask(about: str, digits: str, space: Space) -> tuple[str, bool]:
        refusal = "" if free else sms.too_often(sender, space)
        return (refusal, False) if refusal else sms.said(about, digits, sender, at=at, space=space, free=free)

    shown = ussd.screen(typed, _tongues(sender), ask=ask, numbers=_help(sender))
    return HttpResponse(
        shown, content_type="text/plain; charset=utf-8", headers={"Cache-Control": etags.KEEP_NOT}
    )


def _signed(request: HttpRequest, media: str) -> tuple[bytes, datetime, bool]:
    """The body of a signed request, when it came, and whether it was answered before; refuses every other."""
    request.in_json = True  # type: ignore[attr-defined]
    secrets = settings.REGISTRY_GATEWAY_SECRETS
    if not secrets:
        raise Refusal("route.not_found")
    if request.method != "POST":
        raise Refusal("route.method_not_allowed", headers={"Allow": "POST"}, allowed=["POST"])
    body, at = reading.body_of(request, (media,), most=MOST_BYTES), clock.now()
    sent = {name: request.headers.get(name, "") for name in _SIGNED}
    identity = standard_webhooks.verified(sent, body, secrets, at=at)
    if not identity:
        raise Refusal("gateway.not_signed")
    whole = f"{identity} {hashlib.sha256(body).hexdigest()}"
    return body, at, not _first(clients.keyed(whole, _ANSWERED.name))


def _first(key: bytes) -> bool:
    try:
        connections.read(lambda: throttles.spend(key, _ANSWERED))
    except problems.Refusal:
        return False
    except Error:  # whoever asks reads that nothing could be checked
        return True
    return True


def _text(told: Any, name: str) -> str:
    value = told[name]
    if not isinstance(value, str):
        raise Refusal("field.invalid", field=name, wanted="text")
    return value


def _number(text: str, field: str) -> str:
    """A telephone number in one form, so that one sender is one sender."""
    try:
        found = phonenumbers.parse(text[:32], None)
    except phonenumbers.NumberParseException:
        raise Refusal(
            "field.invalid", field=field, wanted="a number with its country, such as +9779812345678"
        ) from None
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def _tongues(sender: str) -> Sequence[str]:
    """Every language that we speak, that of the number's country first and English second."""
    first = dict.fromkeys((sms.home(sender), settings.LANGUAGE_CODE))
    return list(first | dict.fromkeys(labels.languages()))


def _help(sender: str) -> Sequence[str]:
    """Where to complain in the country that the number is of."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(sender, None)) or ""
    try:
        found = [(name, str(how.get("phone") or "")) for name, how in lookup.complaints(country)]
    except Error:
        return []
    return [f"{in_language(name, sms.home(sender))} {phone}" for name, phone in found if phone]


urlpatterns: list[URLPattern] = [
    path("sms", message, name="gateway-sms"),
    path("ussd", menu, name="gateway-ussd"),
]
