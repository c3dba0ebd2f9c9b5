"""``/search``: from what somebody was given (a number, a name, a phone, a page) to licences, with a claim.

And an answer to whoever asks whether a contact is really theirs.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags, labels, throttles
from api.problems import Refusal
from api.public import bodies, reading, route
from registry import alerts, clock, lookup, search
from registry.rules import alerts as rules
from registry.rules import names


class ResultBody(serializers.Serializer[Any]):
    """The verdict in one word."""

    result = serializers.ChoiceField(choices=list(labels.RESULTS))


class HitBody(serializers.Serializer[Any]):
    """One licence that may be meant."""

    number = serializers.CharField()
    agency = serializers.CharField(help_text="The number of its holder.")
    name = serializers.CharField(help_text="The name that was found, or the holder's.")
    kind = serializers.CharField(help_text="What was found: `number`, `legal`, `trading`, `phone` …")
    match = serializers.ChoiceField(
        choices=list(labels.MATCHES), help_text="What we claim, not how it ranks."
    )
    why = bodies.CodedBody(many=True)
    score = serializers.FloatField(
        help_text="Of the claim, 0 to 1. It is not what hits are ordered by, and may rise down the list."
    )
    verdict = ResultBody()


class MeantBody(serializers.Serializer[Any]):
    """An agency that the answer is about, with its official contacts."""

    number = serializers.CharField()
    name = serializers.CharField()
    channels = bodies.ChannelBody(many=True)


class WarnedBody(serializers.Serializer[Any]):
    """A warning that may be meant."""

    number = serializers.CharField(help_text="All of it is at `/alerts/{number}`.")
    kind = serializers.ChoiceField(
        choices=rules.KINDS, help_text="`clone`: somebody pretends to be `agency`."
    )
    name = serializers.CharField()
    agency = serializers.CharField(
        allow_null=True, help_text="The agency that is cloned: nothing is said against it."
    )
    found = serializers.CharField(help_text="The name or contact in it that was found.")
    match = serializers.ChoiceField(choices=list(labels.MATCHES))
    why = bodies.CodedBody(many=True)
    by_contact = serializers.BooleanField(help_text="It warns of a contact that was asked about.")


class HitsBody(serializers.Serializer[Any]):
    """A page of hits, the likeliest first, and what may be said of what was asked for."""

    answer = bodies.CodedBody(
        help_text="What may be said: `contact.…` where a contact was given. It says nothing of what a licence is "
        "worth: that is the `verdict` of each hit."
    )
    agencies = MeantBody(
        many=True,
        help_text="Whom the answer is about; empty where it names nobody. Nobody is picked among several.",
    )
    alerts = WarnedBody(many=True, help_text="Whom authorities warn of; show them first.")
    contacts = serializers.ListField(
        child=serializers.CharField(), help_text="The contacts that were judged, as typed."
    )

    data = HitBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    next = serializers.CharField(
        allow_null=True, help_text="Give it as `after`; `null`: this was the last page."
    )


@route.get(
    tag="Search",
    body=HitsBody,
    parameters=[
        route.Parameter(
            "q",
            reading.Text(most=names.LONGEST),
            "A number, name, phone, e-mail address, web site or social page; or a name and a contact.",
        ),
        route.Parameter(
            "contact",
            reading.Text(most=names.LONGEST),
            "A phone, page or e-mail address that came with the name or number in `q`: is it theirs? Alone it is "
            "asked for itself.",
        ),
        route.Parameter("country", reading.country, "Country of the licensing authority."),
        route.Parameter("after", reading.Text(most=100), "The `next` of the page before."),
        route.Parameter("limit", reading.Whole(1, search.MOST, default=10), "How many at most."),
    ],
    says=["parameter.missing", "parameter.invalid", "contact.unreadable", "cursor.invalid"],
)
def find(ask: route.Ask) -> route.Answer:
    """Find licences by whatever you were given.

    Case, accents, legal forms, word order, small typing errors and other scripts are tolerated for names,
    never for numbers: an unknown number is not shown as found because another is one digit away. `match` is
    what we claim; a contact that is not on the record of the agency named is told as
    `contact.does_not_match`.

    `answer` says whether what was given is really theirs. A contact that is not on the register, or only looks like
    one that is, is said to be so; a site below a registered one is theirs. `alerts` are what authorities warn of: one
    of a clone says nothing against the agency that is cloned.

    The likeliest stands first: a number before a contact, a contact before a name, and among names the one that
    shares more and rarer words. `score` says how near the name itself is to what was asked, which is another question:
    of *Gulf Star Manpower* a name with the rare word alone may stand above one that is spelt more alike.
    """
    if ask["q"] is None and ask["contact"] is None:
        raise Refusal("parameter.missing", parameter="q")
    headers = throttles.take(ask.request, throttles.SEARCHES)
    now = clock.now()
    found = search.find(
        ask["q"] or "",
        contact=ask["contact"] or "",
        limit=ask["limit"] or 10,
        after=ask["after"],
        at=now,
        country=ask["country"],
    )
    about = alerts.many([one.number for one in found.alerts], at=now)
    body = {
        "answer": {"code": found.answer, "text": labels.text("answers", found.answer, ask.language)},
        "agencies": [
            {"number": number, "name": record["holder"]["name"], "channels": record["channels"]}
            for number, record in meant(found, at=now).items()
        ],
        "alerts": [
            _warned(one, about[one.number], ask.language) for one in found.alerts if one.number in about
        ],
        "contacts": found.contacts,
        "data": [_hit(hit, ask.language) for hit in found.data],
        "next": found.next,
    }
    return route.Answer(body, caching=etags.FOR_YOU, headers=headers)


def meant(found: search.Found, *, at: datetime) -> dict[str, Mapping[str, Any]]:
    """Each agency that the answer is about, by its number, with what is public of it now."""
    wanted = {hit.agency: hit.number for hit in reversed(found.data) if hit.agency in found.agencies}
    told = lookup.public_many(list(wanted.values()), at=at)
    return {
        number: json.loads(told[wanted[number]].body)
        for number in found.agencies
        if wanted.get(number) in told
    }


def _warned(one: search.Warned, about: alerts.AlertRecord, language: str) -> dict[str, Any]:
    return {
        "number": one.number,
        "kind": about.kind,
        "name": about.names[0],
        "agency": about.agency or None,
        "found": one.text,
        "match": one.match,
        "why": [{"code": code, "text": labels.text("why", code, language)} for code in one.why],
        "by_contact": one.by_contact,
    }


def _hit(hit: search.Hit, language: str) -> dict[str, Any]:
    return {
        "number": hit.number,
        "agency": hit.agency,
        "name": hit.name,
        "kind": hit.kind,
        "match": hit.match,
        "why": [{"code": code, "text": labels.text("why", code, language)} for code in hit.why],
        "score": hit.score,
        "verdict": {"result": hit.verdict},
    }


urlpatterns: list[URLPattern] = [path("v1/search", find, name="search")]
