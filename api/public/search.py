"""``/search``: from what somebody was given (a number, a name, a phone, a page) to licences, with a claim."""

from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags, labels, throttles
from api.public import bodies, reading, route
from registry import clock, search
from registry.rules import names


class ResultBody(serializers.Serializer[Any]):
    """The verdict in one word."""

    result = serializers.ChoiceField(choices=list(labels.RESULTS))


class HitBody(serializers.Serializer[Any]):
    """One licence that may be meant."""

    number = serializers.CharField()
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


class HitsBody(serializers.Serializer[Any]):
    """A page of hits, the likeliest first."""

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
            required=True,
        ),
        route.Parameter("country", reading.country, "Country of the licensing authority."),
        route.Parameter("after", reading.Text(most=100), "The `next` of the page before."),
        route.Parameter("limit", reading.Whole(1, search.MOST, default=10), "How many at most."),
    ],
    says=["parameter.missing", "parameter.invalid", "cursor.invalid"],
)
def find(ask: route.Ask) -> route.Answer:
    """Find licences by whatever you were given.

    Case, accents, legal forms, word order, small typing errors and other scripts are tolerated for names,
    never for numbers: an unknown number is not shown as found because another is one digit away. `match` is
    what we claim; a contact that is not on the record of the agency named is told as
    `contact.does_not_match`.

    The likeliest stands first: a number before a contact, a contact before a name, and among names the one that
    shares more and rarer words. `score` says how near the name itself is to what was asked, which is another question:
    of *Gulf Star Manpower* a name with the rare word alone may stand above one that is spelt more alike.
    """
    headers = throttles.take(ask.request, throttles.SEARCHES)
    page = search.find(
        ask["q"], limit=ask["limit"] or 10, after=ask["after"], at=clock.now(), country=ask["country"]
    )
    body = {"data": [_hit(hit, ask.language) for hit in page.data], "next": page.next}
    return route.Answer(body, caching=etags.FOR_YOU, headers=headers)


def _hit(hit: search.Hit, language: str) -> dict[str, Any]:
    return {
        "number": hit.number,
        "name": hit.name,
        "kind": hit.kind,
        "match": hit.match,
        "why": [{"code": code, "text": labels.text("why", code, language)} for code in hit.why],
        "score": hit.score,
        "verdict": {"result": hit.verdict},
    }


urlpatterns: list[URLPattern] = [path("v1/search", find, name="search")]
