"""Changes of a licence by e-mail: to the holder's official addresses and to whoever asked to be told.

The worker reads the feed of published changes from where it stopped, writes a delivery for each address in the same
transaction, and sends what is due: again with growing pauses where a server is not there, at last given up and kept as
failed. A correction also goes to everybody who was told of the wrong entry. Only what the public may read is sent, in
each language of the authority that we have texts in. Without ``REGISTRY_SMTP`` nothing is written and nothing is sent.

``REGISTRY_SMTP``: ``smtp://user:password@host:587`` (STARTTLS with a password), ``smtps://`` for TLS from the start.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from smtplib import SMTPConnectError, SMTPServerDisconnected
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from api import labels
from api.conf import environment
from api.models import Delivery, Outbox, Watcher
from api.pages import facts, written
from registry import dossier, lookup
from registry.rules import errors, lifecycle
from registry.rules.lifecycle import Action, Actor

_log = logging.getLogger("api.outbound")
_PIECE: Final = 200
_AT_ONCE: Final = 50
_TIMEOUT: Final = 10
#: How long to wait after each failure; after the last one a delivery is given up.
PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
#: What says that the server has gone, not that it does not want this letter.
_GONE: Final = (TimeoutError, ConnectionError, SMTPServerDisconnected, SMTPConnectError)
#: Entries that change nothing for whoever looks from outside, and those of lists.
_NOT_TOLD: Final = frozenset({"observation"})
_UNDOING: Final = frozenset({Action.CORRECT.value, Action.SET_ASIDE.value})


def refresh(*, at: datetime) -> int:
    """Write the deliveries of what was published since, and send what is due; how many were sent."""
    address = environment.text("REGISTRY_SMTP", "")
    if not address:
        return 0
    while _gather(at=at):
        pass
    return _send(_connection(address), at=at)


def watch(licence: str, address: str, *, by: Actor, at: datetime) -> Watcher:
    """Tell this address too of what is published about a licence; asking twice asks once."""
    if not by.roles & lifecycle.M:
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
    if not by.roles & lifecycle.M:
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
        told = Delivery.objects.filter(licence=number, sequence=entry.get("refers_to") or 0)
        found |= dict.fromkeys(told.values_list("address", flat=True), "told_before")
    found |= {one.address: "watcher" for one in watchers(number)}
    channels = body.get("channels") or ()
    return found | {str(c["value"]).lower(): "holder" for c in channels if c["kind"] == "email"}


# --- sending -----------------------------------------------------------------------------------------------------


def _send(connection: BaseEmailBackend, *, at: datetime) -> int:
    """Send what is due, piece by piece; a server that is not there is asked once, not once a letter."""
    total = 0
    while True:
        with transaction.atomic():
            due = Delivery.objects.select_for_update(skip_locked=True).filter(state="waiting", due_at__lte=at)
            rows = list(due.order_by("due_at", "pk")[:_AT_ONCE])
            if not rows:
                return total
            gone = _opened(connection)
            for row in rows:
                error = gone or _tried(row, connection, at=at)
                if error is not None:
                    _postpone(row, error, at=at)
                if isinstance(error, _GONE):
                    gone = error
                total += row.state == "sent"
            connection.close()
        if gone:
            return total


def _opened(connection: BaseEmailBackend) -> OSError | None:
    """Open the connection; what stood in the way."""
    try:
        connection.open()
    except OSError as error:  # all of smtplib's are of this kind
        return error
    return None


def _tried(row: Delivery, connection: BaseEmailBackend, *, at: datetime) -> OSError | None:
    """Send one and write it down; what stood in the way."""
    message = _message(row, connection, at=at)
    try:
        if message is not None:
            message.send()
    except OSError as error:
        return error
    row.attempts += 1
    row.state, row.sent_at, row.last_error = ("sent", at, "") if message else ("withdrawn", None, "")
    row.save()
    return None


def _postpone(row: Delivery, error: OSError, *, at: datetime) -> None:
    """Try again after a pause, or give it up after the last one."""
    row.attempts += 1
    row.last_error = f"{type(error).__name__}: {error}"[:500]
    if row.attempts > len(PAUSES):
        row.state = "failed"
        _log.warning("delivery %s was given up after %s attempts", row.pk, row.attempts)
    else:
        row.due_at = at + PAUSES[row.attempts - 1]
    row.save()


def _message(row: Delivery, connection: BaseEmailBackend, *, at: datetime) -> EmailMessage | None:
    """The letter, of what the public may read at ``at``; nothing where that is no more."""
    try:
        body, entry = _body(row.licence, at=at), _entry(row.licence, row.sequence, at=at)
    except errors.NotFound:
        return None
    if entry is None:
        return None
    parts, subject = [], ""
    for language in _languages(body, at=at):
        with override(language):
            subject = subject or f"{row.licence}: {labels.text('actions', entry['action'], language)}"
            parts.append(_told(row, body, entry, language))
    host = settings.REGISTRY_HOST
    return EmailMessage(
        subject=subject,
        body="\n\n–––\n\n".join(parts),
        from_email=environment.text("REGISTRY_MAIL_FROM", f"register@{host.split(':')[0]}"),
        to=[row.address],
        headers={
            "Message-ID": f"<{row.sequence}.{row.pk}@{host.split(':')[0]}>",  # the same each time it is tried
            "Auto-Submitted": "auto-generated",
        },
        connection=connection,
    )


def _languages(body: Mapping[str, Any], *, at: datetime) -> list[str]:
    """The authority's own languages, of those that we have texts in, English among them and first."""
    office = dossier.authority(str(body["authority"]["code"]), at=at)
    spoken = {"en", *office["languages"]}
    return [code for code, _name in settings.LANGUAGES if code in spoken]


def _told(row: Delivery, body: Mapping[str, Any], entry: Mapping[str, Any], language: str) -> str:
    """The letter in one language."""
    zone = facts.zone(body)
    start = datetime.fromisoformat(entry["effective_from"])
    appeal = written.instant(entry["deadlines"].get("appeal_until"))
    context = {
        "name": facts.holder_name(body),
        "number": row.licence,
        "action": labels.text("actions", entry["action"], language),
        "since": written.moment(start, zone),
        "result": labels.text("results", body["verdict"]["result"], language),
        "grounds": [labels.text("grounds", ground["code"], language) for ground in entry["grounds"]],
        "text": facts.in_language(entry["texts"], language) if entry["texts"] else "",
        "appeal": written.last_day(appeal, zone) if appeal and row.reason == "holder" else "",
        "again": row.reason == "told_before",
        "authority": facts.authority_name(body),
        "address": f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/licences/{row.licence}",
        "why": gettext("You get this because this is an official address of the holder.")
        if row.reason == "holder"
        else gettext("You get this because this address asked to be told."),
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


def _connection(address: str) -> BaseEmailBackend:
    """A connection to the server that ``REGISTRY_SMTP`` names."""
    url = urlsplit(address)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        message = "REGISTRY_SMTP is not an address: say smtp://user:password@host:587."
        raise ImproperlyConfigured(message)
    tls = url.scheme == "smtps"
    found: BaseEmailBackend = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=url.hostname,
        port=url.port or (465 if tls else 25),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_ssl=tls,
        use_tls=not tls and bool(url.password),
        timeout=_TIMEOUT,
    )
    return found
