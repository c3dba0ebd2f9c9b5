"""``POST /verify/{code}/live``: whether the six digits that somebody reads out are shown to a person of the holder."""

from functools import partial
from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers

from api import clients, etags, live, throttles
from api.problems import Refusal
from api.public import reading, route
from registry import clock
from verification import check, live_codes
from verification.check import Proof


class LiveInput(serializers.Serializer[Any]):
    """What was read out."""

    digits = serializers.RegexField(
        r"^[0-9]{6}([0-9]{6})?$", help_text="The six digits, or the twelve of the long code."
    )


class LivePersonBody(serializers.Serializer[Any]):
    """Who is confirmed, as the public may know them; a name that is not public is empty."""

    number = serializers.CharField(help_text="Of the appointment.")
    name = serializers.CharField(allow_blank=True)
    latin_name = serializers.CharField(allow_blank=True)
    role = serializers.CharField()
    office = serializers.CharField(allow_blank=True)


class LiveBody(serializers.Serializer[Any]):
    """Whether the digits are shown now to a person of the badge's holder."""

    code = serializers.CharField(help_text="As printed.")
    confirmed = serializers.BooleanField(help_text="False for whatever reason.")
    person = LivePersonBody(allow_null=True)
    long_code_needed = serializers.BooleanField(
        help_text="Wrong codes were tried too often at this badge: only the long code is taken for now."
    )


@route.post(
    tag="Badges",
    body=LiveBody,
    takes=LiveInput,
    path={"code": "The thirteen symbols of a badge; any letter case, separators ignored."},
    says=["badge.not_found", "badge.mistyped", "rate.exceeded"],
)
def live_code(ask: route.Ask, code: str) -> route.Answer:
    """Confirm a person by the digits on their own page.

    Digits are taken in the minute in which they are shown and in the next one. A badge of an appointment confirms that
    person alone, one of an office or a licence anybody whom the holder has enrolled. Why nobody is confirmed is never
    said. After five wrong tries at one badge in ten minutes only the long code is taken.
    """
    at = clock.now()
    found = asked(ask.request, code, at=at)
    typed = reading.fields(ask.body, {"digits": True})["digits"]
    if not isinstance(typed, str) or not live_codes.is_told(typed):
        raise Refusal("field.invalid", field="digits", wanted="six digits, or twelve")
    outcome = live.check(found, typed, asker=partial(clients.key, ask.request), at=at)
    person = outcome.person
    if person is None:
        throttles.look_ups.miss(ask.request)
    body = {
        "code": found.shown,
        "confirmed": person is not None,
        "person": None
        if person is None
        else {
            "number": person.appointment,
            "name": person.name,
            "latin_name": person.latin_name,
            "role": person.role,
            "office": person.office,
        },
        "long_code_needed": outcome.long_only,
    }
    return route.Answer(body, seeds=None, caching=etags.KEEP_NOT)


def asked(request: Any, code: str, *, at: Any) -> check.Verdict:
    """What the badge of this code proves; refuses a code that no badge has, and charges for it."""
    throttles.look_ups.check(request)
    found = check.verdict(code, at=at)
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        throttles.look_ups.miss(request)
        raise Refusal(f"badge.{found.proof.value}")
    return found


urlpatterns: list[URLPattern] = [path("v1/verify/<str:code>/live", live_code, name="live-code")]
