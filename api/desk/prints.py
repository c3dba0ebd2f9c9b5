"""Prints: the certificate of a licence with its card, a letter for each decision, and the notice to show cause.

Set by Typst from the record and from fonts that lie beside the templates, so that every machine gives the same bytes:
a print's number, its date and all that it says come from the record alone. Data goes in as data, never as markup.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext, override

from api import applicants, labels, phrases, problems, readings
from api.desk import door
from api.desk.door import Visit
from api.pages import badge as badge_page
from api.pages import facts as public_facts
from api.pages import languages, written
from api.phrases import mark, say
from registry import dossier, licensing, lookup
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import STEPS, Action, Kind
from verification import badges, qr, tokens

_PLACE: Final = Path(__file__).parent / "print"


@door.room(of="desk-agencies")
def certificate(visit: Visit, number: str) -> HttpResponse:
    """The certificate for the wall and the card for the wallet; only of a licence that is good now and has a badge."""
    number = _licence_number(number)
    dossier.restricted_licence(number, by=visit.by, at=visit.at)  # refuses another authority's
    answer = lookup.public_licence(number, at=visit.at)
    if not answer.may_recruit:
        raise problems.Refusal("print.not_now")
    held = badges.for_subject("licence", number)
    if not held or held[0].withdrawn_at is not None:
        raise problems.Refusal("print.no_badge")
    language = _language(visit)
    with override(language):
        told = _of_licence(json.loads(answer.body), held[0], answer, language, at=visit.at)
    return _pdf("certificate.typ", told, f"{number}-{answer.sequence}.pdf")


@door.room(of="desk-agencies")
def letter(visit: Visit, number: str, sequence: int) -> HttpResponse:
    """The letter that tells the holder of one entry: what was decided, on which grounds, and what can be done."""
    number = _licence_number(number)
    found = readings.licence(number, by=visit.by, at=visit.at, through="desk")
    entry = next((one for one in found["entries"] if one["sequence"] == sequence), None)
    if entry is None:
        raise errors.EntryNotFound
    holder = readings.agency(found["agency"], by=visit.by, at=visit.at, through="desk")
    language = _letters_language(visit, holder["number"])
    return of_entry(number, entry, holder, language, at=visit.at)


@door.room(of="desk-agencies")
def show_cause(visit: Visit, number: str, proposal: int) -> HttpResponse:
    """The letter that tells a holder what is held against it and until when it may answer; nothing is decided."""
    number = _licence_number(number)
    found = readings.licence(number, by=visit.by, at=visit.at, through="desk")
    proposed = licensing.proposal(proposal)
    if proposed.licence != number:
        raise errors.ProposalNotFound
    if STEPS[Action(proposed.action)].notice is None:
        raise problems.Refusal("print.no_notice")
    holder = readings.agency(found["agency"], by=visit.by, at=visit.at, through="desk")
    language = _letters_language(visit, holder["number"])
    with override(language):
        told = _of_proposal(number, proposed, holder, language, at=visit.at)
    return _pdf("letter.typ", told, f"{number}-P{proposal}.pdf")


def of_entry(
    number: str, entry: Mapping[str, Any], holder: Mapping[str, Any], language: str, *, at: datetime
) -> HttpResponse:
    """The letter of one entry: a notice where it asks to show cause, else a decision."""
    with override(language):
        told = _of_entry(number, entry, holder, language, at=at)
    return _pdf("letter.typ", told, f"{number}-{entry['sequence']}.pdf")


# --- what they say


def _of_licence(
    record: Mapping[str, Any],
    held: badges.BadgeRecord,
    answer: lookup.PublishedAnswer,
    language: str,
    *,
    at: datetime,
) -> dict[str, Any]:
    """The certificate's words; nothing on it goes stale but what the code behind it answers."""
    signed = tokens.digits(held.code, at=at)
    origin = badge_page.origin()
    small = qr.svg(held.code, origin, title=held.shown)
    holder, made = record["holder"], days.local_day(answer.since, public_facts.zone(record))
    latin = holder.get("latin_name") or ""
    facts = [
        (gettext("Class"), str(record.get("class") or "")),
        (gettext("Licensed since"), written.day(_first_day(record, made))),
        *_offices(record),
    ]
    return _common(language, record["authority"]["name"], made) | {
        "title": gettext("Licence to recruit workers"),
        "holder": holder["name"],
        "also": latin if latin != holder["name"] else "",
        "number": record["number"],
        "facts": [list(fact) for fact in facts if fact[1]],
        "wall": qr.svg(held.code, origin, signed, title=held.shown) if signed else small,
        "long": bool(signed),
        "card": small,
        "address": f"{settings.REGISTRY_HOST}/v/{held.code}",
        "says": gettext("Scan the code before you pay: paper goes stale, the register does not."),
        "print": gettext("Print %(number)s") % {"number": f"{record['number']} / {answer.sequence}"},
        "cut": gettext("The card for the wallet: cut along the marks."),
    }


def _first_day(record: Mapping[str, Any], otherwise: date) -> date:
    terms = record.get("terms") or []
    return date.fromisoformat(terms[0]["first_day"]) if terms else otherwise


def _offices(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (gettext("Office"), ", ".join(filter(None, (one.get("address"), one.get("locality")))))
        for one in (record.get("offices") or [])[:3]
    ]


def _of_entry(
    number: str, entry: Mapping[str, Any], holder: Mapping[str, Any], language: str, *, at: datetime
) -> dict[str, Any]:
    """The words of a letter about an entry."""
    office = dossier.authority(holder["authority"], at=at)
    zone, recorded = office["zone"], datetime.fromisoformat(entry["recorded_at"])
    texts = entry.get("texts") or entry.get("summary") or {}
    told = _letter(number, holder, office, language, days.local_day(recorded, zone)) | {
        "reference": f"{number} / {entry['sequence']}",
        "summary": _in_language(texts, language),
        "print": say("Entry %(sequence)s of the register", language, sequence=entry["sequence"]),
    }
    grounds = [[say("Ground", language), _word("grounds", one["code"], language)] for one in entry["grounds"]]
    deadlines = entry.get("deadlines") or {}
    if entry["action"] == Action.SHOW_CAUSE:
        last = _last_day(deadlines["represent_by"], zone) if "represent_by" in deadlines else ""
        return told | _asking(number, "", last, language) | {"facts": grounds}
    action = _word("actions", entry["action"], language)
    effect = written.days(datetime.fromisoformat(entry["effective_from"]), zone)
    closing = [say("The register says the same to everybody who asks for this licence.", language)]
    if appeal := deadlines.get("appeal_until"):
        day = _last_day(appeal, zone)
        closing.insert(0, say("You may appeal against this decision until %(day)s.", language, day=day))
    decides = STEPS[Action(entry["action"])].kind in {Kind.DECISION, Kind.CORRECTION}
    title = mark("Decision: %(what)s") if decides else mark("Entered in the register: %(what)s")
    return told | {
        "title": say(title, language, what=action),
        "paragraphs": [
            say(
                "About licence %(number)s the authority has entered in the register: %(what)s.",
                language,
                number=number,
                what=action,
            )
        ],
        "facts": [[say("Has effect from", language), effect], *grounds],
        "closing": closing,
    }


def _of_proposal(
    number: str, proposed: licensing.ProposalRecord, holder: Mapping[str, Any], language: str, *, at: datetime
) -> dict[str, Any]:
    """A show-cause letter's words: nothing is decided yet."""
    office = dossier.authority(holder["authority"], at=at)
    zone, step = office["zone"], STEPS[Action(proposed.action)]
    made = days.local_day(proposed.proposed_at, zone)
    period = int((office["policy"] or {}).get(step.notice, 0))
    last = written.day(made + timedelta(days=period))
    grounds = proposed.terms.get("grounds", ())
    return (
        _letter(number, holder, office, language, made)
        | _asking(number, _word("actions", proposed.action, language), last, language)
        | {
            "reference": f"{number} / P{proposed.id}",
            "facts": [[say("Ground", language), _word("grounds", code, language)] for code in grounds],
            "summary": _in_language(proposed.terms.get("texts") or {}, language),
            "print": say("Proposal %(number)s", language, number=proposed.id),
        }
    )


def _asking(number: str, what: str, last: str, language: str) -> dict[str, Any]:
    """What a notice to show cause says: what is considered, until when it may be answered, and what follows."""
    if what:
        title = say("Notice to show cause: %(what)s", language, what=what)
        considers = say(
            "The authority considers this step about licence %(number)s: %(what)s. Nothing is decided yet.",
            language,
            number=number,
            what=what,
        )
    else:
        title = say("Notice to show cause", language)
        considers = say(
            "The authority asks you to show cause about licence %(number)s. Nothing is decided yet.",
            language,
            number=number,
        )
    may = (
        say("You may answer in writing, and ask to be heard, until %(day)s.", language, day=last)
        if last
        else ""
    )
    online = say(
        "You may also answer on the pages for agencies: %(address)s", language, address=_agencies_page()
    )
    follows = say(
        "What you say is read before officers decide. If you say nothing, they decide on the file.", language
    )
    return {"title": title, "paragraphs": list(filter(None, (considers, may))), "closing": [online, follows]}


def _letter(
    number: str, holder: Mapping[str, Any], office: Mapping[str, Any], language: str, made: date
) -> dict[str, Any]:
    """What every letter has: from whom, to whom, when, and where it can be checked."""
    address = f"{badge_page.origin()}/licences/{number}"
    place = ", ".join(filter(None, (holder["address"], holder["locality"])))
    common = _common(language, office["name"], made)
    return common | {
        "demo": say("DEMO: nothing on this page is real.", language) if settings.REGISTRY_DEMO else "",
        "basis": office["legal_basis"],
        "holder": holder["legal_name"],
        "agency": holder["number"],
        "place": place,
        "day": written.day(made),
        "signed": say("For the authority: %(name)s", language, name=_in_language(office["name"], language)),
        "code": qr.text_svg(address),
        "check": say("What the register says of this licence today: %(address)s", language, address=address),
    }


def _word(kind: str, code: str, language: str) -> str:
    """A code's text in the language that the letter's own words are in."""
    return labels.text(kind, code, phrases.known(language))


def _last_day(deadline: str, zone: str) -> str:
    return written.day(days.local_day(datetime.fromisoformat(deadline) - timedelta(microseconds=1), zone))


def _agencies_page() -> str:
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}{resolve_url('apply-sign-in')}"


def _common(language: str, names: Mapping[str, str], made: date) -> dict[str, Any]:
    return {
        "language": language.partition("-")[0],
        "rtl": languages.direction(language) == "rtl",
        "issuer": _in_language(names, language),
        "made": [made.year, made.month, made.day],
        "demo": gettext("DEMO: nothing on this page is real.") if settings.REGISTRY_DEMO else "",
    }


def _in_language(texts: Any, language: str) -> str:
    """The text in the reader's language, in English, or in whichever there is."""
    if isinstance(texts, Mapping):
        return str(texts.get(language) or texts.get("en") or next(iter(texts.values()), ""))
    return str(texts or "")


def asked(request: HttpRequest) -> str:
    """The language that the address asks for (``?lang=``); nothing where none of ours is."""
    wanted = request.GET.get("lang", "")
    known = {code for code, _name in settings.LANGUAGES}
    return wanted if wanted in known | set(phrases.LANGUAGES) else ""


def _language(visit: Visit) -> str:
    """The language asked for, or the page's own; a text may be in one that our words have no catalogue of."""
    return asked(visit.request) or get_language() or "en"


def _letters_language(visit: Visit, agency: str) -> str:
    """The language asked for, the one that the holder chose, or the page's own."""
    return asked(visit.request) or applicants.language_of(agency) or get_language() or "en"


def _licence_number(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.LICENCE)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None


# --- how they are set


def _pdf(template: str, told: Mapping[str, Any], name: str) -> HttpResponse:
    response = HttpResponse(typeset(template, told), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def typeset(template: str, told: Mapping[str, Any]) -> bytes:
    """The print as PDF: the same bytes for the same words, on every machine."""
    content = typst.compile(
        _source(template),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(told, ensure_ascii=False, sort_keys=True)},
        timestamp=0,
    )
    if not isinstance(content, bytes):
        message = "a print is one file"
        raise TypeError(message)
    return content


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts beside the templates, and no other: whatever a machine has besides changes nothing."""
    return typst.Fonts(include_system_fonts=False, font_paths=[_PLACE / "fonts"])


@lru_cache(maxsize=4)
def _source(template: str) -> bytes:
    return (_PLACE / template).read_bytes()


urlpatterns: list[URLPattern] = [
    path("licences/<str:number>/certificate.pdf", certificate, name="desk-certificate"),
    path("licences/<str:number>/letters/<int:sequence>.pdf", letter, name="desk-letter"),
    path("licences/<str:number>/show-cause/<int:proposal>.pdf", show_cause, name="desk-show-cause"),
]
