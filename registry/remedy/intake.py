"""The person's side of a concern: file it, come back with code and PIN, read what happened, write again.

Nobody signs in. Whoever has the code and the PIN reads the state and the letters; what was reported, and by whom, is
not shown again.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction

from registry import records
from registry.models import Authority, Concern, ConcernFile
from registry.remedy import acts, published, sealing
from registry.remedy.acts import Evidence
from registry.rules import concerns, errors
from registry.rules.concerns import Action, Category, State

MOST_FILES: Final = 4
"""Files of one form."""
TRIES: Final = 5
"""Wrong PINs of one concern within ``TRIES_WITHIN``."""
TRIES_WITHIN: Final = timedelta(minutes=15)
VISIT: Final = timedelta(minutes=30)
"""For how long a page that was opened with code and PIN can be written from."""
MOST_REPLIES: Final = 50
"""Texts of the person in one concern."""
_WORDS: Final = (
    "story", "whom", "contact_of_whom", "place", "day", "amount", "currency", "paid_for", "name", "reach", "wish",
)  # fmt: skip
IDENTITY: Final = frozenset({"name", "reach", "wish"})
"""What says who the person is; the desk shows it alone, and notes who looked."""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports. Texts are empty where nothing was said.

    ``whom``: the agency, licence, badge code or name that was typed; ``licence``: the number that it means, where the
    edge knows; ``contact_of_whom``: their telephone or page. ``reach``: a telephone or e-mail address; ``wish``: how
    to use it safely. ``day`` and ``amount`` are as they were said: nobody is refused for not remembering.
    """

    categories: tuple[str, ...]
    story: str
    authority: str
    language: str
    whom: str = ""
    licence: str = ""
    contact_of_whom: str = ""
    place: str = ""
    day: str = ""
    amount: str = ""
    currency: str = ""
    paid_for: str = ""
    name: str = ""
    reach: str = ""
    wish: str = ""
    several: bool = False
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the person keeps. ``repeated``: the same was filed before under the same key, and nothing was added now."""

    code: str
    pin: str
    urgent: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A text between the person and the authority; ``deleted``: its time was over."""

    at: datetime
    from_person: bool
    text: str
    files: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What the person reads of their concern. ``ticket`` lets this page, and no other, write until its time is over."""

    code: str
    zone: str
    language: str
    received_at: datetime
    state: str
    body: str
    outcome: str
    repaid: Decimal | None
    currency: str
    urgent: bool
    letters: tuple[Letter, ...]
    forgotten: bool
    ticket: str


@transaction.atomic(durable=True)
def file(report: Report, *, key: str, files: Sequence[Evidence] = (), at: datetime) -> Receipt:
    """Take a concern in. The same report under the same key gives the same receipt, however often it is sent."""
    _judge(report, files)
    said = json.dumps([asdict(report), sorted(one.sha256 for one in files)], sort_keys=True)
    secret = sealing.keyed("submission", key, said).hex()
    submission = sealing.keyed("filed", secret).hex()
    office = Authority.objects.filter(code=report.authority, kind="licensing").first()
    if office is None:
        raise errors.AuthorityNotFound("no authority has this code", field="authority")
    if (filed := _filed(submission, secret)) is not None:
        return filed
    meant = published.licence_meant(report.licence) if report.licence else None
    if meant is not None and meant[2] != office.code:
        meant = None  # another authority's: what was typed stands in the words
    code = concerns.tracking_code(secrets.randbelow)
    pin = sealing.pin_of(secret, code)
    urgent = concerns.is_urgent(report.categories)
    row = Concern(
        code=code, authority=office, submission=submission, pin_hash=sealing.pin_hash(pin, code),
        language=report.language, categories=list(report.categories), urgent=urgent, several=report.several,
        consent=report.consent, reachable=bool(report.reach), licence=meant[0] if meant else "",
        agency=meant[1] if meant else "", state=State.RECEIVED, received_at=at,
        triage_by=concerns.due(at, records.current_policy(office.pk, at=at).triage_hours),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # Two presses at once: the first has it.
        if (filed := _filed(submission, secret)) is not None:
            return filed
        raise
    words = {name: getattr(report, name) for name in _WORDS if getattr(report, name)}
    acts.record(
        row, Action.FILE, by=concerns.PERSON, at=at, facts={"categories": list(report.categories)}, words=words,
        files=files,
    )  # fmt: skip
    return Receipt(code, pin, urgent, repeated=False)


def enter(code: str, pin: str, *, at: datetime) -> Status:
    """The concern of this code and PIN; refuses both alike, and refuses to try after too many wrong ones."""
    known = concerns.read_code(code)
    digits = concerns.read_pin(pin)
    with transaction.atomic():
        row = Concern.objects.select_for_update().filter(code=known).first()
        if row is None:
            sealing.pin_hash(
                digits, known
            )  # as long as a wrong PIN takes: nobody learns which codes there are
            raise errors.ConcernNotFound("no report has this code and PIN")
        wait = _tried(row, at)
        right = not wait and sealing.is_pin(digits, known, row.pin_hash)
        if right:
            row.tries, row.tried_from = 0, None
        elif not wait:
            row.tries, row.tried_from = row.tries + 1, row.tried_from or at
        row.save(update_fields=["tries", "tried_from"])
    if wait:
        raise errors.TriesUsedUp("too many wrong PINs were tried", retry_after=wait)
    if not right:
        raise errors.ConcernNotFound("no report has this code and PIN")
    return _status(row, at)


def again(ticket: str, *, at: datetime) -> Status:
    """The concern of a page that was opened with code and PIN not long ago."""
    return _status(_of_ticket(ticket, at), at)


@transaction.atomic(durable=True)
def reply(ticket: str, text: str, *, key: str, files: Sequence[Evidence] = (), at: datetime) -> bool:
    """The person writes again, and the concern waits. Whether it was added: a second press adds nothing."""
    row = acts.locked(_of_ticket(ticket, at).code)
    once = json.dumps([key, text, sorted(one.sha256 for one in files)])
    if acts.was_done(row, once):
        return False
    if not text.strip() and not files:
        raise errors.StepIncomplete("write something", field="text")
    if len(files) > MOST_FILES:
        raise errors.BadInput("at most {most} files at once", most=MOST_FILES, field="files")
    if row.acts.filter(action=Action.REPLY).count() >= MOST_REPLIES:
        raise errors.BadInput("at most {most} letters", most=MOST_REPLIES, field="text")
    row.unread = True
    acts.record(
        row, Action.REPLY, by=concerns.PERSON, at=at, key=once, words={"text": text.strip()}, files=files
    )
    return True


def holds(stored_as: str) -> bool:
    """Whether a concern has the file that is stored so."""
    return ConcernFile.objects.filter(stored_as=stored_as).exists()


def reach(code: str) -> tuple[str, str, str]:
    """For who tells of news: the language, the telephone or address, and the authority's country (ISO 3166-1 alpha-2).

    Empty where nothing was left, and where the person said when or how it is safe to reach them: no machine can keep to
    that, so an officer reads it and does.
    """
    row = Concern.objects.select_related("authority").filter(code=concerns.read_code(code)).first()
    first = row.acts.select_related("text").get(action=Action.FILE) if row else None
    if row is None or first is None:
        return "", "", ""
    words = acts.words_of(first)
    return row.language, "" if words.get("wish") else str(words.get("reach", "")), row.authority.country


def _judge(report: Report, files: Sequence[Evidence]) -> None:
    """What the edge's form has asked for already, once more: this is the register's own door."""
    if not report.categories or not set(report.categories) <= set(Category):
        raise errors.StepIncomplete("choose what happened", field="categories")
    if not report.story.strip() and not files:
        raise errors.StepIncomplete("say what happened", field="story")
    for name in _WORDS:
        if len(getattr(report, name)) > acts.LONGEST:
            raise errors.BadInput("a text has at most {most} characters", most=acts.LONGEST, field=name)
    if len(files) > MOST_FILES:
        raise errors.BadInput("at most {most} files at once", most=MOST_FILES, field="files")


def _filed(submission: str, secret: str) -> Receipt | None:
    row = Concern.objects.filter(submission=submission).first()
    if row is None:
        return None
    return Receipt(
        row.code, sealing.pin_of(secret, row.code), concerns.is_urgent(row.categories), repeated=True
    )


def _tried(row: Concern, at: datetime) -> int:
    """Seconds until the next try; a new count begins when the old one is over."""
    if row.tried_from is None or at >= row.tried_from + TRIES_WITHIN:
        row.tries, row.tried_from = 0, None
        return 0
    if row.tries < TRIES:
        return 0
    return max(1, int((row.tried_from + TRIES_WITHIN - at).total_seconds()))


def _status(row: Concern, at: datetime) -> Status:
    return Status(
        code=row.code, zone=row.authority.zone, language=row.language, received_at=row.received_at, state=row.state,
        body=row.body, outcome=row.outcome if row.state == State.CLOSED else "",
        repaid=row.repaid if row.state == State.CLOSED else None, currency=row.currency, urgent=row.urgent,
        letters=_letters(row), forgotten=row.forgotten_at is not None, ticket=_ticket(row.code, at + VISIT),
    )  # fmt: skip


def _letters(row: Concern) -> tuple[Letter, ...]:
    """What the person and the authority wrote to each other; what was reported at the beginning stays unread here."""
    found = row.acts.filter(action__in=(Action.ASK, Action.REPLY, Action.REFER, Action.CLOSE, Action.REOPEN))
    told = []
    for act in found.select_related("text").prefetch_related("files").order_by("ordinal"):
        words: Mapping[str, Any] = acts.words_of(act)
        from_person = act.by == concerns.PERSON
        text = str(words.get("text", ""))
        if text or act.files.all() or (from_person or act.action == Action.ASK):
            gone = not words and row.forgotten_at is not None
            told.append(Letter(act.at, from_person, text, len(act.files.all()), gone))
    return tuple(told)


def _ticket(code: str, until: datetime) -> str:
    end = str(int(until.timestamp()))
    return f"{code}.{end}.{sealing.keyed('ticket', code, end).hex()}"


def _of_ticket(ticket: str, at: datetime) -> Concern:
    code, _, rest = ticket.partition(".")
    end = rest.partition(".")[0]
    fine = end.isascii() and end.isdigit() and len(end) < 13
    if not fine or not secrets.compare_digest(
        ticket.encode(), f"{code}.{end}.{sealing.keyed('ticket', code, end).hex()}".encode()
    ) or int(end) < at.timestamp():  # fmt: skip
        raise errors.ConcernNotFound("type the code and the PIN again")
    row = Concern.objects.select_related("authority").filter(code=code).first()
    if row is None:
        raise errors.ConcernNotFound("no report has this code")
    return row
