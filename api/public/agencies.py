"""``/agencies``: who holds licences, page by page, and what one of them holds."""

import json
from datetime import datetime
from typing import Any, Final

from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags, labels, throttles
from api.public import bodies, reading, route
from registry import clock, lookup, search
from registry.rules import errors, numbering
from registry.rules.lifecycle import State
from registry.rules.numbering import Kind

#: A licence that is not granted is none, and looking for one reads the past of every licence there is.
_STATES: Final = tuple(state.value for state in State if state is not State.NOT_GRANTED)


class HeldBody(serializers.Serializer[Any]):
    """The licence of a row."""

    number = serializers.CharField()
    state = serializers.CharField(allow_null=True)
    result = serializers.ChoiceField(choices=list(labels.RESULTS))
    may_recruit = serializers.BooleanField()
    corridors = serializers.ListField(child=serializers.CharField(), help_text="Empty: every country.")

    def get_fields(self) -> dict[str, Any]:
        """``class`` is a word of Python's own and cannot be declared above."""
        return {**super().get_fields(), "class": serializers.CharField()}


class AgencyInShortBody(serializers.Serializer[Any]):
    """An agency with one of its licences: an agency has no verdict, and no licence speaks for another."""

    number = serializers.CharField()
    name = serializers.CharField()
    latin_name = serializers.CharField(allow_blank=True)
    trading_names = serializers.ListField(child=serializers.CharField())
    country = serializers.CharField()
    authority = serializers.CharField()
    licence = HeldBody()
    localities = serializers.ListField(child=serializers.CharField())


class AgenciesBody(serializers.Serializer[Any]):
    """A page of agencies with their licences."""

    data = AgencyInShortBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    next = serializers.CharField(
        allow_null=True, help_text="Give it as `after`; `null`: this was the last page."
    )


class PersonBody(serializers.Serializer[Any]):
    """Somebody who acts for the agency and whose name is public."""

    name = serializers.CharField()
    latin_name = serializers.CharField(allow_blank=True)
    role = serializers.CharField()
    first_day = serializers.DateField()


class HeldInFullBody(serializers.Serializer[Any]):
    """A licence of the agency with its answer."""

    number = serializers.CharField()
    verdict = bodies.VerdictBody()
    standing = bodies.StandingBody()
    scope = bodies.ScopeBody()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    sequence = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """``class`` is a word of Python's own and cannot be declared above."""
        return {**super().get_fields(), "class": serializers.CharField()}


class FormerBody(serializers.Serializer[Any]):
    """The number and name of a record that was merged into another; its number leads on."""

    number = serializers.CharField()
    name = serializers.CharField()


class AgencyBody(serializers.Serializer[Any]):
    """An agency as the public may read it. It has no verdict of its own: its licences have."""

    number = serializers.CharField()
    name = serializers.CharField()
    latin_name = serializers.CharField(allow_blank=True)
    trading_names = serializers.ListField(child=serializers.CharField())
    country = serializers.CharField()
    company_register = serializers.CharField(allow_blank=True)
    company_number = serializers.CharField(allow_blank=True)
    lei = serializers.CharField(allow_blank=True)
    authority = bodies.AuthorityBody()
    offices = bodies.OfficeBody(many=True)
    channels = bodies.ChannelBody(many=True)
    persons = PersonBody(many=True)
    linked_to = serializers.ListField(child=serializers.CharField(), help_text="The same company elsewhere.")
    formerly = FormerBody(many=True, help_text="Records of the same firm that were merged into this one.")
    licences = HeldInFullBody(many=True)
    sequence = serializers.IntegerField()


@route.get(
    tag="Agencies",
    body=AgenciesBody,
    parameters=[
        route.Parameter(
            "q",
            reading.Text(most=200),
            "Words of a name, a number or a contact; for a ranked answer use `/search`.",
        ),
        route.Parameter("country", reading.country, "Country of the licensing authority."),
        route.Parameter("state", reading.Choice(_STATES), "With a licence in that state now."),
        route.Parameter("class", reading.Text(most=20), "With a licence of that class."),
        route.Parameter("corridor", reading.country, "With a licence that is good for that country."),
        route.Parameter("after", reading.Text(most=100), "The `next` of the page before."),
        route.Parameter("limit", reading.Whole(1, 1000, default=50), "How many at most."),
    ],
    says=["parameter.invalid", "parameter.repeated"],
)
def agencies(ask: route.Ask) -> route.Answer:
    """Agencies with their licences, in order of their numbers, page by page.

    There are no page numbers: take `next` of one page as `after` of the following one, until it is `null`. Each page
    costs a token of the searches; the whole register is published as files (`/dumps`).
    """
    left, now = throttles.take(ask.request, throttles.SEARCHES), clock.now()
    found = None if ask["q"] is None else _found(ask, now)
    page = lookup.agencies(
        numbers=found,
        country=ask["country"],
        state=ask["state"],
        licence_class=ask["class"],
        corridor=ask["corridor"],
        after=ask["after"],
        limit=ask["limit"] or 50,
        at=now,
    )
    caching = etags.FOR_YOU if ask["q"] else etags.ASK_AGAIN
    headers = left if ask["q"] else {}  # an edge may share the whole list
    return route.Answer({"data": page.data, "next": page.next}, caching=caching, headers=headers)


def _found(ask: route.Ask, now: datetime) -> list[str]:
    """The numbers of the agencies that the words may mean."""
    hits = search.find(ask["q"], limit=search.MOST, after=None, at=now, country=ask["country"])
    licences = lookup.public_many([hit.number for hit in hits.data], at=now)
    return [json.loads(one.body)["holder"]["number"] for one in licences.values()]


@route.get(
    tag="Agencies",
    body=AgencyBody,
    path={"number": "An agency number, such as AG-000123-K; any letter case."},
    says=["agency.not_found", "agency.mistyped", "agency.merged"],
)
def agency(ask: route.Ask, number: str) -> route.Answer:
    """One agency with its licences, offices and official channels.

    A number that was merged into another leads on to it (308).
    """
    throttles.look_ups.check(ask.request)
    try:
        found = lookup.public_agency(_canonical(number), at=clock.now())
    except errors.AgencyMerged:
        raise
    except errors.NotFound:
        throttles.look_ups.miss(ask.request)
        raise
    return route.Answer(lambda: labels.spliced(route.written(found).decode(), ask.language))


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None


urlpatterns: list[URLPattern] = [
    path("v1/agencies/<str:number>", agency, name="agency"),
    path("v1/agencies", agencies, name="agencies"),
]
