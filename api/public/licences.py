"""``/licences``: what the register says about a licence, today, on a past day, and as it was known then."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote
from zlib import crc32

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from api import clients, early_warning, etags, labels, problems, tallies, throttles
from api.problems import Refusal
from api.public import bodies, certificate, reading, route, signed
from registry import clock, lookup
from registry.rules import days, errors, numbering
from registry.rules.numbering import Kind
from verification import verdicts

AS_OF: Final = route.Parameter(
    "as_of",
    reading.moment,
    "The licence on that day (the authority's local day, all of its parts) or at that instant.",
)
KNOWN_AT: Final = route.Parameter(
    "known_at", reading.instant, "As the register knew it at that instant: later entries are not counted."
)
_NOT_FOUND: Final = ("licence.not_found", "licence.mistyped")


@route.get(
    tag="Licences",
    body=bodies.LicenceBody,
    path={"number": "Our licence number; any letter case, separators ignored."},
    parameters=[AS_OF, KNOWN_AT, *signed.PARAMETERS],
    also=signed.SIGNED,
    says=[
        *_NOT_FOUND,
        "licence.renumbered",
        "parameter.invalid",
        "parameter.repeated",
        "time.in_future",
        *signed.SAYS,
    ],
)
def licence(ask: route.Ask, number: str) -> route.Answer | HttpResponse:
    """One licence, and whether its holder may recruit.

    Answers with the verdict and the public record behind it. The answer holds from `since` until `until` (the
    next instant at which the clock alone may change it; `null`: none known); ask again with `If-None-Match`.
    With `as_of` a day, `segments` lists every part of that local day, and the whole answer is that of the
    worst part. With `Accept: application/jwt` the answer of now is signed, as a receipt to keep; for another day
    ask for the certificate.
    """
    throttles.look_ups.check(ask.request)
    try:
        return _answer(ask, canonical(number))
    except errors.LicenceRenumbered as moved:
        return _moved(ask.request, moved.facts["number"])
    except errors.NotFound:
        _missed(ask, number)
        raise


@route.get(
    tag="Licences",
    body=bodies.LicenceBody,
    parameters=[
        route.Parameter(
            "number",
            reading.Text(most=100),
            "A licence number as its authority writes it: any script, slashes and spaces included.",
            required=True,
        ),
        AS_OF,
        KNOWN_AT,
        *signed.PARAMETERS,
    ],
    also=signed.SIGNED,
    says=[
        *_NOT_FOUND,
        "licence.ambiguous",
        "parameter.missing",
        "parameter.invalid",
        "time.in_future",
        *signed.SAYS,
    ],
)
def licence_by_legacy_number(ask: route.Ask) -> route.Answer | HttpResponse:
    """One licence by the number of its own authority.

    Old numbers are unique within one authority only: where several licences have it, the answer is a problem
    `licence.ambiguous` that lists the candidates.
    """
    throttles.look_ups.check(ask.request)
    try:
        number = _by_any_number(ask["number"])
        answer = _answer(ask, number)
    except errors.LicenceRenumbered as moved:
        return _moved(ask.request, moved.facts["number"])
    except errors.NotFound:
        _missed(ask, ask["number"])
        raise
    answer.headers["Content-Location"] = f"/api/v1/licences/{number}"  # type: ignore[index]
    return answer


@route.get(
    tag="Licences",
    body=bodies.TimelineBody,
    path={"number": "Our licence number."},
    says=[*_NOT_FOUND, "licence.renumbered"],
)
def licence_timeline(ask: route.Ask, number: str) -> route.Answer | HttpResponse:
    """The published life of a licence.

    Every published decision, filing, order, fact and observation, the oldest first. What the law has made
    private again is gone from it; `history_complete_since` says since when nothing is missing.
    """
    throttles.look_ups.check(ask.request)
    number = canonical(number)
    try:
        entries = lookup.timeline(number, at=clock.now())
    except errors.LicenceRenumbered as moved:
        return _moved(ask.request, moved.facts["number"], "/timeline")
    except errors.NotFound:
        throttles.look_ups.miss(ask.request)
        raise
    return route.Answer(lambda: _labelled(entries, ask.language))


def canonical(number: str) -> str:
    """Our number from what somebody typed; what is no number of ours is not in the register."""
    try:
        return numbering.canonical(number, Kind.LICENCE, Kind.LISTED)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None


def _missed(ask: route.Ask, typed: str) -> None:
    """A number that is not in the register costs a token; asked for today it is counted too."""
    throttles.look_ups.miss(ask.request)
    if ask["as_of"] is None and ask["known_at"] is None:
        early_warning.asked((typed,), clients.asker(ask.request.META), at=clock.now())


def _by_any_number(text: str) -> str:
    """The one licence that is called so by us or by its authority; refuses several with the candidates.

    A number that the register gave is that licence alone, whatever somebody's list calls its own.
    """
    try:
        if lookup.is_given(number := canonical(text)):
            return number
    except errors.NotFound as unlike:
        not_ours = unlike
    else:
        not_ours = errors.LicenceNotFound()
    found = lookup.by_legacy(text, at=clock.now())
    if len(found) > 1:
        raise Refusal("licence.ambiguous", candidates=[candidate(one) for one in found])
    if not found:
        raise not_ours
    return found[0].number


def candidate(found: lookup.PublishedAnswer) -> dict[str, Any]:
    """What helps to choose among licences of the same number: whose it is, and what it says."""
    body = json.loads(found.body)
    return {
        "number": found.number,
        "authority": body["authority"],
        "holder": body["holder"],
        "class": body["class"],
        "verdict": {"result": found.result, "may_recruit": found.may_recruit},
    }


def _answer(ask: route.Ask, number: str) -> route.Answer:
    now = clock.now()
    as_of, known_at = ask["as_of"], ask["known_at"]
    if signed.wanted(ask):
        return _counted(number, now, _receipt(ask, number, now))
    if as_of is None and known_at is None:
        return _counted(number, now, current(lookup.public_licence(number, at=now), ask.language, now))
    _not_in_future(now, as_of=as_of, known_at=known_at)
    echo: dict[str, Any] = {
        name: reading.as_json(moment)
        for name, moment in ask.parameters.items()
        if name in {"as_of", "known_at"}
    }
    if as_of is not None and not isinstance(as_of, datetime):
        parts = lookup.day_answers(number, day=as_of, now=now, known_at=known_at)
        if known_at is not None:
            echo["known_sequence"] = parts[0].sequence
        return _day(ask, parts, echo, day=as_of, now=now)
    if known_at is None:
        found = lookup.public_past(number, at=as_of or now, now=now)
    else:
        found, echo["known_sequence"] = lookup.public_known(
            number, at=as_of or now, known_at=known_at, now=now
        )
    return route.Answer(
        lambda: labels.spliced(_with(found.body, echo), ask.language), seeds=_seeds(found, echo)
    )


def _counted(number: str, now: datetime, answer: route.Answer) -> route.Answer:
    """The answer of now, counted as a look-up; what was true on another day is research."""
    tallies.look_ups.add((number,), at=now)
    return answer


def _receipt(ask: route.Ask, number: str, now: datetime) -> route.Answer:
    """What the register says now, signed."""
    for name in ("as_of", "known_at"):
        if ask[name] is not None:
            wanted = "left out of a signed look-up; the certificate is signed for any day"
            raise Refusal("parameter.invalid", parameter=name, wanted=wanted)
    body = json.loads(lookup.public_licence(number, at=now).body)
    return signed.answer(signed.of_answer(ask, body, at=now))


def current(found: lookup.PublishedAnswer, language: str, now: datetime) -> route.Answer:
    """What the register says now: the row as it stands, with the texts put in."""
    return route.Answer(
        lambda: labels.spliced(found.body, language),
        seeds=_seeds(found, {}),
        caching=etags.verdict_caching(found.until, now),
    )


def _seeds(found: lookup.PublishedAnswer, echo: Mapping[str, Any]) -> Sequence[bytes]:
    """What determines the answer (rulings 5): the record's sequence, the start of its interval, the echo.

    The sum of the body is there for the day when a release publishes the same entries differently.
    """
    told = f"{found.sequence} {found.since} {crc32(found.body.encode())} {echo}"
    return (told.encode(),)


def _with(body: str, more: Mapping[str, Any]) -> str:
    """A JSON object with more members at its end."""
    return f"{body[:-1]},{json.dumps(more, ensure_ascii=False)[1:]}" if more else body


def day_body(parts: Sequence[lookup.PublishedAnswer], *, day: date, now: datetime) -> dict[str, Any]:
    """The answer for a local day (rulings 7): today's is that of now, a past day's that of its worst part.

    All parts are told as ``segments``; ``may_recruit`` is true only if it was true all day.
    """
    lowest = verdicts.worst(*(part.result for part in parts))
    worst = next(part for part in parts if part.result == lowest)
    body: dict[str, Any] = json.loads(worst.body)
    if days.local_day(now, body["authority"]["zone"]) == day:
        body = json.loads(parts[-1].body)
    else:
        body["verdict"]["may_recruit"] = all(part.may_recruit for part in parts)
    body["segments"] = [
        {name: told[name] for name in ("since", "until", "verdict", "standing")}
        for told in (json.loads(part.body) for part in parts)
    ]
    return body


def _day(
    ask: route.Ask,
    parts: Sequence[lookup.PublishedAnswer],
    echo: Mapping[str, Any],
    *,
    day: date,
    now: datetime,
) -> route.Answer:
    body = {**day_body(parts, day=day, now=now), **echo}
    return route.Answer(
        lambda: labels.spliced(route.written(body).decode(), ask.language), seeds=(route.written(body),)
    )


def _not_in_future(now: datetime, **asked: date | datetime | None) -> None:
    """Refuse instants that are not yet; whether a day has begun the authority's own calendar says."""
    for name, moment in asked.items():
        if isinstance(moment, datetime) and moment > now:
            raise Refusal("time.in_future", parameter=name)


def _labelled(entries: Sequence[Mapping[str, Any]], language: str) -> str:
    told = []
    for entry in entries:
        text = labels.text("actions", str(entry["action"]), language)
        told.append({**entry, "action": entry["action"], "text": text})
    return labels.spliced(route.written({"data": told}).decode(), language)


def _moved(request: HttpRequest, number: str, below: str = "") -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    where = f"/api/v1/licences/{quote(number)}{below}{'?' if query else ''}{query}"
    return problems.respond(request, "licence.renumbered", {"number": number}, headers={"Location": where})


@route.get(
    tag="Licences",
    body=bodies.CertificateBody,
    path={"number": "Our licence number."},
    parameters=[
        route.Parameter("on", reading.day, "A day, by the authority's calendar; today when absent."),
        KNOWN_AT,
        *signed.PARAMETERS,
    ],
    also=signed.SIGNED | certificate.PRINTED,
    says=[*_NOT_FOUND, "licence.renumbered", "parameter.invalid", "time.in_future", *signed.SAYS],
)
def licence_certificate(ask: route.Ask, number: str) -> route.Answer | HttpResponse:
    """The status of a licence on a day, to be kept.

    Says what the register says about that day: the verdict, all parts of the day, the entries it rests on
    (`sequence`), and since when the public history is complete. In JSON it is not signed; as `application/jwt` it is,
    and so it is as `application/pdf`, where the signed text stands in a square code.
    """
    throttles.look_ups.check(ask.request)
    now = clock.now()
    _not_in_future(now, known_at=ask["known_at"])
    try:
        number = canonical(number)
        day = ask["on"] or days.local_day(now, lookup.zone_of(number))
        parts = lookup.day_answers(number, day=day, now=now, known_at=ask["known_at"])
    except errors.LicenceRenumbered as moved:
        return _moved(ask.request, moved.facts["number"], "/certificate")
    except errors.NotFound:
        throttles.look_ups.miss(ask.request)
        raise
    whole = day_body(parts, day=day, now=now)
    body = {"on": day, "zone": whole["authority"]["zone"]} | {name: whole[name] for name in _CERTIFIED}
    if ask["known_at"] is not None:
        body |= {"known_at": ask["known_at"], "known_sequence": parts[0].sequence}
    if ask.media != route.JSON:
        return _certified(ask, body, now=now)
    signed.wanted(ask)
    text = route.written(body)
    return route.Answer(lambda: labels.spliced(text.decode(), ask.language), seeds=(text,))


def _certified(ask: route.Ask, body: Mapping[str, Any], *, now: datetime) -> route.Answer:
    """The certificate signed: as a receipt of that day, or printed with it."""
    day: date = body["on"]
    today = days.local_day(now, body["zone"]) == day
    at = now if today else days.first_instant(day, body["zone"])
    more: dict[str, Any] = {
        "on": day.isoformat(),
        "zone": body["zone"],
        "segments": [
            {
                "since": part["since"],
                "until": part["until"],
                "result": part["verdict"]["result"],
                "state": part["standing"]["state"],
            }
            for part in body["segments"]
        ],
        "history_complete_since": body["history_complete_since"],
    }
    if "known_at" in body:
        more |= {"known_at": reading.as_json(body["known_at"]), "known_sequence": body["known_sequence"]}
    receipt = signed.of_answer(ask, body, at=at, **more)
    if ask.media == signed.JWT:
        return signed.answer(receipt)
    return certificate.printed(body, receipt, language=ask.language, at=now)


#: What a certificate takes over from the answer for the day.
_CERTIFIED: Final = (
    "number",
    "holder",
    "authority",
    "class",
    "verdict",
    "standing",
    "scope",
    "terms",
    "segments",
    "history_complete_since",
    "sequence",
)

urlpatterns: list[URLPattern] = [
    path("v1/licences/<str:number>", licence, name="licence"),
    path("v1/licences/<str:number>/certificate", licence_certificate, name="licence-certificate"),
    path("v1/licences/<str:number>/timeline", licence_timeline, name="licence-timeline"),
    path("v1/licences", licence_by_legacy_number, name="licences"),
]
