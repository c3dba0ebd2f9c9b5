"""``/debarments``: the persons and agencies whom an authority has barred, for as long as the law lets it be told."""

from typing import Any, Final

from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags, labels, throttles
from api.public import bodies, reading, route
from registry import clock, debarments
from registry.bars import SCOPES
from registry.rules import errors, names

_NUMBER: Final = reading.Whole(1, 2**62)


class AppealBody(serializers.Serializer[Any]):
    """Whether the bar is under appeal; a bar stands while it is, unless `state` says that it is stayed."""

    open = serializers.BooleanField()
    until = serializers.DateTimeField(allow_null=True, help_text="Until when one could or can be filed.")


class DebarmentBody(serializers.Serializer[Any]):
    """A bar. Days are local days of the authority, both inclusive."""

    number = serializers.IntegerField(help_text="The sequence number of the entry that made it.")
    kind = serializers.ChoiceField(choices=debarments.KINDS)
    state = serializers.ChoiceField(
        choices=debarments.STATES, help_text="`stayed`: it has no effect until an appeal is decided."
    )
    name = serializers.CharField(
        help_text="In its own script. A name is no proof of identity: others may have the same one."
    )
    latin_name = serializers.CharField(allow_blank=True)
    agency = serializers.CharField(allow_null=True, help_text="Its number; `null` where a person is barred.")
    authority = bodies.AuthorityBody()
    scope = serializers.ChoiceField(choices=list(SCOPES), help_text="From which roles; texts at `/codes`.")
    grounds = bodies.CodedBody(many=True)
    decided_on = serializers.DateField()
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True, help_text="`null`: for ever, or until it is ended.")
    appeal = AppealBody()
    public_until = serializers.DateField(
        allow_null=True, help_text="The last day on which it is told; `null`: no such day is known."
    )


class DebarmentsBody(serializers.Serializer[Any]):
    """A page of bars, the newest decision first."""

    data = DebarmentBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    next = serializers.IntegerField(
        allow_null=True, help_text="Give it as `after`; `null`: this was the last page."
    )
    history_complete_since = serializers.DateField(
        allow_null=True,
        help_text="Bars decided before that day may be left out: they are public no longer, or never were. "
        "`null`: nothing is left out.",
    )


@route.get(
    tag="Debarments",
    body=DebarmentsBody,
    parameters=[
        route.Parameter(
            "q",
            reading.Text(most=names.LONGEST),
            "Words of a name, each whole or its beginning; case and accents do not matter.",
        ),
        route.Parameter("kind", reading.Choice(debarments.KINDS), "Of persons, or of agencies, alone."),
        route.Parameter("country", reading.country, "Country of the licensing authority."),
        route.Parameter("after", _NUMBER, "The `next` of the page before."),
        route.Parameter("limit", reading.Whole(1, 1000, default=50), "How many at most."),
    ],
    says=["parameter.invalid", "parameter.repeated"],
)
def listed(ask: route.Ask) -> route.Answer:
    """Who is barred: persons and agencies, the newest decision first.

    A bar that was set aside or entered in error is gone. One that is over stays for as long as the policy in force
    when it was made says. Silence is no clean record: see `history_complete_since`.
    """
    left = throttles.take(
        ask.request, throttles.SEARCHES
    )  # bars that are told no more are read to find the others
    headers = {} if ask["q"] is None else left  # an edge may share the whole list
    page = debarments.listed(
        at=clock.now(),
        kind=ask["kind"] or "",
        country=ask["country"] or "",
        q=ask["q"] or "",
        after=ask["after"],
        limit=ask["limit"] or 50,
    )
    body = {
        "data": [_told(one) for one in page.data],
        "next": page.next,
        "history_complete_since": page.complete_since,
    }
    caching = etags.FOR_YOU if ask["q"] else etags.ASK_AGAIN
    spliced = labels.spliced(route.written(body).decode(), ask.language)
    return route.Answer(spliced, caching=caching, headers=headers)


@route.get(
    tag="Debarments",
    body=DebarmentBody,
    path={"number": "The number of a bar, as the list gives it."},
    says=["debarment.not_found"],
)
def debarment(ask: route.Ask, number: str) -> route.Answer:
    """One bar."""
    throttles.look_ups.check(ask.request)
    try:
        found = debarments.one(_read_number(number), at=clock.now())
    except errors.NotFound:
        throttles.look_ups.miss(ask.request)
        raise
    return route.Answer(labels.spliced(route.written(_told(found)).decode(), ask.language))


def _read_number(text: str) -> int:
    """The number in an address; what is none belongs to no bar."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise errors.DebarmentNotFound
    return int(text)


def _told(one: debarments.Debarment) -> dict[str, Any]:
    return {
        "number": one.sequence,
        "kind": one.kind,
        "state": one.state,
        "name": one.name,
        "latin_name": one.latin_name,
        "agency": one.agency or None,
        "authority": {
            "code": one.authority,
            "name": one.authority_name,
            "country": one.country,
            "zone": one.zone,
        },
        "scope": one.scope,
        "grounds": [{"code": ground} for ground in one.grounds],
        "decided_on": one.decided_on,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "appeal": {"open": one.appeal_open, "until": one.appeal_until},
        "public_until": one.public_until,
    }


urlpatterns: list[URLPattern] = [
    path("v1/debarments/<str:number>", debarment, name="debarment"),
    path("v1/debarments", listed, name="debarments"),
]
