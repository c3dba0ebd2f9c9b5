"""A file in temporary tables: read, cleaned of repeated rows and compared with the last list, without a lock.

Everything here happens before the transaction that takes the list in, on tables that only this connection sees; an
intake that stops anywhere in here leaves nothing behind. Memory stays the same whatever the size of the file.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import Error, connection, transaction

from registry.intake import compare, readers
from registry.intake.profile import Profile
from registry.intake.report import Problem, Report
from registry.intake.rows import Interpreter, Reading
from registry.rules import numbering

Progress = Callable[[float], None]

_TABLES: Final = (
    "intake_row",
    "intake_known",
    "intake_fate",
    "intake_holder",
    "intake_way",
    "intake_number",
    "intake_out",
    "intake_life",
    "intake_piece",
    "intake_ids",
)

_CREATE: Final = """
CREATE TEMP TABLE intake_row (
    line integer NOT NULL, holder uuid NOT NULL, identity uuid NOT NULL, content uuid NOT NULL,
    status text NOT NULL, legal_term text NOT NULL, fresh integer NOT NULL, folded_number text NOT NULL,
    fields jsonb NOT NULL, cells jsonb NOT NULL, problems jsonb NOT NULL, salt text NOT NULL, digest text NOT NULL
)
"""

_COPY: Final = """
COPY intake_row (line, holder, identity, content, status, legal_term, fresh, folded_number, fields, cells, problems,
                 salt, digest) FROM STDIN
"""

#: What the register holds of this list, alike for licences and findings.
_KNOWN: Final = {
    "register": """
CREATE TEMP TABLE intake_known AS
SELECT identity, holder, content, present, licence_id AS id, true AS expected
FROM registry_listedlicence WHERE list_key = %(list)s
""",
    "findings": """
CREATE TEMP TABLE intake_known AS
SELECT identity, identity AS holder, content, present, id,
       coalesce(first_day > %(leaves)s, true) AS expected
FROM registry_finding WHERE list_key = %(list)s
""",
}

_FATE: Final = """
CREATE TEMP TABLE intake_fate AS
SELECT coalesce(r.identity, k.identity) AS identity, coalesce(r.holder, k.holder) AS holder, k.id,
       CASE WHEN k.identity IS NULL THEN 'new' WHEN r.identity IS NULL THEN 'gone' WHEN NOT k.present THEN 'back'
            WHEN k.content = r.content THEN 'same' ELSE 'changed' END AS fate
FROM intake_row r FULL JOIN intake_known k ON k.identity = r.identity
WHERE r.identity IS NOT NULL OR k.present
"""

_REPEATED: Final = """
SELECT line, first_line, same, status <> first_status AS contradicts, plain, first_plain FROM (
    SELECT line, status, problems = '[]' AS plain, content = first_value(content) OVER w AS same,
           first_value(line) OVER w AS first_line, first_value(status) OVER w AS first_status,
           first_value(problems) OVER w = '[]' AS first_plain
    FROM intake_row WINDOW w AS (PARTITION BY identity ORDER BY line)
) repeated WHERE line <> first_line ORDER BY line
"""

_CONTRADICTED: Final = """
UPDATE intake_row r SET status = 'unknown', content = md5(r.content::text || ' contradicted')::uuid FROM (
    SELECT identity FROM intake_row GROUP BY identity HAVING count(DISTINCT status) > 1
) several WHERE r.identity = several.identity
"""

_ONE_OF_EACH: Final = """
DELETE FROM intake_row r USING (
    SELECT identity, min(line) AS first FROM intake_row GROUP BY identity HAVING count(*) > 1
) several WHERE r.identity = several.identity AND r.line <> several.first
"""


@dataclass(slots=True)
class Staged:
    """What staging found out beside the rows: the headings of the key, and whether the file's end is whole."""

    key_heading: str
    cut_off: bool


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def clear() -> None:
    """Take the temporary tables away; a connection that was lost has taken them along."""
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("".join(f"DROP TABLE IF EXISTS pg_temp.{table} CASCADE;" for table in _TABLES))


def stage(path: Path, profile: Profile, *, on: date, report: Report, progress: Progress) -> Staged:
    """Read ``path`` into the staging table, counting every row in ``report``."""
    clear()
    layout = profile.layout_on(on)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CREATE)
        with readers.opened(path, layout, progress) as sheet:
            with cursor.copy(_COPY) as copy:
                for row in _read(sheet, Interpreter(profile, layout, sheet.headings, on), report):
                    copy.write_row(_as_row(*row, profile=profile, on=on))
            staged = Staged(layout.columns[profile.identity[0]].heading, sheet.cut_off)
        cursor.execute("ANALYZE intake_row (line, holder, identity)")
    _settle_repeated(report, staged)
    return staged


def _read(
    sheet: readers.Sheet, interpreter: Interpreter, report: Report
) -> Iterator[tuple[Reading, readers.RawRow, list[Problem], Mapping[str, str]]]:
    for raw in sheet.rows:
        outcome = interpreter.read(raw)
        if outcome.skipped:
            continue
        report.count_row(outcome.problems, refused=outcome.refused)
        if outcome.readings:
            cells = {h: str(cell) for h, cell in zip(sheet.headings, raw.cells, strict=False) if h}
            for reading in outcome.readings:
                yield reading, raw, outcome.problems, cells


def _as_row(
    reading: Reading,
    raw: readers.RawRow,
    problems: list[Problem],
    cells: Mapping[str, str],
    *,
    profile: Profile,
    on: date,
) -> tuple[Any, ...]:
    read = json.dumps(cells, ensure_ascii=False)
    salt = secrets.token_hex(16)
    number = reading.fields.get("number", "")
    return (
        raw.line,
        reading.holder,
        reading.licence,
        reading.content,
        *_status_on(reading, on),
        _fresh_days(reading, profile, on),
        numbering.folded(number) if number else "",
        json.dumps(reading.fields, ensure_ascii=False),
        read,
        json.dumps([[p.code, p.column, p.message] for p in problems], ensure_ascii=False),
        salt,
        hashlib.sha256(f"{salt}{read}".encode()).hexdigest(),
    )


def _status_on(reading: Reading, on: date) -> tuple[str, str]:
    """(status, legal term): a term that the list itself says is over, or not begun, is not in force."""
    first, last = reading.fields.get("first_day", "open"), reading.fields.get("last_day", "open")
    outside = (last != "open" and last < on.isoformat()) or (first != "open" and first > on.isoformat())
    if outside and reading.status == "licensed":
        return "not_licensed", reading.legal_term
    return reading.status, reading.legal_term


def _fresh_days(reading: Reading, profile: Profile, on: date) -> int:
    """How long the row speaks: never past the last day, nor back past the first, that the list states."""
    days = [profile.freshness_days]
    for name in ("first_day", "last_day"):
        stated = reading.fields.get(name, "open")
        if stated != "open":
            days.append(abs((date.fromisoformat(stated) - on).days))
    return min(days)


def _settle_repeated(report: Report, staged: Staged) -> None:
    """Keep one row of each licence: repeats are flagged, and where they contradict each other nothing is believed."""
    seen = set[int]()
    with connection.cursor() as cursor:
        cursor.execute(_REPEATED)
        repeated = cursor.fetchall()
        for line, first_line, same, contradicts, plain, first_plain in repeated:
            if same:
                code, message = "row.repeated", f"the same as line {first_line}"
            elif contradicts:
                code = "row.contradicts"
                message = f"line {first_line} says something else of the same licence; it reads unknown"
            else:
                code = "row.conflict"
                message = f"line {first_line} has the same licence with other particulars, which are kept"
            report.note(Problem(line, staged.key_heading, code, message))
            for number, was_plain in ((line, plain), (first_line, first_plain and contradicts)):
                if was_plain and number not in seen:
                    report.flag_again(was_accepted=True)
                    seen.add(number)
        if repeated:
            cursor.execute(_CONTRADICTED)
            cursor.execute(_ONE_OF_EACH)


def compare_with_last(
    profile: Profile, report: Report, staged: Staged, *, on: date, allow_shrink: bool
) -> None:
    """Count what is new, changed and gone since the last list; refuse a list that lost too much, report moves."""
    leaves = on - timedelta(days=profile.leaves_after_days) if profile.leaves_after_days else None
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN[profile.kind], {"list": profile.key, "leaves": leaves})
        cursor.execute("ANALYZE intake_known")
        cursor.execute(_FATE)
        cursor.execute("ANALYZE intake_fate")
        cursor.execute("SELECT fate, count(*) FROM intake_fate GROUP BY fate")
        fates = dict(cursor.fetchall())
        cursor.execute(
            "SELECT count(DISTINCT k.holder), count(DISTINCT k.holder) FILTER (WHERE r.holder IS NULL) "
            "FROM intake_known k LEFT JOIN (SELECT DISTINCT holder FROM intake_row) r ON r.holder = k.holder "
            "WHERE k.present AND k.expected"
        )
        known, lost = cursor.fetchone()
    report.added = fates.get("new", 0) + fates.get("back", 0)
    report.changed, report.unchanged = fates.get("changed", 0), fates.get("same", 0)
    report.gone = fates.get("gone", 0)
    compare.check_loss(known=known, lost=lost, allow_shrink=allow_shrink, cut_off=staged.cut_off)
    if report.gone and report.added:
        _report_moves(profile, report, staged)


_GONE_NAMES: Final = {
    "register": """
SELECT DISTINCT ON (f.holder) f.holder, a.legal_name, a.locality FROM intake_fate f
JOIN registry_licence l ON l.id = f.id JOIN registry_agency a ON a.id = l.agency_id
WHERE f.fate = 'gone' AND NOT EXISTS (SELECT FROM intake_row r WHERE r.holder = f.holder) ORDER BY f.holder
""",
    "findings": """
SELECT f.holder, o.name, o.place FROM intake_fate f JOIN registry_finding o ON o.id = f.id WHERE f.fate = 'gone'
""",
}

_NEW_NAMES: Final = """
SELECT DISTINCT ON (r.holder) r.holder, r.fields ->> 'name', coalesce(r.fields ->> 'locality', ''), r.line,
       r.problems = '[]'
FROM intake_row r JOIN intake_fate f ON f.identity = r.identity
WHERE f.fate = 'new' AND NOT EXISTS (SELECT FROM intake_known k WHERE k.holder = r.holder AND k.present)
ORDER BY r.holder, r.line
"""


def _report_moves(profile: Profile, report: Report, staged: Staged) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_GONE_NAMES[profile.kind])
        gone = [compare.Holder(key, name, place) for key, name, place in cursor.fetchall()]
        cursor.execute(_NEW_NAMES)
        rows = cursor.fetchall()
        added = [compare.Holder(key, name, place, line) for key, name, place, line, _ in rows]
        plain = {line for _, _, _, line, was_plain in rows if was_plain}
        pairs = sorted(compare.near_matches(gone, added), key=lambda pair: pair.added.line)
        for pair in pairs:
            where = f" ({pair.gone.place})" if pair.gone.place else ""
            message = f"{pair.gone.name!r}{where} is gone and looks like this new one: moved or respelt? Not joined."
            problem = Problem(pair.added.line, staged.key_heading, "moved?", message)
            report.note(problem)
            report.flag_again(was_accepted=pair.added.line in plain)
            plain.discard(pair.added.line)
        cursor.execute(
            "UPDATE intake_row r SET problems = r.problems || jsonb_build_array(m.remark::jsonb) "
            "FROM unnest(%s::int[], %s::text[]) AS m (line, remark) WHERE r.line = m.line",
            [[pair.added.line for pair in pairs], [_remark(pair, staged) for pair in pairs]],
        )
    report.moved = len(pairs)


def _remark(pair: compare.Pair, staged: Staged) -> str:
    return json.dumps(
        ["moved?", staged.key_heading, f"{pair.gone.name}, {pair.gone.place}"], ensure_ascii=False
    )


def count_unchanged(report: Report) -> None:
    """Count what a file holds that was taken in before: nothing about it is new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM intake_row")
        report.unchanged = cursor.fetchone()[0]
