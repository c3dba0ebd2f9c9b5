"""The only module that knows django-simple-history: every change of a master record leaves its row, by whom and when.

``save`` for one record; ``record_many`` for a set-based intake. Date, officer and reason are always given: nothing is
guessed from a request. ``redact`` is the one path past the guards of an append-only table, for what the law orders
deleted; it needs two persons, runs as the tables' owner and leaves a tombstone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models, transaction
from psycopg import sql

from registry import marks, person_names, statistics
from registry.models import SEALED, Agency, Person
from registry.rules import four_eyes, publication
from registry.rules.errors import NotAllowed

M = TypeVar("M", bound=models.Model)
TOMBSTONE = "redacted"


def save(record: M, *, by: str, at: datetime, reason: str = "") -> M:
    """Save ``record`` with a history row dated ``at`` in the name of officer ``by``."""
    record._history_date = at  # type: ignore[attr-defined]  # noqa: SLF001 - the library's own names
    record._history_user = by  # type: ignore[attr-defined]  # noqa: SLF001
    record._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001
    record.save()
    if isinstance(record, Person):
        person_names.index(record)
    return record


def delete(record: models.Model, *, by: str, at: datetime, reason: str = "") -> None:
    """Delete ``record`` (a projection's row); its history stays and says who took it away."""
    record._history_date = at  # type: ignore[attr-defined]  # noqa: SLF001 - the library's own names
    record._history_user = by  # type: ignore[attr-defined]  # noqa: SLF001
    record._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001
    record.delete()


def record_many(
    model: type[models.Model], ids: str, kind: str, *, by: str, at: datetime, reason: str = ""
) -> None:
    """Give each record whose ``id`` stands in the temporary table ``ids`` a history row: ``+`` new, ``~`` changed.

    For set-based statements over tens of thousands of records, once they have written them. Where ``ids`` is empty
    nothing is done; else the statistics of the records' table are taken.
    """
    kept = model.history.model  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM pg_temp.{})").format(sql.Identifier(ids)))
        if not cursor.fetchone()[0]:
            return
        cursor.execute(sql.SQL("ANALYZE pg_temp.{}").format(sql.Identifier(ids)))
        statistics.take(cursor, model._meta.db_table)
        cursor.execute(
            sql.SQL(
                "INSERT INTO {history} ({columns}, history_date, history_type, history_user_id,"
                " history_change_reason) SELECT {columns}, %s, %s, %s, %s FROM {records}"
                " WHERE id IN (SELECT id FROM pg_temp.{ids})"
            ).format(
                history=sql.Identifier(kept._meta.db_table),
                columns=sql.SQL(", ").join(sql.Identifier(field.column) for field in kept.tracked_fields),
                records=sql.Identifier(model._meta.db_table),
                ids=sql.Identifier(ids),
            ),
            [at, kind, by, reason],
        )


def versions(record: models.Model) -> list[Any]:
    """The history rows of ``record``, oldest first."""
    return list(record.history.order_by("history_date", "history_id"))  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Version:
    """How a record was left by one change: when, by which officer, why, and its columns by name.

    ``id`` grows with time. ``values`` hold a foreign key as the key it is. ``erased``: under which order and by whom
    something of the record was erased since; the tombstone took the reason's place.
    """

    id: int
    record: int
    at: datetime
    by: str
    reason: str
    deleted: bool
    values: Mapping[str, Any]
    erased: str


def versions_of(
    model: type[models.Model], record: int, *, before: int | None = None, limit: int | None = None
) -> list[Version]:
    """The versions of one record, the newest first; ``before`` the version of that ``id``, ``limit`` of them."""
    rows = model.history.filter(id=record).order_by("-history_id")  # type: ignore[attr-defined]
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    return [_version(row) for row in rows[:limit]]


def chosen(model: type[models.Model], record: int, ids: Collection[int]) -> dict[int, Version]:
    """Those versions of one record, by ``id``; what is no version of it is left out."""
    rows = model.history.filter(id=record, history_id__in=ids)  # type: ignore[attr-defined]
    return {row.history_id: _version(row) for row in rows}


def changes(model: type[models.Model], records: Collection[int]) -> dict[int, tuple[int, datetime]]:
    """How many versions each of these records has, and when the newest was written."""
    rows = model.history.filter(id__in=records).order_by().values("id")  # type: ignore[attr-defined]
    counted = rows.annotate(count=models.Count("history_id"), newest=models.Max("history_date"))
    return {row["id"]: (row["count"], row["newest"]) for row in counted}


def _version(row: Any) -> Version:
    reason, gone = row.history_change_reason or "", f"{TOMBSTONE}: "
    erased = reason.removeprefix(gone) if reason.startswith(gone) else ""
    return Version(
        id=row.history_id,
        record=row.id,
        at=row.history_date,
        by=row.history_user_id or "",
        reason="" if erased else reason,
        deleted=row.history_type == "-",
        values={field.name: getattr(row, field.attname) for field in row.tracked_fields},
        erased=erased,
    )


def as_known(model: type[models.Model], *, at: datetime, **where: Any) -> list[Any]:
    """The records of ``model`` as they stood at ``at``, those matching ``where`` then; by key, each once.

    ``where``: columns by the value they had, and ``id__in``. Of versions of one instant the last written counts, be it
    the one that took the record away.
    """
    kept: Any = model.history.model.objects.filter(history_date__lte=at)  # type: ignore[attr-defined]
    rows = kept.filter(id__in=kept.filter(**where).order_by().values("id"))
    newest = rows.order_by("id", "-history_date", "-history_id").distinct("id")
    wanted = {column: value for column, value in where.items() if column != "id__in"}
    return [
        row.instance
        for row in newest
        if row.history_type != "-" and all(getattr(row, column) == value for column, value in wanted.items())
    ]


@transaction.atomic
def redact(
    record: models.Model, fields: Sequence[str], *, by: str, second: str, at: datetime, order: str
) -> int:
    """Blank ``fields`` in every history row and journal image of ``record``; give the number of rows of history.

    The owner's role only. Two different persons answer for it; ``order`` names the law or judgment and stays as the
    tombstone: in the rows of history, or in the journal's image of a record that has no history. What the record itself
    still holds in a restricted field goes too, with the marks that screening made of it; a public one is amended first,
    for what is published follows from it, unless its table only grows.
    """
    four_eyes.demand_several((by, second), needed=2)
    if not order:
        raise NotAllowed("a redaction names the order behind it", field="order")
    note = f"{TOMBSTONE}: {order} ({by}, {second}, {at.isoformat()})"
    columns = [column for column in record._meta.concrete_fields if column.name in fields]
    if unknown := set(fields) - {column.name for column in columns}:
        raise NotAllowed("the record has no such field", field=min(unknown))
    blank: dict[str, Any] = {column.attname: _blank(column) for column in columns}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL registry.redaction = 'on'")
    record.refresh_from_db(fields=list(blank))
    tracked = hasattr(record, "history")
    held = [column for column in columns if getattr(record, column.attname) != blank[column.attname]]
    for column in held:
        public = publication.audience(type(record).__name__, column.name) is publication.Audience.PUBLIC
        if tracked and public:
            raise NotAllowed("amend the record first: this field is public", field=column.name)
        setattr(record, column.attname, blank[column.attname])
    if held and tracked:
        save(record, by=by, at=at, reason=note)
    elif held:
        record.save(update_fields=[column.name for column in held])
    marks.index(_agencies_of(record), at=at)
    table = record._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_changejournal SET image = image || registry_sealed(%s, %s) || %s"
            " WHERE relation = %s AND key = %s",
            [
                json.dumps(blank),
                [column for column in SEALED.get(table, ()) if column in blank],
                json.dumps({} if tracked else {TOMBSTONE: note}),
                table,
                record.pk,
            ],
        )
    if not tracked:
        return 0
    return int(record.history.update(**blank, history_change_reason=note))  # type: ignore[attr-defined]


def _agencies_of(record: models.Model) -> list[str]:
    """The numbers of the agencies that are linked with others by what this record says."""
    where = {
        "registry_agency": "pk",
        "registry_channel": "channels",
        "registry_office": "offices",
        "registry_person": "appointments__person",
    }.get(record._meta.db_table)
    if where is None:
        return []
    found = Agency.objects.filter(**{where: record.pk}).order_by("number")
    return list(found.values_list("number", flat=True).distinct())


def _blank(column: models.Field[Any, Any]) -> Any:
    if column.null:
        return None
    return {} if isinstance(column, models.JSONField) else ""
