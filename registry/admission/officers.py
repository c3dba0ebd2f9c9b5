"""What officers decide on an application, one step of the table at a time, each in one durable transaction.

:func:`take` is the one door. What two officers decide are two steps, and the second is refused to whoever took the
first. A grant enters the agency, opens its licence and takes step L0 in the same transaction, in the name of both.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from registry import agencies, holders, ledger, licensing, news
from registry import screening as agencies_screening
from registry.admission import cases, events, screening
from registry.admission.cases import Case
from registry.idempotency import Once
from registry.models import Agency, ApplicationText, Entry, Licence
from registry.rules import applying, days, errors, freezing, particulars, standing, terms_json
from registry.rules.applying import Action, Party
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import HOLDER, Actor, Scope, StepTerms
from registry.rules.lifecycle import STEPS as LICENCE_STEPS
from registry.rules.lifecycle import Action as LicenceAction
from registry.rules.lifecycle import State as LicenceState

LONGEST_LETTER: Final = 20_000
"""Characters of a letter or report."""
_CHANNELS: Final[tuple[str, ...]] = ("phone", "email", "domain")
_PROPOSALS: Final = frozenset({Action.PROPOSE_GRANT, Action.PROPOSE_REFUSAL, Action.RECORD_OUTCOME})
"""What a first officer states and a second one decides on."""
Said = tuple[dict[str, Any], dict[str, Any]]
"""What goes with an event: the facts frozen into it, and the words kept beside it."""


@transaction.atomic(durable=True)
def take(
    number: str, action: Action, *, by: Actor, at: datetime, said: Mapping[str, Any], no_conflict: bool = False,
    expected_version: int | None = None, idempotency_key: str,
) -> int:  # fmt: skip
    """Take a step in an application's life, or refuse with a ``RegistryError``; the application's new version.

    ``said``: what the step needs, as its row in the table names it. Refuses what the state does not allow, a role that
    the table does not name, the officer who took the step that this one checks, and a stale second factor.
    """
    if action not in applying.STEPS or applying.STEPS[action].by & set(Party):
        raise errors.ApplicationStepNotAllowed("{action} is no step of officers", action=str(action))
    once = Once(by, idempotency_key, f"application.{action}", {"number": number, **said}, at)
    if (done := once.outcome()) is not None:
        return int(done["version"])
    row = events.locked(number)
    missing = errors.ApplicationNotFound("no application has this number", number=number)
    if row.submitted_at is None:
        raise missing
    if by.authority != row.authority.code:
        raise errors.OutsideAuthority(
            "the application is another authority's", authority=row.authority.code, unseen=missing
        )
    if not may_take(action, by=by):
        raise errors.RoleNotAllowed("this role may not", roles=sorted(applying.STEPS[action].by))
    found = cases.case(row, at=at)
    if expected_version is not None and expected_version != row.version:
        raise errors.VersionConflict(
            "the application has changed", expected=expected_version, actual=row.version
        )
    step = cases.admit(found, action)
    agreement(step, found).say(by, at=at, no_conflict=no_conflict)
    facts, words = _READERS[action](said, found)
    commit = ledger.Commit()
    facts |= _EFFECTS.get(action, _nothing)(found, by, commit, facts)
    events.add(found, step, by=by.number, facts=facts, said=words)
    once.keep({"version": row.version})
    news.put()
    if commit.count:
        commit.close(by=by.number, at=at)
    return row.version


def may_take(action: Action, *, by: Actor) -> bool:
    """Whether the table names a role of this officer for the step at all."""
    return bool(by.roles & applying.STEPS[action].by)


def agreement(step: applying.Step, found: Case) -> Agreement:
    """Who may take the step: alone, or as the second after whoever proposed what it decides.

    A phoenix, or a score that points to one, is the registrar's. What is proposed and what is decided takes a fresh
    second factor and a declaration, what is merely recorded does not. A proposal that nobody joined in time has lapsed:
    it is taken back, or the outcome recorded anew.
    """
    allowed = applying.deciders(step, found.standing, _grounds(found), found.policy)
    before = [event for action in step.unlike if (event := found.latest(action)) is not None]
    weighs = step.decides or step.action in _PROPOSALS
    lapses = [
        # Proposals older than this deadline have none.
        event.until("agreed_by") or event.at + timedelta(days=found.policy.proposal_days)
        for event in before
        if step.lapses
    ]
    return Agreement(
        places=(*(applying.STEPS[event.action].by for event in before), allowed),
        said=tuple(event.by for event in before),
        expires_at=min(lapses, default=None),
        declares=weighs,
        fresh_from=0 if weighs else len(before) + 1,
        facts={"number": found.row.number},
    )


def _grounds(found: Case) -> tuple[str, ...]:
    proposal = found.latest(Action.PROPOSE_REFUSAL)
    return tuple(proposal.facts["grounds"]) if proposal else ()


# --- what is said with each step ---------------------------------------------------------------------------------


def _silence(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    return {}, {}


def _letter(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    return {}, {"letter": _words(said, "letter")}


def _reason(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    return {}, {"reason": _words(said, "reason")}


def _ordered(said: Mapping[str, Any], found: Case) -> Said:
    """The day of the inspection, where it is known already."""
    on = said.get("on")
    if on is None:
        return {}, {}
    if not isinstance(on, date) or on < days.local_day(found.at, found.zone):
        raise errors.BadInput("a day that is to come, today or later", field="on")
    return {"on": on.isoformat()}, {}


def _inspection(said: Mapping[str, Any], found: Case) -> Said:
    """The day, at least two inspectors, the points of the findings; the report and the premises are words."""
    on = _past_day(said, found)
    inspectors = sorted(
        {str(one).strip().upper() for one in said.get("inspectors") or () if str(one).strip()}
    )
    if len(inspectors) < 2 or any(len(one) > 40 for one in inspectors):
        raise errors.BadInput("two inspectors or more, by their numbers", field="inspectors")
    points = said.get("points")
    if not isinstance(points, int) or not 0 <= points <= 1000:
        raise errors.BadInput("points from 0 to 1000", field="points")
    facts = {"on": on.isoformat(), "inspectors": inspectors, "points": points}
    return facts, {"premises": _words(said, "premises", 1000), "report": _words(said, "report")}


def _refusal(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    grounds = list(dict.fromkeys(said.get("grounds") or ()))
    if not grounds:
        raise errors.StepIncomplete("name at least one ground", field="grounds")
    if unlawful := sorted(set(grounds) - applying.REFUSAL_GROUNDS):
        raise errors.GroundNotAllowed("{ground} refuses nobody", field="grounds", ground=unlawful[0])
    return {"grounds": grounds}, {"letter": _words(said, "letter")}


def _refused(said: Mapping[str, Any], found: Case) -> Said:
    until = applying.public_until(found.at, found.policy, found.zone)
    facts = {"grounds": list(_grounds(found)), "public_until": until.isoformat()}
    return facts, {"letter": _words(said, "letter")}


def _fee(said: Mapping[str, Any], found: Case) -> Said:
    """The day on which the fee was paid, and what it was; under which reference is the payer's word."""
    facts = {"on": _past_day(said, found).isoformat(), "fee": applying.fee(found.policy, found.row.kind)}
    return facts, {"reference": _words(said, "reference", 200)}


def _appealed(said: Mapping[str, Any], found: Case) -> Said:
    """An appeal that came another way, and the day on which it came: within the days for it."""
    on, until = _past_day(said, found), found.standing.due
    if on < days.local_day(found.standing.since, found.zone):
        raise errors.BadInput("nobody appeals before the decision", field="on")
    if until is not None and on > days.local_day(until - timedelta(microseconds=1), found.zone):
        raise errors.BadInput("it came after the last day for an appeal", field="on")
    return {"on": on.isoformat()}, {"text": _words(said, "text")}


def _outcome(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    if said.get("outcome") not in {applying.ALLOWED, applying.DISMISSED}:
        raise errors.StepIncomplete("say how the appeal ended", field="outcome")
    facts = {"outcome": str(said["outcome"]), "order_reference": _words(said, "order_reference", 200)}
    return facts, {"letter": _words(said, "letter")}


def _past_day(said: Mapping[str, Any], found: Case) -> date:
    on = said.get("on")
    if not isinstance(on, date) or on > days.local_day(found.at, found.zone):
        raise errors.BadInput("a day that has been, today or before", field="on")
    return on


def _screened(said: Mapping[str, Any], found: Case) -> Said:  # noqa: ARG001 - the readers' signature
    content = sent(found)["content"]
    if found.row.agency is not None:
        return _screened_agency(found.row.agency, found)
    result = screening.of(found.row.authority, content, number=found.row.number, at=found.at)
    return {"score": result.score, "matches": len(result.matches)}, result.plain()


def _screened_agency(agency: Agency, found: Case) -> Said:
    """An agency that is in the register is screened there; what asks for the registrar does so here too."""
    if found.row.kind == applying.RENEWAL:
        return {"score": 0}, {}
    agencies_screening.anew(agency.number, at=found.at, why="application")
    asks = agencies_screening.asks_registrar(agency.pk)
    return {"score": found.policy.phoenix_score if asks else 0}, {}


def _proposed(said: Mapping[str, Any], found: Case) -> Said:
    """The term, scope and conditions proposed, tried against the law as if the licence were granted now."""
    terms = _terms(said, found)
    if found.row.kind == applying.LICENCE:
        held = freezing.Case(
            entries=(),
            standing=standing.at((), at=found.at),
            licence_class=found.row.licence_class,
            zone=found.zone,
            policy=found.policy,
        )
        freezing.freeze(LICENCE_STEPS[LicenceAction.GRANT], terms, held, at=found.at, refers_to=None)
    return {"terms": terms_json.plain(terms)}, {}


def _terms(said: Mapping[str, Any], found: Case) -> StepTerms:
    first, last = said.get("first_day"), said.get("last_day")
    if not isinstance(first, date):
        raise errors.StepIncomplete("give the first day", field="first_day")
    if not isinstance(last, date):
        raise errors.StepIncomplete("give the last day", field="last_day")
    scope = particulars.read("scope", sent(found)["content"].get("scope") or {})
    conditions = tuple(
        {"text": line.strip()} for line in str(said.get("conditions") or "").splitlines() if line.strip()
    )
    return StepTerms(
        first_day=first,
        last_day=last,
        scope=Scope(scope.get("corridors", ()), scope.get("occupations", ())) if scope else None,
        conditions=conditions,
        no_conflict=True,
    )


def _words(said: Mapping[str, Any], name: str, longest: int = LONGEST_LETTER) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not text.strip():
        raise errors.StepIncomplete("this must be said", field=name)
    if len(text) > longest or "\x00" in text:
        raise errors.BadInput("at most {most} characters", field=name, most=longest)
    return text.strip()


_READERS: Final[Mapping[Action, Callable[[Mapping[str, Any], Case], Said]]] = {
    Action.ASK: _letter,
    Action.REVIEW: _screened,
    Action.ORDER_INSPECTION: _ordered,
    Action.RECORD_INSPECTION: _inspection,
    Action.CALL_FOR_OBJECTIONS: _silence,
    Action.PROPOSE_REFUSAL: _refusal,
    Action.SERVE_NOTICE: _silence,
    Action.REFUSE: _refused,
    Action.PROPOSE_GRANT: _proposed,
    Action.GRANT: _silence,
    Action.TAKE_BACK: _reason,
    Action.RECORD_FEE: _fee,
    Action.RECORD_APPEAL: _appealed,
    Action.RECORD_OUTCOME: _outcome,
    Action.ALLOW_APPEAL: _silence,
    Action.DISMISS_APPEAL: _silence,
}


# --- what follows in the register --------------------------------------------------------------------------------


def _nothing(_found: Case, _by: Actor, _commit: ledger.Commit, _facts: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def filed(found: Case, commit: ledger.Commit) -> dict[str, Any]:
    """A renewal is filed on the licence (L15) as the agency sends it, once a term.

    Of a licence that has expired nothing is filed: it is renewed late or not at all (L17).
    """
    held = _renewed(found)
    if found.latest(Action.SUBMIT) is not None or not licensing.may_file(held, at=found.at):
        return {}
    entry = licensing.settle(
        held.pk,
        LicenceAction.FILE_RENEWAL,
        StepTerms(),
        officers=(HOLDER,),
        commit=commit,
        at=found.at,
    )
    return {"filed": entry.pk}


def _granted(found: Case, by: Actor, commit: ledger.Commit, _facts: Mapping[str, Any]) -> dict[str, Any]:
    """The agency is entered, its licence opened and granted (L0); or the licence is renewed (L16)."""
    proposal = found.latest(Action.PROPOSE_GRANT)
    assert proposal is not None  # noqa: S101 - the table has no way here without it
    terms, officers = terms_json.read(proposal.facts["terms"]), (proposal.by, by.number)
    if found.row.kind == applying.RENEWAL:
        held = _renewed(found)
        late = licensing.state(held, at=found.at) is LicenceState.EXPIRED
        renewal = LicenceAction.RENEW_LATE if late else LicenceAction.RENEW
        licensing.settle(held.pk, renewal, terms, officers=officers, commit=commit, at=found.at)
        return {"licence": held.number}
    entered = found.row.agency is None
    holder = found.row.agency or _entered(found, by, commit)
    licence = licensing.grant(
        holder, found.row.licence_class, terms, officers=officers, commit=commit, at=found.at
    )
    found.row.agency, found.row.licence = holder, licence
    if entered:  # of an agency in the register others decided who acts for it, and may have ended that
        holders.connect(holder, found.row.account, officers=officers, at=found.at)
    return {"licence": licence.number, "agency": holder.number}


def _entered(found: Case, by: Actor, commit: ledger.Commit) -> Agency:
    content = sent(found)["content"]
    agency = particulars.read("agency", content["agency"])
    channels: dict[str, str] = {kind: agency.pop(kind) for kind in _CHANNELS if kind in agency}
    return agencies.enter(
        found.row.authority,
        agency,
        offices=[particulars.read("offices", row) for row in content["offices"]],
        channels=channels,
        people=[particulars.read("people", row) for row in content["people"]],
        by=by,
        at=found.at,
        commit=commit,
    )


def _not_renewed(found: Case, by: Actor, commit: ledger.Commit, _facts: Mapping[str, Any]) -> dict[str, Any]:
    """A refused renewal ends the licence with its term (L16)."""
    if found.row.kind == applying.LICENCE:
        return {}
    proposal, notice = found.latest(Action.PROPOSE_REFUSAL), found.latest(Action.SERVE_NOTICE)
    assert proposal is not None  # noqa: S101 - the table has no way here without them
    assert notice is not None  # noqa: S101 - the same
    filing = licensing.filing(_renewed(found))
    if filing is None or licensing.state(_renewed(found), at=found.at) is LicenceState.EXPIRED:
        return {}
    terms = StepTerms(
        grounds=_grounds(found),
        refers_to=filing,
        notice_served_on=days.local_day(notice.at, found.zone),
        no_conflict=True,
    )
    entry = licensing.settle(
        _renewed(found).pk, LicenceAction.REFUSE_RENEWAL, terms, officers=(proposal.by, by.number), commit=commit,
        at=found.at,
    )  # fmt: skip
    return {"entry": entry.pk}


def appeal_filed(found: Case, by: str, commit: ledger.Commit, *, on: date | None = None) -> dict[str, Any]:
    """An appeal against a renewal's refusal is filed on the licence too (L19a)."""
    refusal = found.latest(Action.REFUSE)
    if refusal is None or "entry" not in refusal.facts:
        return {}
    terms = StepTerms(refers_to=_sequence(refusal.facts["entry"]), effective=on)
    entry = licensing.settle(
        _renewed(found).pk, LicenceAction.FILE_APPEAL, terms, officers=(by,), commit=commit, at=found.at
    )
    return {"entry": entry.pk}


def _appeal_recorded(
    found: Case, by: Actor, commit: ledger.Commit, facts: Mapping[str, Any]
) -> dict[str, Any]:
    return appeal_filed(found, by.number, commit, on=date.fromisoformat(facts["on"]))


def _appeal_ended(found: Case, by: Actor, commit: ledger.Commit, _facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the appeals body ordered about a renewal's refusal is entered on the licence (L18, L19b)."""
    appeal = next((one for one in reversed(found.events) if one.action in applying.APPEALING), None)
    refusal, recorded = found.latest(Action.REFUSE), found.latest(Action.RECORD_OUTCOME)
    if appeal is None or refusal is None or recorded is None or "entry" not in appeal.facts:
        return {}
    allowed = recorded.facts["outcome"] == applying.ALLOWED
    terms = StepTerms(
        refers_to=_sequence((refusal if allowed else appeal).facts["entry"]),
        order_reference=recorded.facts["order_reference"],
        no_conflict=True,
    )
    entry = licensing.settle(
        _renewed(found).pk,
        LicenceAction.SET_ASIDE if allowed else LicenceAction.END_APPEAL,
        terms,
        officers=(recorded.by, by.number),
        commit=commit,
        at=found.at,
    )
    return {"entry": entry.pk}


def _sequence(row: int) -> int:
    return Entry.objects.select_related("commit").get(pk=row).sequence


_EFFECTS: Final[
    Mapping[Action, Callable[[Case, Actor, ledger.Commit, Mapping[str, Any]], dict[str, Any]]]
] = {
    Action.GRANT: _granted,
    Action.REFUSE: _not_renewed,
    Action.RECORD_APPEAL: _appeal_recorded,
    Action.ALLOW_APPEAL: _appeal_ended,
    Action.DISMISS_APPEAL: _appeal_ended,
}


def sent(found: Case) -> dict[str, Any]:
    """What was sent last: the content by section, and the papers."""
    words = ApplicationText.objects.filter(event__application=found.row, event__action=Action.SUBMIT.value)
    newest = words.order_by("-event__ordinal").first()
    return dict(newest.said) if newest else {"content": {}, "documents": []}


def _renewed(found: Case) -> Licence:
    assert found.row.licence is not None  # noqa: S101 - the table's constraint
    return found.row.licence
