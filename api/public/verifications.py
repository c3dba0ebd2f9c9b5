"""``/verifications``: up to a thousand numbers in one request, each with the name it was shown with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.urls import URLPattern, path
from rest_framework import serializers

from api import clients, early_warning, etags, labels, tallies, throttles
from api.problems import Refusal
from api.public import bodies, licences, reading, route
from registry import batch, clock, lookup
from registry.rules import errors, likeness, names, numbering

MOST_ITEMS: Final = 1000
LONGEST_NUMBER: Final = 100
_ITEM: Final = {"number": True, "name": False}
_ALIKE: Final = frozenset({likeness.Match.EXACT, likeness.Match.STRONG})


class ItemInput(serializers.Serializer[Any]):
    """A number, ours or its authority's own, and the holder's name as it was shown to you."""

    number = serializers.CharField(max_length=LONGEST_NUMBER)
    name = serializers.CharField(required=False, max_length=names.LONGEST)


class VerificationsInput(serializers.Serializer[Any]):
    """What to check."""

    items = ItemInput(many=True, help_text=f"1 to {MOST_ITEMS}.")


class NameBody(serializers.Serializer[Any]):
    """How the name given compares with the names of the holder."""

    match = serializers.ChoiceField(choices=list(labels.MATCHES))
    score = serializers.FloatField()
    held = serializers.CharField(help_text="The name of the holder that comes nearest.")


class OutcomeBody(serializers.Serializer[Any]):
    """The outcome for one item."""

    asked = serializers.CharField(help_text="The number as you sent it.")
    outcome = serializers.ChoiceField(choices=list(labels.OUTCOMES))
    number = serializers.CharField(allow_null=True, help_text="Our number.")
    verdict = bodies.VerdictBody()
    state = serializers.CharField(required=False, allow_null=True)
    holder = serializers.CharField(required=False)
    name = NameBody(required=False)
    candidates = serializers.ListField(child=serializers.CharField(), required=False)
    since = serializers.DateTimeField(required=False, allow_null=True)
    until = serializers.DateTimeField(required=False, allow_null=True)
    sequence = serializers.IntegerField(required=False)


class VerificationsBody(serializers.Serializer[Any]):
    """One outcome for each item, in the order of the items."""

    data = OutcomeBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away


@route.post(tag="Licences", body=VerificationsBody, takes=VerificationsInput, says=["rate.exceeded"])
def verifications(ask: route.Ask) -> route.Answer:
    """Check many licences at once.

    Each item is answered in its place: `found`, `not_found`, `mistyped`, `ambiguous` (several authorities use
    the number) or `name_mismatch` (the licence exists, its holder is called otherwise). Only `found` together
    with `may_recruit` is a yes. Each item costs one token of your bucket.
    """
    items = _items(ask.body)
    headers = throttles.take(ask.request, throttles.CHECKS, cost=len(items))
    now = clock.now()
    found = batch.answers((number for number, _name in items), at=now)
    outcomes = [_outcome(number, name, found.get(number, ())) for number, name in items]
    missing = dict.fromkeys(number for number, _name in items if not found.get(number))
    early_warning.asked(missing, clients.asker(ask.request.META), at=now)
    tallies.look_ups.add((answers[0].number for answers in found.values() if len(answers) == 1), at=now)
    text = labels.spliced(route.written({"data": outcomes}).decode(), ask.language)
    return route.Answer(text, seeds=None, caching=etags.KEEP_NOT, headers=headers)


def _items(body: Any) -> list[tuple[str, str]]:
    """The items in order; refuses a wrong one by its place."""
    items = reading.fields(body, {"items": True})["items"]
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise Refusal("field.invalid", field="items", wanted=f"a list of 1 to {MOST_ITEMS} items")
    return [_item(item, place) for place, item in enumerate(items)]


def _item(item: Any, place: int) -> tuple[str, str]:
    if not isinstance(item, dict) or not item.keys() <= _ITEM.keys() or "number" not in item:
        reading.fields(item, _ITEM, where=f"items[{place}]")
    number, name = item["number"], item.get("name")
    if not isinstance(number, str) or not 0 < len(number) <= LONGEST_NUMBER:
        wanted = f"text of 1 to {LONGEST_NUMBER} characters"
        raise Refusal("field.invalid", field=f"items[{place}].number", wanted=wanted)
    if name is not None and (not isinstance(name, str) or len(name) > names.LONGEST):
        wanted = f"text of at most {names.LONGEST} characters"
        raise Refusal("field.invalid", field=f"items[{place}].name", wanted=wanted)
    if not number.isprintable():
        reading.plain(number, f"items[{place}].number")
    if name and not name.isprintable():
        reading.plain(name, f"items[{place}].name")
    return number, (name or "").strip()


def _outcome(asked: str, name: str, found: Sequence[lookup.PublishedAnswer]) -> dict[str, Any]:
    if not found:
        return _nothing(asked)
    if len(found) > 1:
        verdict = _verdict("ambiguous", "licence.ambiguous")
        candidates = [one.number for one in found]
        return {
            "asked": asked,
            "outcome": "ambiguous",
            "number": None,
            "verdict": verdict,
            "candidates": candidates,
        }
    one = found[0]
    body = json.loads(one.body)
    told = {
        "asked": asked,
        "outcome": "found",
        "number": one.number,
        "verdict": body["verdict"],
        "state": body["standing"]["state"],
        "holder": body["holder"]["name"],
        "since": body["since"],
        "until": body["until"],
        "sequence": one.sequence,
    }
    if name:
        compared = compare(name, body["holder"])
        told["name"] = {"match": compared[0].match.value, "score": compared[0].score, "held": compared[1]}
        if compared[0].match not in _ALIKE:
            told["outcome"] = "name_mismatch"
    return told


def compare(name: str, holder: Mapping[str, Any]) -> tuple[likeness.Claim, str]:
    """What may be claimed of the holder's names against ``name``, and which of them comes nearest."""
    held = [one for one in (holder["name"], holder["latin_name"], *holder["trading_names"]) if one]
    same = name.casefold()
    for one in held:
        if one.casefold() == same:
            return likeness.Claim(likeness.Match.EXACT, 1.0, ("name.same",)), one
    asked = names.fold(name)
    nearest: tuple[likeness.Claim, str] | None = None
    for one in dict.fromkeys(held):
        claim = likeness.claim(asked, names.fold(one))
        if claim.match in _ALIKE:
            return claim, one
        if nearest is None or claim.score > nearest[0].score:
            nearest = claim, one
    return nearest or (likeness.Claim(likeness.Match.WEAK, 0.0, ()), "")


def _nothing(asked: str) -> dict[str, Any]:
    """Not found, or mistyped where the pattern is ours and the check symbol does not fit."""
    try:
        number: str | None = licences.canonical(asked)
        outcome = "not_found"
    except numbering.Mistyped:
        number, outcome = None, "mistyped"
    except errors.NotFound:
        number, outcome = None, "not_found"
    verdict = _verdict("not_found", f"licence.{outcome}")
    return {"asked": asked, "outcome": outcome, "number": number, "verdict": verdict}


def _verdict(result: str, reason: str) -> dict[str, Any]:
    return {"result": result, "may_recruit": False, "reasons": [{"code": reason}], "until": None}


urlpatterns: list[URLPattern] = [path("v1/verifications", verifications, name="verifications")]
