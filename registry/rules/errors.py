"""Every way the register says no.

An error is named by the refusal, carries a stable ``code`` (``noun.reason``) and the facts a person or a
program needs to understand it. No HTTP here: ``api/problems.py`` is the one map from a code to a status.

RegistryError
├── NotFound            the thing asked for is not in the register (or not in the asker's part of it)
├── Refused             the law or the state of the record says no
├── NotAllowed          this officer may not do this
└── BadInput            what was sent cannot be understood or stored
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

_PLACE: Final = re.compile(r"\{(\w+)\}")


def filled(words: str, facts: Mapping[str, Any]) -> str:
    """``words`` with each ``{fact}`` in its place, a list with commas; a place for which there is no fact stays."""

    def put(found: re.Match[str]) -> str:
        fact = facts.get(found[1], found[0])
        return ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else str(fact)

    return _PLACE.sub(put, words)


class RegistryError(Exception):
    """A refusal with a stable code and facts; never a sentence for the public."""

    code: ClassVar[str] = "register.refused"

    def __init__(self, words: str = "", **facts: Any) -> None:
        """Keep one English sentence for officials and logs, and the ``facts`` behind it.

        ``words`` is the sentence with places such as ``{months}`` for facts, so that it can be said in other languages;
        ``detail`` has them filled in.
        """
        self.words = words
        self.facts = facts
        self.detail = filled(words, facts)
        super().__init__(self.detail or self.code)


class NotFound(RegistryError):  # noqa: N818 - named by the refusal
    """What was asked for is not in the register."""

    code = "record.not_found"


class Refused(RegistryError):  # noqa: N818 - named by the refusal
    """The law or the state of the record forbids it."""

    code = "step.refused"


class NotAllowed(RegistryError):  # noqa: N818 - named by the refusal
    """This officer may not do this, whatever the record says."""

    code = "actor.not_allowed"


class BadInput(RegistryError):  # noqa: N818 - named by the refusal
    """What was sent cannot be understood; ``facts['field']`` says where."""

    code = "input.invalid"


class LicenceNotFound(NotFound):
    """No licence has this number."""

    code = "licence.not_found"


class LicenceRenumbered(NotFound):
    """The licence has another number now: ``facts['number']``."""

    code = "licence.renumbered"


class AgencyNotFound(NotFound):
    """No agency has this number."""

    code = "agency.not_found"


class AgencyMerged(NotFound):
    """The agency's record was merged into another of the same firm: ``facts['number']``."""

    code = "agency.merged"


class PhotographNotFound(NotFound):
    """Nothing that the asker may see shows a photograph with this digest."""

    code = "photograph.not_found"


class OfficeNotFound(NotFound):
    """No office has this number."""

    code = "office.not_found"


class PersonNotFound(NotFound):
    """No person has this number."""

    code = "person.not_found"


class AppointmentNotFound(NotFound):
    """No appointment has this number."""

    code = "appointment.not_found"


class AuthorityNotFound(NotFound):
    """No authority has this code."""

    code = "authority.not_found"


class MotionNotFound(NotFound):
    """There is no such motion."""

    code = "motion.not_found"


class RequestNotFound(NotFound):
    """There is no such request of a person."""

    code = "request.not_found"


class ConcernNotFound(NotFound):
    """There is no such concern, or the PIN is not its own: nobody learns which."""

    code = "concern.not_found"


class ProposalNotFound(NotFound):
    """No proposal has this number."""

    code = "proposal.not_found"


class ApplicationNotFound(NotFound):
    """No application has this number, or none that this reader may see."""

    code = "application.not_found"


class HolderNotFound(NotFound):
    """No account asks to act for this agency, or none that this reader may see."""

    code = "holder.not_found"


class MatchNotFound(NotFound):
    """There is no such possible match."""

    code = "match.not_found"


class EntryNotFound(NotFound):
    """No entry of this licence has this sequence number."""

    code = "entry.not_found"


class AlertNotFound(NotFound):
    """No alert has this number."""

    code = "alert.not_found"


class AlertContactOfficial(Refused):
    """The contact is on the record of an agency: the public is not warned of it."""

    code = "alert.contact_official"


class CursorInvalid(BadInput):
    """The place to go on from is not one that a page before gave."""

    code = "cursor.invalid"


class DebarmentNotFound(NotFound):
    """The public reads of no bar under this number, or reads of it no longer."""

    code = "debarment.not_found"


class StepNotAllowed(Refused):
    """The table of steps has no such step from the licence's state at that moment."""

    code = "step.not_allowed"


class StepIncomplete(Refused):
    """The step needs something that was not given: ``facts['field']``."""

    code = "step.incomplete"


class GroundNotAllowed(Refused):
    """This ground cannot carry this step."""

    code = "step.ground_not_allowed"


class BackdatingRefused(Refused):
    """A decision cannot have effect before it is made, unless an order says so from the beginning."""

    code = "step.backdated"


class NoticeTooShort(Refused):
    """The effect would begin before the period of notice has run."""

    code = "step.notice_too_short"


class TermRefused(Refused):
    """The term asked for is out of order, overlaps another or is longer than the policy allows."""

    code = "term.refused"


class SecurityNotConfirmed(Refused):
    """The class needs a security that its issuer has confirmed."""

    code = "security.not_confirmed"


class SuspensionOpen(Refused):
    """A suspension is open; this step must wait until it is lifted."""

    code = "suspension.open"


class OwnProposal(Refused):
    """Nobody approves or ratifies their own proposal (four eyes)."""

    code = "approval.own_proposal"


class AlreadyApproved(Refused):
    """This officer has approved already; the next approval must be somebody else's."""

    code = "approval.already_given"


class ProposalOpen(Refused):
    """There is an open proposal for the same licence, step and subject."""

    code = "proposal.open"


class ProposalClosed(Refused):
    """The proposal was approved, declined or has run out."""

    code = "proposal.closed"


class ProposalOvertaken(Refused):
    """What the proposal speaks of has changed since it was made: decline it and begin anew."""

    code = "proposal.overtaken"


class MatchSettled(Refused):
    """Officers have settled the possible match already."""

    code = "match.settled"


class VersionConflict(Refused):
    """The licence has changed since it was read: ``facts['expected']`` and ``facts['actual']``."""

    code = "licence.version_conflict"


class KeyReused(Refused):
    """The idempotency key was used for something else."""

    code = "idempotency.key_reused"


class AgencyDebarred(Refused):
    """The agency is debarred; nothing can be granted to it."""

    code = "agency.debarred"


class PersonDebarred(Refused):
    """The person is barred from the role in those days: ``facts['first_day']`` and ``facts['last_day']``."""

    code = "person.debarred"


class AgencyClosed(Refused):
    """The record was merged into another and is not written any more: ``facts['number']`` is the one to write."""

    code = "agency.closed"


class ConcernStepNotAllowed(Refused):
    """The table of concerns has no such act from the state the concern is in."""

    code = "concern.step_not_allowed"


class ConcernForgotten(Refused):
    """What the person wrote was deleted when its time was over, so nothing can be added."""

    code = "concern.forgotten"


class ConsentMissing(Refused):
    """The person did not agree that their concern is passed on, and it is not urgent."""

    code = "concern.consent_missing"


class TriesUsedUp(Refused):
    """Too many wrong PINs were tried for this concern: ``facts['retry_after']`` in seconds."""

    code = "concern.tries_used_up"


class MergerRefused(Refused):
    """Two records can not be made one: ``facts['why']`` says what stands against it."""

    code = "merger.refused"


class ApplicationStepNotAllowed(Refused):
    """The table of applications has no such step from the state the application is in."""

    code = "application.step_not_allowed"


class HolderNotAllowed(Refused):
    """What was asked for an account of a holder is not open in its state, or not any more: ``facts['why']``."""

    code = "holder.not_allowed"


class ApplicationIncomplete(Refused):
    """Something is missing or wrong in the application: ``facts['lacks']`` names each."""

    code = "application.incomplete"


class DuplicateRecord(Refused):
    """Such a record exists already: ``facts['number']``."""

    code = "record.duplicate"


class RoleNotAllowed(NotAllowed):
    """The officer has none of the roles that this step asks for: ``facts['roles']``."""

    code = "actor.role_missing"


class OutsideAuthority(NotAllowed):
    """The record belongs to another authority.

    ``unseen`` is what there would be to say if the record did not exist. A door that takes numbers from outside says
    that, so that nobody walks through the numbers of others.
    """

    code = "actor.outside_authority"

    def __init__(self, detail: str = "", *, unseen: NotFound | None = None, **facts: Any) -> None:
        """Keep, beside the facts, what the asker is told instead."""
        super().__init__(detail, **facts)
        self.unseen = unseen


class SecondFactorStale(NotAllowed):
    """The second factor was given too long ago (or never)."""

    code = "actor.second_factor_needed"


class ConflictNotDeclared(NotAllowed):
    """The officer did not declare to be free of a conflict of interest."""

    code = "actor.conflict_not_declared"


class FutureAsked(BadInput):
    """An answer about the future was asked for; the register knows only the past and now."""

    code = "time.in_future"


class PolicyInvalid(BadInput):
    """The policy set says something that cannot be law here: ``facts['field']``."""

    code = "policy.invalid"
