"""The register's own refusals in the reader's words: its sentence, translated, with its facts worded.

The register says no in one English sentence with places for facts (``registry.rules.errors``); the catalogues hold it
in other languages. Steps, states and grounds are codes there and words here, days are written out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import get_language, gettext, gettext_noop

from api import applications, labels, problems
from api.desk import parts
from api.pages import written
from registry.rules.errors import RegistryError, filled


def sentence(error: RegistryError | problems.Refusal, *, field: str = "") -> str:
    """What is wrong, as a sentence: the register's own, else what the kind of refusal says.

    ``field``: what the form calls the field that the refusal names.
    """
    if isinstance(error, RegistryError) and error.words:
        return said(error.words, error.facts | ({"field": field} if field else {}))
    told = problems.told(error.code, error.facts, family=409)
    return whole(told.detail or told.title)


def said(words: str, facts: Mapping[str, Any]) -> str:
    """Words of the register in the reader's language, with its facts in their places, as a sentence."""
    return whole(filled(gettext(words), {name: _worded(name, fact) for name, fact in facts.items()}))


def whole(text: str) -> str:
    """The text as a sentence: a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "؟", "।")) else ".")


def _worded(name: str, fact: Any) -> Any:
    if isinstance(fact, list | tuple):
        return written.listed(str(_worded(name, one)) for one in fact)
    worded = _WORDED.get(name)
    return worded(str(fact)) if worded else fact


def _step(code: str) -> str:
    known = labels.ACTIONS.get(code) or applications.STEPS.get(code) or applications.ACTIONS.get(code)
    return gettext("“%(words)s”") % {"words": gettext(known)} if known else code


def _state(code: str) -> str:
    known = labels.STATES.get(code) or applications.STATES.get(code) or _PROPOSALS.get(code)
    return gettext("“%(words)s”") % {"words": gettext(known)} if known else code


def _ground(code: str) -> str:
    return labels.text("grounds", code, get_language() or "en")


def _role(code: str) -> str:
    known = dict(parts.ROLES) | applications.PERSON_ROLES
    return gettext(known[code]) if code in known else code


def _day(text: str) -> str:
    try:
        return written.stated(text)
    except ValueError:
        return text


_PROPOSALS: Final = {
    "open": gettext_noop("open"),
    "approved": gettext_noop("approved"),
    "declined": gettext_noop("declined"),
    "expired": gettext_noop("run out"),
}
_KINDS: Final = {**applications.OFFICE_KINDS, **applications.SECURITIES}
_WORDED: Final[Mapping[str, Callable[[str], str]]] = {
    "action": _step,
    "subject": _step,
    "state": _state,
    "ground": _ground,
    "grounds": _ground,
    "role": _role,
    "roles": _role,
    "why": lambda code: applications.said(applications.WHY_NOT, code),
    "choices": lambda code: applications.said(_KINDS | applications.PERSON_ROLES, code),
    "earliest": _day,
    "begins": _day,
    "first_day": _day,
}
