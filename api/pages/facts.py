"""What a page shows of a published record: short labelled facts, in the reader's language.

The record is the published body as ``registry.lookup`` gives it; every fact stands on its own line and can be compared
with a paper, a door plate or a phone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from api import labels
from api.pages import wording, written
from api.pages.languages import gettext
from registry.rules import occupations

Record = Mapping[str, Any]

ROLES: Final = {
    "responsible_officer": _("responsible officer"),
    "director": _("director"),
    "beneficial_owner": _("owner"),
    "authorised_representative": _("authorised representative"),
    "registered_recruiter": _("registered recruiter"),
    "sub_agent": _("sub-agent"),
    "foreign_representative": _("representative abroad"),
}


_DECIDED: Final = frozenset({"suspended", "revoked", "cancelled", "void"})


class Item(NamedTuple):
    """One value of several: a text, where it leads, a note in small print."""

    text: str
    href: str = ""
    note: str = ""
    ltr: bool = False


class Fact(NamedTuple):
    """A label and its value or values."""

    label: str
    text: str = ""
    note: str = ""
    items: tuple[Item, ...] = ()
    ltr: bool = False
    code: bool = False


def listed(told: Iterable[Fact]) -> SafeString:
    """The facts as a list of labels and values.

    Written here and not in a template: it is most of a scan's page, and a template's loop would cost more than
    everything else on the way there.
    """
    return mark_safe(f"<dl>{''.join(map(_marked, told))}</dl>")  # noqa: S308 - every text in it is escaped below


def _marked(fact: Fact) -> str:
    items = fact.items or (Item(fact.text, note=fact.note, ltr=fact.ltr),)
    values = [_marked_item(item) for item in items]
    value = values[0] if len(values) == 1 else "".join(f"<div>{one}</div>" for one in values)
    return f"<dt>{escape(fact.label)}</dt><dd{' class=code' if fact.code else ''}>{value}</dd>"


def _marked_item(item: Item) -> str:
    told = f"<bdi{' dir=ltr' if item.ltr else ''}>{escape(item.text)}</bdi>"
    if item.href:
        told = f'<a href="{escape(item.href)}" rel="nofollow noopener">{told}</a>'
    return f"{told}<small>{escape(item.note)}</small>" if item.note else told


def role(code: str) -> str:
    """What a person does for an agency."""
    return gettext(ROLES.get(code, code))


def zone(record: Record) -> str:
    """The time zone in which the authority's days are counted."""
    return str((record.get("authority") or {}).get("zone") or "UTC")


def authority_name(record: Record) -> str:
    """The authority's name, in the reader's language where it has one."""
    name = (record.get("authority") or {}).get("name") or ""
    if isinstance(name, str):
        return name
    language = get_language() or "en"
    return str(in_language(name, language))


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in the reader's language, else in its parent language, else in English, else in any."""
    known = (texts.get(code) for code in (language, language.partition("-")[0], "en"))
    return next((text for text in known if text), next(iter(texts.values()), ""))


def holder_name(record: Record) -> str:
    """The holder's legal name in its own script."""
    return str((record.get("holder") or {}).get("name") or "")


def comparing(record: Record, office: Record | None = None) -> list[Fact]:
    """What to compare with the people in front of you: names, number, offices (or this one), official contacts."""
    holder = record.get("holder") or {}
    found = [Fact(gettext("Name"), holder_name(record))]
    latin = holder.get("latin_name")
    if latin and latin != holder.get("name"):
        found.append(Fact(gettext("In Latin letters"), latin))
    if names := [Item(_named(name)) for name in holder.get("trading_names") or ()]:
        found.append(Fact(gettext("Also trades as"), items=tuple(names)))
    if record.get("number"):
        found.append(Fact(gettext("Licence"), str(record["number"]), ltr=True, code=True))
    if record.get("legacy_number"):
        label = gettext("Number on the list") if record.get("origin") == "listed" else gettext("Old number")
        found.append(Fact(label, record["legacy_number"], ltr=True, code=True))
    found += offices(record, office)
    found += contacts(record.get("channels") or ())
    return found


def contacts(channels: Iterable[Mapping[str, Any]]) -> list[Fact]:
    """The official channels, each leading where it says."""
    labelled = {
        "phone": gettext("Phone"),
        "email": gettext("E-mail"),
        "domain": gettext("Web site"),
        "social": gettext("Page"),
    }
    kinds: dict[str, list[Item]] = {}
    for channel in channels:
        kinds.setdefault(str(channel["kind"]), []).append(
            _contact(str(channel["kind"]), str(channel["value"]))
        )
    return [Fact(labelled.get(kind, kind), items=tuple(items)) for kind, items in kinds.items()]


def standing(record: Record, *, beside: str = "") -> list[Fact]:
    """What the licence is: its state explained, its term, its scope, conditions, grounds, authority.

    ``beside``: the result that it is told beside, where that is not the licence's own: an office may be closed, or an
    appointment ended, of whoever is licensed.
    """
    found = [_state(record, beside), *_decider(record), *_list(record)]
    terms = record.get("terms") or ()
    if terms:
        last = terms[-1]
        found.append(Fact(gettext("Licence from"), written.stated(terms[0]["first_day"])))
        found.append(Fact(gettext("Licence until"), written.stated(last["last_day"])))
    found += scope(record, beside=beside)
    conditions = record.get("conditions") or ()
    if conditions:
        found.append(Fact(gettext("Conditions"), items=tuple(Item(_condition(c)) for c in conditions)))
    if grounds := _grounds(record):
        found.append(Fact(gettext("Reasons given"), items=tuple(Item(ground) for ground in grounds)))
    found += _decided(record)
    found += _authority(record)
    return found


def _decider(record: Record) -> list[Fact]:
    """Who decided that the licence stands as it does, where somebody had to: not where it ran out or was given back."""
    by_decision = (record.get("standing") or {}).get("state") in _DECIDED
    return [Fact(gettext("Decided by"), name)] if by_decision and (name := authority_name(record)) else []


def _list(record: Record) -> list[Fact]:
    """The list that a licence is known from, and the days on which it was seen there."""
    listed = record.get("listed") or {}
    found = [Fact(gettext("List"), str(listed["source"]))] if listed.get("source") else []
    first, last = listed.get("first_seen"), listed.get("last_seen")
    if last:
        days = {"first": written.stated(first or last), "last": written.stated(last)}
        seen = days["last"] if not first or first == last else gettext("%(first)s to %(last)s") % days
        found.append(Fact(gettext("Seen there"), seen))
    return found


def _answered(record: Record, beside: str) -> str:
    return beside or str((record.get("verdict") or {}).get("result", ""))


def _state(record: Record, beside: str) -> Fact:
    """The state in our words and the authority's, with what it means."""
    standing = record.get("standing") or {}
    code = str(standing.get("state", ""))
    text = labels.text("states", code, get_language() or "en")
    since = written.instant(standing.get("since"))
    if since is not None:
        text = gettext("%(state)s, since %(day)s") % {"state": text, "day": written.days(since, zone(record))}
    # "It is in force" beside a no, or beside a limit, would be read as a yes.
    note = "" if code == "active" and _answered(record, beside) != "licensed" else wording.meaning(code)
    term = standing.get("legal_term")
    if term and term != labels.text("states", code, get_language() or "en"):
        called = gettext("The law calls it “%(term)s”.") % {"term": written.isolated(term)}
        note = f"{called} {note}".rstrip()
    return Fact(gettext("Status"), text, note=note)


def scope(record: Record, *, beside: str = "") -> list[Fact]:
    """For which countries and jobs the licence is good, and which are cut out of it; ``beside`` as in ``standing``."""
    held = record.get("scope") or {}
    cut = held.get("cut") or {}
    countries = _left(held, cut, "corridors", "occupations")
    jobs = _left(held, cut, "occupations", "corridors")
    found = _reach(gettext("Jobs in"), countries, gettext("Kinds of jobs"), jobs)
    good = _answered(record, beside) in {"licensed", "limited"}
    unlimited = good and held and not held.get("corridors") and not held.get("occupations")
    if unlimited and record.get("origin") != "listed":
        everything = gettext("all countries and all jobs")
        found.append(
            Fact(
                gettext("The agency may recruit for"),
                gettext("all but what is named below") if cut else everything,
            )
        )
    without = _reach(
        gettext("Not for jobs in"), cut.get("corridors"), gettext("Not for"), cut.get("occupations")
    )
    if cut.get("new_recruitment_only"):
        without.append(Fact(gettext("New workers"), _new_workers(record)))
    return found + without


def fee(record: Record, *, may_recruit: bool) -> dict[str, str]:
    """What a worker may be asked to pay: the sum as far as it can be told, the sentence and where the law says so.

    A sum that may be asked for is told only of who may recruit: of anybody else it would read as leave to pay.
    """
    rule = record.get("worker_fee") or {}
    code = str((rule.get("rule") or {}).get("code", ""))
    if code != "fee.prohibited" and not may_recruit:
        rule, code = {}, ""
    total = ""
    if code in {"", "fee.prohibited"}:
        total = written.number(0)
    elif code == "fee.capped":
        total = _cap(rule)
    return {"sum": total, "text": wording.fee(code), "law": str(rule.get("law") or "")}


def _cap(rule: Record) -> str:
    if months := rule.get("months_of_wage"):
        return gettext("%(months)s months’ wages") % {"months": written.decimal(months)}
    return " ".join(filter(None, (written.decimal(rule.get("amount") or ""), rule.get("currency"))))


def _new_workers(record: Record) -> str:
    """For what nobody new may be taken on, where a cut is about new recruitment."""
    if (record.get("verdict") or {}).get("may_recruit"):
        return gettext(
            "The agency may finish its work for the workers it already has. It may not take on anybody new for these."
        )
    return gettext(
        "The agency may finish its work for the workers it already has. It may not take on anybody new."
    )


def _left(held: Record, cut: Record, kind: str, other: str) -> list[Any]:
    """What is left of one kind of scope; a cut that names both kinds is about both together and leaves each."""
    gone = () if cut.get(other) or cut.get("new_recruitment_only") else cut.get(kind) or ()
    if kind == "occupations":
        return [job for job in held.get(kind) or () if not occupations.within(job, gone)]
    return [country for country in held.get(kind) or () if country not in gone]


def _reach(where: str, countries: Any, what: str, jobs: Any) -> list[Fact]:
    found = []
    if countries:
        found.append(Fact(where, items=tuple(Item(written.country(code)) for code in countries)))
    if jobs:
        found.append(Fact(what, items=tuple(Item(_job(job)) for job in jobs)))
    return found


def sanctions(record: Record) -> list[Fact]:
    """The sanctions that are public now, each with its days and grounds."""
    language = get_language() or "en"
    found = []
    for sanction in record.get("sanctions") or ():
        kind = labels.text("sanctions", str(sanction.get("kind", "")), language)
        grounds = [labels.text("grounds", _coded(g), language) for g in sanction.get("grounds") or ()]
        found.append(Fact(_period(sanction, zone(record)), kind, note=written.clauses(grounds)))
    return found


def _period(sanction: Mapping[str, Any], local: str) -> str:
    since, until = written.instant(sanction.get("since")), written.instant(sanction.get("until"))
    told = written.days(since, local) if since else ""
    if until is None or since is None or until <= since:
        return told
    return gettext("%(first)s to %(last)s") % {"first": told, "last": written.last_day(until, local)}


def dates(record: Record) -> Mapping[str, str]:
    """The dates that a sentence of :mod:`api.pages.wording` may speak of."""
    return _Dates(record)


class _Dates(Mapping[str, str]):
    """Each is written out when a sentence asks for it: most sentences speak of one."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __getitem__(self, name: str) -> str:
        write = _DATES[name]
        try:
            told = write(self._record)
        except KeyError as lacking:  # else it would pass for a date that the record does not have
            raise ValueError(f"{name}: the record has no {lacking}") from lacking
        if not told:
            raise KeyError(name)
        return told

    def __iter__(self) -> Iterator[str]:
        return (name for name, write in _DATES.items() if write(self._record))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _barred(record: Record) -> str:
    bars = (s for s in record.get("sanctions") or () if s.get("kind") == "debarment" and not s.get("over"))
    since = [str(bar["since"]) for bar in bars][-1:]
    return written.days(datetime.fromisoformat(since[0]), zone(record)) if since else ""


def _until(record: Record) -> str:
    until = written.instant(record.get("until"))
    return written.last_day(until, zone(record)) if until else ""


def _last_day(record: Record) -> str:
    terms = record.get("terms")
    return written.stated(terms[-1]["last_day"]) if terms else ""


def _source(record: Record) -> str:
    return written.isolated(str((record.get("listed") or {}).get("source", "")))


def _seen(record: Record) -> str:
    seen = (record.get("listed") or {}).get("last_seen")
    return written.stated(seen) if seen else ""


_DATES: Final[Mapping[str, Callable[[Record], str]]] = {
    "barred": _barred,
    "since": lambda record: written.days(since, zone(record)) if (since := _since(record)) else "",
    "ended": lambda record: written.last_day(since, zone(record)) if (since := _since(record)) else "",
    "until": _until,
    "last_day": _last_day,
    "source": _source,
    "seen": _seen,
}


def _since(record: Record) -> datetime | None:
    """Since when it stands as it does: a listed licence since its suspension began, where one outweighs the list."""
    standing = record.get("standing") or {}
    if standing.get("state") != "listed":
        return written.instant(standing.get("since"))
    suspended = {"preventive_suspension", "administrative_suspension", "disciplinary_suspension"}
    open_ones = (s for s in record.get("sanctions") or () if s.get("kind") in suspended and not s.get("over"))
    return min((datetime.fromisoformat(s["since"]) for s in open_ones), default=None)


def offices(record: Record, office: Record | None = None) -> list[Fact]:
    """The offices; where one is given, that one alone."""
    chosen = [office] if office else list(record.get("offices") or ())
    if not chosen:
        return []
    items = tuple(Item(_address(o), note=_office_note(o, several=len(chosen) > 1)) for o in chosen)
    return [Fact(gettext("Office address") if len(items) == 1 else gettext("Offices"), items=items)]


def _address(office: Mapping[str, Any]) -> str:
    parts = (office.get("name"), office.get("address"), office.get("locality"))
    return ", ".join(str(part) for part in parts if part)


def _office_note(office: Mapping[str, Any], *, several: bool) -> str:
    """The country, and what else tells one office from another."""
    kinds = {"head": gettext("head office"), "branch": gettext("branch")}
    told = [written.country(office["country"]) if office.get("country") else ""]
    if several:
        told.append(kinds.get(str(office.get("kind")), ""))
    if last := office.get("last_day"):
        told.append(gettext("closed after %(day)s") % {"day": written.stated(last)})
    return " · ".join(part for part in told if part)


def _contact(kind: str, value: str) -> Item:
    hrefs = {
        "phone": f"tel:{quote(value, safe='+')}",
        "email": f"mailto:{quote(value, safe='@')}",
        "domain": f"https://{quote(value, safe='.')}/",
        "social": value if value.startswith("https://") else f"https://{value}",
    }
    return Item(value, href=hrefs.get(kind, ""), ltr=True)


def _grounds(record: Record) -> list[str]:
    """The grounds of the sanctions that have effect now, once each."""
    language = get_language() or "en"
    told: dict[str, None] = {}
    for sanction in record.get("sanctions") or ():
        if not sanction.get("over"):
            told.update(
                {labels.text("grounds", _coded(g), language): None for g in sanction.get("grounds") or ()}
            )
    return list(told)


def _decided(record: Record) -> list[Fact]:
    """What the authority has decided and what has not begun yet."""
    items = []
    for decision in record.get("decided") or ():
        start = written.instant(decision.get("effective_from"))
        what = labels.text("actions", str(decision.get("action", "")), get_language() or "en")
        if start is not None:
            day = written.days(start, zone(record))
            items.append(Item(gettext("%(what)s, from %(day)s") % {"what": what, "day": day}))
    return [Fact(gettext("Decided for later"), items=tuple(items))] if items else []


def _authority(record: Record) -> list[Fact]:
    """Who licensed, where to ask and where to complain."""
    authority = record.get("authority") or {}
    found = [Fact(gettext("Licensed by"), name)] if (name := authority_name(record)) else []
    for label, kind in ((gettext("Ask them"), "contact"), (gettext("Complain to"), "complaint")):
        ways = authority.get(kind) or {}
        if items := tuple(
            _way(way, value) for way, value in ways.items() if isinstance(value, str) and value
        ):
            found.append(Fact(label, items=items))
    return found


def _way(kind: str, value: str) -> Item:
    """A way to reach an authority, leading where it can lead."""
    if value.startswith("https://"):
        return Item(value.removeprefix("https://").rstrip("/"), href=value, ltr=True)
    if "@" in value and " " not in value:
        return Item(value, href=f"mailto:{quote(value, safe='@')}", ltr=True)
    if kind == "phone":
        return Item(value, href=f"tel:{quote(value.replace(' ', ''), safe='+')}", ltr=True)
    return Item(value)


def _condition(condition: Mapping[str, Any]) -> str:
    """A condition's text in the reader's language, else in English, else in whatever language there is."""
    text = condition.get("text", condition)
    if isinstance(text, Mapping):
        told = {key: value for key, value in text.items() if key not in {"code", "due", "last_day"}}
        text = in_language(told, get_language() or "en")
    return str(text or condition.get("code", ""))


def _job(job: Any) -> str:
    if isinstance(job, Mapping):
        return str(job.get("title") or job.get("code", ""))
    exactly = gettext("occupation group %(code)s (ISCO-08)") % {"code": job}
    kind = labels.text("occupations", str(job)[:1], get_language() or "en")
    return f"{kind}: {exactly}" if kind != str(job)[:1] else exactly


def _named(name: Any) -> str:
    return str(name.get("name", "")) if isinstance(name, Mapping) else str(name)


def _coded(code: Any) -> str:
    return str(code.get("code", "")) if isinstance(code, Mapping) else str(code)
