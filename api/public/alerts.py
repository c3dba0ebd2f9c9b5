"""``/alerts``: whom the authorities warn of, in a list and each with its past."""

from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers

from api import labels, throttles
from api.public import bodies, reading, route
from registry import alerts, clock
from registry.alerts import AlertRecord
from registry.rules import alerts as rules
from registry.rules import errors, numbering


class AlertVersionBody(serializers.Serializer[Any]):
    """A version of an alert, and since when the register has known it."""

    version = serializers.IntegerField()
    sequence = serializers.IntegerField(help_text="The number of its entry.")
    recorded_at = serializers.DateTimeField()
    ended = serializers.ChoiceField(
        choices=["", *rules.CAUSES], help_text="Empty: it says what holds; else it takes the alert back."
    )


class AlertBody(serializers.Serializer[Any]):
    """A warning. Days are local days of the authority. Of one that is `withdrawn` no name or contact is told."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=rules.KINDS, help_text="`clone`: it pretends to be the agency named."
    )
    state = serializers.ChoiceField(choices=rules.STATES)
    names = serializers.ListField(child=serializers.CharField())
    contacts = bodies.ChannelBody(many=True)
    agency = serializers.CharField(
        allow_null=True, help_text="The agency that is cloned: nothing is said against it."
    )
    place = serializers.CharField(allow_blank=True)
    seen_on = serializers.DateField(allow_null=True)
    grounds = bodies.CodedBody(many=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # a field, taken away as above
    texts = serializers.DictField(
        child=serializers.CharField(), help_text="What the authority says, by language (BCP 47)."
    )
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True, help_text="`null`: until it is taken back.")
    authority = bodies.AuthorityBody()
    version = serializers.IntegerField()
    sequence = serializers.IntegerField(help_text="The number of the entry behind the newest version.")


class AlertInFullBody(AlertBody):
    """A warning with its versions."""

    versions = AlertVersionBody(many=True)


class AlertsBody(serializers.Serializer[Any]):
    """A page of warnings in force, the newest first."""

    data = AlertBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    next = serializers.CharField(
        allow_null=True, help_text="Give it as `after`; `null`: this was the last page."
    )


@route.get(
    tag="Alerts",
    body=AlertsBody,
    parameters=[
        route.Parameter(
            "kind", reading.Choice(rules.KINDS), "Of somebody without a licence, or of clones, alone."
        ),
        route.Parameter("country", reading.country, "Country of the authority that warns."),
        route.Parameter("agency", reading.Text(most=40), "About one agency that is cloned."),
        route.Parameter("after", reading.Text(most=40), "The `next` of the page before."),
        route.Parameter("limit", reading.Whole(1, 1000, default=50), "How many at most."),
    ],
    says=["parameter.invalid", "parameter.repeated", "cursor.invalid"],
)
def warnings(ask: route.Ask) -> route.Answer:
    """Whom the authorities warn of now: recruiters without a licence, and clones of agencies that have one.

    `/search` finds the same by a name, phone, page or e-mail address. Nobody is cleared by not standing here.
    """
    throttles.take(ask.request, throttles.SEARCHES)
    page = alerts.listed(
        at=clock.now(), kind=ask["kind"] or "", country=ask["country"] or "", agency=ask["agency"] or "",
        after=ask["after"], limit=ask["limit"] or 50,
    )  # fmt: skip
    body = {"data": [told(one) for one in page.data], "next": page.next}
    return route.Answer(labels.spliced(route.written(body).decode(), ask.language))


@route.get(
    tag="Alerts",
    body=AlertInFullBody,
    path={"number": "An alert number, such as AL-000012-K; any letter case."},
    says=["alert.not_found", "alert.mistyped"],
)
def alert(ask: route.Ask, number: str) -> route.Answer:
    """One warning, whatever has become of it, with its versions."""
    throttles.look_ups.check(ask.request)
    try:
        found = alerts.one(canonical(number), at=clock.now())
    except errors.NotFound:
        throttles.look_ups.miss(ask.request)
        raise
    versions = [
        {"version": v.version, "sequence": v.sequence, "recorded_at": v.recorded_at, "ended": v.ended}
        for v in found.versions
    ]
    body = told(found) | {"versions": versions}
    return route.Answer(labels.spliced(route.written(body).decode(), ask.language))


def canonical(number: str) -> str:
    """The number as we write it; refuses what is none of an alert."""
    try:
        return numbering.canonical(number, numbering.Kind.ALERT)
    except numbering.NotOurs:
        raise errors.AlertNotFound from None


def told(one: AlertRecord) -> dict[str, Any]:
    """A warning as it goes out, its grounds as codes."""
    return {
        "number": one.number,
        "kind": one.kind,
        "state": one.state,
        "names": one.names,
        "contacts": one.contacts,
        "agency": one.agency or None,
        "place": one.place,
        "seen_on": one.seen_on,
        "grounds": [{"code": ground} for ground in one.grounds],
        "source": one.source,
        "texts": one.texts,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "authority": {
            "code": one.authority,
            "name": one.authority_name,
            "country": one.country,
            "zone": one.zone,
        },
        "version": one.version,
        "sequence": one.sequence,
    }


urlpatterns: list[URLPattern] = [
    path("v1/alerts/<str:number>", alert, name="alert"),
    path("v1/alerts", warnings, name="alerts"),
]
