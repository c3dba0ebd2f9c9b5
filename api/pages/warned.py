"""What is said of a warning: its word, its sentences, and the card that stands before anything else that was found."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from django.utils.translation import get_language, gettext

from api import labels
from api.pages import facts, theirs, verdicts
from registry import alerts as register
from registry import lookup
from registry.alerts import AlertRecord
from registry.search import Found

#: As which result of the one verdict table each state is shown; none of them is ever green.
SHOWN_AS: Final = {"in_force": "not_licensed", "over": "unknown", "withdrawn": "unknown"}


def clone(one: AlertRecord) -> str:
    """Whom they pretend to be; nothing of whoever is no clone."""
    return (
        gettext("Somebody pretends to be %(name)s.") % {"name": theirs.apart(one.agency_name)}
        if one.agency
        else ""
    )


def word(one: AlertRecord) -> str:
    """What has become of the warning."""
    return labels.text("alerts", one.state, get_language() or "en")


def sentences(one: AlertRecord) -> list[str]:
    """What the warning means now; what the authority says itself comes first."""
    if one.state == "withdrawn":
        return [
            gettext(
                "The authority took this warning back: it was a mistake. Nothing is said against anybody."
            )
        ]
    if one.state == "over":
        return [gettext("The authority does not warn of this any more. That is no licence.")]
    own = theirs.apart(facts.in_language(one.texts, get_language() or "en")) if one.texts else ""
    told = clone(one) if one.agency else gettext("They have no licence. They must not recruit.")
    return [
        *filter(None, (own, told)),
        gettext("Do not pay, do not sign, and do not hand over your passport."),
    ]


def cards(found: Found, kept: str, *, at: datetime) -> list[dict[str, Any]]:
    """What the search page shows first: each warning as a verdict, with the official contacts of whoever is cloned.

    One of a clone that was found by its name alone is told in amber: the agency that is cloned has that name.
    """
    told = register.many([one.number for one in found.alerts], at=at)
    genuine = lookup.holders([one.agency for one in told.values() if one.agency], at=at)
    contact = ", ".join(found.contacts)
    return [
        _card(told[one.number], by_contact=one.by_contact, contact=contact, kept=kept, genuine=genuine)
        for one in found.alerts
        if one.number in told
    ]


def _card(
    one: AlertRecord, *, by_contact: bool, contact: str, kept: str, genuine: Mapping[str, facts.Record]
) -> dict[str, Any]:
    result = "not_licensed" if by_contact or not one.agency else "limited"
    row = verdicts.row(result)
    said = sentences(one)
    called = word(one)
    if by_contact:
        said.insert(0, gettext("The authority warns of “%(contact)s”.") % {"contact": theirs.apart(contact)})
    elif one.agency:
        called = gettext("Somebody pretends to be them")
        said = [clone(one), gettext("Use only the official contacts below.")]
    return {
        "v": verdicts.Verdict(row.tone, row.theme, row.mark, called, one.names[0], said),
        "href": f"/alerts/{quote(one.number)}{kept}",
        "official": theirs.official(genuine[one.agency]) if one.agency in genuine else None,
    }
