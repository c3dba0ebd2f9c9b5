"""Drills: somebody with all rights in the database changes the past, and the auditor outside finds and names it."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from registry import clock, commitments
from tests import builders
from tests.builders import START
from tests.verification.logging_place import Place, place_with_signer
from verification import audit, badges, dumps, log, sequencing

Block = Callable[[], AbstractContextManager[None]]


class Register:
    """A register with three licences, its log, a dump, and an auditor who comes again and again."""

    def __init__(self, address: str, place: Place, folder: Path, as_owner: Block) -> None:
        """One licence in force, one suspended, one of a person."""
        self.address, self.place, self.state, self._as_owner = address, place, folder / "audit.json", as_owner
        self.lines: list[str] = []
        builders.authority()
        self.good = builders.active(builders.agency("Bluefinch Ltd (DEMO)", company_number="C-1"))
        self.bad = builders.active(builders.agency("Kestrel Ltd (DEMO)", company_number="C-2"))
        builders.suspended(self.bad, at=clock.now())
        self.persons = builders.active(builders.agency("Mina Rai (DEMO)", sole_trader=True))
        self.dump()
        assert self.audit() == [], "an honest register differs in nothing"

    def dump(self) -> None:
        """Publish the register as files, as every night."""
        dumps.publish(at=clock.now())

    def audit(self) -> list[str]:
        """What the auditor finds."""
        self.lines = []
        found = audit.run(self.address, state=self.state, tell=self.lines.append)
        told = [line for line in self.lines[:-1] if not line.startswith("Note")]
        assert len(told) == found
        return told

    @contextmanager
    def by_hand(self, *tables: str) -> Iterator[Any]:
        """A cursor of the tables' owner who has switched the triggers of these tables off."""
        with self._as_owner(), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            try:
                yield cursor
            finally:
                for table in tables:
                    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def register(public_site: str, tmp_path: Path, settings: LazySettings, as_owner: Block) -> Iterator[Register]:
    """See ``Register``."""
    settings.REGISTRY_DUMPS = tmp_path / "dumps"
    (tmp_path / "keys").mkdir()
    with place_with_signer(tmp_path / "keys", settings) as place:
        yield Register(public_site, place, tmp_path, as_owner)


def test_a_decision_that_was_edited(register: Register) -> None:
    with register.by_hand("registry_entry") as cursor:
        cursor.execute(
            "UPDATE registry_entry SET grounds = '[\"REPORT-OVERDUE\"]' WHERE action = 'suspend_preventive'"
        )
    register.dump()
    assert register.audit() == ["number 7 of the register (entry 6): edited since it was logged"]


def test_a_decision_that_was_deleted(register: Register) -> None:
    with register.by_hand(
        "registry_entry", "registry_entrytext", "registry_sanction", "registry_proposal"
    ) as cursor:
        suspensions = "(SELECT id FROM registry_entry WHERE action = 'suspend_preventive')"
        cursor.execute(f"UPDATE registry_proposal SET entry_id = NULL WHERE entry_id IN {suspensions}")
        for table in ("registry_sanction", "registry_entrytext"):
            cursor.execute(f"DELETE FROM {table} WHERE entry_id IN {suspensions}")
        cursor.execute("DELETE FROM registry_entry WHERE action = 'suspend_preventive'")
    register.dump()
    assert "number 7 of the register (entry 6): deleted, the log has it" in register.audit()


def test_a_decision_that_was_inserted(register: Register) -> None:
    columns = (
        "authority_id, licence_id, agency_id, kind, step, decided_at, effective_from, zone, grounds, effect,"
        " deadlines, policy_version, law, published, officers"
    )
    with register.by_hand("registry_entry") as cursor:
        cursor.execute(
            f"INSERT INTO registry_entry (commit_id, ordinal, action, {columns}) SELECT commit_id, 90,"
            f" 'lift', {columns} FROM registry_entry WHERE action = 'suspend_preventive'"
        )
    register.dump()
    assert "number 97 of the register: inserted, the log does not have it" in register.audit()


def test_an_answer_that_was_turned_green(register: Register) -> None:
    turned = (
        "UPDATE registry_publishedrecord SET state = 'active', result = 'licensed', may_recruit = true,"
        " body = replace(replace(replace(body, '\"suspended\"', '\"active\"'), '\"not_licensed\"', '\"licensed\"'),"
        " '\"may_recruit\":false', '\"may_recruit\":true') WHERE number = %s AND state = 'suspended'"
    )
    with register.by_hand("registry_publishedrecord") as cursor:
        cursor.execute(turned, [register.bad])
    time.sleep(
        1
    )  # an audit takes either answer in the second of the suspension, and it has just been decided
    at_once = register.audit()
    assert at_once == [
        f"licence {register.bad}: active (licensed) in the register, suspended (not_licensed) in the log"
    ]
    register.dump()
    assert (
        f"licence {register.bad}: active (licensed) in the dump, suspended (not_licensed) in the log"
        in register.audit()
    )


def test_a_licence_that_was_given_to_another(register: Register) -> None:
    with register.by_hand("registry_agency") as cursor:
        cursor.execute(
            "UPDATE registry_agency SET legal_name = 'Kestrel International' WHERE legal_name LIKE 'Kestrel%'"
        )
        cursor.execute(
            "UPDATE registry_agency SET legal_name = 'Somebody Else' WHERE legal_name LIKE 'Mina%'"
        )
    register.dump()
    found = register.audit()
    for number in (register.bad, register.persons):
        assert f"licence {number}: its holder has another name in the dump than in the log" in found


def test_a_badge_that_was_withdrawn_and_made_good_again(register: Register) -> None:
    code = badges.issue("licence", register.good, at=clock.now()).code
    badges.withdraw(code, reason="stolen", by="OFFICER-1", at=clock.now())
    register.dump()
    assert register.audit() == []
    with register.by_hand("verification_badge") as cursor:
        cursor.execute(
            "UPDATE verification_badge SET withdrawn_at = NULL, withdrawn_reason = '', withdrawn_by = ''"
        )
    assert register.audit() == [f"badge {code}: known when looked up, withdrawn in the log"]


def test_a_change_with_the_triggers_on_is_in_the_log_as_nobodys(register: Register) -> None:
    with register.by_hand() as cursor:
        cursor.execute("UPDATE registry_licence SET state = 'active' WHERE number = %s", [register.bad])
    sequencing.advance(at=clock.now())
    sequencing.publish(at=clock.now())
    assert register.audit() == [f"entry 14: nobody speaks for a change of registry_licence {register.bad}"]
    assert register.audit() == [f"entry 14: nobody speaks for a change of registry_licence {register.bad}"], (
        "an audit that found something is not what the next one begins from"
    )


def test_two_entries_that_were_swapped(register: Register) -> None:
    with register.by_hand("verification_logleaf") as cursor:
        cursor.execute("SELECT data FROM verification_logleaf WHERE index IN (4, 5) ORDER BY index")
        (fourth,), (fifth,) = cursor.fetchall()
        cursor.execute("UPDATE verification_logleaf SET data = %s WHERE index = 4", [fifth])
        cursor.execute("UPDATE verification_logleaf SET data = %s WHERE index = 5", [fourth])
    found = register.audit()
    assert "log: its 14 entries do not make the signed root" in found
    assert {"entry 4: is not the one that was logged", "entry 5: is not the one that was logged"} <= set(
        found
    )


def test_a_database_that_was_rolled_back(register: Register) -> None:
    size = log.size()
    builders.revoked(register.good, at=START)
    sequencing.advance(at=clock.now())
    sequencing.publish(at=clock.now())
    assert register.audit() == []
    with register.by_hand("verification_logleaf", "verification_logcheckpoint") as cursor:
        cursor.execute("DELETE FROM verification_logleaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM verification_logcheckpoint WHERE size > %s", [size])
    found = register.audit()
    assert found[0] == f"log: rolled back: it has {size} entries and had {size + 1} when it was last audited"


def test_a_log_that_was_made_anew_is_not_signed(register: Register) -> None:
    with register.by_hand("verification_logleaf", "verification_logtile") as cursor:
        cursor.execute("DELETE FROM verification_logleaf WHERE index = 13")
        log.append([log.Leaf(b'{"another":"end"}')])
    sequencing.publish(at=clock.now())
    found = register.audit()
    assert "entry 13: cannot be read: an entry of another version or type" in found
    assert "log: its 14 entries do not make the signed root" in found


def test_a_dump_that_differs(register: Register) -> None:
    newest = dumps.current()[-1]
    path, _ = dumps.file(newest.name, "licences.ndjson.gz")
    rows = gzip.decompress(path.read_bytes()).replace(b'"suspended"', b'"active"')
    path.write_bytes(gzip.compress(rows))
    assert register.audit() == [
        f"dump {newest.name}: licences.ndjson.gz is not the file that its manifest names"
    ]
    manifest = path.with_name(dumps.MANIFEST)
    told = json.loads(manifest.read_text())
    told["sequence"] -= 1
    manifest.write_text(json.dumps(told))
    assert f"dump {newest.name}: the log names another manifest, or none" in register.audit()


def test_what_was_erased_by_law_is_told_and_is_no_difference(register: Register) -> None:
    commitments.erase("7")
    register.dump()
    assert register.audit() == []
    assert "Note: 1 entries can no longer be compared, their salts were erased." in register.lines


def test_the_command_says_so_with_its_exit_code(
    register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(register.state)]
    assert audit.main([register.address, *state]) == 0
    assert "14 entries, no differences." in capsys.readouterr().out
    with register.by_hand("registry_entry") as cursor:
        cursor.execute("UPDATE registry_entry SET law = 'another'")
    register.dump()
    assert audit.main([register.address, *state]) == 1
    assert audit.main(["http://127.0.0.1:9"]) == 2
    assert audit.main([register.address, "--key", "nonsense"]) == 2
