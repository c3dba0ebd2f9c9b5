"""Somebody with every right edits one column of one row, with the triggers off: the audit finds it and says where.

Every column of every table of the register and the proofs is edited, but for those that ``EXEMPT`` names with a reason.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.test import override_settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from registry import (
    agencies,
    audit,
    clock,
    holders,
    licensing,
    motions,
    policies,
    retrospect,
    screening,
    subjects,
)
from registry.audit import Difference
from registry.intake import taking
from registry.models import JOURNALLED
from registry.rules.applying import Action as Step
from registry.rules.lifecycle import Action, Role, StepTerms
from registry.rules.motions import Motion
from registry.rules.screening import Verdict
from tests import applying, builders
from tests.builders import START
from tests.conftest import acting_as, server_address
from tests.house import House
from verification import (
    badges,
    consistency,
    keys,
    live_codes,
    log,
    notes,
    published_keys,
    sequencing,
    signer,
    signing,
    statuses,
    tokens,
)
from verification import models as proofs
from verification.keys import Use

pytestmark = pytest.mark.usefixtures("_built")

EXEMPT: Final[Mapping[str, str]] = {
    "registry_alert.agency_id": "a constraint lets nobody be named while it is no clone",
    "registry_alert.kind": "a constraint lets it be nothing else while no agency is named",
    "registry_application.kind": "a constraint lets it be nothing else while no licence is named",
    "registry_applicationdraft": "the applicant's own paper until it is sent, and no record",
    "registry_changejournal.id": "the order of rows; the log has taken them in it",
    "registry_changejournal.transaction_id": "which changes belong together, until the log has taken them",
    "registry_concern": "what people report: no licence stands on it, and the journal may keep no trace (ADR 0024)",
    "registry_concernact": "the same",
    "registry_concernfile": "the same",
    "registry_concerntext": "the same",
    "registry_debarment.person_id": "a constraint lets it be nothing else while the agency is named",
    "registry_finding": "restricted: what somebody else says of a name, no law of ours",
    "registry_idempotencykey": "how a repeated call is answered",
    "registry_listedlicence.content": "a digest that only the next list is compared with",
    "registry_listedlicence.holder": "the same",
    "registry_listedlicence.identity": "the same",
    "registry_numberseries": "a counter; a number that was given already is refused by the tables",
    "registry_observedrow": "restricted and may be deleted; its digest stands in the entry",
    "registry_personword.id": "a derived row's own key, which nothing refers to",
    "registry_publishedrecord.facets": "made by the database of the row's other columns, which nobody can write",
    "registry_publishedrecord.id": "a derived row's own key, which nothing refers to",
    "registry_register.id": "a constraint lets it be nothing else",
    "registry_salt": "whoever opens a commitment with another salt finds that it does not open",
    "registry_screeningdue": "who waits to be screened; whoever is admitted is screened all the same",
    "registry_screenmark.id": "a derived row's own key, which nothing refers to",
    "registry_searchname.id": "a derived row's own key, which nothing refers to",
    "registry_searchword": "help with typing errors, made again by indexing.rebuild",
    "verification_badgewatch": "when to look again; statuses.reconcile looks at every badge all the same",
    "verification_listsplace": "how far the worker got; statuses.reconcile reads every badge whatever it says",
    "verification_liststate": "derived: statuses.reconcile makes it of what is published, and says what was wrong",
    "verification_logposition": "how far the worker got; the log's entries say what they took",
    "verification_logtile.id": "a derived row's own key, which nothing refers to",
    "verification_signedlist.id": "the same",
}
#: A redaction writes its own reason into the versions of a record.
OF_VERSIONS: Final = "history_change_reason"

#: Other values of a type; the first that the table's constraints allow is taken.
OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (
        "{0} || 'X'",
        "overlay({0} placing 'ZZ' from 1 for 2)",
        "translate({0}, '0123', '1230')",
        "'office'",
        "'U'",
    ),
    "jsonb": ("'{{\"edited\": true}}'",),
    "bytea": ("set_byte({0}, 0, 255 - get_byte({0}, 0))",),
    "uuid": ("gen_random_uuid()",),
    "boolean": ("NOT {0}",),
    "date": ("coalesce({0}, '2026-03-03') + 1",),
    "timestamp with time zone": (
        "coalesce({0}, '2026-03-03') + interval '1 second'",
        "{0} - interval '1 second'",
    ),
    "daterange": ("daterange(lower({0}), upper({0}) - 1)",),
    "tstzrange": ("tstzrange(lower({0}), coalesce(upper({0}), '2090-01-01') - interval '1 second')",),
    "ARRAY": ("{0} || '{{77}}'",),
    "number": ("coalesce({0}, 0) + 1", "coalesce({0}, 0) + 1000"),
}
OTHERS_OF: Final[Mapping[str, str]] = {
    "character varying": "text", "character": "text", "bigint": "number", "integer": "number", "smallint": "number",
    "numeric": "number",
}  # fmt: skip

PROFILE: Final = """
profile = "xa_list"
kind = "register"
title = "DEMO list"
source = "DEMO ministry"
[authority]
code = "MOL"
name = { en = "DEMO Ministry" }
country = "XA"
time_zone = "Asia/Kathmandu"
[file]
format = "csv"
[columns]
number = { heading = "No.", absent = "refuse" }
name = "Name"
class = "Class"
status = "Status"
[identity]
holder = ["number"]
licence = ["class"]
[[words.status]]
means = "licensed"
words = ["Valid"]
"""
AT: Final = START + timedelta(days=30)


def _decide() -> str:
    """A licence with everything that officers leave behind; its number."""
    builders.authority()
    holder = builders.agency(address="Harbour Road 1", lei="")
    office = builders.head_office(holder)
    by = builders.maker(START)
    builders.approved(
        agencies.add_trading_name(holder, "Demo Works", by=by, at=START, idempotency_key="1"), at=START
    )
    builders.approved(
        agencies.add_channel(holder, "email", "office@demo.example", by=by, at=START, idempotency_key="2"),
        at=START,
    )
    builders.approved(agencies.appoint(
        holder, name="DEMO Person", role="director", first_day=date(2026, 1, 5), office=office, by=by, at=START,
        idempotency_key="3",
    ), at=START)  # fmt: skip
    shown = builders.approved(agencies.appoint(
        holder, name="DEMO Recruiter", role="registered_recruiter", first_day=date(2026, 1, 5), by=by, at=START,
        idempotency_key="3a",
    ), at=START)  # fmt: skip
    agencies.show_photograph(office, b"\xff\xd8\xff house", by=by, at=START, idempotency_key="3b")
    agencies.show_photograph(
        shown, b"\xff\xd8\xff face", agreed_on=date(2026, 1, 4), by=by, at=START, idempotency_key="3c"
    )
    number = builders.active(holder)
    builders.lifted(number, builders.suspended(number, at=START), at=START)
    barred = builders.agency("Kestrel (DEMO)")
    builders.active(barred)
    terms = StepTerms(grounds=("TRAFFICKING",), until=date(2026, 6, 30), no_conflict=True)
    waiting = licensing.propose_for_agency(
        barred, Action.DEBAR, by=by, at=START, terms=terms, idempotency_key="4"
    )
    for key, officer in (("5", builders.checker(START)), ("6", builders.registrar(START))):
        licensing.approve(waiting.id, by=officer, at=START, no_conflict=True, idempotency_key=key)
    return number


def _rule() -> None:
    """A version of a policy set that two administrators put in force, and one that was declined."""
    one, other = (
        replace(builders.officer(Role.ADMINISTRATOR, at=START), number=number)
        for number in ("ADMIN-1", "ADMIN-2")
    )
    for days in (15, 16):
        said = {**builders.POLICY, "appeal_days": days}
        made = policies.propose(
            "XA-DLA", said, in_force_from=START, by=one, at=START, idempotency_key=f"rule {days}"
        )
        if days == 15:
            policies.approve(made.id, by=other, at=START, idempotency_key="yes")
        else:
            policies.decline(made.id, reason="too long", by=other, at=START, idempotency_key="no")


def _admit() -> None:
    """A granted application, a refused one, and one that waits for the applicant."""
    applying.granted(START, account="APPLICANT-2", legal_name="Lantern Works (DEMO)", company_number="C 12")
    applying.refused(START)
    applying.take(
        applying.submitted(START, account="APPLICANT-3"), Step.ASK, at=START, letter="Send the lease."
    )


def _hold(number: str) -> None:
    """An account that two officers connected, a notice and its answer with a paper; and a request turned away."""
    key = holders.ask("APPLICANT-4", number, "Its director.", at=START, idempotency_key="12")
    for by, once in ((builders.maker(START), "13"), (builders.checker(START), "14")):
        holders.confirm(key, by=by, at=START, no_conflict=True, idempotency_key=once)
    notice = builders.take(
        number, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)), at=START
    ).sequence
    paper = {
        "name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": "0" * 64, "stored_as": "nowhere/0"
    }  # fmt: skip
    holders.represent("APPLICANT-4", number, notice, "No.", [paper], at=START, idempotency_key="15")
    other = holders.ask("APPLICANT-5", number, "A friend.", at=START, idempotency_key="16")
    holders.end(
        other, by=builders.maker(START), at=START, reason="Not known there.", no_conflict=True,
        idempotency_key=builders.key(),
    )  # fmt: skip
    person = holders.people("APPLICANT-4", number, at=START)[0].number
    for stands in ("ended", "shown"):
        invited = live_codes.invite(person, by="APPLICANT-4", at=START)
        live_codes.accept(invited, account="APPLICANT-4", at=START)
        if stands == "ended":
            live_codes.end(person, by="APPLICANT-4", at=START)


def _screen() -> None:
    """Somebody who has the telephone of one whose licence was taken away: found, judged by two, and declared kin."""
    gone, fresh = builders.agency("Harbour Bridge (DEMO)"), builders.agency("Harbour Bridges (DEMO)")
    by = builders.maker(START)
    for number, key in ((gone, "6"), (fresh, "7")):
        builders.approved(
            agencies.add_channel(number, "phone", "+97714412345", by=by, at=START, idempotency_key=key),
            at=START,
        )
    builders.approved(agencies.appoint(
        fresh, name="DEMO Agent", role="sub_agent", first_day=date(2026, 1, 5), by=by, at=START, idempotency_key="8"
    ), at=START)  # fmt: skip
    builders.revoked(builders.active(gone), at=START)
    screening.run_due(at=AT)
    found = screening.of(fresh, at=AT).matches[0].id
    said = {"reason": "the same house", "no_conflict": True, "at": AT}
    for key, officer in (("9", builders.maker(AT)), ("10", builders.checker(AT))):
        screening.judge(found, Verdict.CONFIRM, by=officer, idempotency_key=key, **said)  # type: ignore[arg-type]
    by = builders.maker(AT)
    screening.declare(gone, fresh, "family", evidence="of marriages", by=by, at=AT, idempotency_key="11")


def _move() -> None:
    """Two records of one firm made one, somebody barred, and their request answered."""
    gone, stays = builders.agency("Twin (DEMO)"), builders.agency("Twins (DEMO)")
    builders.active(gone)
    by = builders.maker(AT)
    agencies.appoint(
        stays, name="DEMO Owner", role="director", first_day=date(2026, 1, 5), by=by, at=AT, idempotency_key="20"
    )  # fmt: skip
    person = retrospect.agency(stays, by=by, at=AT).appointments[0]["person"]

    def take(kind: Motion, about: str, **terms: Any) -> None:
        key = builders.key
        made = motions.propose(kind, about, terms, by=by, at=AT, idempotency_key=key(), no_conflict=True)
        for officer in (builders.checker(AT), builders.registrar(AT))[: made.approvals_needed]:
            motions.approve(made.id, by=officer, at=AT, idempotency_key=key(), no_conflict=True)

    take(Motion.MERGE, gone, into=stays, reason="entered twice")
    take(Motion.BAR, person, last_day="2027-03-04", grounds=["TRAFFICKING"], reason="judgment")
    asked = subjects.record(
        "access", person=person, asked_by="DEMO Owner", identity_check="passport", words="everything",
        received_on=date(2026, 1, 20), by=by, at=AT, idempotency_key="21",
    )  # fmt: skip
    take(Motion.ANSWER, str(asked.id), answer="give", reason="as asked")
    builders.warned(at=AT, place="Port Demo", texts={"en": "They ask for money."}, source="Notice 7")


def _take_in(folder: Path) -> None:
    profile = folder / "xa_list.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    for on, rows in ((date(2026, 1, 2), (1, 2)), (date(2026, 1, 4), (1,))):
        file = folder / f"{on}.csv"
        file.write_text(
            "No.,Name,Class,Status\n" + "".join(f"{n},DEMO {n} Ltd,A,Valid\n" for n in rows), "utf-8"
        )
        taking.take_in(str(profile), file, on=on, at=START, by="intake", allow_shrink=True)


def _prove(number: str) -> None:
    """Badges, tokens, status lists, keys, a list of trust and the log, signed and cosigned."""
    lost = badges.issue("licence", number, at=START)
    badges.withdraw(lost.code, reason="lost", by="OFFICER-1", at=START)
    badges.issue("licence", number, at=START)
    published_keys.refresh(at=AT)
    assert statuses.refresh(at=AT)
    assert tokens.refresh(at=AT)
    sequencing.advance(at=AT)
    sequencing.publish(at=AT)
    witness = notes.Key("witness.example.org", notes.Kind.COSIGNATURE, bytes(32))
    log.cosigned(log.size(), witness, notes.Signature(witness.name, witness.key_id, bytes(72)), at=AT)
    proofs.TrustListVersion(version=1, digest="0" * 64, document="{}", expires_at=AT, published_at=AT).save()


@pytest.fixture(scope="module")
def _built(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A register and its proofs, in a transaction of somebody who may do anything; undone at the end."""
    folder = tmp_path_factory.mktemp("edits")
    superuser = str(conninfo_to_dict(server_address())["user"])
    directory, since = folder / "keys", int(START.timestamp()) - 86_400
    with django_db_blocker.unblock(), ExitStack() as open_:
        patch = open_.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(signing, "TIMEOUT", 10.0)
        open_.enter_context(acting_as(superuser))
        open_.enter_context(override_settings(REGISTRY_SIGNER=str(folder / "s")))
        open_.enter_context(clock.frozen(AT))
        whole = transaction.atomic()
        whole._from_testcase = True  # type: ignore[attr-defined]  # a durable transaction may begin in it
        open_.enter_context(whole)
        for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
            keys.create(directory, use, signing.issuer("XA-DLA"), at=since)
        signer.begin_log(directory, keys.create(directory, Use.LOG, log.origin(), at=since))
        house = House(directory, folder / "s")
        open_.callback(house.close)
        number = _decide()
        _rule()
        _admit()
        _hold(number)
        _screen()
        _move()
        _take_in(folder)
        _prove(number)
        client = signing.client()
        assert client is not None
        client.close()
        yield
        transaction.set_rollback(True)


def _check(table: str) -> list[Difference]:
    """What the audit finds, as far as it looks at this table."""
    numbers = [licence.number for licence in apps.get_model("registry", "Licence").objects.all()]
    checks: Mapping[str, Callable[[], Iterator[Difference]]] = {
        "registry_register": audit.of_register,
        "registry_changejournal": lambda: chain(audit.of_journal("registry_entry"), audit.of_register()),
        "registry_personword": audit.of_persons,
        "registry_screenmark": audit.of_marks,
        "registry_searchname": audit.of_search,
        "verification_logleaf": consistency.of_log,
        "verification_logtile": consistency.of_log,
        "verification_signedlist": consistency.of_lists,
    }
    if table in JOURNALLED or table in proofs.JOURNALLED:
        return list(audit.of_journal(table, key=proofs.JOURNALLED.get(table, "id")))
    if "historical" in table:
        return list(audit.of_histories())
    return list(checks.get(table, lambda: audit.of_numbers(numbers, at=AT))())


def _columns() -> dict[str, list[str]]:
    """Every column of every table that is not exempt, by table."""
    found: dict[str, list[str]] = {}
    for package in ("registry", "verification"):
        for model in apps.get_app_config(package).get_models(include_auto_created=True):
            table = model._meta.db_table
            named = [str(field.column) for field in model._meta.concrete_fields]
            if table not in EXEMPT:
                found[table] = [c for c in named if c != OF_VERSIONS and f"{table}.{c}" not in EXEMPT]
    return found


COLUMNS: Final = _columns()


def _edit(table: str, column: str, kind: str) -> None:
    """Another value in one row, past triggers and foreign keys; an edit that constraints refuse is no edit."""
    names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
    where = "relation = 'registry_entry'" if table == "registry_changejournal" else "true"
    refused: Error | None = None
    for other in OTHERS[OTHERS_OF.get(kind, kind)]:
        value = sql.SQL(other).format(names["column"])
        statement = sql.SQL(
            "UPDATE {table} SET {column} = {value} WHERE ctid = (SELECT ctid FROM {table} WHERE {where}"
            " ORDER BY coalesce({column}::text, '') IN ('', '{{}}', '[]'), ctid LIMIT 1)"
            " AND {column} IS DISTINCT FROM {value}"
        ).format(**names, value=value, where=sql.SQL(where))
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(statement)
                edited = cursor.rowcount
                cursor.execute("SET LOCAL session_replication_role = origin")
            if edited:
                return
        except Error as fault:
            refused = fault
    raise AssertionError(f"{table}.{column} could not be edited: {refused}")


@pytest.mark.parametrize("table", COLUMNS)
def test_an_edited_column_is_found(django_db_blocker: Any, table: str) -> None:
    missed = []
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
            )
            kinds = dict(cursor.fetchall())
        assert _check(table) == [], "an honest register differs in nothing"
        for column in COLUMNS[table]:
            whole = transaction.atomic()
            with whole:
                _edit(table, column, kinds[column])
                if not any(found.number and found.what for found in _check(table)):
                    missed.append(column)
                transaction.set_rollback(True)
    assert missed == [], f"edited in {table} and not found"


@pytest.mark.parametrize(
    ("table", "column", "kind", "named"),
    [
        ("registry_registercommit", "by", "text", "registry_registercommit"),
        ("registry_searchname", "text", "text", "search"),
        ("verification_badge", "subject_number", "text", "verification_badge"),
        ("verification_logleaf", "data", "bytea", "tile 0/0"),
    ],
)
def test_the_command_names_it_and_fails(
    django_db_blocker: Any, table: str, column: str, kind: str, named: str
) -> None:
    told = StringIO()
    with django_db_blocker.unblock(), clock.frozen(AT), transaction.atomic():
        _edit(table, column, kind)
        with pytest.raises(CommandError, match="difference"):
            call_command("audit", stdout=told)
        transaction.set_rollback(True)
    assert named in told.getvalue()
