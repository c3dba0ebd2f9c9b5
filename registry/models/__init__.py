"""Tables, constraints and triggers; no behaviour. Private to ``registry``."""

from collections.abc import Mapping, Sequence

from registry.models.agency import Agency, Channel, Office, TradingName
from registry.models.alert import Alert
from registry.models.application import (
    Application,
    ApplicationDocument,
    ApplicationDraft,
    ApplicationEvent,
    ApplicationText,
)
from registry.models.authority import Authority, PolicyProposal, PolicySet
from registry.models.entry import Approval, Entry, EntryText, IdempotencyKey, Proposal, Sanction
from registry.models.holder import EntryPaper, HolderAccount
from registry.models.intake import Finding, ListedLicence, ListSnapshot, ObservedRow
from registry.models.licence import Licence, Term
from registry.models.motion import Merger, Motion, MotionApproval
from registry.models.person import Appointment, Debarment, Person, PersonWord
from registry.models.photograph import Photograph
from registry.models.publication import PublishedRecord
from registry.models.register import ChangeJournal, NumberSeries, Register, RegisterCommit, Salt
from registry.models.screening import (
    Assessment,
    DeclaredLink,
    Judgement,
    Screening,
    ScreeningDue,
    ScreeningMatch,
    ScreeningRound,
    ScreenMark,
)
from registry.models.search import SearchName, SearchWord
from registry.models.subject import SubjectFile, SubjectRequest

#: Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either.
APPEND_ONLY = (
    "registry_entry",
    "registry_registercommit",
    "registry_policyset",
    "registry_approval",
    "registry_entrytext",
    "registry_listsnapshot",
    "registry_changejournal",
    "registry_applicationevent",
    "registry_applicationtext",
    "registry_entrypaper",
    "registry_screening",
    "registry_screeningmatch",
    "registry_screeninground",
    "registry_assessment",
    "registry_judgement",
    "registry_declaredlink",
    "registry_alert",
    "registry_merger",
    "registry_motionapproval",
    "registry_subjectfile",
    "registry_historicalagency",
    "registry_historicalappointment",
    "registry_historicalauthority",
    "registry_historicalchannel",
    "registry_historicaldebarment",
    "registry_historicallicence",
    "registry_historicaloffice",
    "registry_historicalperson",
    "registry_historicalterm",
    "registry_historicaltradingname",
)

#: Tables of record: a trigger writes what happens to them into the change journal (rulings 26).
JOURNALLED = (
    "registry_agency",
    "registry_alert",
    "registry_application",
    "registry_applicationdocument",
    "registry_applicationevent",
    "registry_applicationtext",
    "registry_appointment",
    "registry_approval",
    "registry_assessment",
    "registry_authority",
    "registry_channel",
    "registry_debarment",
    "registry_declaredlink",
    "registry_entry",
    "registry_entrypaper",
    "registry_entrytext",
    "registry_holderaccount",
    "registry_judgement",
    "registry_licence",
    "registry_listsnapshot",
    "registry_merger",
    "registry_motion",
    "registry_motionapproval",
    "registry_office",
    "registry_person",
    "registry_photograph",
    "registry_policyproposal",
    "registry_policyset",
    "registry_proposal",
    "registry_registercommit",
    "registry_sanction",
    "registry_screening",
    "registry_screeningmatch",
    "registry_screeninground",
    "registry_subjectfile",
    "registry_subjectrequest",
    "registry_term",
    "registry_tradingname",
)

#: Columns that may have to be erased by law: an image in the journal holds their SHA-256 alone (rulings 14).
SEALED: Mapping[str, Sequence[str]] = {
    "registry_alert": ("names", "contacts", "place", "source", "texts"),
    "registry_application": ("account", "legal_name", "locality"),
    "registry_applicationdocument": ("reference", "name", "sha256", "stored_as"),
    "registry_applicationtext": ("said", "salt"),
    "registry_declaredlink": ("evidence",),
    "registry_entrypaper": ("reference", "name", "sha256", "stored_as"),
    "registry_entrytext": ("text",),
    "registry_holderaccount": ("account", "said", "reason"),
    "registry_judgement": ("reason",),
    "registry_motion": ("terms", "closed_reason"),
    "registry_photograph": ("content",),
    "registry_policyproposal": ("closed_reason",),
    "registry_subjectfile": ("content",),
    "registry_subjectrequest": ("asked_by", "identity_check", "words", "closed_reason"),
    "registry_proposal": ("terms", "closed_reason"),
}

__all__ = [
    "APPEND_ONLY",
    "JOURNALLED",
    "SEALED",
    "Agency",
    "Alert",
    "Application",
    "ApplicationDocument",
    "ApplicationDraft",
    "ApplicationEvent",
    "ApplicationText",
    "Appointment",
    "Approval",
    "Assessment",
    "Authority",
    "ChangeJournal",
    "Channel",
    "Debarment",
    "DeclaredLink",
    "Entry",
    "EntryPaper",
    "EntryText",
    "Finding",
    "HolderAccount",
    "IdempotencyKey",
    "Judgement",
    "Licence",
    "ListSnapshot",
    "ListedLicence",
    "Merger",
    "Motion",
    "MotionApproval",
    "NumberSeries",
    "ObservedRow",
    "Office",
    "Person",
    "PersonWord",
    "Photograph",
    "PolicyProposal",
    "PolicySet",
    "Proposal",
    "PublishedRecord",
    "Register",
    "RegisterCommit",
    "Salt",
    "Sanction",
    "ScreenMark",
    "Screening",
    "ScreeningDue",
    "ScreeningMatch",
    "ScreeningRound",
    "SearchName",
    "SearchWord",
    "SubjectFile",
    "SubjectRequest",
    "Term",
    "TradingName",
]
