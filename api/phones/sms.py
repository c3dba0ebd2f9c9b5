"""The answer to a message: ``[language] [LIC] CODE [live digits]``, a licence number, or ``HELP``.

A message is answered in the language whose word it begins with, else in that of its number's country. The answer is one
message: its first word is the verdict, from the one verdict table, and nothing that is missing is ever ``VALID``. The
number is only a key for limits, under a key of the day; it stands nowhere.
"""

import json
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final

import phonenumbers
from babel.languages import get_official_languages
from django.db import Error
from django.utils.translation import get_language, gettext, override

from api import clients, early_warning, labels, live, problems, tallies, throttles
from api.pages import languages, written
from api.phones import septets, wording
from api.phones.septets import Space
from registry import lookup
from registry.rules import numbering
from registry.rules.errors import LicenceRenumbered, NotFound, RegistryError
from verification import check, live_codes
from verification.check import Proof, Verdict
from verification.verdicts import Result

LONGEST: Final = 300
"""Characters of a message that are read; a longer one is none of ours."""
MOST_WORDS: Final = 20
"""Words of a message that are read."""
_HELP: Final = frozenset({"HELP", "INFO", "?"})
_OURS: Final = frozenset({"LIC"})

_log = logging.getLogger("api.phones")


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of an answer and its language."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is read: the language that it names, about what it asks, the digits; empty what is not there."""

    language: str
    about: str
    digits: str


def answer(text: str, sender: str, *, at: datetime, free: bool = False) -> Reply:
    """The one message that answers ``text``. ``free``: it was answered before and costs nothing again."""
    told = read(text)
    language = told.language or home(sender)
    with override(language):
        if not free and (refusal := too_often(sender)):
            return Reply(refusal, language)
        return Reply(said(told.about, told.digits, sender, at=at, free=free)[0], language)


def said(
    about: str, digits: str, sender: str, *, at: datetime, space: Space = septets.SMS, free: bool = False
) -> tuple[str, bool]:
    """What the register says of a code or number, in the language that is active; whatever breaks was not checked.

    Also whether digits that somebody reads out could be checked for it.
    """
    try:
        if not about:
            return septets.shortened(gettext(wording.HELP), space), False
        found = verdict(about, at=at)
        if not free:
            _count(found, about, sender)
        if not digits or found.result not in live_codes.GOOD:
            return _verdict(found, space), found.live
        if not live_codes.is_told(digits):
            return _grey(wording.TYPE_DIGITS, space), True
        asker = partial(clients.keyed, sender)
        return _live(found, live.check(found, digits, asker=asker, at=at, free=free), space), True
    except problems.Refusal:
        return _grey(wording.TOO_OFTEN, space), False
    except (RegistryError, Error):
        _log.exception("message not answered")
    except Exception:  # noqa: BLE001 - whatever breaks, nobody reads that something is valid
        _log.exception("message broken")
    return _grey(wording.LATER, space), False


def read(text: str) -> Message:
    """What a message asks; a text that asks nothing is a call for help."""
    if len(text) > LONGEST:
        return Message("", "", "")
    words = septets.clean(text).split()[:MOST_WORDS]
    language = tongue(words[0]) if words else ""
    if language and (found := _about(words, right=True)) and " ".join(words).startswith(found[0]):
        return Message("", *found)  # a code whose country is written apart
    words = words[1:] if language else words
    return Message(language, *(_about(words, right=True) or _about(words, right=False) or _unknown(words)))


def verdict(about: str, *, at: datetime) -> Verdict:
    """What the register says of a badge's code or a licence's number, ours or an authority's own."""
    try:
        code = numbering.read_badge(about)
    except numbering.BadgeMistyped:  # a licence's number may have as many symbols
        found = _of_number(about, at)
        return check.verdict(about, at=at) if found.proof is Proof.NOT_FOUND else found
    except numbering.NotOurs:
        return _of_number(about, at)
    found = check.verdict(code, at=at)
    if found.licence:
        tallies.look_ups.add((found.licence,), at=at)
    return found


def _count(found: Verdict, about: str, sender: str) -> None:
    """Count for the early warning what was asked for in vain or is good no more."""
    asker = partial(clients.keyed, sender)
    if found.badge is not None or (found.proof is Proof.NOT_FOUND and found.code):
        early_warning.scanned(found, asker)
    elif found.proof is not Proof.KNOWN:
        early_warning.asked((about,), asker, at=found.checked_at)


def home(sender: str) -> str:
    """The language of the country that the number is of, as far as we speak it; else English."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(sender, None))
    except phonenumbers.NumberParseException:
        region = None
    return of_country(region or "")


@lru_cache(maxsize=512)
def of_country(region: str) -> str:
    """The first official language of a country that we speak, its own before English."""
    official = get_official_languages(region, de_facto=True) if region else ()
    spoken = labels.languages()
    return next((one for one in official if one in spoken and one != "en"), "en")


@lru_cache(maxsize=1024)
def tongue(word: str) -> str:
    """The language that a word names, by its code or its own name; nothing for any other word."""
    names = {code: code for code in labels.languages()}
    names |= {_folded(languages.own_name(code)): code for code in labels.languages()}
    return names.get(_folded(word), "")


def _folded(word: str) -> str:
    """A word without case and marks, which few people type."""
    return "".join(
        one for one in unicodedata.normalize("NFD", word.casefold()) if unicodedata.category(one) != "Mn"
    )


def too_often(sender: str, space: Space = septets.SMS) -> str:
    """Take one from the bucket of this number: nothing, or the text that says to wait."""
    try:
        throttles.spend(clients.keyed(sender, throttles.MESSAGES.name), throttles.MESSAGES)
    except problems.Refusal:
        return _grey(wording.TOO_OFTEN, space)
    except Error:
        _log.exception("limit unknown")
        return _grey(wording.LATER, space)
    return ""


# --- pieces ------------------------------------------------------------------------------------------------------


def _about(words: Sequence[str], *, right: bool) -> tuple[str, str] | None:
    """The code or number among these words, and whatever digits stand behind it; ``None`` where there is none.

    ``right``: one whose check symbol fits; else one in which a symbol is mistyped. Other words are politeness.
    """
    for start in range(len(words)):
        fits = [
            (about, live.digits("".join(word for word in words[end:] if _has_digit(word))))
            for end in range(len(words), start, -1)
            if _is_ours(about := " ".join(words[start:end])) is right
        ]
        if fits:  # a code and what was read out, written on, can pass for one longer number: the digits are not its end
            return next((one for one in reversed(fits) if live_codes.is_told(one[1])), fits[0])
    return None


def _has_digit(text: str) -> bool:
    return any(one.isdecimal() for one in text)


def _unknown(words: Sequence[str]) -> tuple[str, str]:
    """Words that hold no number of ours: an authority's own, if there is a digit in them; else a call for help."""
    words = words[1:] if words and words[0].upper() in _OURS else words
    return (
        " ".join(words) if words and words[0].upper() not in _HELP and _has_digit("".join(words)) else ""
    ), ""


def _is_ours(text: str) -> bool | None:
    """Whether this is a code or number of ours, ``None`` for no such thing; false for one with a symbol mistyped."""
    mistyped = False
    for reader in (numbering.read_badge, lambda typed: numbering.canonical(typed, *_LICENCES)):
        try:
            reader(text)
        except numbering.Mistyped:
            mistyped = _has_digit(text)  # or it is a word of as many letters
        except numbering.NotOurs:
            continue
        else:
            return True
    return False if mistyped else None


_LICENCES: Final = (numbering.Kind.LICENCE, numbering.Kind.LISTED)


def _of_number(typed: str, at: datetime) -> Verdict:
    """What a licence's number says, in the shape of a verdict."""
    try:
        number = numbering.canonical(typed, *_LICENCES)
        answers = [_licence(number, at)]
    except numbering.NotOurs:
        answers = lookup.by_legacy(typed, at=at)
    except numbering.Mistyped:
        return Verdict("", Proof.MISTYPED, Result.NOT_FOUND, ("licence.mistyped",), at)
    except NotFound:
        answers = []
    if not answers:
        return Verdict("", Proof.NOT_FOUND, Result.NOT_FOUND, ("licence.not_found",), at)
    if len(answers) > 1:
        return Verdict("", Proof.KNOWN, Result.AMBIGUOUS, ("licence.ambiguous",), at)
    one = answers[0]
    tallies.look_ups.add((one.number,), at=at)
    return Verdict(
        one.number, Proof.KNOWN, Result(one.result), (), at, may_recruit=one.may_recruit, kind="licence",
        number=one.number, licence=one.number, state=one.state, record=json.loads(one.body),
    )  # fmt: skip


def _licence(number: str, at: datetime) -> lookup.PublishedAnswer:
    try:
        return lookup.public_licence(number, at=at)
    except LicenceRenumbered as moved:
        return lookup.public_licence(moved.facts["number"], at=at)


def _verdict(found: Verdict, space: Space) -> str:
    said = wording.WORDS.get(found.appearance.word, wording.COULD_NOT_CHECK)
    word = gettext(said)
    who = _named((found.person or {}, found.record.get("holder", {})), word)
    return septets.composed(word, who, _besides(found), space)


def _live(found: Verdict, outcome: live.Outcome, space: Space) -> str:
    """Who is confirmed, or that nobody is; the verdict on the licence itself is read by sending the code alone."""
    if outcome.person is not None:
        word = gettext(wording.CONFIRMED)
        who = _named((asdict(outcome.person), found.record.get("holder", {})), word)
        return septets.composed(word, who, _besides(found, live=True), space)
    if outcome.long_only:
        return _grey(wording.LONG_CODE, space)
    return septets.composed(gettext(wording.NOT_CONFIRMED), "", [gettext(wording.DO_NOT_PAY)], space)


def _grey(besides: str, space: Space) -> str:
    return septets.composed(gettext(wording.COULD_NOT_CHECK), "", [gettext(besides)], space)


def _named(names: Iterable[Mapping[str, Any]], word: str) -> str:
    """The names that the public may read, each in its own script beside a word of that script.

    Beside any other word in Latin letters, if they are on record.
    """
    return ", ".join(filter(None, (_spelled(one, word) for one in names)))


def _spelled(names: Mapping[str, Any], word: str) -> str:
    name = str(names.get("name") or "")
    return name if _script(name) == _script(word) else str(names.get("latin_name") or name)


def _script(text: str) -> str:
    """The script of the first letter, as Unicode names it."""
    return next((unicodedata.name(one, "").partition(" ")[0] for one in text if one.isalpha()), "")


def _besides(found: Verdict, *, live: bool = False) -> list[str]:
    """What is said besides, the weightiest first."""
    if found.proof is Proof.MISTYPED:
        return [gettext(wording.READ_AGAIN)]
    if found.result in live_codes.GOOD:
        told = [gettext(wording.SOME_JOBS)] if found.result == Result.LIMITED else []
        told += [gettext(wording.ASK_DIGITS)] if found.live and not live else []
        if day := _last_day(found):
            told.append(gettext(wording.UNTIL) % {"day": day})
        if phone := _phone(found):
            told.append(gettext(wording.OFFICE) % {"phone": phone})
        return told
    if found.result == Result.AMBIGUOUS:
        return [gettext(wording.SEND_MORE)]
    if found.result == Result.UNKNOWN:
        return [gettext(wording.LATER)]
    state = (
        labels.text("states", found.state, get_language() or "en")
        if found.result == Result.NOT_LICENSED
        else ""
    )
    return [gettext(wording.DO_NOT_PAY), f"{state}." if state else ""]


def _last_day(found: Verdict) -> str:
    terms = found.record.get("terms") or []
    return written.stated(terms[-1]["last_day"]) if terms and terms[-1].get("last_day") else ""


def _phone(found: Verdict) -> str:
    """The holder's first official telephone."""
    numbers = (str(one.get("value", "")) for one in found.channels if one.get("kind") == "phone")
    return next(numbers, "")
