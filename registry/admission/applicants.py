"""What an applicant does: begin a draft, save it, add papers, send it, answer a letter, take it back; and objections.

An ``account`` is whatever name the edge gives the person who signed in; an application of another account is not there.
Saving a draft is no event: only what is sent becomes part of the record.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from registry import agencies, holders, ledger, licensing, lookup, news, records
from registry.admission import cases, events, officers
from registry.idempotency import Once
from registry.models import (
    Agency,
    Application,
    ApplicationDocument,
    ApplicationDraft,
    Authority,
    Licence,
)
from registry.rules import applying, contacts, errors, lifecycle, numbering, particulars
from registry.rules.applying import Action, Party, State
from registry.rules.lifecycle import HOLDER, Actor

MOST_DOCUMENTS: Final = 20
"""Papers of one application."""
MOST_DRAFTS: Final = 5
"""Applications of one account that are not decided yet."""
MOST_OBJECTIONS: Final = 500
"""Objections to one application."""
_HELD: Final = lifecycle.RUNNING | {lifecycle.State.PENDING_ACTIVATION}
LONGEST_ANSWER: Final = 20_000
"""Characters of an answer or objection."""


@transaction.atomic(durable=True)
def begin(
    account: str, authority: str, *, at: datetime, idempotency_key: str, renews: str = "", agency: str = ""
) -> str:
    """Begin a draft for a new agency, for another licence of ``agency``, or to renew the licence ``renews``.

    Gives its number. Only an account that acts for the agency applies in its name (``registry.holders``).
    """
    asked = {"authority": authority, "renews": renews, "agency": agency}
    once = Once(_actor(account), idempotency_key, "begin", asked, at)
    if (done := once.outcome()) is not None:
        return str(done["number"])
    office = Authority.objects.filter(code=authority, kind="licensing").first()
    if office is None:
        raise errors.AuthorityNotFound("no authority has this code", field="authority")
    mine = Application.objects.filter(account=account)
    if mine.exclude(state__in=applying.ENDED).count() >= MOST_DRAFTS:
        raise errors.BadInput("at most {most} applications at a time", most=MOST_DRAFTS)
    row = Application(
        number=_next_number(), authority=office, account=account, kind=applying.LICENCE, state=State.DRAFT, opened_at=at
    )  # fmt: skip
    if renews or agency:
        _in_the_name_of(row, holders.held_by(account, authority), renews=renews, agency=agency)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as clash:
        raise errors.DuplicateRecord(
            "a renewal of this licence is under way already", field="renews"
        ) from clash
    ApplicationDraft.objects.create(application=row, content={}, saved_at=at)
    opened = cases.Case(
        row, (), applying.Standing(State.DRAFT, at), records.current_policy(office.pk, at=at), at
    )
    facts = {
        "number": row.number,
        "kind": row.kind,
        "authority": authority,
        "renews": renews,
        "agency": row.agency.number if row.agency else "",
    }
    events.add(opened, applying.STEPS[Action.OPEN], by=Party.APPLICANT, facts=facts)
    once.keep({"number": row.number})
    return row.number


def _in_the_name_of(row: Application, held: Mapping[str, Agency], *, renews: str, agency: str) -> None:
    """Make it an application of an agency that the account acts for."""
    if renews:
        licence = (
            Licence.objects.filter(number=renews, agency__in=held.values()).select_related("agency").first()
        )
        if licence is None:
            raise errors.LicenceNotFound("you hold no such licence here", field="renews")
        row.kind, row.licence, row.licence_class = applying.RENEWAL, licence, licence.licence_class
        row.agency = licence.agency
    elif agency in held:
        row.agency = held[agency]
    else:
        raise errors.AgencyNotFound("you act for no such agency here", field="agency")
    row.legal_name, row.locality = row.agency.legal_name, row.agency.locality


@transaction.atomic(durable=True)
def save(
    number: str, section: str, sent: object, *, account: str, at: datetime
) -> tuple[particulars.Fault, ...]:
    """Save a section as typed, whatever is wrong in it; what is wrong in it.

    A paper's number is kept as HMAC alone: ``document`` of a person becomes ``document_hmac`` before it is stored.
    """
    row = _with_applicant(number, account, at=at)
    draft = ApplicationDraft.objects.select_for_update().get(application=row)
    if section == "people":
        sent = _without_papers(sent, draft.content.get("people") or [])
    draft.content = {**draft.content, section: particulars.kept(section, sent)}
    draft.saved_at = at
    draft.save()
    return tuple(fault for fault in _faults(row, draft, at=at) if fault.section == section)


@transaction.atomic(durable=True)
def may_attach(number: str, *, account: str, at: datetime) -> None:
    """Refuse before a paper is read what :func:`attach` would refuse after it."""
    _room(_with_applicant(number, account, at=at))


@transaction.atomic(durable=True)
def attach(
    number: str, kind: str, *, name: str, media_type: str, size: int, sha256: str, stored_as: str, account: str,
    at: datetime,
) -> str:  # fmt: skip
    """Note a paper that the edge has checked and stored; its random reference."""
    row = _with_applicant(number, account, at=at)
    if kind not in particulars.DOCUMENTS:
        raise errors.BadInput("say what this paper is", field="kind")
    _room(row)
    made = ApplicationDocument.objects.create(
        reference=secrets.token_urlsafe(18),
        application=row,
        kind=kind,
        name=name[:200],
        media_type=media_type,
        size=size,
        sha256=sha256,
        stored_as=stored_as,
        added_at=at,
    )
    return made.reference


@transaction.atomic(durable=True)
def detach(number: str, reference: str, *, account: str, at: datetime) -> str:
    """Take a paper out again that was not sent yet; under which name its bytes were stored."""
    row = _with_applicant(number, account, at=at)
    found = ApplicationDocument.objects.filter(application=row, reference=reference, sent=False).first()
    if found is None:
        raise errors.ApplicationNotFound("there is no such paper", field="reference")
    stored = found.stored_as
    found.delete()
    return stored


@transaction.atomic(durable=True)
def submit(number: str, *, account: str, at: datetime, idempotency_key: str) -> None:
    """Send the application: it is complete, or refused with all that it lacks."""
    once = Once(_actor(account), idempotency_key, "submit", {"number": number}, at)
    if once.outcome() is not None:
        return
    row = _own(number, account)
    found = cases.case(row, at=at)
    step = cases.admit(found, Action.SUBMIT)
    draft = ApplicationDraft.objects.select_for_update().get(application=row)
    if lacks := _faults(row, draft, at=at):
        raise errors.ApplicationIncomplete(
            "the application is not complete", lacks=[asdict(fault) for fault in lacks]
        )
    _not_held_already(row, draft, at=at)
    papers = list(row.documents.order_by("pk"))
    said = {
        "content": draft.content,
        "documents": [stated(one) for one in papers],
    }
    row.documents.filter(sent=False).update(sent=True)
    for column, value in named(draft.content).items():
        setattr(row, column, value)
    row.submitted_at = row.submitted_at or at
    commit = ledger.Commit()
    facts = officers.filed(found, commit) if row.kind == applying.RENEWAL else {}
    events.add(found, step, by=Party.APPLICANT, facts=facts, said=said)
    once.keep({})
    _told(commit, at=at)


@transaction.atomic(durable=True)
def withdraw(number: str, *, account: str, at: datetime, idempotency_key: str) -> None:
    """Take the application back; what was sent stays on record."""
    _say(number, Action.WITHDRAW, "", account=account, at=at, idempotency_key=idempotency_key)


@transaction.atomic(durable=True)
def represent(number: str, text: str, *, account: str, at: datetime, idempotency_key: str) -> None:
    """Answer the letter that says why the authority is minded to refuse, until the last day it names."""
    _say(number, Action.REPRESENT, text, account=account, at=at, idempotency_key=idempotency_key)


@transaction.atomic(durable=True)
def appeal(number: str, text: str, *, account: str, at: datetime, idempotency_key: str) -> None:
    """Appeal against the refusal, until the last day that it names."""
    _say(number, Action.APPEAL, text, account=account, at=at, idempotency_key=idempotency_key)


@transaction.atomic(durable=True)
def object_to(
    number: str, *, text: str, name: str = "", contact: str = "", at: datetime, idempotency_key: str
) -> None:
    """Somebody objects while the public is asked; who they are is theirs to say, and for officers alone to read."""
    anybody = Actor(Party.ANYBODY, None, frozenset())
    once = Once(anybody, idempotency_key, "object", {"number": number, "text": text}, at)
    if once.outcome() is not None:
        return
    row = events.locked(number)
    found = cases.case(row, at=at)
    if not found.standing.called:
        raise errors.ApplicationNotFound("no application has this number", number=number)
    step = cases.admit(found, Action.OBJECT)
    if sum(event.action is Action.OBJECT for event in found.events) >= MOST_OBJECTIONS:
        raise errors.BadInput("very many have objected already", field="text")
    said = {"text": _answer(text), "name": name.strip()[:200], "contact": contact.strip()[:200]}
    events.add(found, step, by=Party.ANYBODY, said=said)
    once.keep({})


def expire(*, at: datetime) -> int:
    """Bring the lists up to what time alone has done; how many applications. Late is harmless: readers fold."""
    late = Application.objects.filter(state=State.INCOMPLETE, due_at__lte=at).values_list("number", flat=True)
    moved = 0
    for number in list(late):
        with transaction.atomic():
            row = events.locked(number)
            now = cases.case(row, at=at).standing
            if (row.state, row.due_at) != (now.state.value, now.due):
                events.project(row, now)
                moved += 1
    return moved


@transaction.atomic(durable=True)
def forget(number: str, *, at: datetime, erase: Callable[[str], None]) -> bool:
    """Forget a draft that nobody wrote in for the policy's days, and papers never sent; whether there was anything.

    ``erase`` takes the name under which a paper's bytes are stored, and runs before the commit: where it fails, all
    stays and is tried again. What was sent is part of the record and stays.
    """
    row = events.locked(number)
    found = cases.case(row, at=at)
    draft = ApplicationDraft.objects.select_for_update().get(application=row)
    if found.standing.state is State.DRAFT:
        if draft.saved_at + timedelta(days=found.policy.draft_days) > at:
            return False
        events.add(found, applying.STEPS[Action.FORGET], by=Party.CLOCK)
    elif found.standing.state not in applying.ENDED:
        return False
    papers = row.documents.filter(sent=False)
    stored = list(papers.values_list("stored_as", flat=True))
    papers.delete()
    if row.submitted_at is None:
        draft.content = {}
        draft.save()
    for name in stored:
        erase(name)
    return True


def forgettable(*, at: datetime) -> list[str]:
    """The applications of which :func:`forget` may have something to forget, the oldest first."""
    ended = Application.objects.filter(state__in=applying.ENDED)
    papers = ApplicationDocument.objects.filter(sent=False, application__state__in=applying.ENDED)
    found = set(papers.values_list("application__number", flat=True))
    found |= set(ended.filter(submitted_at=None).exclude(draft__content={}).values_list("number", flat=True))
    return sorted(found | {one.number for one in drafts(at=at)})


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft, whose it is, and when it is forgotten unless somebody writes in it."""

    number: str
    account: str
    forgotten_at: datetime
    zone: str


def drafts(*, at: datetime, before: datetime | None = None) -> list[Draft]:
    """The drafts that are forgotten by ``before`` (by ``at``) unless somebody writes in them, the first at the top."""
    found = []
    for office in Authority.objects.filter(kind="licensing"):
        kept = timedelta(days=records.current_policy(office.pk, at=at).draft_days)
        rows = ApplicationDraft.objects.filter(
            application__state=State.DRAFT, application__authority=office, saved_at__lte=(before or at) - kept
        )
        found += [
            Draft(row.application.number, row.application.account, row.saved_at + kept, office.zone)
            for row in rows.select_related("application")
        ]
    return sorted(found, key=lambda one: (one.forgotten_at, one.number))


def stated(paper: ApplicationDocument) -> dict[str, Any]:
    """A paper as it is stated in what is sent, and compared with afterwards."""
    return {
        "reference": paper.reference,
        "kind": paper.kind,
        "name": paper.name,
        "media_type": paper.media_type,
        "size": paper.size,
        "sha256": paper.sha256,
        "stored_as": paper.stored_as,
        "added_at": paper.added_at.isoformat(),
    }


def named(content: Mapping[str, Any]) -> dict[str, str]:
    """What an application says about the columns that lists are read by."""
    agency, scope = content.get("agency") or {}, content.get("scope") or {}
    found: dict[str, str] = {}
    if agency.get("legal_name"):
        found["legal_name"] = contacts.name(agency["legal_name"])
    if agency.get("locality"):
        found["locality"] = " ".join(agency["locality"].split())
    if scope.get("licence_class"):
        found["licence_class"] = numbering.class_letter(scope["licence_class"])
    return found


def _say(number: str, action: Action, text: str, *, account: str, at: datetime, idempotency_key: str) -> None:
    once = Once(_actor(account), idempotency_key, action.value, {"number": number, "text": text}, at)
    if once.outcome() is not None:
        return
    row = _own(number, account)
    found = cases.case(row, at=at)
    step = cases.admit(found, action)
    said = {"text": _answer(text)} if step.needs else None
    commit = ledger.Commit()
    facts = officers.appeal_filed(found, HOLDER, commit) if action is Action.APPEAL else {}
    events.add(found, step, by=Party.APPLICANT, facts=facts, said=said)
    once.keep({})
    _told(commit, at=at)


def _told(commit: ledger.Commit, *, at: datetime) -> None:
    """Wake whoever tells of it, and number what was entered, as the transaction's last act."""
    news.put()
    if commit.count:
        commit.close(by=HOLDER, at=at)


def _room(row: Application) -> None:
    if row.documents.count() >= MOST_DOCUMENTS:
        raise errors.BadInput("at most {most} papers", field="file", most=MOST_DOCUMENTS)


def _faults(row: Application, draft: ApplicationDraft, *, at: datetime) -> tuple[particulars.Fault, ...]:
    letter = str((draft.content.get("scope") or {}).get("licence_class") or "")
    policy = records.current_policy(row.authority_id, at=at)
    return particulars.faults(
        draft.content,
        list(row.documents.values_list("kind", flat=True)),
        secured=policy.security_for(letter) is not None,
        renewal=row.kind == applying.RENEWAL,
        known=row.agency_id is not None,
    )


def _not_held_already(row: Application, draft: ApplicationDraft, *, at: datetime) -> None:
    """Refuse an agency's application for a class of which it has a licence: that is renewed."""
    if row.kind == applying.RENEWAL or row.agency is None:
        return
    letter = named(draft.content).get("licence_class", "")
    held = Licence.objects.filter(agency=row.agency, licence_class=letter, renumbered_to=None).order_by(
        "number"
    )
    if any(licensing.state(licence, at=at) in _HELD for licence in held):
        raise errors.DuplicateRecord("the agency has a licence of this class", field="licence_class")


def _own(number: str, account: str) -> Application:
    """The account's own application, locked; of an agency's only while the account acts for the agency.

    An application that was granted may be of an agency that the account acts for no more: nothing is filed in it.
    """
    row = events.locked(number)
    if row.account != account:
        raise errors.ApplicationNotFound("no application has this number", number=number)
    if (
        row.agency is not None
        and row.state != State.GRANTED
        and not lookup.acts_for(account, row.agency.number)
    ):
        raise errors.HolderNotAllowed("the account does not act for the agency any more", why="ended")
    return row


def _with_applicant(number: str, account: str, *, at: datetime) -> Application:
    """The account's own application, while it is the applicant's to write."""
    row = _own(number, account)
    state = cases.case(row, at=at).standing.state
    if state not in applying.WITH_APPLICANT:
        raise errors.ApplicationStepNotAllowed(
            "the application is before the authority", action="save", state=state.value
        )
    return row


def _without_papers(sent: object, before: Sequence[Mapping[str, str]]) -> object:
    """People with the numbers of their papers as HMAC; one not typed again stays as it was in the row ``was``."""
    if not isinstance(sent, list):
        return sent
    held = {str(place): person for place, person in enumerate(before)}
    found = []
    for person in sent:
        told = dict(person) if isinstance(person, Mapping) else {}
        told.pop("document_hmac", None)
        paper, was = told.pop("document", ""), str(told.pop("was", ""))
        if isinstance(paper, str) and paper.strip():
            told["document_hmac"] = agencies.keyed(paper)
        elif was in held and any(str(text).strip() for text in told.values()):
            told["document_hmac"] = held[was].get("document_hmac", "")
        found.append(told)
    return found


def _answer(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise errors.BadInput("say something", field="text")
    if len(text) > LONGEST_ANSWER or "\x00" in text:
        raise errors.BadInput("at most {most} characters", field="text", most=LONGEST_ANSWER)
    return text.strip()


def _actor(account: str) -> Actor:
    """Who acts, for the idempotency of what they send."""
    return Actor(account, None, frozenset())


def _next_number() -> str:
    kind = numbering.Kind.APPLICATION
    return str(ledger.next_number(kind.value, lambda after: numbering.next_reference(kind, after=after)))
