"""``/verify/{code}``: what a badge's code proves now, for programs; also the JSON of ``/v/{code}``."""

from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers

from api import clients, early_warning, etags, labels, tallies, throttles
from api.problems import Refusal
from api.public import bodies, route, signed
from registry import clock
from verification import check
from verification.check import Proof
from verification.verdicts import Colour, Shape, Word

SUBJECT_KINDS = ["licence", "office", "appointment"]


class AppearanceBody(serializers.Serializer[Any]):
    """How the verdict looks everywhere: always all three."""

    colour = serializers.ChoiceField(choices=[c.value for c in Colour])
    shape = serializers.ChoiceField(choices=[s.value for s in Shape])
    word = serializers.ChoiceField(choices=[w.value for w in Word])


class SubjectBody(serializers.Serializer[Any]):
    """What the badge stands on."""

    kind = serializers.ChoiceField(choices=SUBJECT_KINDS)
    number = serializers.CharField()
    office = serializers.DictField(allow_null=True)
    person = serializers.DictField(allow_null=True)


class SiblingBody(serializers.Serializer[Any]):
    """Another licence of the same holder; it never makes this badge good."""

    number = serializers.CharField()
    state = serializers.CharField(allow_blank=True)
    verdict = serializers.DictField(child=serializers.CharField())


class BadgeBody(serializers.Serializer[Any]):
    """What a badge proves now."""

    code = serializers.CharField(help_text="As printed.")
    proof = serializers.ChoiceField(choices=[Proof.KNOWN.value, Proof.WITHDRAWN.value])
    verdict = bodies.VerdictBody()
    appearance = AppearanceBody()
    subject = SubjectBody()
    licence = serializers.CharField(allow_null=True, help_text="The licence that it stands or falls with.")
    state = serializers.CharField(allow_null=True)
    holder = bodies.HolderBody(allow_null=True)
    channels = bodies.ChannelBody(many=True)
    siblings = SiblingBody(many=True)
    issued_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    sequence = serializers.IntegerField()


@route.get(
    tag="Badges",
    body=BadgeBody,
    path={"code": "The thirteen symbols of a badge; any letter case, separators ignored."},
    parameters=signed.PARAMETERS,
    also=signed.SIGNED,
    says=["badge.not_found", "badge.mistyped", "signature.no_licence", *signed.SAYS],
)
def badge(ask: route.Ask, code: str) -> route.Answer:
    """What a scanned badge proves now.

    The register is asked each time: a suspension is seen by the very next scan. A withdrawn badge answers
    `not_genuine` and says whose it was; a code that we never gave is a `404`. With `Accept: application/jwt` the
    answer is signed, as a receipt to keep.
    """
    throttles.look_ups.check(ask.request)
    found = check.verdict(code, at=clock.now(), logged=ask.media == signed.JWT)
    early_warning.scanned(found, clients.asker(ask.request.META))
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        throttles.look_ups.miss(ask.request)
        raise Refusal(f"badge.{found.proof.value}")
    if found.licence:
        tallies.look_ups.add((found.licence,), at=found.checked_at)
    if signed.wanted(ask):
        return signed.answer(signed.of_badge(ask, found))
    caching = etags.verdict_caching(found.until, found.checked_at)
    text = route.written(told(found))
    return route.Answer(lambda: labels.spliced(text.decode(), ask.language), seeds=(text,), caching=caching)


def told(found: check.Verdict) -> dict[str, Any]:
    """The answer as its body says it, with codes and without texts."""
    appearance = found.appearance
    return {
        "code": found.shown,
        "proof": found.proof.value,
        "verdict": {
            "result": found.result.value,
            "may_recruit": found.may_recruit,
            "reasons": [{"code": code} for code in found.reasons],
            "until": found.until,
        },
        "appearance": {
            "colour": appearance.colour.value,
            "shape": appearance.shape.value,
            "word": appearance.word.value,
        },
        "subject": {
            "kind": found.kind,
            "number": found.number,
            "office": found.office,
            "person": found.person,
        },
        "licence": found.licence or None,
        "state": found.state or None,
        "holder": found.record.get("holder"),
        "channels": found.channels,
        "siblings": [
            {"number": one.number, "state": one.state, "verdict": {"result": one.result}}
            for one in found.siblings
        ],
        "issued_at": found.badge.issued_at if found.badge else None,
        "withdrawn_at": found.badge.withdrawn_at if found.badge else None,
        "since": found.since,
        "until": found.until,
        "sequence": found.sequence,
    }


urlpatterns: list[URLPattern] = [path("v1/verify/<str:code>", badge, name="verify")]
