"""What the clock, a holder or an applicant asks of an authority: matters that wait, each with its legal deadline.

Nothing here is kept: a matter is read from the published spans, whose turns to come are the law's own (rulings 6),
from entries that nothing has answered yet, from applications as they stand, or from matches that nobody has judged.
What is owed (duties, conditions, payments) the law's own modules decide, on the few entries that could owe something.
What the register holds no record of is not counted.

===============  =====================================================================================================
``ratify``       one officer's emergency suspension that nobody has ratified; it lapses then
``lapse``        a suspension that ends by the clock
``hearing``      a suspension by which the holder is to be heard, and nobody recorded that; it is to be until then
``activation``   a licence that was granted and is not activated; it is cancelled then
``term``         a term that ends without a renewal in time
``renewal``      a renewal that was filed and is not decided; in force until then, or until the term ends
``security``     no security covers the licence from then on, or since then
``stay``         a decision that is stayed; until then, or until it is ended
``appeal``       an appeal that is not decided; the law sets no day
``notice``       a notice to show cause, or a letter to an applicant, that is not answered; it may be until then
``answer``       a holder's or an applicant's answer that no decision has followed; the law sets no day
``application``  an application before the officers; until the end of objections, or the law sets no day
``inspection``   an inspection that was ordered for an application; the law sets no day
``agreement``    a grant, or a letter that an application may be refused, which a second officer agrees to or not
``duty``         what a measure asks of a holder and nobody has recorded as done, be the measure over or not
``condition``    a condition with a day that nobody has recorded as met
``payment``      a fine or a repayment that is not paid in full
``match``        a possible match that screening found and that is not judged; the law sets no day
===============  =====================================================================================================
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection, transaction

from registry import records, screening
from registry.models import Authority, Entry, PolicySet
from registry.rules import applying, days, duties, errors, measures, policy, standing
from registry.rules.entries import Entries
from registry.rules.lifecycle import STEPS, Action, Actor, M, Role

AHEAD: Final = timedelta(days=90)
"""How far the agenda looks ahead."""

MOST: Final = 200
"""The longest page."""


class Matter(StrEnum):
    """The kinds of matters, in the order of the desk."""

    RATIFY = "ratify"
    LAPSE = "lapse"
    HEARING = "hearing"
    ACTIVATION = "activation"
    TERM = "term"
    RENEWAL = "renewal"
    SECURITY = "security"
    STAY = "stay"
    APPEAL = "appeal"
    NOTICE = "notice"
    ANSWER = "answer"
    APPLICATION = "application"
    INSPECTION = "inspection"
    AGREEMENT = "agreement"
    DUTY = "duty"
    CONDITION = "condition"
    PAYMENT = "payment"
    MATCH = "match"


DECIDING: Final = tuple(
    action
    for action, step in STEPS.items()
    if step.sanction is not None or "notice_served_on" in step.needs | step.optional
)
"""The steps that follow a notice to show cause."""

ANSWERS: Final[Mapping[Matter, tuple[Action, ...]]] = {
    Matter.RATIFY: (Action.RATIFY,),
    Matter.LAPSE: (Action.CONFIRM, Action.EXTEND, Action.LIFT),
    Matter.HEARING: (Action.HEAR,),
    Matter.ACTIVATION: (Action.ACTIVATE,),
    Matter.TERM: (Action.FILE_RENEWAL,),
    Matter.RENEWAL: (Action.RENEW, Action.REFUSE_RENEWAL, Action.RENEW_LATE),
    Matter.SECURITY: (Action.CONFIRM_SECURITY, Action.SUSPEND_ADMINISTRATIVE),
    Matter.STAY: (Action.END_STAY, Action.SET_ASIDE),
    Matter.APPEAL: (Action.END_APPEAL, Action.SET_ASIDE),
    Matter.NOTICE: (Action.REPRESENT,),
    Matter.ANSWER: DECIDING,
    Matter.DUTY: (Action.PERFORM,),
    Matter.CONDITION: (Action.MEET_CONDITION,),
    Matter.PAYMENT: (Action.PAY,),
}
"""The steps of a licence that answer a matter: it waits for whoever may begin one of them."""

_APPLICATION: Final[Mapping[Matter, tuple[applying.Action, ...]]] = {
    Matter.NOTICE: (applying.Action.TAKE_BACK,),
    Matter.ANSWER: (applying.Action.REFUSE, applying.Action.TAKE_BACK),
    Matter.APPLICATION: (
        applying.Action.REVIEW,
        applying.Action.PROPOSE_GRANT,
        applying.Action.PROPOSE_REFUSAL,
    ),
    Matter.INSPECTION: (applying.Action.RECORD_INSPECTION, applying.Action.PROPOSE_GRANT),
    Matter.AGREEMENT: (applying.Action.GRANT, applying.Action.SERVE_NOTICE),
}
"""The same for applications."""


def _for_whom(matter: Matter) -> frozenset[Any]:
    """Whose roles a matter waits for."""
    if matter is Matter.MATCH:
        return frozenset(M)
    of_licences = [STEPS[action].proposes for action in ANSWERS.get(matter, ())]
    of_applications = [applying.STEPS[action].by for action in _APPLICATION.get(matter, ())]
    return frozenset[Any]().union(*of_licences, *of_applications)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which matters are asked for; empty means all. ``corridor``: licences good for that country."""

    matters: frozenset[Matter] = frozenset()
    licence_class: str = ""
    state: str = ""
    corridor: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One matter. ``due``: its legal deadline, ``None`` where the law sets no day; ``since``: when it began.

    It is of a licence, of an application (then ``state`` is the application's) or of a match; what it is not of is
    empty. ``name`` is the agency's, or the applicant's. ``state`` and ``result`` of a licence are what the public reads
    now: a licence that is in force by its decisions and lacks its security is ``active`` and ``not_licensed``.
    """

    matter: Matter
    due: datetime | None
    since: datetime
    licence: str
    agency: str
    name: str
    licence_class: str
    state: str
    corridors: tuple[str, ...]
    overdue: bool
    application: str = ""
    match: int | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many matters of a kind there are, and how many of them are past their deadline."""

    all: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Agenda:
    """A page of matters and how many there are of each kind.

    ``counts`` leave out of account which kinds are asked for. ``following``: give it as ``after`` for the next page,
    empty at the end.
    """

    items: tuple[Item, ...]
    counts: Mapping[Matter, Count]
    following: str


def matters_of(roles: Collection[str]) -> tuple[Matter, ...]:
    """The kinds of matters that wait for somebody with these roles."""
    held = frozenset(roles) - {Role.SYSTEM}
    return tuple(matter for matter in Matter if _for_whom(matter) & held)


def read(wanted: Wanted, *, by: Actor, at: datetime, after: str = "", limit: int = 50) -> Agenda:
    """The matters that wait for this officer by their deadline, those past it first, those without one last."""
    if by.roles <= {Role.ANALYST}:
        raise errors.RoleNotAllowed("this role reads aggregates only")
    due, matter, ref = _place(after)
    theirs = matters_of(by.roles)
    if by.authority is None or not theirs:
        return Agenda((), {}, "")
    limit = min(limit, MOST)
    given: dict[str, Any] = {
        "authority": by.authority, "at": at, "horizon": at + AHEAD, "renews": _oldest_renewal(by.authority, at),
        "class": wanted.licence_class, "state": wanted.state, "corridor": wanted.corridor,
        "matters": [m.value for m in theirs if not wanted.matters or m in wanted.matters],
        "lapses": at + max(AHEAD, _longest_interim(by.authority)), "applied": [m.value for m in _APPLICATION],
        "judged": list(screening.reopened(by.authority)) if Matter.MATCH in theirs else [],
        "due": due, "matter": matter, "ref": ref, "limit": limit + 1,
        **_columns(_owed(by.authority, at, frozenset(theirs))),
    }  # fmt: skip
    sources = _SOURCES if wanted.licence_class or wanted.state or wanted.corridor else _UNFILTERED
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL max_parallel_workers_per_gather TO 0"
        )  # a second process takes longer to begin
        cursor.execute(_AGENDA.format(" UNION ALL ".join(sources[m] for m in theirs)), given)
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL max_parallel_workers_per_gather TO DEFAULT")
    counted = {Matter(name): Count(*numbers) for name, numbers in (rows[0][0] or {}).items()}
    found = [row[1:] for row in rows if row[1] is not None]
    items = tuple(
        Item(
            matter=Matter(row[0]), due=row[1], since=row[2], licence=row[3] or "", agency=row[4] or "",
            name=row[5] or "", licence_class=row[6] or "", state=row[7] or "", corridors=tuple(row[8] or ()),
            overdue=row[1] is not None and row[1] <= at, application=row[10] or "",
            match=row[9] if row[0] == Matter.MATCH else None, result=row[11] or "",
        )
        for row in found[:limit]
    )  # fmt: skip
    following = ""
    if len(found) > limit:
        last = found[limit - 1]
        following = f"{last[1].isoformat() if last[1] else 'infinity'}~{last[0]}~{last[9]}"
    return Agenda(items, {m: counted.get(m, Count()) for m in theirs}, following)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a licence's term, or of the security behind it; ``at`` is the first instant after."""

    matter: Matter
    licence: str
    at: datetime


def endings(*, at: datetime) -> tuple[Ending, ...]:
    """The terms and securities of every authority that end within ``AHEAD``, for whoever reminds their holders."""
    found: list[Ending] = []
    for code in Authority.objects.filter(kind="licensing").order_by("code").values_list("code", flat=True):
        given: dict[str, Any] = {"authority": code, "at": at, "horizon": at + AHEAD}
        with connection.cursor() as cursor:
            cursor.execute(_ENDINGS, given)
            found += [Ending(Matter(matter), number, due) for matter, number, due in cursor.fetchall()]
    return tuple(found)


# --- how they are found ------------------------------------------------------------------------------------------

# A matter is (matter, due, since, licence, agency where there is no licence, class, state, corridors, ref); ``ref`` is
# the key of its licence, entry, application or match, and only applications have no corridors at all. Ranges sort
# by their beginning, so that one index of (authority, state, span) finds the turns of a stretch of time, and it carries
# what is filtered by: numbers and names are read for the page alone.


def _turn(
    matter: Matter, before: str, after: str, *, unless: str = "", horizon: str = "horizon", few: bool = False
) -> str:
    """A turn of the published state from ``before`` to ``after`` that the clock alone will bring by the horizon.

    ``few``: of all that stand as ``before`` says; what comes before each turn is looked up, not all of them read.
    """
    fence = "OFFSET 0" if few else ""
    return f"""
        SELECT '{matter}' AS matter, lower(n.span) AS due, lower(p.span) AS since, n.licence_id,
               NULL::bigint AS agency_id, p.licence_class, p.state, p.corridors, n.licence_id AS ref
        FROM registry_publishedrecord n
        JOIN LATERAL (SELECT b.span, b.licence_class, b.state, b.corridors FROM registry_publishedrecord b
                      WHERE b.licence_id = n.licence_id AND upper(b.span) = lower(n.span) {fence}) p ON true
        WHERE n.authority_code = %(authority)s AND n.state IN ({after}) AND p.state IN ({before})
          AND n.span > tstzrange(%(at)s, NULL) AND n.span <= tstzrange(%({horizon})s, NULL) {unless}
    """  # noqa: S608 - constants of this module


def _open(matter: Matter, due: str, action: Action, *conditions: str) -> str:
    """An entry of this action that still stands and that nothing has answered, with the licence as it is now."""
    asked = "".join(f" AND {condition}" for condition in conditions)
    return f"""
        SELECT '{matter}' AS matter, {due} AS due, e.effective_from AS since, e.licence_id, e.agency_id,
               p.licence_class, p.state, p.corridors, e.id AS ref
        FROM registry_entry e
        JOIN registry_authority o ON o.id = e.authority_id
        LEFT JOIN registry_publishedrecord p ON p.licence_id = e.licence_id AND p.span @> %(at)s
        WHERE o.code = %(authority)s AND e.action = '{action}' AND e.effective_from <= %(at)s
          AND NOT {_UNDONE.format("e")}{asked}
    """  # noqa: S608 - constants of this module


_UNDONE: Final = """EXISTS (
    SELECT FROM registry_entry u WHERE u.refers_to_id = {}.id AND u.action IN ('correct', 'set_aside'))
"""


def _answered(target: str, *actions: Action, after: str = "") -> str:
    """Whether an entry about ``target`` with one of these actions stands."""
    named = ", ".join(f"'{action}'" for action in actions)
    later = f" AND x.id > {after}" if after else ""
    standing = f"NOT {_UNDONE.format('x')}"
    return (
        f"EXISTS (SELECT FROM registry_entry x WHERE x.refers_to_id = {target} AND x.action IN ({named}){later}"
        f" AND {standing})"
    )


_EMERGENCY: Final = """
    AND NOT EXISTS (SELECT FROM registry_entry e WHERE e.licence_id = n.licence_id AND e.action = 'suspend_emergency'
                    AND (e.deadlines->>'ratify_by')::timestamptz = lower(n.span))
"""
_UNCOVERED: Final = f"""
    (SELECT DISTINCT ON (p.licence_id) '{Matter.SECURITY}' AS matter, lower(p.span) AS due, lower(p.span) AS since,
            p.licence_id, NULL::bigint AS agency_id, p.licence_class, p.state, p.corridors, p.licence_id AS ref
     FROM registry_publishedrecord p
     WHERE p.authority_code = %(authority)s AND p.state IN ('active', 'renewal_pending') AND p.result = 'not_licensed'
       AND p.span <= tstzrange(%(horizon)s, NULL) AND (upper(p.span) IS NULL OR upper(p.span) > %(at)s)
       AND p.body LIKE '%%"security.missing"%%'
     ORDER BY p.licence_id, lower(p.span))
"""  # noqa: S608 - constants of this module
_RENEWAL_DUE: Final = """coalesce((e.deadlines->>'deemed_until')::timestamptz,
    ((e.effect->>'renews')::date + 1)::timestamp AT TIME ZONE e.zone)"""
_NOT_RENEWED: Final = f"""NOT EXISTS (
    SELECT FROM registry_entry x WHERE x.licence_id = e.licence_id AND x.id > e.id
       AND x.action IN ('renew', 'renew_late', 'refuse_renewal') AND NOT {_UNDONE.format("x")})
"""

_FOLLOWED: Final = f"""EXISTS (
    SELECT FROM registry_entry x WHERE x.licence_id = e.licence_id AND x.id > {{}}
       AND x.action IN ({", ".join(f"'{action}'" for action in DECIDING)}) AND NOT {_UNDONE.format("x")})
"""


def _applications(matter: Matter, *states: applying.State, condition: str = "true") -> str:
    """Applications in one of these states, with their next legal date."""
    named = ", ".join(f"'{state}'" for state in states)
    return f"""
        SELECT '{matter}' AS matter, a.due_at AS due,
               (SELECT max(v.at) FROM registry_applicationevent v WHERE v.application_id = a.id) AS since,
               NULL::bigint AS licence_id, a.agency_id, a.licence_class, a.state, NULL::text[] AS corridors, a.id AS ref
        FROM registry_application a
        JOIN registry_authority o ON o.id = a.authority_id
        WHERE o.code = %(authority)s AND a.state IN ({named}) AND a.submitted_at <= %(at)s AND {condition}
    """  # noqa: S608 - constants of this module


def _hearing(action: Action) -> str:
    """An interim measure in effect after which nobody has recorded that the holder was heard."""
    return _open(
        Matter.HEARING,
        "(e.deadlines->>'hear_by')::timestamptz",
        action,
        "e.deadlines->>'hear_by' IS NOT NULL",
        "p.state = 'suspended'",
        f"NOT {_answered('e.id', Action.HEAR, Action.CONFIRM, Action.LIFT)}",
    )


_ANSWERED_LETTER: Final = """EXISTS (
    SELECT FROM registry_applicationevent r WHERE r.application_id = a.id AND r.action = 'represent' AND r.ordinal > (
        SELECT max(n.ordinal) FROM registry_applicationevent n
        WHERE n.application_id = a.id AND n.action = 'serve_notice'))
"""


def _of_the_owed(matter: Matter) -> str:
    """What :func:`_owed` has found of this kind, with the licence as it is now."""
    return f"""
        SELECT '{matter}' AS matter, w.due, w.since, w.licence_id, NULL::bigint AS agency_id,
               p.licence_class, p.state, p.corridors, w.ref
        FROM unnest(%(owed_matter)s::text[], %(owed_due)s::timestamptz[], %(owed_since)s::timestamptz[],
                    %(owed_licence)s::bigint[], %(owed_ref)s::bigint[]) w (matter, due, since, licence_id, ref)
        LEFT JOIN registry_publishedrecord p ON p.licence_id = w.licence_id AND p.span @> %(at)s
        WHERE w.matter = '{matter}'
    """  # noqa: S608 - constants of this module


def _named(actions: Collection[str]) -> str:
    return ", ".join(f"'{action}'" for action in sorted(actions))


def _plain_duties(*, licence: bool) -> str:
    """The first duty of each measure on whose duties nothing bears, due so many days from its first day of effect on.

    ``licence``: with the licence as it is now, to filter by; there may be many more than a page shows.
    """
    told = (
        "p.licence_class, p.state, p.corridors"
        if licence
        else "NULL::text AS licence_class, NULL::text AS state, NULL::text[] AS corridors"
    )
    join = "LEFT JOIN registry_publishedrecord p ON p.licence_id = e.licence_id AND p.span @> %(at)s"
    return f"""
        SELECT '{Matter.DUTY}' AS matter,
               ((e.effective_from AT TIME ZONE e.zone)::date + {min(duties.DAYS.values()) + 1})::timestamp
                   AT TIME ZONE e.zone AS due,
               e.effective_from AS since, e.licence_id, NULL::bigint AS agency_id, {told}, e.id AS ref
        FROM registry_entry e
        JOIN registry_authority o ON o.id = e.authority_id
        {join if licence else ""}
        WHERE o.code = %(authority)s AND e.licence_id IS NOT NULL AND e.effective_from <= %(at)s
          AND e.action IN ({_named(duties.CREATES)})
          AND NOT EXISTS (SELECT FROM registry_entry x
                          WHERE x.refers_to_id = e.id AND x.action IN ({_named(duties.BORNE_ON_BY)}))
    """  # noqa: S608 - constants of this module


_MATCHES: Final = f"""
    SELECT '{Matter.MATCH}' AS matter, NULL::timestamptz AS due, m.found_at AS since, NULL::bigint AS licence_id,
           m.agency_id, NULL AS licence_class, NULL AS state, NULL::text[] AS corridors, m.id AS ref
    FROM registry_screeningmatch m
    JOIN registry_authority o ON o.id = m.authority_id
    JOIN LATERAL (
        SELECT a.score FROM registry_assessment a WHERE a.match_id = m.id ORDER BY a.id DESC LIMIT 1) a ON a.score > 0
    WHERE o.code = %(authority)s AND (m.id = ANY (%(judged)s)
       OR NOT EXISTS (SELECT FROM registry_judgement j WHERE j.match_id = m.id))
"""  # noqa: S608 - constants of this module

_SOURCES: Final[Mapping[Matter, str]] = {
    Matter.RATIFY: _open(
        Matter.RATIFY,
        "(e.deadlines->>'ratify_by')::timestamptz",
        Action.SUSPEND_EMERGENCY,
        "p.state = 'suspended'",
        "(e.deadlines->>'ratify_by')::timestamptz > %(at)s",
        f"NOT {_answered('e.id', Action.RATIFY, Action.CONFIRM, Action.LIFT)}",
    ),
    Matter.LAPSE: _turn(
        Matter.LAPSE, "'suspended'", "'active', 'renewal_pending'", unless=_EMERGENCY, horizon="lapses"
    ),
    Matter.ACTIVATION: _turn(Matter.ACTIVATION, "'pending_activation'", "'cancelled'"),
    Matter.TERM: _turn(Matter.TERM, "'active', 'suspended'", "'expired'", few=True),
    Matter.RENEWAL: _open(
        Matter.RENEWAL,
        _RENEWAL_DUE,
        Action.FILE_RENEWAL,
        "e.effect->>'renews' >= %(renews)s",
        "(p.state IN ('active', 'renewal_pending', 'suspended')"
        " OR (p.state = 'expired' AND (e.deadlines->>'grace_until')::timestamptz > %(at)s))",
        _NOT_RENEWED,
    ),
    Matter.SECURITY: _UNCOVERED,
    Matter.STAY: _open(
        Matter.STAY,
        "e.effective_until",
        Action.STAY,
        "(e.effective_until IS NULL OR e.effective_until > %(at)s)",
        f"NOT {_answered('e.id', Action.END_STAY)}",
        f"NOT {_answered('e.refers_to_id', Action.SET_ASIDE, after='e.id')}",
    ),
    Matter.APPEAL: _open(
        Matter.APPEAL,
        "NULL::timestamptz",
        Action.FILE_APPEAL,
        f"NOT {_answered('e.id', Action.END_APPEAL)}",
        f"NOT {_answered('e.refers_to_id', Action.SET_ASIDE, after='e.id')}",
    ),
    Matter.NOTICE: _open(
        Matter.NOTICE,
        "(e.deadlines->>'represent_by')::timestamptz",
        Action.SHOW_CAUSE,
        f"NOT {_answered('e.id', Action.REPRESENT)}",
        f"NOT {_FOLLOWED.format('e.id')}",
    )
    + "UNION ALL"
    + _applications(Matter.NOTICE, applying.State.MINDED_TO_REFUSE, condition=f"NOT {_ANSWERED_LETTER}"),
    Matter.ANSWER: _open(
        Matter.ANSWER, "NULL::timestamptz", Action.REPRESENT, f"NOT {_FOLLOWED.format('e.refers_to_id')}"
    )
    + "UNION ALL"
    + _applications(Matter.ANSWER, applying.State.MINDED_TO_REFUSE, condition=_ANSWERED_LETTER),
    Matter.APPLICATION: _applications(
        Matter.APPLICATION,
        applying.State.SUBMITTED,
        applying.State.UNDER_REVIEW,
        applying.State.OBJECTION_PERIOD,
    ),
    Matter.INSPECTION: _applications(Matter.INSPECTION, applying.State.INSPECTION),
    Matter.AGREEMENT: _applications(
        Matter.AGREEMENT, applying.State.PROPOSED_GRANT, applying.State.PROPOSED_REFUSAL
    ),
    Matter.HEARING: _hearing(Action.SUSPEND_PREVENTIVE) + "UNION ALL" + _hearing(Action.SUSPEND_EMERGENCY),
    Matter.DUTY: _plain_duties(licence=True) + "UNION ALL" + _of_the_owed(Matter.DUTY),
    Matter.CONDITION: _of_the_owed(Matter.CONDITION),
    Matter.PAYMENT: _of_the_owed(Matter.PAYMENT),
    Matter.MATCH: _MATCHES,
}

_UNFILTERED: Final[Mapping[Matter, str]] = {
    **_SOURCES,
    Matter.DUTY: _plain_duties(licence=False) + "UNION ALL" + _of_the_owed(Matter.DUTY),
}
"""The same where nothing of the licence is asked for."""

_AGENDA: Final = """
    WITH waiting AS MATERIALIZED (
        SELECT m.* FROM ({}) m
        WHERE (%(class)s = '' OR m.licence_class = %(class)s) AND (%(state)s = '' OR m.state = %(state)s)
          AND (%(corridor)s = '' OR m.corridors = '{{}}' OR %(corridor)s = ANY (m.corridors))
    ), counted AS (
        SELECT matter, count(*) AS number, count(*) FILTER (WHERE due <= %(at)s) AS overdue FROM waiting GROUP BY matter
    ), listed AS (
        SELECT * FROM waiting
        WHERE matter = ANY (%(matters)s)
          AND (coalesce(due, 'infinity'), matter, ref) > (%(due)s::timestamptz, %(matter)s, %(ref)s)
        ORDER BY coalesce(due, 'infinity'), matter, ref LIMIT %(limit)s
    )
    SELECT (SELECT json_object_agg(matter, json_build_array(number, overdue)) FROM counted), page.*
    FROM (SELECT) nothing LEFT JOIN (
        SELECT m.matter, m.due, m.since, l.number, a.number, coalesce(a.legal_name, c.legal_name),
               coalesce(m.licence_class, r.licence_class), coalesce(r.state, m.state),
               coalesce(m.corridors, r.corridors), m.ref, c.number, r.result
        FROM listed m
        LEFT JOIN registry_licence l ON l.id = m.licence_id
        LEFT JOIN registry_publishedrecord r ON r.licence_id = m.licence_id AND r.span @> %(at)s
        LEFT JOIN registry_agency a ON a.id = coalesce(m.agency_id, l.agency_id)
        LEFT JOIN registry_application c ON c.id = m.ref AND m.licence_id IS NULL AND m.matter = ANY (%(applied)s)
    ) page (matter, due, since, licence, agency, name, licence_class, state, corridors, ref, application, result)
        ON true
    ORDER BY coalesce(page.due, 'infinity'), page.matter, page.ref
"""


_ENDINGS: Final = f"""
    SELECT m.matter, l.number, m.due
    FROM ({_SOURCES[Matter.TERM]} UNION ALL {_SOURCES[Matter.SECURITY]}) m
    JOIN registry_licence l ON l.id = m.licence_id
    WHERE m.due > %(at)s AND m.due <= %(horizon)s ORDER BY m.due, l.number
"""  # noqa: S608 - constants of this module


# --- what is owed ------------------------------------------------------------------------------------------------

_Owed = tuple[str, datetime, datetime, int, int]
"""A matter, its day's end, since when, the licence's key and the entry's."""

_PAYABLE: Final = frozenset({Action.FINE, Action.ORDER_REPAYMENT})
_UNSPOKEN_OF: Final = "NOT EXISTS (SELECT FROM registry_entry u WHERE u.refers_to_id = x.id)"
#: Entries about which the law must be asked, with all that speaks of them and of that. A measure on whose duties
#: nothing bears owes them all (``_plain_duties``); one of which every duty is recorded as done, or an order that is
#: paid, by words that nothing speaks of, owes nothing.
_MAY_OWE: Final = f"""
    WITH RECURSIVE owing AS (
        SELECT e.id FROM registry_entry e JOIN registry_authority o ON o.id = e.authority_id
        WHERE o.code = %(authority)s AND e.licence_id IS NOT NULL AND e.effective_from <= %(at)s
          AND e.action = ANY (%(actions)s)
          AND CASE WHEN e.action IN ({_named(_PAYABLE)}) THEN
                  (SELECT coalesce(sum((x.effect->>'amount')::numeric), 0) FROM registry_entry x
                   WHERE x.refers_to_id = e.id AND x.action = '{Action.PAY}' AND {_UNSPOKEN_OF})
                      < (e.effect->>'amount')::numeric
              ELSE
                  EXISTS (SELECT FROM registry_entry x
                          WHERE x.refers_to_id = e.id AND x.action IN ({_named(duties.BORNE_ON_BY)}))
                  AND (SELECT count(DISTINCT x.effect->>'duty') FROM registry_entry x
                       WHERE x.refers_to_id = e.id AND x.action = '{Action.PERFORM}' AND {_UNSPOKEN_OF})
                      < {len(duties.DAYS)}
              END
    ), family AS (
        SELECT id FROM owing UNION SELECT x.id FROM registry_entry x JOIN family f ON x.refers_to_id = f.id
    )
    SELECT id FROM family
"""  # noqa: S608 - constants of this module
#: Licences with conditions of which nothing that stands unspoken of says that they are met.
_MAY_BE_CONDITIONAL: Final = f"""
    SELECT DISTINCT e.licence_id, e.zone
    FROM registry_entry e JOIN registry_authority o ON o.id = e.authority_id
    WHERE o.code = %(authority)s AND e.effect ? 'conditions' AND e.effect @? '$.conditions[*].due_day'
      AND e.licence_id IS NOT NULL AND e.effective_from <= %(at)s
      AND NOT EXISTS (
          SELECT FROM registry_entry x WHERE x.refers_to_id = e.id AND x.action = '{Action.MEET_CONDITION}'
             AND NOT EXISTS (SELECT FROM registry_entry u WHERE u.refers_to_id = x.id))
"""  # noqa: S608 - constants of this module


def _owed(authority: str, at: datetime, matters: frozenset[Matter]) -> list[_Owed]:
    """The payments, the conditions and the duties of measures on which something bears, as the law decides."""
    actions: set[Action] = set(duties.CREATES) if Matter.DUTY in matters else set()
    actions |= _PAYABLE if Matter.PAYMENT in matters else set()
    found: list[_Owed] = []
    if actions:
        with connection.cursor() as cursor:
            cursor.execute(_MAY_OWE, {"authority": authority, "at": at, "actions": sorted(actions)})
            keys = [key for (key,) in cursor.fetchall()]
        rows = {row.pk: row for row in Entry.objects.filter(pk__in=keys)}
        entries = Entries(records.as_fold(row, at) for row in rows.values())
        for entry in entries.those(*sorted(actions)):
            row = rows[entry.ref]
            if entry.action in _PAYABLE:
                until = entry.deadline("pay_by")
                if until and entries.has_begun(entry, at) and measures.outstanding(entries, entry):
                    found.append(
                        (Matter.PAYMENT, until, entry.effective_from, row.licence_id or 0, entry.ref)
                    )
            elif tasks := duties.waiting(entries, entry, at, zone=row.zone):
                due = days.end_of(tasks[0].due, row.zone)
                found.append((Matter.DUTY, due, entry.effective_from, row.licence_id or 0, entry.ref))
    return found + (_conditions(authority, at) if Matter.CONDITION in matters else [])


def _conditions(authority: str, at: datetime) -> list[_Owed]:
    """The first day of the conditions of each entry that are open, where they name one."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_BE_CONDITIONAL, {"authority": authority, "at": at})
        zones = dict(cursor.fetchall())
    found: list[_Owed] = []
    for licence, entries in records.fold_entries_of(zones).items():
        told: dict[int, str] = {}
        for ref, condition in standing.at(entries, at=at).conditions:
            if due := condition.get("due_day"):
                told[ref] = min(due, told.get(ref, due))
        since = {entry.ref: entry.effective_from for entry in entries}
        found += [
            (Matter.CONDITION, days.end_of(date.fromisoformat(due), zones[licence]), since[ref], licence, ref)
            for ref, due in told.items()
        ]
    return found


def _columns(owed: list[_Owed]) -> dict[str, list[Any]]:
    """What is owed as the columns that the statement reads."""
    names = "owed_matter", "owed_due", "owed_since", "owed_licence", "owed_ref"
    return {name: [row[place] for row in owed] for place, name in enumerate(names)}


def _longest_interim(authority: str) -> timedelta:
    """How long a suspension of this authority can stand that nobody has confirmed, by the longest of its policies."""
    told = [policy.parse(one) for one in _rules(authority)] or [policy.Policy()]
    return timedelta(days=max(one.preventive_max_days for one in told) + 2)


def _rules(authority: str) -> list[Any]:
    return list(PolicySet.objects.filter(authority__code=authority).values_list("rules", flat=True))


def _oldest_renewal(authority: str, at: datetime) -> str:
    """The last day of the oldest term whose renewal may still wait, by the longest days that any policy gave it."""
    told = [policy.parse(one) for one in _rules(authority)] or [policy.Policy()]
    longest = max(one.renewal_deemed_days + one.grace_days for one in told)
    return (at - timedelta(days=longest + 2)).date().isoformat()


def _place(after: str) -> tuple[str, str, int]:
    """Where a page begins, from what the page before it gave."""
    if not after:
        return "-infinity", "", 0
    try:
        due, matter, ref = after.split("~")
        Matter(matter)
        if due != "infinity":
            due = datetime.fromisoformat(due).isoformat()
        return due, matter, int(ref)
    except ValueError:
        raise errors.BadInput("this is no place in the list", field="after") from None
