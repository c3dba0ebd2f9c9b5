"""Letters by e-mail to applicants and to holders: what happened, until when they may act, and the way to the page.

A mail leads to the page and says no more: reasons, findings and decisions are read behind the second factor. What
happened to an application is read from its events, which are written with the step itself, so nothing is lost between
the two and nobody is told of what was not done; each event becomes one mail to one address. Links that open something
are made as they are sent and stand in no table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from api import phrases
from api.models import Mail, Outbox, User
from api.outbound import post
from api.pages import written
from api.phrases import mark as _
from registry import holders
from registry.admission import applicants, reading
from registry.admission.reading import Heard
from registry.rules import days
from verification import live_codes

_OVERLAP: Final = timedelta(hours=1)
"""How much longer than a transaction may run: events that were committed late are still found."""
_INSTANT: Final = timedelta(microseconds=1)
_STALE: Final = timedelta(days=7)
"""A letter that could not be sent for so long is not sent any more."""
_BEFORE_FORGETTING: Final = timedelta(days=7)
_BEFORE_LAPSING: Final = timedelta(days=14)
_ACCOUNT: Final = frozenset({"confirm", "password"})
"""Letters about an account, to an address that need not be confirmed yet."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a letter says: its subject and its paragraphs, in English; ``route`` is the page that it leads to."""

    subject: str
    says: tuple[str, ...]
    route: str = "apply-application"


_WAITS = _("A letter of the authority waits for you on the page of your application.")
WORDINGS: Final[Mapping[str, Wording]] = {
    "confirm": Wording(
        _("Confirm your address"),
        (
            _("An account was opened with this address, to apply for a licence to recruit workers."),
            _("If it was you, open this page within three days:"),
            _("If it was not you, do nothing: without this page no application can be sent from the account."),
        ),
        route="apply-confirm",
    ),
    "password": Wording(
        _("A new password"),
        (
            _("Somebody asked for a new password for the account with this address."),
            _("If it was you, open this page within three days:"),
            _("If it was not you, do nothing: the password stays as it is."),
        ),
        route="apply-new-password",
    ),
    "submit": Wording(
        _("%(number)s: your application was received"),
        (
            _("The authority has received your application. You are told of every step."),
            _("An application gives no right to recruit."),
        ),
    ),
    "record_fee": Wording(
        _("%(number)s: the fee was received"), (_("The fee for your application is recorded as paid."),)
    ),
    "ask": Wording(
        _("%(number)s: something is missing"),
        (_WAITS, _("It says what is missing. Answer it by %(day)s.")),
    ),
    "lapsing": Wording(
        _("%(number)s: your application is about to lapse"),
        (
            _("The letter that says what is missing is not answered yet."),
            _("Without an answer the application lapses after %(day)s."),
        ),
    ),
    "order_inspection": Wording(
        _("%(number)s: your premises are to be inspected"),
        (_("Inspectors will see the premises before the authority decides."),),
    ),
    "order_inspection_on": Wording(
        _("%(number)s: your premises are to be inspected"),
        (_("Inspectors will see the premises on %(day)s, before the authority decides."),),
    ),
    "call_for_objections": Wording(
        _("%(number)s: the public may object"),
        (_("Your application is published. Anyone may object until %(day)s."),),
    ),
    "serve_notice": Wording(
        _("%(number)s: the authority is minded to refuse"),
        (_WAITS, _("Nothing is decided yet. You may answer until %(day)s.")),
    ),
    "refuse": Wording(
        _("%(number)s: your application was refused"),
        (_WAITS, _("It gives the reasons. You may appeal until %(day)s.")),
    ),
    "grant": Wording(
        _("%(number)s: your application was granted"),
        (
            _("The authority has granted your application."),
            _("You may recruit when the register says that the licence is in force, and not before."),
        ),
    ),
    "appeal": Wording(
        _("%(number)s: your appeal was received"),
        (_("The authority has received your appeal. The refusal stands until it is decided."),),
    ),
    "allow_appeal": Wording(
        _("%(number)s: your appeal was allowed"),
        (_WAITS, _("The refusal is set aside and your application is under review again.")),
    ),
    "dismiss_appeal": Wording(
        _("%(number)s: your appeal was dismissed"), (_WAITS, _("The refusal stands."))
    ),
    "forgetting": Wording(
        _("%(number)s: your draft will be deleted"),
        (
            _("Nobody has written in this draft for long."),
            _("On %(day)s it is deleted with its documents, unless you go on."),
        ),
    ),
    "forget": Wording(
        _("%(number)s: your draft was deleted"),
        (
            _("Nobody had written in this draft for long."),
            _("It was deleted with its documents. You may begin a new one."),
        ),
    ),
    "show_cause": Wording(
        _("%(number)s: the authority asks you to show cause"),
        (
            _("The authority has served a notice about your licence. Nothing is decided yet."),
            _("You may answer until %(day)s."),
        ),
        route="apply-licence",
    ),
    "holder_asked": Wording(
        _("%(number)s: somebody asks to act for your agency"),
        (
            _("Somebody has asked the authority to act for your agency in the register."),
            _("Whoever acts for it reads the letters of the authority, answers them and applies."),
            _("Two officers judge it. If you do not know of it, tell the authority now."),
        ),
        route="apply-home",
    ),
    "holder_connected": Wording(
        _("%(number)s: an account acts for your agency"),
        (
            _("Two officers have connected an account with your agency in the register."),
            _("If you do not know of it, tell the authority now: one officer ends it at once."),
        ),
        route="apply-home",
    ),
    "live_enrolled": Wording(
        _("%(number)s: somebody shows live codes for your agency"),
        (
            _("An account was enrolled as a person of your agency. It now shows six digits that change every minute."),
            _("Workers who hear them are told that this person works for your agency."),
            _("If you do not know of it, end it on the page of your licence, and tell the authority now."),
        ),
        route="apply-home",
    ),
}  # fmt: skip
_TO_HOLDERS: Final = frozenset({"show_cause", "holder_asked", "holder_connected", "live_enrolled"})
#: The deadline that each letter names.
_NAMES_DAY: Final[Mapping[str, str]] = {
    "ask": "answer_until",
    "call_for_objections": "objections_until",
    "serve_notice": "represent_until",
    "refuse": "appeal_until",
}
_AS: Final[Mapping[str, str]] = {"record_appeal": "appeal"}
"""What is told in the words of another."""


def confirm_address(user: User, *, at: datetime) -> None:
    """Write the letter with which an applicant confirms the address; in the caller's transaction."""
    _write(f"confirm:{user.pk}:{at.timestamp():.0f}", "confirm", user, at=at)


def new_password(user: User, *, at: datetime) -> None:
    """Write the letter that leads to a new password; in the caller's transaction."""
    _write(f"password:{user.pk}:{at.timestamp():.0f}", "password", user, at=at)


def refresh(*, at: datetime) -> int:
    """Write the letters about what happened since, and send what is due; how many were sent."""
    connection = post.connected()
    if connection is None:
        return 0
    _gather(at=at)
    return post.send(Mail, partial(_letter, at=at), connection, at=at)


def log(about: str, *, limit: int = 50) -> list[Mail]:
    """What was or will be sent about an application or a licence, the newest first."""
    return list(Mail.objects.filter(about=about).order_by("-pk")[:limit])


# --- what is to be sent ------------------------------------------------------------------------------------------


@transaction.atomic
def _gather(*, at: datetime) -> None:
    """Turn events into letters, and add those that only time asks for; whatever was written before is left alone."""
    Outbox.objects.get_or_create(pk=1, defaults={"sequence": 0})
    place = Outbox.objects.select_for_update().get(pk=1)
    since = min(place.gathered_at or at, at) - _OVERLAP
    told = [*_of_events(since), *_of_time(at)]
    owners = _owners(one.account for one in told)
    rows = [
        _row(one.occasion, one.kind, owners[one.account], at=at, about=one.number, day=one.day)
        for one in told
        if one.account in owners
    ]
    rows += list(_of_holders(since, at=at))
    Mail.objects.bulk_create(rows, ignore_conflicts=True)
    place.gathered_at = at
    place.save(update_fields=["gathered_at"])


@dataclass(frozen=True, slots=True)
class _Told:
    """Something to tell the owner of an account: on which occasion, in which words, of which application and day."""

    occasion: str
    kind: str
    account: str
    number: str
    day: date | None


def _of_events(since: datetime) -> Iterator[_Told]:
    """What happened to applications."""
    for one in reading.heard(since=since):
        kind = _kind(one)
        if kind in WORDINGS:
            day = one.on if kind == "order_inspection_on" else one.day(_NAMES_DAY.get(kind, ""))
            yield _Told(f"{one.number}:{one.ordinal}", kind, one.account, one.number, day)


def _of_holders(since: datetime, *, at: datetime) -> Iterator[Mail]:
    """What is told to the accounts that act for an agency, and to its official addresses."""
    enrolled = holders.to_tell_of("live_enrolled", live_codes.accepted(since=since))
    for one in [*holders.to_tell(since=since), *enrolled]:
        users = _owners(one.accounts)
        chosen = next((user.language for user in users.values()), "en")
        told = {user.email.lower(): user.language for user in users.values()}
        told |= {address.lower(): chosen for address in one.emails if address.lower() not in told}
        day = days.local_day(one.until - _INSTANT, one.zone) if one.until else None
        for address, language in told.items():
            yield Mail(
                occasion=f"{one.agency}:{one.kind}:{one.key}", kind=one.kind, address=address, language=language,
                about=one.licence or one.agency, created_at=at, due_at=at,
                facts={"day": day.isoformat() if day else "", "user": 0},
            )  # fmt: skip


def _of_time(at: datetime) -> Iterator[_Told]:
    """What time alone will do, told before it does."""
    for asked in reading.lapsing(before=at + _BEFORE_LAPSING, at=at):
        occasion = f"{asked.number}:lapses:{asked.ordinal}"
        yield _Told(occasion, "lapsing", asked.account, asked.number, asked.day("lapses_at"))
    for idle in applicants.drafts(at=at, before=at + _BEFORE_FORGETTING):
        day = days.local_day(idle.forgotten_at, idle.zone)
        yield _Told(f"{idle.number}:idle:{day}", "forgetting", idle.account, idle.number, day)


def _kind(one: Heard) -> str:
    if one.action == "order_inspection" and one.on:
        return "order_inspection_on"
    return _AS.get(one.action, one.action)


def _owners(accounts: Iterable[str]) -> dict[str, User]:
    """Whose the accounts are; nobody whose address is not confirmed."""
    keys = {int(one.rpartition("-")[2]) for one in set(accounts) if one.rpartition("-")[2].isdecimal()}
    confirmed = EmailAddress.objects.filter(user_id__in=keys, verified=True).select_related("user")
    return {f"APPLICANT-{one.user_id}": one.user for one in confirmed}


def _write(occasion: str, kind: str, user: User, *, at: datetime) -> None:
    Mail.objects.bulk_create([_row(occasion, kind, user, at=at)], ignore_conflicts=True)


def _row(
    occasion: str, kind: str, user: User, *, at: datetime, about: str = "", day: date | None = None
) -> Mail:
    return Mail(
        occasion=occasion, kind=kind, address=user.email, about=about, language=user.language, created_at=at, due_at=at,
        facts={"day": day.isoformat() if day else "", "user": user.pk},
    )  # fmt: skip


# --- what it says ------------------------------------------------------------------------------------------------


def _letter(row: Mail, connection: BaseEmailBackend, *, at: datetime) -> EmailMessage | None:
    """The letter; nothing where it comes too late or is about an account that is no more."""
    address = _page(row) if row.created_at + _STALE > at else ""
    if not address:
        return None
    wording, language = WORDINGS[row.kind], phrases.known(row.language)
    with override(language):
        day = written.stated(row.facts["day"]) if row.facts.get("day") else ""
    places = {"number": row.about, "day": day}
    paragraphs = [phrases.say(text, language, **places) for text in wording.says]
    if row.kind in _ACCOUNT:
        paragraphs.insert(2, address)
    else:
        paragraphs.append(f"{phrases.say(READ, language)}\n{address}")
    why = WHY_ACCOUNT if row.kind in _ACCOUNT else WHY_HOLDER if row.kind in _TO_HOLDERS else WHY
    closing = phrases.say(why, language)
    body = "\n\n".join([*paragraphs, closing])
    subject = phrases.say(wording.subject, language, **places)
    return post.message(row, f"{row.occasion.replace(':', '.')}.{row.pk}", subject, body, connection)


READ: Final = _("Sign in and read it here:")
WHY: Final = _(
    "You get this because you applied to the authority with this address. Do not answer this mail."
)
WHY_HOLDER: Final = _(
    "You get this because this is an official address of the agency, or acts for it. Do not answer it."
)
WHY_ACCOUNT: Final = _("You get this because somebody typed this address. Do not answer this mail.")


def _page(row: Mail) -> str:
    """Where the letter leads; nothing where there is nothing to open any more."""
    route = WORDINGS[row.kind].route
    arguments: tuple[str, ...] = ()
    if row.kind in _ACCOUNT:
        user = User.objects.filter(pk=row.facts.get("user", 0), is_active=True).first()
        if user is None or not (arguments := _LINKS[row.kind](user)):
            return ""
    elif route != "apply-home":
        arguments = (row.about,)
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}{reverse(route, args=arguments)}"


def _confirmation(user: User) -> tuple[str, ...]:
    waiting = EmailAddress.objects.filter(user=user, email=user.email, verified=False).first()
    return (EmailConfirmationHMAC(waiting).key,) if waiting else ()


def _password(user: User) -> tuple[str, ...]:
    return user_pk_to_url_str(user), default_token_generator.make_token(user)


_LINKS: Final[Mapping[str, Callable[[User], tuple[str, ...]]]] = {
    "confirm": _confirmation,
    "password": _password,
}
