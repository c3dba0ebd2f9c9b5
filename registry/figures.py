"""The register in numbers, for one authority at an instant: counted where the records lie, one statement a question.

A :class:`Report` holds tables; the first measure of a row is the number of cases that the row rests on. A policy
analyst reads nothing that rests on fewer than ten (domain model 3.6), and nothing that would give it away. What a
correction has marked wrong is not counted; what an appeal has set aside is, in the month in which it was decided.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from registry.models import Authority
from registry.rules import days, errors
from registry.rules.lifecycle import HOLDER, STEPS, SUSPENSIONS, Action, Actor, Kind, Role, State

FEWEST: Final = 10
"""What rests on fewer cases is not for analysts."""

MONTHS: Final = (3, 12, 24, 60)
"""How far back, or ahead, a report may look."""

READERS: Final = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.ANALYST, Role.AUDITOR})
ABOUT_OFFICERS: Final = frozenset({Role.SUPERVISOR, Role.REGISTRAR, Role.AUDITOR})
"""Who reads what single officers did."""

Value = int | float | None


class Measure(StrEnum):
    """What a column holds."""

    LICENCES = "licences"
    IN_FORCE = "in_force"
    GRANTED = "granted"
    RENEWED = "renewed"
    NOT_RENEWED = "not_renewed"
    SUSPENDED = "suspended"
    LIFTED = "lifted"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    SURRENDERED = "surrendered"
    DECISIONS = "decisions"
    MEDIAN_SECONDS = "median_seconds"
    P95_SECONDS = "p95_seconds"
    LONGEST_SECONDS = "longest_seconds"
    TAKEN_PART = "taken_part"
    PROPOSED = "proposed"
    APPROVED = "approved"
    ALONE = "alone"
    WAITING = "waiting"
    TERMS = "terms"
    STEPS = "steps"
    MEDIAN_DAYS = "median_days"
    SANCTIONS = "sanctions"
    DAYS_SUSPENDED = "days_suspended"
    APPEALS = "appeals"
    APPLICATIONS = "applications"
    APPLICATIONS_GRANTED = "applications_granted"
    APPLICATIONS_REFUSED = "applications_refused"
    WITHDRAWN = "withdrawn"


class Of(StrEnum):
    """What the rows of a table are."""

    STATE = "state"
    CLASS = "class"
    CORRIDOR = "corridor"
    MONTH = "month"
    ACTION = "action"
    OFFICER = "officer"
    GROUND = "ground"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Row:
    """A code of the table's kind (a state, ``2026-11``, an empty corridor for all countries) and its measures."""

    code: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind. ``total`` only where rows add up. A value of ``None`` rests on too few cases."""

    name: str
    of: Of
    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]
    total: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Tables about ``[since, until)`` as the register knew it ``at``; local days are those of ``zone``."""

    name: str
    authority: str
    zone: str
    at: datetime
    since: datetime
    until: datetime
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question about one authority."""

    pk: int
    code: str
    zone: str
    at: datetime
    since: datetime
    until: datetime

    def rows(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        """The answer of the database."""
        given: dict[str, Any] = {
            "pk": self.pk, "code": self.code, "zone": self.zone, "at": self.at, "since": self.since,
            "until": self.until,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(statement, given | more)
            return list(cursor.fetchall())


# --- reports -----------------------------------------------------------------------------------------------------


def register(*, by: Actor, at: datetime, months: int = 12) -> Report:
    """How many licences stand how, in which class and for which countries; and what each month brought."""
    asked = _ask(by, at, months)
    states: Counter[str] = Counter()
    classes: Counter[tuple[str, bool]] = Counter()
    corridors: Counter[str] = Counter()
    for state, licence_class, countries, number in asked.rows(_STOCK):
        live = state in _IN_FORCE
        states[state] += number
        classes[licence_class, live] += number
        if live:
            for country in countries or ("",):
                corridors[country] += number
    by_class = [
        Row(one, (classes[one, True] + classes[one, False], classes[one, True]))
        for one in sorted({one for one, _ in classes})
    ]
    return _report("register", asked, by, [
        _added("by_state", Of.STATE, (Measure.LICENCES,), _in_order(states)),
        _added("by_class", Of.CLASS, (Measure.LICENCES, Measure.IN_FORCE), by_class),
        Table("by_corridor", Of.CORRIDOR, (Measure.IN_FORCE,), tuple(_most_first(corridors))),
        _moves(asked),
        _applications(asked),
    ])  # fmt: skip


def publication(*, by: Actor, at: datetime, months: int = 12) -> Report:
    """How long it took from each decision until the public could read it (both in one transaction's record)."""
    asked = _ask(by, at, months)
    told = [s.action.value for s in STEPS.values() if s.published and s.kind in {Kind.DECISION, Kind.ORDER}]
    measures = (Measure.DECISIONS, Measure.MEDIAN_SECONDS, Measure.P95_SECONDS, Measure.LONGEST_SECONDS)
    rows = [Row(action, tuple(values)) for action, *values in asked.rows(_PUBLICATION, actions=told)]
    table = Table(
        "by_action", Of.ACTION, measures, tuple(sorted(rows, key=lambda row: -(row.values[0] or 0)))
    )
    return _report("publication", asked, by, [table])


def workload(*, by: Actor, at: datetime, months: int = 12) -> Report:
    """What each officer took part in, and what waits that they proposed; not for analysts and single officers."""
    if not by.roles & ABOUT_OFFICERS:
        raise errors.RoleNotAllowed("this is for supervisors and auditors", roles=sorted(ABOUT_OFFICERS))
    asked = _ask(by, at, months)
    measures = (
        Measure.TAKEN_PART,
        Measure.PROPOSED,
        Measure.APPROVED,
        Measure.ALONE,
        Measure.WAITING,
    )
    rows = [Row(officer, tuple(values)) for officer, *values in asked.rows(_WORKLOAD)]
    return _report("workload", asked, by, [Table("by_officer", Of.OFFICER, measures, tuple(rows))])


def expiring(*, by: Actor, at: datetime, months: int = 12) -> Report:
    """How many terms end in each month to come that no renewal follows yet, and in which class."""
    asked = _ask(by, at, months, ahead=True)
    ending: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for month, licence_class, number in asked.rows(_EXPIRING):
        ending[month] += number
        classes[licence_class] += number
    rows = [Row(month, (ending[month],)) for month in _months(asked.since, asked.until, asked.zone)]
    return _report("expiring", asked, by, [
        _added("ending_by_month", Of.MONTH, (Measure.TERMS,), rows),
        _added("ending_by_class", Of.CLASS, (Measure.TERMS,), [Row(c, (classes[c],)) for c in sorted(classes)]),
    ])  # fmt: skip


def policy(*, by: Actor, at: datetime, months: int = 12) -> Report:
    """For policy makers (domain model 3.9): days a step takes, sanctions and their grounds, suspensions, appeals."""
    asked = _ask(by, at, months)
    sanctioning = [s.action.value for s in STEPS.values() if s.sanction is not None]
    upheld, successful = asked.rows(_APPEALS)[0]
    return _report("policy", asked, by, [
        Table("days_by_step", Of.ACTION, (Measure.STEPS, Measure.MEDIAN_DAYS),
              tuple(Row(action, (number, median)) for action, number, median in asked.rows(_DAYS_OF_STEPS))),
        Table("sanctions_by_ground", Of.GROUND, (Measure.SANCTIONS,),
              tuple(Row(ground, (number,)) for ground, number in asked.rows(_GROUNDS, actions=sanctioning))),
        _added("suspended_by_class", Of.CLASS, (Measure.LICENCES, Measure.DAYS_SUSPENDED),
               [Row(one, (number, float(total))) for one, number, total in asked.rows(_SUSPENDED)]),
        _added("appeals_by_outcome", Of.OUTCOME, (Measure.APPEALS,),
               [Row("set_aside", (successful,)), Row("end_appeal", (upheld,))] if upheld + successful else []),
        _moves(asked),
    ])  # fmt: skip


REPORTS: Final = {
    "register": register,
    "publication": publication,
    "workload": workload,
    "expiring": expiring,
    "policy": policy,
}
"""By name, in the order of the desk."""


def local_day(report: Report, which: str) -> date:
    """The local day of the report's ``at``, of its beginning (``since``) or of its last instant (``until``)."""
    instant = {"at": report.at, "since": report.since, "until": report.until - timedelta(microseconds=1)}[
        which
    ]
    return days.local_day(instant, report.zone)


# --- what analysts do not read -----------------------------------------------------------------------------------


def _report(name: str, asked: _Asked, by: Actor, tables: Iterable[Table]) -> Report:
    aggregates_only = not by.roles & (READERS - {Role.ANALYST})
    told = tuple(map(thinned, tables)) if aggregates_only else tuple(tables)
    return Report(name, asked.code, asked.zone, asked.at, asked.since, asked.until, told)


def thinned(table: Table) -> Table:
    """The table without whatever rests on fewer than ten, and without what would give a single hidden number away.

    That is the total, and where one number of a column is hidden alone the smallest beside it.
    """
    columns = [
        _covered(column)
        for column in zip(*(_enough(r.values, table.measures) for r in table.rows), strict=True)
    ]
    values = zip(*columns, strict=True)
    rows = tuple(Row(row.code, told) for row, told in zip(table.rows, values, strict=True))
    total = table.total
    if total is not None:
        pairs = zip(total, columns, strict=True)
        total = tuple(None if None in column else value for value, column in pairs)
    return replace(table, rows=rows, total=total)


def _covered(column: Sequence[Value]) -> list[Value]:
    """A column in which no number is hidden alone."""
    told = list(column)
    shown = [value for value in told if value is not None]
    if len(told) - len(shown) == 1 and shown:
        told[told.index(min(shown))] = None
    return told


def _enough(values: Sequence[Value], measures: Sequence[Measure]) -> tuple[Value, ...]:
    """Counts of ten and more; what is no count stands on the first one.

    Two counts of one row must not tell a small rest between them either (all licences less those in force).
    """
    base = values[0]
    if base is None or base < FEWEST:
        return (None,) * len(values)
    told = [
        base,
        *(v if v is None or m in _NO_COUNT or v >= FEWEST else None for v, m in _pairs(values, measures)),
    ]
    if Measure.IN_FORCE in measures[1:]:
        place = measures.index(Measure.IN_FORCE)
        part = told[place]
        if part is not None and 0 < base - part < FEWEST:
            told[place] = None
    return tuple(told)


def _pairs(values: Sequence[Value], measures: Sequence[Measure]) -> Iterable[tuple[Value, Measure]]:
    return zip(values[1:], measures[1:], strict=True)


_NO_COUNT: Final = frozenset(
    {
        Measure.MEDIAN_SECONDS,
        Measure.P95_SECONDS,
        Measure.LONGEST_SECONDS,
        Measure.MEDIAN_DAYS,
        Measure.DAYS_SUSPENDED,
    }
)


# --- how it is counted -------------------------------------------------------------------------------------------

_IN_FORCE: Final = frozenset({State.ACTIVE.value, State.RENEWAL_PENDING.value})
_MOVES: Final = {
    Measure.GRANTED: (Action.GRANT, Action.ADOPT),
    Measure.RENEWED: (Action.RENEW, Action.RENEW_LATE),
    Measure.NOT_RENEWED: (Action.REFUSE_RENEWAL,),
    Measure.SUSPENDED: tuple(SUSPENSIONS),
    Measure.LIFTED: (Action.LIFT,),
    Measure.REVOKED: (Action.REVOKE, Action.VOID),
    Measure.CANCELLED: (Action.CANCEL,),
    Measure.SURRENDERED: (Action.SURRENDER,),
}
_WRONG: Final = """NOT EXISTS (
    SELECT FROM registry_entry u
    WHERE u.refers_to_id = e.id AND u.action = 'correct' AND u.authority_id = e.authority_id)
"""
_STOCK: Final = """
    SELECT state, licence_class, corridors, count(*) FROM registry_publishedrecord
    WHERE authority_code = %(code)s AND span <= tstzrange(%(at)s, NULL) AND span @> %(at)s AND state <> ''
    GROUP BY state, licence_class, corridors
"""
_BY_MONTH: Final = f"""
    SELECT to_char(decided_at AT TIME ZONE %(zone)s, 'YYYY-MM'), action, count(*) FROM registry_entry e
    WHERE authority_id = %(pk)s AND action = ANY (%(actions)s) AND decided_at >= %(since)s AND decided_at < %(until)s
      AND {_WRONG}
    GROUP BY 1, 2
"""  # noqa: S608 - constants of this module
_ANSWERS: Final = {
    "submit": Measure.APPLICATIONS,
    "grant": Measure.APPLICATIONS_GRANTED,
    "refuse": Measure.APPLICATIONS_REFUSED,
    "withdraw": Measure.WITHDRAWN,
}
_APPLICATIONS: Final = """
    SELECT to_char(e.at AT TIME ZONE %(zone)s, 'YYYY-MM'), e.action, count(*)
    FROM registry_applicationevent e JOIN registry_application a ON a.id = e.application_id
    WHERE a.authority_id = %(pk)s AND a.submitted_at IS NOT NULL AND e.at >= %(since)s AND e.at < %(until)s
      AND (e.action IN ('grant', 'refuse', 'withdraw') OR (e.action = 'submit' AND NOT EXISTS (
          SELECT FROM registry_applicationevent b
          WHERE b.application_id = a.id AND b.action = 'submit' AND b.ordinal < e.ordinal)))
    GROUP BY 1, 2
"""
_PUBLICATION: Final = """
    SELECT action, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY took), max(took)
    FROM (SELECT e.action, extract(epoch FROM c.recorded_at - e.decided_at)::float8 AS took
          FROM registry_entry e JOIN registry_registercommit c ON c.id = e.commit_id
          WHERE e.authority_id = %(pk)s AND e.action = ANY (%(actions)s)
            AND e.decided_at >= %(since)s AND e.decided_at < %(until)s) told
    GROUP BY action
"""
_WORKLOAD: Final = f"""
    WITH done AS (
        SELECT officers, count(*) AS number FROM registry_entry
        WHERE authority_id = %(pk)s AND decided_at >= %(since)s AND decided_at < %(until)s
          AND officers <> '["{HOLDER}"]' GROUP BY officers
    ), part AS (
        SELECT o.officer, o.place, d.number, jsonb_array_length(d.officers) AS officers
        FROM done d, jsonb_array_elements_text(d.officers) WITH ORDINALITY o (officer, place)
    ), waiting AS (
        SELECT proposed_by AS officer, count(*) AS number FROM registry_proposal
        WHERE authority_id = %(pk)s AND state = 'open' AND expires_at > %(at)s GROUP BY proposed_by
    ), took_part AS (
        SELECT officer, sum(number)::int AS taken,
               coalesce(sum(number) FILTER (WHERE place = 1 AND officers > 1), 0)::int AS proposed,
               coalesce(sum(number) FILTER (WHERE place > 1), 0)::int AS approved,
               coalesce(sum(number) FILTER (WHERE officers = 1), 0)::int AS alone
        FROM part GROUP BY officer
    )
    SELECT officer, coalesce(taken, 0), coalesce(proposed, 0), coalesce(approved, 0), coalesce(alone, 0),
           coalesce(w.number, 0)::int
    FROM took_part FULL JOIN waiting w USING (officer) ORDER BY 2 DESC, 1
"""  # noqa: S608 - a constant of the law
_EXPIRING: Final = """
    SELECT to_char((lower(n.span) - interval '1 second') AT TIME ZONE %(zone)s, 'YYYY-MM'), n.licence_class, count(*)
    FROM registry_publishedrecord n
    JOIN registry_publishedrecord p ON p.licence_id = n.licence_id AND upper(p.span) = lower(n.span)
    WHERE n.authority_code = %(code)s AND n.state = 'expired' AND p.state IN ('active', 'suspended')
      AND n.span > tstzrange(%(since)s, NULL) AND n.span <= tstzrange(%(until)s, NULL)
    GROUP BY 1, 2
"""
_DAYS_OF_STEPS: Final = """
    SELECT action, count(*), percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM closed_at - proposed_at)::float8 / 86400)
    FROM registry_proposal
    WHERE authority_id = %(pk)s AND state = 'approved' AND closed_at >= %(since)s AND closed_at < %(until)s
    GROUP BY action ORDER BY 2 DESC, 1
"""
_GROUNDS: Final = f"""
    SELECT g.ground, count(*) FROM registry_entry e, jsonb_array_elements_text(e.grounds) g (ground)
    WHERE e.authority_id = %(pk)s AND e.action = ANY (%(actions)s)
      AND e.decided_at >= %(since)s AND e.decided_at < %(until)s AND {_WRONG}
    GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608 - constants of this module
_SUSPENDED: Final = """
    SELECT licence_class, count(DISTINCT licence_id),
           round(sum(extract(epoch FROM least(upper(span), %(at)s) - greatest(lower(span), %(since)s))) / 86400)
    FROM registry_publishedrecord
    WHERE authority_code = %(code)s AND state = 'suspended'
      AND span <= tstzrange(%(at)s, NULL) AND span && tstzrange(%(since)s, %(at)s)
    GROUP BY licence_class ORDER BY 1
"""
_APPEALS: Final = f"""
    SELECT count(*) FILTER (WHERE e.action = 'end_appeal'),
           count(*) FILTER (WHERE e.action = 'set_aside' AND EXISTS (
               SELECT FROM registry_entry x
               WHERE x.refers_to_id = e.refers_to_id AND x.action = 'file_appeal' AND x.id < e.id))
    FROM registry_entry e
    WHERE e.authority_id = %(pk)s AND e.action IN ('end_appeal', 'set_aside')
      AND e.decided_at >= %(since)s AND e.decided_at < %(until)s AND {_WRONG}
"""  # noqa: S608 - constants of this module


def _ask(by: Actor, at: datetime, months: int, *, ahead: bool = False) -> _Asked:
    """The authority's own question: whole local months back with the one that runs, or from now on ahead."""
    if not by.roles & READERS:
        raise errors.RoleNotAllowed("this role reads no reports", roles=sorted(READERS))
    if months not in MONTHS:
        raise errors.BadInput("one of {choices} months", field="months", choices=list(MONTHS))
    row = Authority.objects.filter(code=by.authority or "").first()
    if row is None:
        raise errors.OutsideAuthority("a report is of one authority", authority=by.authority or "")
    this = days.local_day(at, row.zone).replace(day=1)
    if ahead:
        since, until = at, days.first_instant(days.add_months(this, months), row.zone)
    else:
        since, until = days.first_instant(days.add_months(this, 1 - months), row.zone), at
    return _Asked(row.pk, row.code, row.zone, at, since, until)


def _moves(asked: _Asked) -> Table:
    """What each month brought."""
    measure_of = {action.value: measure for measure, actions in _MOVES.items() for action in actions}
    found: Counter[tuple[str, Measure]] = Counter()
    for month, action, number in asked.rows(_BY_MONTH, actions=list(measure_of)):
        found[month, measure_of[action]] += number
    months = _months(asked.since, asked.until, asked.zone)
    rows = [Row(month, tuple(found[month, measure] for measure in _MOVES)) for month in months]
    return _added("by_month", Of.MONTH, tuple(_MOVES), rows)


def _applications(asked: _Asked) -> Table:
    """The applications of each month by their day: sent for the first time, granted, refused, taken back."""
    found = {(month, action): number for month, action, number in asked.rows(_APPLICATIONS)}
    rows = [
        Row(month, tuple(found.get((month, action), 0) for action in _ANSWERS))
        for month in _months(asked.since, asked.until, asked.zone)
    ]
    return _added("applications_by_month", Of.MONTH, tuple(_ANSWERS.values()), rows)


def _months(since: datetime, until: datetime, zone: str) -> list[str]:
    """Every local month of the period, ``YYYY-MM``."""
    last = days.local_day(until - timedelta(microseconds=1), zone)
    month: date = days.local_day(since, zone).replace(day=1)
    found = []
    while month <= last:
        found.append(month.isoformat()[:7])
        month = days.add_months(month, 1)
    return found


def _added(name: str, of: Of, measures: tuple[Measure, ...], rows: Sequence[Row]) -> Table:
    """A table whose rows add up."""
    columns = zip(*(row.values for row in rows), strict=True)
    total = tuple(sum(value or 0 for value in column) for column in columns) if rows else None
    return Table(name, of, measures, tuple(rows), total)


def _in_order(states: Counter[str]) -> list[Row]:
    return [Row(state.value, (states[state.value],)) for state in State if states[state.value]]


def _most_first(found: Counter[str]) -> list[Row]:
    return [Row(code, (number,)) for code, number in sorted(found.items(), key=lambda one: (-one[1], one[0]))]
