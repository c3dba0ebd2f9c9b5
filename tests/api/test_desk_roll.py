"""Officers are named beside their numbers wherever an officer reads them; a page asks for all the names at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import licensing
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.api.at_desk import at_desk
from tests.api.officials import appoint
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
NAMES = {"OFFICER-OFFICER": "hana.m", "OFFICER-SUPERVISOR-0": "omar.s", "OFFICER-REGISTRAR": "lina.r"}


def test_a_page_names_its_officers_in_one_query(clock: Clock, new_desk: Any) -> None:
    clock.stop(AT)
    start = AT - timedelta(days=30)
    builders.authority(at=start)
    agency = builders.agency("Kestrel Jobs (DEMO)", at=start)
    licence = builders.active(agency, at=start)
    builders.lifted(licence, builders.suspended(licence, at=start), at=start)
    terms = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."}, no_conflict=True)
    licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="p"
    )
    for number, name in NAMES.items():
        appoint(number, "XA-DLA", "officer").__class__.objects.filter(officer_number=number).update(
            username=name
        )
    desk = at_desk(new_desk(), appoint("DLA-9", "XA-DLA", "registrar", "auditor"))
    queue = desk.get("").content.decode()
    for told in ("Kestrel Jobs (DEMO)", "OFFICER-OFFICER", "hana.m"):
        assert told in queue, told
    for path in (f"licences/{licence}", f"agencies/{agency}", ""):
        desk.get(path)
        with CaptureQueriesContext(connection) as asked:
            shown = desk.get(path).content.decode()
        assert "hana.m" in shown, path
        assert path == "" or "omar.s" in shown, path
        names = [one["sql"] for one in asked.captured_queries if '"officer_number" IN' in one["sql"]]
        assert len(names) == 1, path


def test_an_officer_without_an_account_is_the_number_alone(clock: Clock, new_desk: Any) -> None:
    clock.stop(AT)
    builders.authority(at=AT)
    licence = builders.active(builders.agency(at=AT), at=AT)
    shown = (
        at_desk(new_desk(), appoint("DLA-9", "XA-DLA", "auditor")).get(f"licences/{licence}").content.decode()
    )
    assert ">OFFICER-OFFICER</bdi>, " in shown
