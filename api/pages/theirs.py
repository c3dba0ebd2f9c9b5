"""Is this really them? What the page says of a contact that somebody was given, before the licences it found.

That a contact is on the register says nothing of the licence, and a good licence nothing of a contact: the card is
green only where both are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from api.pages import facts, languages, verdicts
from registry.search import Answer, Found, Hit

#: As which result of the verdict table an answer about a contact that is not simply theirs is shown, and its word.
_WORDS: Final = {
    Answer.THEIR_SITE: ("limited", _("Ask them first")),
    Answer.NOT_OFFICIAL: ("limited", _("Not on the register as theirs")),
    Answer.IMITATION: ("not_licensed", _("Not theirs")),
    Answer.OF_ANOTHER: ("limited", _("Another name")),
}

#: Answers that need no other word about what was found.
PLAIN: Final = frozenset(_WORDS) | {Answer.OFFICIAL, Answer.WARNED}

#: What an answer means; ``%(contact)s``: what was typed, ``%(name)s``: the agency.
_MEANS: Final = {
    Answer.OFFICIAL: (_("“%(contact)s” is an official contact of %(name)s."),),
    Answer.THEIR_SITE: (
        _("“%(contact)s” is not on the register. It is at the official web site of %(name)s."),
        _("Anybody can forge the sender of an e-mail. Call an official number below before you trust it."),
    ),
    Answer.NOT_OFFICIAL: (
        _("“%(contact)s” is not on the register as a contact of %(name)s."),
        _("Do not pay and do not send papers there. Use an official contact below and ask."),
    ),
    Answer.IMITATION: (
        _("“%(contact)s” looks like a contact of %(name)s. It is another one."),
        _("Do not pay, do not sign, and do not hand over your passport."),
    ),
    Answer.OF_ANOTHER: (
        _("“%(contact)s” is an official contact of %(name)s. You asked about another name."),
        _("Compare the names before you trust anybody."),
    ),
}

#: What a contact that is theirs is worth, by what their licences are worth.
_WORTH: Final = {
    "licensed": (
        _("This is really theirs"),
        _("The agency may recruit today. Compare the name and the address."),
    ),
    "limited": (
        _("This is really theirs"),
        _("It may recruit only for some jobs or countries. The page says which."),
    ),
    "not_licensed": (
        _("Theirs, but not licensed"),
        _("Do not pay, do not sign, and do not hand over your passport."),
    ),
    "unknown": (_("Theirs, but could not be checked"), _("We do not know. Wait, and ask the authority.")),
}
_SEVERAL: Final = _("They have more than one licence. Look at each of them below.")


def apart(text: str) -> str:
    """A name or contact in a sentence of the other direction, isolated from it (UAX 9)."""
    rtl = languages.direction(get_language() or "en") == "rtl"
    return f"\u2068{text}\u2069" if rtl and text else text


@dataclass(frozen=True, slots=True)
class Official:
    """The official contacts of an agency, under a title that names it."""

    title: str
    contacts: SafeString


def card(found: Found, records: Mapping[str, facts.Record]) -> verdicts.Verdict | None:
    """What may be said of the contacts given, as plainly as a verdict; nothing where none can be judged."""
    meant = _meant(found, records)
    if found.answer is Answer.SIMILAR and found.contacts and not any(map(_by_contact, found.data)):
        row = verdicts.row("limited")
        sentence = gettext("“%(contact)s” is not on the register.") % {
            "contact": apart(", ".join(found.contacts))
        }
        # Below it stand agencies that may be meant, some of them green: nobody is to take that for an answer.
        _word, warning = _WORTH["not_licensed"]
        warned = [sentence, gettext(warning)]
        return verdicts.Verdict(
            row.tone, row.theme, row.mark, gettext("Not in this register"), sentences=warned
        )
    if found.answer not in _MEANS or not meant:
        return None
    told = {
        "contact": apart(", ".join(found.contacts)),
        "name": apart(", ".join(map(facts.holder_name, meant.values()))),
    }
    sentences = [gettext(text) % told for text in _MEANS[found.answer]]
    if found.answer in _WORDS:
        result, word = _WORDS[found.answer]
    else:
        result = _worth([hit.verdict for hit in found.data if hit.agency in meant])
        word, meaning = _WORTH[result]
        several = len({hit.verdict for hit in found.data if hit.agency in meant}) > 1
        sentences.append(gettext(_SEVERAL if several else meaning))
    row = verdicts.row(result)
    return verdicts.Verdict(row.tone, row.theme, row.mark, gettext(word), sentences=sentences)


def _by_contact(hit: Hit) -> bool:
    """Whether somebody was found by a contact."""
    return hit.kind in {"phone", "email", "domain", "social"} or "contact.matches" in hit.why


def contacts(found: Found, records: Mapping[str, facts.Record]) -> list[Official]:
    """The official contacts of those whom the answer is about, where what was given is not plainly theirs."""
    if found.answer not in _WORDS:
        return []
    return [official(record) for record in _meant(found, records).values() if record.get("channels")]


def official(record: facts.Record) -> Official:
    """The official contacts in a published record, named by its holder."""
    title = gettext("Official contacts of %(name)s") % {"name": apart(facts.holder_name(record))}
    return Official(title, facts.listed(facts.contacts(record.get("channels") or ())))


def _worth(results: list[str]) -> str:
    """What licences of one holder are worth together: several verdicts are never told as the best of them."""
    if len(set(results)) == 1:
        return results[0] if results[0] in _WORTH else "unknown"
    return "limited" if set(results) & {"licensed", "limited"} else "not_licensed"


def _meant(found: Found, records: Mapping[str, facts.Record]) -> dict[str, facts.Record]:
    """Each agency that the answer is about, with the record of one of its licences."""
    held = {hit.agency: records[hit.number] for hit in reversed(found.data) if hit.number in records}
    return {number: held[number] for number in found.agencies if number in held}
