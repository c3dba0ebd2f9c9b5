"""The register as files: complete, of one instant, named by the log, switched at once."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from registry import commitments, lookup
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.builders import START
from tests.conftest import Clock
from tests.verification.logging_place import Place, place_with_signer
from verification import dumps, leaves, log, notes
from verification.dumps import Dump

LATER = START + timedelta(days=40)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(tmp_path: Path, settings: LazySettings, clock: Clock) -> Iterator[Place]:
    """This place with a signer and a directory for dumps."""
    clock.stop(START)
    settings.REGISTRY_DUMPS = tmp_path / "dumps"
    (tmp_path / "keys").mkdir()
    with place_with_signer(tmp_path / "keys", settings) as found:
        builders.authority()
        yield found


def ndjson(dump: Dump, table: str) -> list[dict[str, Any]]:
    """The rows of a table."""
    path, _ = dumps.file(dump.name, f"{table}.ndjson.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def cells(dump: Dump, table: str) -> list[dict[str, str]]:
    """The same as cells."""
    path, _ = dumps.file(dump.name, f"{table}.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(io.StringIO(text.read())))


def test_a_full_dump_holds_every_licence_as_it_is_answered_and_every_entry(place: Place) -> None:
    first, second = builders.active(), builders.active()
    builders.suspended(second, at=START)
    builders.take(first, Action.ENTER_DEMERIT, StepTerms(grounds=("DISCRIMINATION",), points=2), at=START)
    _, full = dumps.publish(at=START)
    told = {row["number"]: row for row in ndjson(full, "licences")}
    assert list(told) == sorted([first, second])
    for number in (first, second):
        answer = lookup.public_licence(number, at=START)
        row = told[number]
        assert (row["state"], row["result"], row["may_recruit"], row["sequence"]) == (
            answer.state, answer.result, answer.may_recruit, answer.sequence,
        )  # fmt: skip
        assert row["until"] is None or row["until"].endswith("Z")
    changes = lookup.changes(after=0, limit=1000, at=START).data
    entries = ndjson(full, "entries")
    assert [row["sequence"] for row in entries] == [change["sequence"] for change in changes]
    for row, change in zip(entries, changes, strict=True):
        assert (row["action"], row["licence"], row["agency"]) == (
            change["action"],
            change["licence"],
            change["agency"],
        )
    logged = {
        leaf["seq"]: leaf["row"]
        for leaf in map(leaves.read, map(log.entry, range(log.size())))
        if "row" in leaf
    }
    assert {row["sequence"]: row["row"] for row in entries} == logged


def test_the_manifest_is_named_by_the_log_and_proved(place: Place, public: Client) -> None:
    builders.active()
    (_, full) = dumps.publish(at=START)
    answer = public.get(f"/api/v1/dumps/{full.name}/manifest.json")
    manifest = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    proof = notes.read_proof(public.get(f"/api/v1/dumps/{full.name}/proof").content)
    proof.check(proof.extra, place.vkey())
    leaf = leaves.read(proof.extra)
    assert (leaf["t"], leaf["name"], leaf["sha256"]) == (
        "dump.published", full.name, hashlib.sha256(manifest).hexdigest(),
    )  # fmt: skip
    for one in json.loads(manifest)["files"]:
        answer = public.get(f"/api/v1/dumps/{full.name}/{one['name']}")
        body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (one["sha256"], one["bytes"])
        assert gzip.decompress(body).count(b"\n") == one["rows"] + one["name"].endswith(".csv.gz")
        again = public.get(
            f"/api/v1/dumps/{full.name}/{one['name']}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert again.status_code == 304
    assert [dump["name"] for dump in public.get("/api/v1/dumps").json()["data"]] == [
        dump.name for dump in dumps.current()
    ]


def test_what_is_no_dump_is_a_problem(place: Place, public: Client) -> None:
    (delta,) = dumps.publish(at=START, full=False)
    for address in (
        "none/manifest.json",
        "none/proof",
        f"{delta.name}/current.json",
        f"{delta.name}/..%2Fcurrent.json",
        f".{delta.name}/manifest.json",
    ):
        answer = public.get(f"/api/v1/dumps/{address}")
        assert (answer.status_code, answer.json()["code"]) in {
            (404, "dump.not_found"),
            (404, "route.not_found"),
        }
    assert public.post(f"/api/v1/dumps/{delta.name}/proof").status_code == 405


def test_a_delta_is_made_every_time_and_holds_what_is_new_or_other_by_the_clock(place: Place) -> None:
    number = builders.active(last_day=(START + timedelta(days=10)).date())
    other = builders.active()
    dumps.publish(at=START)
    (empty,) = dumps.publish(at=START + timedelta(hours=1), full=False)
    assert [one["rows"] for one in empty.manifest["files"]] == [0, 0, 0, 0]
    (expired,) = dumps.publish(at=LATER, full=False)
    assert [(row["number"], row["state"]) for row in ndjson(expired, "licences")] == [(number, "expired")]
    builders.suspended(other, at=LATER)
    (news,) = dumps.publish(at=LATER, full=False)
    assert [row["number"] for row in ndjson(news, "licences")] == [other]
    assert [row["action"] for row in ndjson(news, "entries")] == ["suspend_preventive"]
    assert news.manifest["after"]["sequence"] == expired.sequence


def test_a_cell_never_begins_as_a_formula(place: Place) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", 'Plain, with a comma and "quotes"']
    for place_, name in enumerate(names):
        builders.active(builders.agency(name, company_number=f"C-{place_}"))
    _, full = dumps.publish(at=START)
    assert {row["name"] for row in ndjson(full, "licences")} == set(names)
    assert {row["name"] for row in cells(full, "licences")} == {
        "'=HYPERLINK(1)",
        "'+1",
        "'-1",
        "'@x",
        names[-1],
    }


def test_a_committed_name_can_be_opened_while_it_is_public(place: Place) -> None:
    holder = builders.agency("Mina Rai (DEMO)", sole_trader=True)
    builders.active(holder)
    _, full = dumps.publish(at=START)
    (row,) = ndjson(full, "licences")
    salt = bytes.fromhex(row["name_salt"])
    committed = leaves.read(log.entry(log.latest(row["number"])))["pub"]["name_sha256"]
    assert hashlib.sha256(salt + row["name"].encode()).hexdigest() == committed
    commitments.erase(holder)
    (delta,) = dumps.publish(at=START, full=False)
    assert ndjson(delta, "licences") == []


def test_old_dumps_go_and_no_draft_stays(place: Place, tmp_path: Path) -> None:
    for _ in range(dumps.FULLS + 2):
        before = dumps.current()
        dumps.publish(at=START)
    now = dumps.current()
    assert [dump.manifest["kind"] for dump in now].count("full") == dumps.FULLS
    (left,) = {dump.name for dump in before} - {dump.name for dump in now}
    there = {path.name for path in (tmp_path / "dumps").iterdir()}
    # Whoever began to read one just before it was replaced can read it to its end.
    assert there == {"current.json", left, *(dump.name for dump in now)}
    with pytest.raises(dumps.DumpUnknown):
        dumps.file(left, dumps.MANIFEST)


def test_the_command_says_what_it_wrote(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    builders.active()
    call_command("dump")
    assert "1 licences, 3 entries" in capsys.readouterr().out


def test_the_copy_is_of_one_instant_whatever_is_decided_meanwhile(place: Place) -> None:
    from registry import copies

    builders.active()
    with copies.one_instant() as sequence:
        rows = b"".join(piece.ndjson for piece in copies.stream(copies.Table.ENTRIES, at=START)).splitlines()
        assert len(rows) == sequence
        with connection.cursor() as cursor, pytest.raises(Exception, match="read-only"):
            cursor.execute("DELETE FROM registry_salt")
