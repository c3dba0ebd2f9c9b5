"""A staged list into the register: agencies, licences, observations and what the public reads, all or nothing.

What takes long (numbers, the fold, the bodies) is prepared on temporary tables without a lock. Then one durable
transaction of set-based statements writes it, takes its sequence numbers last and holds the register's counter for
that instant only, so decisions go on meanwhile (rulings 3). Of a licence that the authority has adopted only its place
in the list is kept: nothing is locked, written or changed that an officer decides on.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction
from psycopg import sql

from registry import history, ledger, news, publishing, recording, records, statistics
from registry.intake import statements
from registry.intake.listed import Publisher
from registry.intake.profile import Profile
from registry.intake.report import Report
from registry.models import (
    Agency,
    Authority,
    Channel,
    Entry,
    Licence,
    ListSnapshot,
    NumberSeries,
    PolicySet,
    PublishedRecord,
    TradingName,
)
from registry.rules import days, numbering, standing
from registry.rules.numbering import Kind
from registry.search import indexing

#: How the list's word for a licence stands in an observation.
_STATUS: Final = {
    "licensed": "in_force",
    "not_licensed": "not_in_force",
    "unknown": "word_unknown",
}
REASON: Final = "list taken in"
#: What is read beside the list itself; it may have been filled a moment ago.
_READ: Final = tuple(
    f"registry_{name}"
    for name in ("agency", "licence", "listedlicence", "tradingname", "channel", "entry", "office")
)


class Application:
    """One list of one day, staged, on its way into the register."""

    def __init__(
        self,
        profile: Profile,
        authority: Authority,
        snapshot: ListSnapshot,
        *,
        previous: ListSnapshot | None,
    ) -> None:
        """Take in ``snapshot`` (not saved yet) of ``profile``; ``previous`` is the list before it."""
        self._profile = profile
        self._authority = authority
        self._snapshot = snapshot
        self._at: datetime = snapshot.taken_at
        self._by: str = snapshot.by
        self._common = {
            "list": profile.key,
            "source": source_text(profile),
            "on": snapshot.on.isoformat(),
            "zone": authority.zone,
            "previous_on": previous.on.isoformat() if previous else None,
        }
        self._whole = previous is None or _changed_since(authority, previous.taken_at)

    # --- before the transaction ----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Give numbers to what is new and make what the public will read; no lock is held."""
        with connection.cursor() as cursor:
            statistics.take(cursor, *_READ)
            cursor.execute(statements.HOLDERS, {"list": self._profile.key})
            cursor.execute("CREATE TEMP TABLE intake_number (kind text, place bigint, number text)")
            cursor.execute("SELECT count(*) FROM intake_holder WHERE agency_id IS NULL")
            _reserve(cursor, Kind.AGENCY, cursor.fetchone()[0])
            cursor.execute("SELECT count(*) FROM intake_fate WHERE fate = 'new'")
            _reserve(cursor, Kind.LISTED, cursor.fetchone()[0])
            cursor.execute("ANALYZE intake_number")
            cursor.execute(statements.NUMBER_HOLDERS, self._parameters())
            cursor.execute(statements.WAYS)
            cursor.execute(statements.OUT, {**self._parameters(), "common": json.dumps(self._common)})
            cursor.execute("CREATE UNIQUE INDEX ON intake_out (place)")
            cursor.execute("ANALYZE intake_out (place, licence_id, identity, holder, agency_id)")
        Publisher(self._authority, at=self._at).publish()
        with connection.cursor() as cursor:
            cursor.execute(statements.MAY_RECRUIT, {"at": self._at})

    def _parameters(self) -> dict[str, Any]:
        return {
            "list": self._profile.key,
            "authority": self._authority.pk,
            "authority_country": self._authority.country,
            "country": self._profile.fixed.get("country", self._authority.country),
            "statuses": json.dumps(_STATUS),
            "fresh_days": self._profile.freshness_days,
            "at": self._at,
            "by": self._by,
            "whole": self._whole,
            "on": self._snapshot.on,
            "zone": self._authority.zone,
            "effective": days.first_instant(self._snapshot.on, self._authority.zone),
        }

    # --- the transaction -----------------------------------------------------------------------------------------

    @transaction.atomic(durable=True)
    def commit(self, report: Report) -> None:
        """Write everything in one transaction; the sequence numbers are its last act."""
        with connection.cursor() as cursor:
            cursor.execute(statements.ALONE)
            opened = ledger.Commit()
            keep_authority(self._authority, by=self._by, at=self._at)
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute(statements.LOCK_HOLDERS)
            cursor.execute(statements.LOCK)
            self._write_agencies(cursor)
            cursor.execute(statements.MARK_SPECIAL)
            self._write_licences(cursor)
            cursor.execute("SELECT count(*) FROM intake_out WHERE listed")
            opened.reserve(cursor.fetchone()[0])
            parameters = {**self._parameters(), "commit": opened.id}
            snapshot = self._write_snapshot(opened, report)
            _insert(
                cursor,
                "registry_entry",
                statements.ENTRY,
                "intake_out o WHERE o.listed",
                parameters,
                order="o.ordinal",
            )
            statistics.take(cursor, "registry_entry")
            cursor.execute(statements.ROWS, {"commit": opened.id, "snapshot": snapshot.pk})
            cursor.execute(statements.POSITIONS, parameters)
            barred = self._inherit_bars(cursor, opened)
            self._write_published(cursor, parameters, barred)
            statistics.take(cursor, "registry_listedlicence", "registry_publishedrecord")
            cursor.execute(statements.RENAMED)
            indexing.index([number for (number,) in cursor.fetchall()])
            _check_references(cursor)
        news.put()
        opened.close(by=self._by, at=self._at)

    def _write_agencies(self, cursor: Any) -> None:
        parameters = self._parameters()
        with _touched(cursor):
            _insert(cursor, Agency, statements.AGENCY, statements.NEW_HOLDERS, parameters, keep=True)
            self._record(Agency, "+")
        cursor.execute(statements.LINK_HOLDERS, parameters)
        with _touched(cursor):
            cursor.execute(statements.CHANGE_AGENCIES)
            self._record(Agency, "~")
        with _touched(cursor):
            _insert(
                cursor,
                TradingName,
                statements.TRADING_NAME,
                statements.NEW_TRADING_NAMES,
                parameters,
                keep=True,
            )
            self._record(TradingName, "+")
        with _touched(cursor):
            cursor.execute(statements.END_CHANNELS, {**parameters, "kinds": self._channel_kinds()})
            self._record(Channel, "~")
        with _touched(cursor):
            _insert(cursor, Channel, statements.CHANNEL, statements.NEW_CHANNELS, parameters, keep=True)
            self._record(Channel, "+")

    def _channel_kinds(self) -> list[str]:
        """The kinds of channels that the list gives at all."""
        columns = self._profile.layout_on(self._snapshot.on).columns
        return [
            kind
            for name, kind in (("phone", "phone"), ("email", "email"), ("web", "domain"))
            if name in columns
        ]

    def _write_licences(self, cursor: Any) -> None:
        parameters = self._parameters()
        with _touched(cursor):
            _insert(cursor, Licence, statements.LICENCE, statements.NEW_LICENCES, parameters, keep=True)
            self._record(Licence, "+")
        cursor.execute(statements.LINK_LICENCES, parameters)
        with _touched(cursor):
            cursor.execute(statements.CHANGE_LICENCES)
            self._record(Licence, "~")

    def _record(self, model: type[models.Model], kind: str) -> None:
        history.record_many(model, "intake_ids", kind, by=self._by, at=self._at, reason=REASON)

    def _write_snapshot(self, opened: ledger.Commit, report: Report) -> ListSnapshot:
        self._snapshot.commit_id = opened.id
        self._snapshot.counts = report.counts()
        self._snapshot.save(force_insert=True)
        return self._snapshot

    def _inherit_bars(self, cursor: Any, opened: ledger.Commit) -> dict[int, int]:
        """Enter the bars of their agencies on new licences; the place of the last entry of each that has one."""
        cursor.execute(statements.MARK_OF_BARRED)
        of_barred = [licence_id for (licence_id,) in cursor.fetchall()]
        found = Licence.objects.filter(pk__in=of_barred).select_related("agency")
        entered = (
            (licence.pk, recording.inherit_bars(licence, opened, at=self._at))
            for licence in found.order_by("number")
        )
        return {licence_id: last.ordinal for licence_id, last in entered if last is not None}

    def _write_published(self, cursor: Any, parameters: dict[str, Any], barred: dict[int, int]) -> None:
        """Replace the published rows; those of which more is known than lists say are made one by one."""
        cursor.execute(statements.UNPUBLISH)
        source = "intake_published p JOIN intake_out o ON o.place = p.place AND o.listed AND NOT o.special"
        given = {**parameters, "code": self._authority.code}
        _insert(cursor, "registry_publishedrecord", statements.PUBLISHED, source, given)
        cursor.execute("SELECT licence_id, ordinal FROM intake_out WHERE listed AND special ORDER BY number")
        special = dict(cursor.fetchall()) | barred
        found = Licence.objects.filter(pk__in=special).select_related("authority", "agency__authority")
        for licence in found.order_by("number"):
            self._project(licence, commit_id=parameters["commit"], ordinal=special[licence.pk])

    def _project(self, licence: Licence, *, commit_id: int, ordinal: int) -> None:
        """One licence by all its entries, as every decision would have it."""
        entries = records.fold_entries(licence.pk, own_at=self._at)
        now = standing.at(entries, at=self._at)
        if (licence.state, licence.may_recruit) != (now.state.value, now.may_recruit):
            licence.state, licence.may_recruit = now.state.value, now.may_recruit
            licence.version += 1
            history.save(licence, by=self._by, at=self._at, reason=REASON)
        publishing.publish(licence, entries, commit_id=commit_id, ordinal=ordinal, at=self._at)


def _changed_since(authority: Authority, then: datetime) -> bool:
    """Whether what every answer says of the authority may have changed: its names, or its words for a state."""
    named = authority.history.filter(history_date__gt=then).exists()
    return named or PolicySet.objects.filter(authority=authority, recorded_at__gt=then).exists()


def keep_authority(authority: Authority, *, by: str, at: datetime) -> None:
    """Create the list's authority, unless the register has it."""
    if authority.pk is None:
        history.save(authority, by=by, at=at, reason=REASON)


def source_text(profile: Profile) -> str:
    """The list as every answer that rests on it names it."""
    rights = f"; {profile.rights}" if profile.rights else ""
    return f"{profile.title} ({profile.source}{rights})"


def _reserve(cursor: Any, kind: Kind, count: int) -> None:
    """Put ``count`` new numbers of ``kind`` into ``intake_number``; the series is locked for an instant only."""
    if not count:
        return
    prefix = kind.value
    NumberSeries.objects.get_or_create(prefix=prefix)
    while True:
        last = NumberSeries.objects.values_list("last", flat=True).get(prefix=prefix)
        numbers = list(_numbers(kind, last, count))
        if NumberSeries.objects.filter(prefix=prefix, last=last).update(last=numbers[-1].serial):
            break
    with cursor.copy("COPY intake_number FROM STDIN") as copy:
        for place, number in enumerate(numbers, start=1):
            copy.write_row((prefix, place, str(number)))


def _numbers(kind: Kind, last: int, count: int) -> Iterator[numbering.Parts]:
    for _ in range(count):
        number = numbering.next_reference(kind, after=last)
        last = number.serial
        yield number


class _touched:  # noqa: N801 - reads as a word of the with statement
    """``intake_ids``, empty, for the ids that the statements of the block write."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __enter__(self) -> None:
        self._cursor.execute("CREATE TEMP TABLE intake_ids (id bigint)")

    def __exit__(self, *_: object) -> None:
        if _[0] is None:
            self._cursor.execute("DROP TABLE intake_ids")


def _insert(
    cursor: Any,
    target: type[models.Model] | str,
    given: dict[str, str],
    source: str,
    parameters: dict[str, Any],
    *,
    keep: bool = False,
    order: str = "",
) -> None:
    """``INSERT INTO target SELECT … FROM source``: ``given`` columns by their SQL, the others by the model's defaults.

    ``keep``: put the new ids into ``intake_ids``.
    """
    model = _model(target)
    columns, values, parameters = [], [], dict(parameters)
    for field in model._meta.concrete_fields:
        if field.generated or (field.primary_key and field.column not in given):
            continue
        columns.append(sql.Identifier(str(field.column)))
        if field.column in given:
            values.append(sql.SQL(given[field.column]))
        else:
            default = field.get_db_prep_save(field.get_default(), connection)
            parameters[f"default_{field.column}"] = default
            values.append(sql.SQL(f"%(default_{field.column})s"))
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(columns),
        sql.SQL(", ").join(values),
        sql.SQL(source),
    )
    if order:
        statement = sql.SQL("{} ORDER BY {}").format(statement, sql.SQL(order))
    if keep:
        statement = sql.SQL(
            "WITH made AS ({} RETURNING id) INSERT INTO intake_ids SELECT id FROM made"
        ).format(statement)
    cursor.execute(statement, parameters)


def _check_references(cursor: Any) -> None:
    """Check the foreign keys now: at the commit they would be checked while the register's counter is held.

    Those to the commit itself must wait until it is written.
    """
    cursor.execute(statements.DEFERRED)
    names = [sql.Identifier(name) for (name,) in cursor.fetchall()]
    cursor.execute(sql.SQL("SET CONSTRAINTS {} IMMEDIATE").format(sql.SQL(", ").join(names)))


def _model(target: type[models.Model] | str) -> type[models.Model]:
    return _TARGETS[target] if isinstance(target, str) else target


_TARGETS: Final[dict[str, type[models.Model]]] = {
    "registry_entry": Entry,
    "registry_publishedrecord": PublishedRecord,
}
