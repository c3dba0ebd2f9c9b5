"""Changes of a licence by e-mail: to the holder's official addresses and to whoever asked to be told.

The worker reads the feed of published changes from where it stopped, writes a delivery for each address in the same
transaction, and sends what is due: again with growing pauses where a server is not there, at last given up and kept as
failed. A correction also goes to everybody who was told of the wrong entry. Only what the public may read is sent, in
each language of the authority that we have texts in. Without ``REGISTRY_SMTP`` nothing is written and nothing is sent
(``outbound.post``).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from api import applicants, labels
from api.models import Delivery, Outbox, Watcher
from api.outbound import post
from api.pages import facts, written
from api.phrases import mark, say
from registry import agenda, dossier, lookup
from registry.rules import errors, lifecycle
from registry.rules.lifecycle import Action, Actor

_PIECE: Final = 200
BEFORE: Final[Mapping[agenda.Matter, tuple[int, ...]]] = {
    agenda.Matter.TERM: (90,),
    agenda.Matter.SECURITY: (30, 14, 3),
}
"""How many days before an end its holder is reminded."""
_REMINDED: Final[Mapping[str, tuple[str, str, str]]] = {
    "term": (
        mark("the term ends soon"),
        mark("The term of this licence ends on:"),
        mark(
            "If you want to go on, file the renewal before then. A renewal that is filed in time keeps the licence in "
            "force until it is decided."
        ),
    ),
    "security": (
        mark("the security ends soon"),
        mark("The security behind this licence is in force for the last time on:"),
        mark(
            "Have your issuer confirm a new one to the authority before then. Without it the licence does not let you "
            "recruit from the next day on."
        ),
    ),
}
"""What a reminder says: its subject, before the day, after it."""
#: Entries that change nothing for whoever looks from outside, and those of lists.
_NOT_TOLD: Final = frozenset({"observation"})
_UNDOING: Final = frozenset({Action.CORRECT.value, Action.SET_ASIDE.value})


def refresh(*, at: datetime) -> int:
    """Write the deliveries of what was published since, and send what is due; how many were sent."""
    connection = post.connected()
    if connection is None:
        return 0
    while _gather(at=at):
        pass
    return post.send(Delivery, partial(_message, at=at), connection, at=at)


def remind(*, at: datetime) -> int:
    """Write reminders to holders: ninety days before a term ends; thirty, fourteen and three before a security does.

    How many were written. ``refresh`` sends them with the others; who was reminded of an end, so many days before it,
    is not reminded again, and a day that was missed is made up for on the next.
    """
    if post.connected() is None:
        return 0
    due = {
        (one.licence, f"{one.matter}_{days}", one.at)
        for one in agenda.endings(at=at)
        if (days := min((n for n in BEFORE[one.matter] if one.at - at <= timedelta(days=n)), default=0))
    }
    done = Delivery.objects.exclude(reminds="").filter(ends_at__gt=at)
    due -= set(done.values_list("licence", "reminds", "ends_at"))
    sequence = lookup.sequence_now()
    rows = [
        Delivery(
            sequence=sequence, licence=licence, address=address, reason="holder", reminds=reminds, ends_at=ends,
            created_at=at, due_at=at,
        )
        for licence, reminds, ends in sorted(due)
        for address in _official(licence, at=at)
    ]  # fmt: skip
    return len(Delivery.objects.bulk_create(rows, ignore_conflicts=True))


def may_watch(*, by: Actor) -> bool:
    """Whether this officer says who is told."""
    return bool(by.roles & lifecycle.M)


def watch(licence: str, address: str, *, by: Actor, at: datetime) -> Watcher:
    """Tell this address too of what is published about a licence; asking twice asks once."""
    if not may_watch(by=by):
        raise errors.RoleNotAllowed("this role does not add addresses", roles=sorted(lifecycle.M))
    try:
        validate_email(address)
    except ValidationError:
        raise errors.BadInput("this is not an e-mail address", field="address") from None
    found, _ = Watcher.objects.get_or_create(
        licence=licence,
        address=address.lower(),
        ended_at=None,
        defaults={"asked_at": at, "recorded_by": by.number},
    )
    return found


def unwatch(licence: str, number: int, *, by: Actor, at: datetime) -> bool:
    """Tell that address no more; whether it was told until now."""
    if not may_watch(by=by):
        raise errors.RoleNotAllowed("this role does not end addresses", roles=sorted(lifecycle.M))
    return bool(Watcher.objects.filter(pk=number, licence=licence, ended_at=None).update(ended_at=at))


def watchers(licence: str) -> list[Watcher]:
    """Who asked to be told about a licence, the first to ask at the top."""
    return list(Watcher.objects.filter(licence=licence, ended_at=None).order_by("pk"))


def log(licence: str, *, limit: int = 50) -> list[Delivery]:
    """What was or will be sent about a licence, the newest first."""
    return list(Delivery.objects.filter(licence=licence).order_by("-sequence", "pk")[:limit])


# --- what is to be sent ------------------------------------------------------------------------------------------


@transaction.atomic
def _gather(*, at: datetime) -> bool:
    """Write the deliveries of a piece of the feed; whether there may be more. Told once: the place moves with it."""
    Outbox.objects.get_or_create(pk=1, defaults={"sequence": lookup.sequence_now()})
    place = Outbox.objects.select_for_update().get(pk=1)
    piece = lookup.changes(after=place.sequence, limit=_PIECE, at=at).data
    if not piece:
        return False
    rows = [
        Delivery(
            sequence=change["sequence"], licence=change["licence"], address=address, reason=reason, created_at=at,
            due_at=at,
        )
        for change in piece
        if change["action"] and change["licence"] and change["kind"] not in _NOT_TOLD
        for address, reason in _recipients(change, at=at).items()
    ]  # fmt: skip
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    place.sequence = piece[-1]["sequence"]
    place.save()
    return len(piece) == _PIECE


def _recipients(change: Mapping[str, Any], *, at: datetime) -> dict[str, str]:
    """Whom to tell of a change, and why; everybody once."""
    number = change["licence"]
    found: dict[str, str] = {}
    try:
        body = _body(number, at=at)
    except errors.NotFound:
        return found
    if change["action"] in _UNDOING:
        entry = _entry(number, change["sequence"], at=at) or {}
        told = Delivery.objects.filter(licence=number, sequence=entry.get("refers_to") or 0, reminds="")
        found |= dict.fromkeys(told.values_list("address", flat=True), "told_before")
    found |= {one.address: "watcher" for one in watchers(number)}
    return found | dict.fromkeys(_addresses(body), "holder")


def _official(number: str, *, at: datetime) -> list[str]:
    """The official addresses of a licence's holder."""
    try:
        return _addresses(_body(number, at=at))
    except errors.NotFound:
        return []


def _addresses(body: Mapping[str, Any]) -> list[str]:
    channels = body.get("channels") or ()
    return sorted({str(c["value"]).lower() for c in channels if c["kind"] == "email"})


# --- sending -----------------------------------------------------------------------------------------------------


def _message(row: Delivery, connection: BaseEmailBackend, *, at: datetime) -> EmailMessage | None:
    """The letter, of what the public may read at ``at``; nothing where that is no more."""
    if row.reminds:
        return _reminder(row, connection, at=at)
    try:
        body, entry = _body(row.licence, at=at), _entry(row.licence, row.sequence, at=at)
    except errors.NotFound:
        return None
    if entry is None:
        return None
    parts, subject = [], ""
    for language in _languages(row, body, at=at):
        with override(language):
            subject = subject or f"{row.licence}: {labels.text('actions', entry['action'], language)}"
            parts.append(_told(row, body, entry, language))
    return _letter(row, subject, parts, connection)


def _languages(row: Delivery, body: Mapping[str, Any], *, at: datetime) -> list[str]:
    """The language that the holder chose, for a letter to it; then the authority's own that our pages speak."""
    chosen = applicants.language_of(str(body["holder"]["number"])) if row.reason == "holder" else ""
    spoken = {"en", *dossier.authority(str(body["authority"]["code"]), at=at)["languages"]}
    return list(
        dict.fromkeys(filter(None, (chosen, *(code for code, _name in settings.LANGUAGES if code in spoken))))
    )


def _reminder(row: Delivery, connection: BaseEmailBackend, *, at: datetime) -> EmailMessage | None:
    """The reminder, as long as the end is still to come."""
    if row.ends_at is None or row.ends_at <= at:
        return None
    try:
        body = _body(row.licence, at=at)
    except errors.NotFound:
        return None
    parts, subject = [], ""
    for language in _languages(row, body, at=at):
        about, ends, then = (say(text, language) for text in _REMINDED[row.reminds.partition("_")[0]])
        with override(language):
            subject = subject or f"{row.licence}: {about}"
            context = {
                "name": facts.holder_name(body),
                "number": row.licence,
                "ends": ends,
                "then": then,
                "why": say("You get this because this is an official address of the holder.", language),
                "day": written.last_day(row.ends_at, facts.zone(body)),
                "authority": facts.authority_name(body),
                "address": f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/licences/{row.licence}",
            }
            lines = render_to_string("desk/reminder.txt", context).splitlines()
            parts.append("\n".join(_paragraphs(lines)).strip())
    return _letter(row, subject, parts, connection)


def _letter(row: Delivery, subject: str, parts: Iterable[str], connection: BaseEmailBackend) -> EmailMessage:
    """The parts in each language as one letter."""
    return post.message(row, f"{row.sequence}.{row.pk}", subject, "\n\n–––\n\n".join(parts), connection)


def _told(row: Delivery, body: Mapping[str, Any], entry: Mapping[str, Any], language: str) -> str:
    """The letter in one language."""
    zone = facts.zone(body)
    start = datetime.fromisoformat(entry["effective_from"])
    appeal = written.instant(entry["deadlines"].get("appeal_until"))
    last = written.last_day(appeal, zone) if appeal and row.reason == "holder" else ""
    since = f"{written.days(start, zone)}, {written.clock_time(start, zone)}"
    result = labels.text("results", body["verdict"]["result"], language)
    context = {
        "name": facts.holder_name(body),
        "number": row.licence,
        "action": labels.text("actions", entry["action"], language),
        "since": f"{say('Has effect from', language)}: {since}",
        "result": f"{say('The register says now', language)}: {result}",
        "grounds": [labels.text("grounds", ground["code"], language) for ground in entry["grounds"]],
        "text": facts.in_language(entry["texts"], language) if entry["texts"] else "",
        "appeal": say("You may appeal until %(day)s.", language, day=last) if last else "",
        "again": say(
            "You were told of an entry that was wrong or has been set aside. This corrects it.", language
        )
        if row.reason == "told_before"
        else "",
        "authority": facts.authority_name(body),
        "address": f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/licences/{row.licence}",
        "why": say("You get this because this is an official address of the holder.", language)
        if row.reason == "holder"
        else say("You get this because this address asked to be told.", language),
    }
    lines = render_to_string("desk/letter.txt", context).splitlines()
    return "\n".join(_paragraphs(lines)).strip()


def _paragraphs(lines: Iterable[str]) -> list[str]:
    """The lines with no more than one empty one between them."""
    found: list[str] = []
    for line in lines:
        if line.strip() or (found and found[-1]):
            found.append(line.rstrip())
    return found


def _body(number: str, *, at: datetime) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(lookup.public_licence(number, at=at).body)
    return found


def _entry(number: str, sequence: int, *, at: datetime) -> Mapping[str, Any] | None:
    """The published entry of that number, as the timeline tells it."""
    return next((one for one in lookup.timeline(number, at=at) if one["sequence"] == sequence), None)
