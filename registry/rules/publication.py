"""Who may see which column, decided once (architecture 1.5); a column without an audience fails the build.

``public``: in answers to anyone. ``restricted``: officials of the authority. ``internal``: the register's own working,
shown to nobody as such (keys, projections, counters). A model's default holds for every column that is not named.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Audience(StrEnum):
    """Who may read a column."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    INTERNAL = "internal"


P, R, I = Audience.PUBLIC, Audience.RESTRICTED, Audience.INTERNAL  # noqa: E741 - one letter a cell keeps the table a table

#: Roles whose names the public reads, where the appointment says so (domain model 3.6).
PUBLIC_ROLES: Final = frozenset(
    {
        "responsible_officer",
        "authorised_representative",
        "registered_recruiter",
        "sub_agent",
        "foreign_representative",
    }
)

#: Public summaries of entries are public; restricted reasons never.
TIMELINE_TEXTS_PUBLIC: Final = True

FIELDS: Final[Mapping[str, Mapping[str, Audience]]] = {
    "Authority": {"id": I, "code": P, "country": P, "name": P, "zone": P, "languages": P, "legal_basis": P, "contact": P,
                  "complaint": P, "kind": P},
    "PolicySet": {"id": I, "authority": P, "version": P, "in_force_from": P, "recorded_at": P, "by": R, "rules": P},
    "PolicyProposal": {"id": R, "authority": R, "rules": R, "after_version": R, "in_force_from": R, "proposed_by": R,
                       "proposed_at": R, "expires_at": R, "state": R, "closed_by": R, "closed_at": R, "closed_reason": R},
    "Register": {"id": I, "last_sequence": P, "last_recorded_at": P},
    "RegisterCommit": {"id": I, "base": P, "count": P, "recorded_at": P, "by": R},
    "ChangeJournal": {"id": I, "relation": I, "operation": I, "key": I, "image": I, "transaction_id": I, "commit_id": I,
                      "ordinal": I},
    "Salt": {"about": I, "value": I},
    "NumberSeries": {"id": I, "prefix": I, "last": I},
    "Agency": {"id": I, "number": P, "authority": P, "legal_name": P, "latin_name": P, "legal_form": P, "sole_trader": P,
               "country": P, "company_register": P, "company_number": P, "lei": P, "tax_number": R, "incorporated_on": P,
               "address": R, "locality": P, "bank_account_hmac": R, "listed_key": I, "linked_to": P, "version": I},
    "TradingName": {"id": I, "agency": P, "name": P, "first_day": P, "last_day": P},
    "Office": {"id": I, "number": P, "agency": P, "kind": P, "name": P, "address": P, "locality": P, "region": P,
               "postcode": P, "country": P, "latitude": P, "longitude": P, "authorisation": P, "photograph": P, "first_day": P, "last_day": P},
    "Channel": {"id": I, "agency": P, "office": P, "kind": P, "value": P, "as_given": R, "verified_at": P, "first_day": P,
                "last_day": P},
    #: A person's names are public on an appointment that says so, in a role of PUBLIC_ROLES, and with a bar of the
    #: person for as long as the policy in force when it was made publishes it (``debarments``); nowhere else.
    "Person": {"id": I, "number": R, "authority": R, "name": R, "latin_name": R, "birth_date": R, "nationality": R,
               "document_hmac": R},
    "PersonWord": {"id": I, "person": I, "word": I},
    "Appointment": {"id": I, "number": P, "agency": P, "person": R, "office": P, "role": P, "first_day": P, "last_day": P,
                    "public_name": R, "withheld_reason": R, "photograph": P, "photograph_agreed_on": R},
    #: A picture is public while an open office shows it, or, on the badge alone and on no list, an open appointment whose
    #: name is public (domain model 3); then it is nobody's.
    "Photograph": {"id": I, "sha256": P, "content": P, "kept_at": R, "kept_by": R},
    "Debarment": {"id": I, "authority": P, "agency": P, "person": R, "first_day": P, "last_day": P, "scope": P, "grounds": P,
                  "recognised_by": P},
    "Licence": {"id": I, "number": P, "authority": P, "agency": P, "licence_class": P, "origin": P, "legacy_number": P,
                "legacy_folded": I, "renumbered_to": P, "list_source": P, "list_key": I, "state": I, "may_recruit": I,
                "scope": I, "version": R},
    "Term": {"id": I, "licence": P, "days": P},
    "Entry": {"id": I, "commit": P, "ordinal": P, "authority": P, "licence": P, "agency": P, "office": P, "kind": P,
              "action": P, "step": P, "decided_at": P, "effective_from": P, "effective_until": P, "effective_day": P,
              "zone": P, "refers_to": P, "grounds": P, "effect": R, "deadlines": P, "policy_version": P, "law": P,
              "published": I, "officers": R},
    "EntryText": {"id": I, "entry": P, "language": P, "text": P, "restricted": I},
    "Proposal": {"id": R, "licence": R, "agency": R, "authority": R, "action": R, "subject": R, "terms": R,
                 "licence_version": R, "proposed_by": R, "proposed_at": R, "expires_at": R, "state": R, "closed_by": R,
                 "closed_at": R, "closed_reason": R, "entry": R},
    "Motion": {"id": R, "authority": R, "kind": R, "about": R, "terms": R, "proposed_by": R, "proposed_at": R,
               "expires_at": R, "state": R, "closed_by": R, "closed_at": R, "closed_reason": R, "entry": R},
    #: Of an alert that was entered in error no name, contact or text is told any more (``alerts``).
    "Alert": {"id": I, "number": P, "version": P, "authority": P, "entry": I, "kind": P, "names": P, "contacts": P,
              "agency": P, "place": P, "seen_on": P, "grounds": P, "source": P, "texts": P, "first_day": P, "last_day": P,
              "ended": P},
    "MotionApproval": {"id": I, "motion": R, "by": R, "at": R, "second_factor_at": R},
    "SubjectRequest": {"id": R, "authority": R, "kind": R, "person": R, "asked_by": R, "identity_check": R, "words": R,
                       "received_on": R, "due_on": R, "recorded_at": R, "recorded_by": R, "state": R, "closed_by": R,
                       "closed_at": R, "closed_reason": R},
    "SubjectFile": {"id": I, "request": R, "content": R, "made_at": R},
    "Merger": {"id": I, "merged": P, "into": P, "entry": P},
    "Approval": {"id": I, "proposal": R, "by": R, "at": R, "second_factor_at": R},
    "Sanction": {"id": I, "entry": P, "agency": P, "licence": P, "kind": P, "points": R, "points_until": R,
                 "public_months": P, "amount": P, "currency": P},
    #: A name, class and town are public while the public may object, and after a refusal for as long as policy says.
    "Application": {"id": I, "number": P, "authority": P, "account": R, "kind": P, "agency": P, "licence": P,
                    "legal_name": P, "locality": P, "licence_class": P, "state": P, "due_at": P, "opened_at": R,
                    "submitted_at": R, "version": I},
    "ApplicationDraft": {"id": I, "application": R, "content": R, "saved_at": R},
    "ApplicationEvent": {"id": I, "application": R, "ordinal": R, "action": R, "step": R, "by": R, "at": R, "facts": R,
                         "deadlines": R, "policy_version": R, "digest": I},
    "ApplicationText": {"id": I, "event": R, "said": R, "salt": I},
    "ApplicationDocument": {"id": I, "reference": R, "application": R, "kind": R, "name": R, "media_type": R, "size": R,
                            "sha256": R, "stored_as": I, "added_at": R, "sent": R},
    #: Read by case officers alone (``rules.concerns.READERS``); what identifies somebody is sealed (ADR 0024).
    "Concern": {"id": I, "code": R, "authority": R, "submission": I, "pin_hash": I, "tries": I, "tried_from": I,
                "language": R, "categories": R, "urgent": R, "several": R, "consent": R, "reachable": R, "agency": R,
                "licence": R, "state": R, "body": R, "outcome": R, "repaid": R, "currency": R, "received_at": R,
                "triage_by": R, "closed_at": R, "unread": R, "forget_at": R, "forgotten_at": R},
    "ConcernAct": {"id": I, "concern": R, "ordinal": R, "action": R, "by": R, "at": R, "facts": R},
    "ConcernText": {"id": I, "act": R, "sealed": R},
    "ConcernFile": {"id": I, "reference": R, "act": R, "media_type": R, "size": R, "stored_as": I},
    "HolderAccount": {"id": I, "authority": R, "agency": R, "account": R, "said": R, "state": R, "asked_at": R, "first_by": R,
                      "first_at": R, "second_by": R, "second_at": R, "ended_by": R, "ended_at": R, "reason": R},
    "EntryPaper": {"id": I, "entry": R, "reference": R, "name": R, "media_type": R, "size": R, "sha256": R,
                   "stored_as": I, "added_at": R},
    "IdempotencyKey": {"id": I, "actor": I, "key": I, "digest": I, "outcome": I, "at": I},
    "PublishedRecord": {"id": I, "number": P, "licence": P, "span": P, "state": P, "result": P, "may_recruit": P, "body": P,
                        "withhold_from": I, "commit": P, "ordinal": P, "agency_number": P, "authority_code": P, "country": P,
                        "licence_class": P, "corridors": P, "facets": I},
    "SearchName": {"id": I, "subject_kind": P, "subject": P, "licence": P, "authority": P, "country": P, "kind": P, "text": P,
                   "folded": I, "keys": I, "valid": I},
    "SearchWord": {"id": I, "word": I, "key": I, "sound": I, "deletions": I, "names": I},
    "ScreenMark": {"id": I, "authority": I, "agency": I, "subject": I, "kind": I, "value": I, "role": I},
    "ScreeningDue": {"agency": I, "since": I},
    "ScreeningRound": {"id": I, "at": I, "sequence": I, "lists": I, "screened": I},
    "Screening": {"id": I, "authority": R, "agency": R, "at": R, "why": R, "by": R, "found": R, "highest": R},
    "ScreeningMatch": {"id": R, "authority": R, "agency": R, "subject": R, "target_kind": R, "target": R, "found_at": R},
    "Assessment": {"id": I, "match": R, "at": R, "score": R, "rank": I, "reasons": R},
    "Judgement": {"id": I, "match": R, "assessment": I, "verdict": R, "by": R, "at": R, "reason": R,
                  "second_factor_at": R},
    "DeclaredLink": {"id": I, "agency": R, "other": R, "kind": R, "evidence": R, "by": R, "at": R},
    "ListSnapshot": {"id": I, "list_key": P, "kind": P, "title": P, "source": P, "authority": P, "on": P, "file_name": R,
                     "digest": P, "profile_digest": R, "fresh_days": P, "counts": R, "commit": P, "taken_at": P, "by": R},
    "ListedLicence": {"licence": P, "list_key": P, "holder": I, "identity": I, "content": I, "present": P, "first_seen": P,
                      "last_seen": P},
    "ObservedRow": {"entry": R, "snapshot": R, "line": R, "cells": R, "fields": R, "problems": R, "salt": R},
    "Finding": {"id": I, "list_key": R, "identity": I, "content": I, "authority": R, "source": R, "name": R,
                "other_names": R, "keys": I, "place": R, "country": R, "first_day": R, "last_day": R, "open_ended": R,
                "grounds": R, "fields": R, "cells": R, "line": R, "present": R, "first_seen": R, "last_seen": R,
                "recorded_at": R},
}  # fmt: skip


def audience(model: str, column: str) -> Audience:
    """Who may read this column; refuses (KeyError) one that nobody has decided on."""
    return FIELDS[model][column]
