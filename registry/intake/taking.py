"""Taking one list of one day in: the one door of the intake, for the command and for the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from time import perf_counter

from django.db import Error, OperationalError, connection
from psycopg.errors import LockNotAvailable

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
    report: Report | None = None,
) -> Report:
    """Take ``path`` in as the list of the day ``on`` by that profile, whole or not at all; the report of every row.

    Refuses a list that has lost more than a fifth of its identities (unless ``allow_shrink``), one that is not later
    than the last, and a file or a profile that cannot be read. The same file of the same day changes nothing.
    ``dry_run`` reads and compares, and writes nothing. ``report`` is filled instead of a new one, for whoever wants to
    know of the rows of a refused list.
    """
    started = perf_counter()
    report = report or Report()
    asked = _Asked(profile.load(name_or_path), path, on, at, by)
    if on > days.local_day(at, asked.spec.authority.time_zone):
        raise ListInFuture(f"{on.isoformat()} has not come yet", on=on.isoformat())
    with _alone(asked.spec):
        try:
            known = asked.is_known()
            staged = staging.stage(path, asked.spec, on=on, report=report, progress=progress or _unheard)
            if known:
                staging.count_unchanged(report)
                return report
            if not report.accepted + report.flagged:
                raise ListEmpty(f"not one of the {report.rows} rows could be taken in", rows=report.rows)
            staging.compare_with_last(asked.spec, report, staged, on=on, allow_shrink=allow_shrink)
            if not dry_run:
                asked.apply(report)
        finally:
            staging.clear()
            report.seconds = perf_counter() - started
    return report


def _unheard(_share: float) -> None:
    """Progress that nobody watches."""


class _Asked:
    """One list of one day, on its way in."""

    def __init__(self, spec: Profile, path: Path, on: date, at: datetime, by: str) -> None:
        self.spec = spec
        self._path, self._on, self._at, self._by = path, on, at, by
        self._digest = ""
        self._latest: ListSnapshot | None = None

    def is_known(self) -> bool:
        """Whether this very file was taken in for this day; refuses a list that is not later than the last."""
        taken = ListSnapshot.objects.select_related("authority").filter(list_key=self.spec.key)
        self._latest = taken.order_by("-on").first()
        if self._latest is None:
            return False
        _same_list(self.spec, self._latest)
        if taken.filter(on=self._on, digest=self._file_digest()).exists():
            return True
        if self._on <= self._latest.on:
            raise ListOutOfOrder(
                f"the list of {self._latest.on} was taken in already: lists go in by the order of their days",
                latest=self._latest.on.isoformat(),
                on=self._on.isoformat(),
            )
        return False

    def _file_digest(self) -> str:
        if not self._digest and self._path.is_file():
            self._digest = staging.file_digest(self._path)
        return self._digest

    def apply(self, report: Report) -> None:
        """Write what is staged, in one transaction."""
        authority = _authority(self.spec)
        snapshot = ListSnapshot(
            list_key=self.spec.key,
            kind=self.spec.kind,
            title=self.spec.title,
            source=self.spec.source,
            authority=authority,
            on=self._on,
            file_name=self._path.name,
            digest=self._file_digest(),
            profile_digest=self.spec.digest,
            fresh_days=self.spec.freshness_days,
            taken_at=self._at,
            by=self._by,
        )
        if self.spec.kind == "findings":
            findings.apply(self.spec, snapshot, report)
            return
        application = apply.Application(self.spec, authority, snapshot, previous=self._latest)
        application.prepare()
        try:
            application.commit(report)
        except OperationalError as stuck:
            if isinstance(stuck.__cause__, LockNotAvailable):
                raise ListBusy(
                    "a licence of the list is being decided on; try again", list=self.spec.key
                ) from stuck
            raise


def _same_list(spec: Profile, latest: ListSnapshot) -> None:
    """Refuse a profile under the key of another one's list."""
    for key, held, said in (
        ("authority.code", latest.authority.code, spec.authority.full_code),
        ("kind", latest.kind, spec.kind),
    ):
        if held != said:
            raise ProfileConflict(f"{key}: the list {spec.key} is known with {held}, not {said}", key=key)


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


def _authority(spec: Profile) -> Authority:
    """The profile's authority, new where the register has none; refused where it has it in another zone."""
    facts = spec.authority
    held = Authority.objects.filter(code=facts.full_code).first()
    if held is None:
        # Saved with the list itself. A database keeps the keys of a JSON object in this order.
        name = sorted(facts.name.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode()))
        return Authority(
            code=facts.full_code,
            country=facts.country,
            name=dict(name),
            zone=facts.time_zone,
            languages=list(facts.name),
            kind="list",
        )
    if held.zone != facts.time_zone:
        raise ProfileConflict(
            f"authority.time_zone: the register has {held.code} in {held.zone}, not in {facts.time_zone}",
            key="authority.time_zone",
        )
    return held
