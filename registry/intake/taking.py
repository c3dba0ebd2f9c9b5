"""Taking one list of one day in: the one door of the intake, for the command and for the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from time import perf_counter

from django.db import Error, connection

from registry import history
from registry.intake import apply, findings, profile, staging
from registry.intake.profile import Profile
from registry.intake.refusals import ListBusy, ListEmpty, ListInFuture, ListOutOfOrder, ProfileConflict
from registry.intake.report import Report
from registry.models import Authority, ListSnapshot
from registry.rules import days


def take_in(
    name_or_path: str,
    path: Path,
    *,
    on: date,
    at: datetime,
    by: str,
    dry_run: bool = False,
    allow_shrink: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Take ``path`` in as the list of the day ``on`` by that profile, whole or not at all; the report of every row.

    Refuses a list that has lost more than a fifth of its identities (unless ``allow_shrink``), one that is not later
    than the last, and a file or a profile that cannot be read. The same file of the same day changes nothing.
    ``dry_run`` reads and compares, and writes nothing.
    """
    started = perf_counter()
    spec = profile.load(name_or_path)
    if on > days.local_day(at, spec.authority.time_zone):
        raise ListInFuture(f"{on.isoformat()} has not come yet", on=on.isoformat())
    report = Report()
    with _alone(spec):
        latest = ListSnapshot.objects.filter(list_key=spec.key).order_by("-on").first()
        digest = staging.file_digest(path) if path.is_file() else ""
        again = latest and ListSnapshot.objects.filter(list_key=spec.key, on=on, digest=digest).exists()
        if latest is not None and not again and on <= latest.on:
            raise ListOutOfOrder(
                f"the list of {latest.on.isoformat()} was taken in already: lists go in by the order of their days",
                latest=latest.on.isoformat(),
                on=on.isoformat(),
            )
        try:
            staged = staging.stage(
                path, spec, on=on, report=report, progress=progress or (lambda _share: None)
            )
            if again:
                staging.count_unchanged(report)
            else:
                if not report.accepted + report.flagged:
                    raise ListEmpty(f"not one of the {report.rows} rows could be taken in", rows=report.rows)
                staging.compare_with_last(spec, report, staged, on=on, allow_shrink=allow_shrink)
                if not dry_run:
                    _apply(spec, path, digest, on=on, at=at, by=by, latest=latest, report=report)
        finally:
            staging.clear()
    report.seconds = perf_counter() - started
    return report


def _apply(
    spec: Profile,
    path: Path,
    digest: str,
    *,
    on: date,
    at: datetime,
    by: str,
    latest: ListSnapshot | None,
    report: Report,
) -> None:
    authority = _authority(spec, at=at, by=by)
    snapshot = ListSnapshot(
        list_key=spec.key,
        kind=spec.kind,
        title=spec.title,
        source=spec.source,
        authority=authority,
        on=on,
        file_name=path.name,
        digest=digest,
        profile_digest=spec.digest,
        fresh_days=spec.freshness_days,
        taken_at=at,
        by=by,
    )
    if spec.kind == "findings":
        findings.apply(spec, snapshot, report)
        return
    application = apply.Application(spec, authority, snapshot, previous=latest)
    application.prepare()
    application.commit(report)


@contextmanager
def _alone(spec: Profile) -> Iterator[None]:
    """One intake of a list at a time; nobody else waits for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('registry.intake'), hashtext(%s))", [spec.key])
        if not cursor.fetchone()[0]:
            raise ListBusy(f"another intake of {spec.key} is under way", list=spec.key)
    try:
        yield
    finally:
        # A connection that was lost has let go of the lock by itself.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('registry.intake'), hashtext(%s))", [spec.key])


def _authority(spec: Profile, *, at: datetime, by: str) -> Authority:
    """The profile's authority; created when absent, refused where the register knows it by another zone."""
    facts = spec.authority
    held = Authority.objects.filter(code=facts.full_code).first()
    if held is None:
        made = Authority(
            code=facts.full_code,
            country=facts.country,
            name=dict(facts.name),
            zone=facts.time_zone,
            languages=list(facts.name),
            kind="list",
        )
        history.save(made, by=by, at=at, reason=apply.REASON)
        # As the database has it: it keeps the keys of a name by language in an order of its own.
        return Authority.objects.get(pk=made.pk)
    if held.zone != facts.time_zone:
        raise ProfileConflict(
            f"authority.time_zone: the register has {held.code} in {held.zone}, not in {facts.time_zone}",
            key="authority.time_zone",
        )
    return held
