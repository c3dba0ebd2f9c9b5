"""The law's table in words: what each step is called, who takes it, when it has effect, and why it is not open now."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from api.desk import parts
from api.pages import written
from registry import changes
from registry.licensing import ProposalRecord
from registry.outlook import Closed, Option
from registry.rules.duties import Duty
from registry.rules.lifecycle import Action, Effect, Kind, Role, Step

#: What an officer does, in the order of the table.
TITLES: Final[Mapping[Action, str]] = {
    Action.GRANT: _("Grant the licence"),
    Action.ADOPT: _("Take it over from the list"),
    Action.ACTIVATE: _("Bring it into force"),
    Action.VARY: _("Change scope, class or conditions"),
    Action.SURVEIL: _("Put the holder under surveillance"),
    Action.END_SURVEILLANCE: _("End the surveillance"),
    Action.SUSPEND_PREVENTIVE: _("Suspend at once, while you inquire"),
    Action.SUSPEND_EMERGENCY: _("Suspend in an emergency, alone"),
    Action.RATIFY: _("Ratify the emergency suspension"),
    Action.CONFIRM: _("Confirm the suspension after the hearing"),
    Action.SUSPEND_ADMINISTRATIVE: _("Suspend until papers are in order"),
    Action.SUSPEND_DISCIPLINARY: _("Suspend as a penalty"),
    Action.RESTRICT: _("Cut countries or occupations out"),
    Action.LIFT: _("Lift a suspension or restriction"),
    Action.EXTEND: _("Extend a suspension"),
    Action.REVOKE: _("Revoke the licence"),
    Action.VOID: _("Annul the licence"),
    Action.CANCEL: _("Cancel the licence without fault"),
    Action.SURRENDER: _("Accept that the holder gives it up"),
    Action.FILE_RENEWAL: _("Record that a renewal was filed"),
    Action.RENEW: _("Renew the licence"),
    Action.REFUSE_RENEWAL: _("Refuse the renewal"),
    Action.RENEW_LATE: _("Renew it late"),
    Action.SET_ASIDE: _("Record that a decision is set aside"),
    Action.FILE_APPEAL: _("Record an appeal"),
    Action.END_APPEAL: _("Record that an appeal has ended"),
    Action.STAY: _("Record a stay"),
    Action.END_STAY: _("Record that a stay has ended"),
    Action.CORRECT: _("Correct a wrong entry"),
    Action.DEBAR: _("Bar the agency"),
    Action.WARN: _("Warn in writing"),
    Action.ENTER_DEMERIT: _("Enter demerit points"),
    Action.FINE: _("Fine the holder"),
    Action.ORDER_REPAYMENT: _("Order workers to be paid back"),
    Action.MEET_CONDITION: _("Record that conditions are met"),
    Action.CONFIRM_SECURITY: _("Record a confirmed security"),
    Action.DRAW_SECURITY: _("Record a payment out of the security"),
    Action.SHOW_CAUSE: _("Record a notice to show cause"),
    Action.REPRESENT: _("Record the holder's answer"),
    Action.HEAR: _("Record a hearing"),
    Action.PERFORM: _("Record that a duty was done"),
    Action.PAY: _("Record a payment"),
}

#: What each step does, in a sentence; the law's own words (``Step.summary``) for whoever looks for them in the table.
SENTENCES: Final[Mapping[Action, str]] = {
    Action.GRANT: _("The licence is granted; it waits for its security and its first day."),
    Action.ADOPT: _("A licence known only from a list becomes one of your register."),
    Action.ACTIVATE: _("The security is confirmed; the licence is good from its first day."),
    Action.VARY: _("What the licence is good for, its class or its conditions become others."),
    Action.SURVEIL: _("The points have reached the threshold; the holder is watched."),
    Action.END_SURVEILLANCE: _("The points are below the threshold again and the months have run."),
    Action.SUSPEND_PREVENTIVE: _(
        "An interim measure against danger, not a finding. It lapses unless it is confirmed."
    ),
    Action.SUSPEND_EMERGENCY: _("You alone stop imminent harm. It lapses in days unless it is ratified."),
    Action.RATIFY: _("The registrar makes an emergency suspension the authority's own."),
    Action.CONFIRM: _("After the hearing the interim suspension stays and no longer lapses."),
    Action.SUSPEND_ADMINISTRATIVE: _(
        "Something that the law asks for is missing; it lifts when that is cured."
    ),
    Action.SUSPEND_DISCIPLINARY: _("A punishment of one to twelve months, after notice and hearing."),
    Action.RESTRICT: _("The licence stays good for the rest."),
    Action.LIFT: _("One measure ends; the licence stands again when all have."),
    Action.EXTEND: _("A suspension with a last day is made longer, to twelve months in all."),
    Action.REVOKE: _("The licence is taken away for cause, for ever."),
    Action.VOID: _("It was obtained by fraud and counts as never given."),
    Action.CANCEL: _("It ends without fault: the company is dissolved, insolvent or dormant."),
    Action.SURRENDER: _("The holder ends it, with a plan for workers in process."),
    Action.FILE_RENEWAL: _("In time, the licence stays in force until it is decided."),
    Action.RENEW: _("A further term under the same number."),
    Action.REFUSE_RENEWAL: _("The licence ends with its term."),
    Action.RENEW_LATE: _("Within the days of grace; the gap stays visible."),
    Action.SET_ASIDE: _("An appeal has succeeded; from now, or from the beginning."),
    Action.FILE_APPEAL: _("Once against a decision; where the law says so the decision waits."),
    Action.END_APPEAL: _("It was dismissed or withdrawn."),
    Action.STAY: _("The appeals body holds a decision back."),
    Action.END_STAY: _("The decision has effect again."),
    Action.CORRECT: _(
        "A wrong entry is marked corrected, never deleted; everybody who was told is told again."
    ),
    Action.DEBAR: _("Every licence of the agency ends with the bar."),
    Action.WARN: _("A written warning, with two points."),
    Action.ENTER_DEMERIT: _("Points are entered in the ledger; the public does not read them."),
    Action.FINE: _("An amount to be paid to the authority, with four points."),
    Action.ORDER_REPAYMENT: _("An amount to be paid back to workers, with eight points."),
    Action.MEET_CONDITION: _("The conditions that an entry set are met."),
    Action.CONFIRM_SECURITY: _("What this issuer holds, until a day; its newest word counts."),
    Action.DRAW_SECURITY: _("It is to be filled up again."),
    Action.SHOW_CAUSE: _("What you mean to decide and why; the holder may answer. Never public."),
    Action.REPRESENT: _("What the holder said to a notice. Never public."),
    Action.HEAR: _("Who was heard and what was said. Never public."),
    Action.PERFORM: _("What a suspension, a restriction or a revocation makes the holder do."),
    Action.PAY: _("A fine or a repayment, wholly or in part."),
}

EFFECTS: Final[Mapping[Effect, str]] = {
    Effect.IMMEDIATE: _("at once"),
    Effect.NEXT_DAY: _("from the next day"),
    Effect.NEXT_WORKING_DAY: _("from the next working day"),
    Effect.STATED: _("at once, or from the day you state"),
    Effect.AFTER_APPEAL: _("after the time to appeal, or at once where you say so"),
    Effect.AFTER_STAY: _("at once, or some working days after a stay by the appeal"),
    Effect.GRANT_DATE: _("back to the day of the grant"),
}

DEADLINES: Final[Mapping[str, str]] = {
    "appeal_until": _("The holder may appeal until"),
    "ratify_by": _("Lapses unless ratified by"),
    "confirm_by": _("Lapses unless confirmed by"),
    "activate_by": _("Lapses unless brought into force by"),
    "replenish_by": _("The security is to be filled up by"),
    "grace_until": _("May be renewed late until"),
    "deemed_until": _("Deemed in force until"),
    "watched_until": _("Watched until"),
    "points_until": _("The points count until"),
    "hear_by": _("The holder is to be heard by"),
    "represent_by": _("The holder may answer until"),
    "pay_by": _("To be paid by"),
}

DUTIES: Final[Mapping[Duty, str]] = {
    Duty.STOP_ADVERTS: _("Take every advertisement down"),
    Duty.RETURN_PASSPORTS: _("Give passports and papers back to workers"),
    Duty.TELL_WORKERS: _("Tell customers and workers in process"),
    Duty.REFUND: _("Pay workers back what they paid"),
    Duty.LIST_PIPELINE: _("Hand in the list of workers in process"),
    Duty.END_PIPELINE: _("End the departures that were approved one by one"),
}

#: Where the desk groups a step: what one came to do.
GROUPS: Final = (
    (
        _("Hear the holder"),
        (Action.SHOW_CAUSE, Action.REPRESENT, Action.HEAR),
    ),
    (
        _("Stop or limit"),
        (
            Action.SUSPEND_PREVENTIVE, Action.SUSPEND_EMERGENCY, Action.SUSPEND_ADMINISTRATIVE,
            Action.SUSPEND_DISCIPLINARY, Action.RESTRICT, Action.RATIFY, Action.CONFIRM, Action.EXTEND, Action.SURVEIL,
        ),
    ),
    (
        _("Lift or end a measure"),
        (Action.LIFT, Action.END_SURVEILLANCE, Action.MEET_CONDITION, Action.PERFORM),
    ),
    (_("Sanction"), (Action.WARN, Action.ENTER_DEMERIT, Action.FINE, Action.ORDER_REPAYMENT, Action.PAY)),
    (_("End the licence"), (Action.REVOKE, Action.VOID, Action.CANCEL, Action.SURRENDER, Action.DEBAR)),
    (
        _("Give, change or renew"),
        (
            Action.GRANT, Action.ADOPT, Action.ACTIVATE, Action.VARY, Action.FILE_RENEWAL, Action.RENEW,
            Action.REFUSE_RENEWAL, Action.RENEW_LATE, Action.CONFIRM_SECURITY, Action.DRAW_SECURITY,
        ),
    ),
    (
        _("Appeals, stays, corrections"),
        (
            Action.FILE_APPEAL, Action.STAY, Action.END_STAY, Action.END_APPEAL, Action.SET_ASIDE, Action.CORRECT,
        ),
    ),
)  # fmt: skip


#: What an officer does who changes an agency's records, which is no step of a licence.
CHANGES: Final[Mapping[changes.Kind, str]] = {
    changes.Kind.AGENCY: _("Change the agency's record"),
    changes.Kind.TRADING_NAME: _("Add a trading name"),
    changes.Kind.CHANNEL: _("Add an official channel"),
    changes.Kind.END_CHANNEL: _("End an official channel"),
    changes.Kind.OFFICE: _("Open an office"),
    changes.Kind.AMEND_OFFICE: _("Change an office"),
    changes.Kind.APPOINTMENT: _("Appoint a person"),
    changes.Kind.END_APPOINTMENT: _("End an appointment"),
    changes.Kind.PHOTOGRAPH: _("Change a photograph"),
}


def proposed(found: ProposalRecord) -> str:
    """What would be done by a proposal."""
    return gettext(CHANGES[found.change.kind]) if found.change else title(found.action)


def title(action: str) -> str:
    """What an officer does by it."""
    return gettext(TITLES[Action(action)])


def sentence(step: Step) -> str:
    """What it does."""
    return gettext(SENTENCES[step.action])


def needs(option: Option) -> str:
    """Officers, notice, effect and appeal in one quiet line."""
    step = option.step
    found = [officers(step)]
    if option.notice_days:
        found.append(
            ngettext("%(n)s day of notice", "%(n)s days of notice", option.notice_days)
            % {"n": option.notice_days}
        )
    if step.kind is not Kind.FILING:
        found.append(gettext("effect: %(when)s") % {"when": gettext(EFFECTS[step.effect])})
    if option.appeal_days:
        found.append(
            ngettext("%(n)s day to appeal", "%(n)s days to appeal", option.appeal_days)
            % {"n": option.appeal_days}
        )
    if not step.published:
        found.append(gettext("not public"))
    return " · ".join(found)


def officers(step: Step) -> str:
    """How many officers it takes, and who they may be."""
    if not step.approvals:
        return gettext("one officer alone")
    then = written.clauses(gettext("then %(who)s") % {"who": any_of(roles)} for roles in step.approvals)
    many = ngettext("%(n)s officer", "%(n)s officers", step.officers) % {"n": step.officers}
    return gettext("%(many)s: you, %(then)s") % {"many": many, "then": then}


def any_of(roles: Iterable[str]) -> str:
    """Roles in words, one of which is needed."""
    return gettext(" or ").join(parts.roles(list(roles)))


_CLOSED: Final = {
    Closed.NOTHING: _("there is nothing that it could be about"),
    Closed.OWN: _("somebody else does it: you decided what it would be about"),
    Closed.AGENCY: _("it is of the whole agency: begin it there"),
}


def why_closed(option: Option, state: str) -> str:
    """Why the step cannot be begun now."""
    match option.closed:
        case Closed.STATE:
            return gettext("not while the licence is: %(state)s") % {"state": state}
        case Closed.ROLE:
            return gettext("only for: %(roles)s") % {
                "roles": any_of(role for role in option.step.proposes if role != Role.SYSTEM)
            }
        case Closed.PROPOSED:
            return gettext("proposed already: number %(number)s waits") % {"number": option.proposal}
        case None:
            return ""
        case closed:
            return gettext(_CLOSED[closed])


def deadlines(found: Mapping[str, str], zone: str) -> list[parts.Fact]:
    """Deadlines in words, the next first."""
    known = sorted((text, name) for name, text in found.items() if name in DEADLINES)
    return [parts.Fact(gettext(DEADLINES[name]), by(text, zone)) for text, name in known]


def by(written_as: str, zone: str) -> Any:
    """A deadline: the last day counted where it ends with a day, else the instant."""
    instant = datetime.fromisoformat(written_as)
    if instant.astimezone(ZoneInfo(zone)).time() == time():
        return written.last_day(instant, zone)
    return parts.Moment(instant, zone)
