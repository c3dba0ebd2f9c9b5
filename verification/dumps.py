"""Dumps: the public register as files that anyone may keep, whole every night and as deltas, each named by the log.

A dump is a directory: licences and entries as NDJSON and CSV, gzip, and ``manifest.json`` with the size, the digest and
the rows of each file. The manifest's SHA-256 stands in the log (``dump.published``), under the log's signature and its
witnesses' (ADR 0008). A directory is complete before the pointer ``current.json`` names it, and what is named is never
altered; what is named no more stays until the next dump, for whoever is reading it. A delta is made every time, also
when it is empty, so a reader who has one a night knows that none is missing.
"""

import gzip
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import rfc8785
from django.conf import settings

from registry import copies
from registry.copies import Form, Piece, Since, Table
from verification import leaves, log, sequencing

TABLES: Final = tuple(table.value for table in Table)
SCHEMA: Final = 1
"""The version of the files' columns; a new column is a new version."""

MANIFEST: Final = "manifest.json"
POINTER: Final = "current.json"
FULLS, DELTAS = 3, 90
"""So many dumps are kept."""

_ATTEMPTS: Final = 50
_LEVEL: Final = 4
"""Of compression: a quarter larger than the best, three times as fast."""


class DumpBusy(RuntimeError):  # noqa: N818 - named by the refusal, like the register's errors
    """Decisions were recorded faster than the log took them; try again."""


class DumpUnknown(LookupError):  # noqa: N818 - the same
    """No such dump, or no such file in it."""


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump that is published: its name and its manifest as read."""

    name: str
    manifest: Mapping[str, Any]

    @property
    def sequence(self) -> int:
        """The newest entry in it."""
        return int(self.manifest["sequence"])

    @property
    def at(self) -> datetime:
        """The instant that it tells of."""
        return datetime.fromisoformat(self.manifest["at"])


def publish(*, at: datetime, full: bool = True) -> list[Dump]:
    """Write a delta, and with ``full`` the whole register, of one instant; name them by the log, then by the pointer.

    Refuses with ``DumpBusy`` when the log can not catch up with the register.
    """
    root = _root()
    root.mkdir(parents=True, exist_ok=True)
    before = current()
    last = max(before, key=lambda dump: (dump.sequence, dump.at), default=None)
    since = Since(last.sequence, last.at) if last else None
    wanted: list[tuple[str, Since | None]] = [
        ("delta", since or Since(0, datetime.min.replace(tzinfo=at.tzinfo)))
    ]
    if full:
        wanted.append(("full", None))
    made = _written(root, wanted, at=at)
    for dump in made:
        leaf = {
            "t": "dump.published",
            "at": leaves.instant(at),
            "name": dump.name,
            "upto": dump.sequence,
            "sha256": hashlib.sha256((root / dump.name / MANIFEST).read_bytes()).hexdigest(),
        }
        sequencing.append(leaf, at=at)
    kept = _kept([*before, *made])
    gone = _pointer().get("gone", [])
    _switch(root, kept, leaving=[dump for dump in before if dump not in kept])
    for name in gone:
        shutil.rmtree(root / name, ignore_errors=True)
    sequencing.publish(at=at)
    return made


def current() -> list[Dump]:
    """The dumps that the pointer names, oldest first; none before the first."""
    return [
        Dump(name, json.loads((_root() / name / MANIFEST).read_text("utf-8")))
        for name in _pointer().get("dumps", [])
    ]


def file(name: str, wanted: str) -> tuple[Path, str]:
    """A file of a published dump and its SHA-256; refuses with ``DumpUnknown`` any other."""
    for dump in current():
        if dump.name != name:
            continue
        path = _root() / name / wanted
        if wanted == MANIFEST:
            return path, hashlib.sha256(path.read_bytes()).hexdigest()
        for one in dump.manifest["files"]:
            if one["name"] == wanted:
                return path, str(one["sha256"])
    raise DumpUnknown(name)


def index_of(name: str) -> int:
    """The index of the log's entry about this dump; refuses with ``log.NotInLog`` when there is none."""
    if not any(dump.name == name for dump in current()):
        raise DumpUnknown(name)
    return log.latest(name)


def _root() -> Path:
    return Path(settings.REGISTRY_DUMPS)


def _pointer() -> dict[str, list[str]]:
    """The dumps that are published, and those that were until the last one; empty before the first."""
    try:
        found: dict[str, list[str]] = json.loads((_root() / POINTER).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _written(root: Path, wanted: Sequence[tuple[str, Since | None]], *, at: datetime) -> list[Dump]:
    """Directories of one instant, at which the log has taken in everything that the register has."""
    for _ in range(_ATTEMPTS):
        sequencing.advance(at=at)
        with copies.one_instant() as sequence:
            if log.position().sequence == sequence:
                return [_directory(root, kind, since, sequence, at=at) for kind, since in wanted]
    raise DumpBusy("the register grows faster than the log")


def _directory(root: Path, kind: str, since: Since | None, sequence: int, *, at: datetime) -> Dump:
    name = f"{kind}-{at:%Y%m%dT%H%M%SZ}-{sequence}-{secrets.token_hex(3)}"
    draft = root / f".{name}"
    draft.mkdir()
    try:
        files = [
            file for table in Table for file in _files(draft, table, copies.stream(table, at=at, since=since))
        ]
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "name": name,
            "kind": kind,
            "log": log.origin(),
            "at": leaves.instant(at),
            "sequence": sequence,
            "after": {"sequence": since.sequence, "at": leaves.instant(since.at)} if since else None,
            "files": files,
        }
        (draft / MANIFEST).write_bytes(rfc8785.dumps(manifest))
        draft.rename(root / name)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Dump(name, manifest)


def _files(folder: Path, table: Table, pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """The table in each form, written together; what the manifest says of each file."""
    rows = 0
    with ExitStack() as stack:
        outs = {form: _packed(stack, folder / f"{table}.{form}.gz") for form in Form}
        for piece in pieces:
            rows += piece.rows
            for form, out in outs.items():
                out.write(piece.form(form))
    return [_told(folder / f"{table}.{form}.gz", table, form, rows) for form in Form]


def _packed(stack: ExitStack, path: Path) -> gzip.GzipFile:
    out = stack.enter_context(path.open("wb"))
    return stack.enter_context(gzip.GzipFile("", "wb", _LEVEL, out, mtime=0))


def _told(path: Path, table: Table, form: Form, rows: int) -> dict[str, Any]:
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return {
        "name": path.name,
        "table": table.value,
        "media_type": "application/x-ndjson" if form is Form.NDJSON else "text/csv",
        "sha256": digest,
        "bytes": path.stat().st_size,
        "rows": rows,
    }


def _kept(dumps: Sequence[Dump]) -> list[Dump]:
    fulls = [dump for dump in dumps if dump.manifest["kind"] == "full"][-FULLS:]
    deltas = [dump for dump in dumps if dump.manifest["kind"] == "delta"][-DELTAS:]
    return [dump for dump in dumps if dump in fulls or dump in deltas]


def _switch(root: Path, dumps: Sequence[Dump], *, leaving: Sequence[Dump]) -> None:
    draft = root / f".{POINTER}"
    with draft.open("w", encoding="utf-8") as out:
        json.dump({"dumps": [one.name for one in dumps], "gone": [one.name for one in leaving]}, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(root / POINTER)
