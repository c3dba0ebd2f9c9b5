"""What a step would change, for people: the words that the public will read, and the licence before and after."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override

from api import labels
from api.desk import law, parts, terms
from api.desk.parts import Part
from api.pages import facts, languages, verdicts, wording, written
from registry.outlook import Face, Outlook
from registry.rules.lifecycle import Scope


@dataclass(frozen=True)
class Words(Part):
    """What the public pages say in one language, from their own sentences and their own facts.

    ``told``: titles and facts as those pages render them; the officer's words stand last, as in the licence's page,
    which alone prints them, among what happened.
    """

    template = "words"
    language: str
    direction: str
    verdict: verdicts.Verdict
    steps: Sequence[str]
    told: Sequence[tuple[str, SafeString]]


@dataclass(frozen=True)
class Difference:
    """One thing before and after."""

    name: str
    before: Any
    after: Any

    @property
    def changed(self) -> bool:
        """Whether it becomes another."""
        return str(self.before) != str(self.after)


@dataclass(frozen=True)
class Preview:
    """An outlook as officers read it; one a licence."""

    number: str
    effective: Any
    until: Any
    deadlines: parts.Facts | None
    changes: Sequence[Difference]
    same: str
    words: Sequence[Words]
    later: Sequence[Words]
    later_on: Any


def of(outlook: Outlook, texts: Mapping[str, str] | None = None, *, published: bool = True) -> Preview:
    """The outlook in words; ``texts`` are those of the decision, by language."""
    last = outlook.later or outlook.after
    rows = _differences(outlook.before, last)
    dates = law.deadlines(outlook.deadlines, outlook.zone)
    said = dict(texts or {}) if published else {}
    spoken = {*labels.languages(), *said, get_language() or "en"}
    return Preview(
        number=outlook.number,
        effective=parts.Moment(outlook.effective_from, outlook.zone),
        until=law.by(outlook.effective_until.isoformat(), outlook.zone) if outlook.effective_until else "",
        deadlines=parts.Facts(dates) if dates else None,
        changes=[row for row in rows if row.changed],
        same=written.listed(row.name for row in rows if not row.changed),
        words=words(outlook.after.body, said, spoken),
        later=words(outlook.later.body, said, spoken) if outlook.later else (),
        later_on=parts.Moment(outlook.effective_from, outlook.zone) if outlook.later else "",
    )


def words(body: Mapping[str, Any], texts: Mapping[str, str], spoken: Collection[str]) -> list[Words]:
    """What the answer page says about that body, in those of the languages ``spoken`` that we have texts in."""
    return [_words(code, body, texts) for code, _name in settings.LANGUAGES if code in spoken]


def _words(language: str, body: Mapping[str, Any], texts: Mapping[str, str]) -> Words:
    with override(language):
        reasons = [one["code"] for one in body["verdict"]["reasons"]]
        result = str(body["verdict"]["result"])
        said = wording.sentences(reasons, facts.dates(body))
        verdict = verdicts.verdict(result, who=facts.holder_name(body), sentences=said)
        steps = wording.steps(result, reasons)
        told = [(gettext("The licence"), facts.listed(facts.standing(body)))]
        if measures := facts.sanctions(body):
            told.append((gettext("Measures of the authority"), facts.listed(measures)))
        if texts:
            text = format_html('<p dir="auto">{}</p>', facts.in_language(texts, language))
            told.append((gettext("Its life so far"), text))
    return Words(language, languages.direction(language), verdict, steps, told)


def _differences(before: Face, after: Face) -> list[Difference]:
    language = get_language() or "en"

    def both(name: str, told: Any) -> Difference:
        return Difference(name, told(before), told(after))

    def standing(face: Face) -> Any:
        return parts.Standing(face.standing.result.value, face.standing.state.value)

    def marks(face: Face) -> str:
        return written.listed(
            labels.text("overlays", one, language) for one in sorted(face.standing.overlays)
        )

    def scope(face: Face) -> str:
        return terms.scope_told(face.standing.scope)

    def cut(face: Face) -> str:
        taken = face.standing.cut
        if taken is None:
            return gettext("nothing")
        only = gettext("new recruitment only") if face.standing.new_recruitment_only else ""
        named = terms.scope_told(taken) if taken != Scope() else ""
        return written.clauses(filter(None, (named, only)))

    def conditions(face: Face) -> str:
        found = [str(one.get("text") or one.get("code")) for _, one in face.standing.conditions]
        return written.clauses(found) or gettext("none")

    def spans(face: Face) -> str:
        return written.clauses(
            gettext("%(first)s to %(last)s")
            % {"first": written.day(date.fromisoformat(a)), "last": written.day(date.fromisoformat(z))}
            for a, z in face.standing.terms
        )

    def suspensions(face: Face) -> str:
        return str(len(face.standing.suspensions) or gettext("none"))

    return [
        both(gettext("Stands"), standing),
        both(
            gettext("May recruit"),
            lambda face: gettext("yes") if face.standing.may_recruit else gettext("no"),
        ),
        both(gettext("Open suspensions"), suspensions),
        both(gettext("Marked"), marks),
        both(gettext("Class"), lambda face: face.standing.licence_class or ""),
        both(gettext("Good for"), scope),
        both(gettext("Cut out"), cut),
        both(gettext("Conditions"), conditions),
        both(gettext("Terms"), spans),
        both(gettext("Points"), lambda face: str(face.points)),
    ]
