"""The demonstration is lawful: it is made by the register's own steps and checks out."""

from datetime import UTC, datetime, timedelta

import pytest

from api import demo
from registry import audit, lookup
from verification import badges

AT = datetime(2026, 11, 22, 9, 10, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_the_demo_is_an_honest_register() -> None:
    made = demo.load(at=AT)
    assert made["agencies"] >= 40
    assert list(audit.differences(at=AT)) == []
    page = lookup.agencies(at=AT, limit=1000)
    assert len(page.data) == made["licences"]
    assert all("DEMO" in row["name"] for row in page.data)
    by_name = {row["name"]: row["licence"] for row in page.data}
    bluefinch = by_name["Bluefinch Manpower (DEMO)"]
    assert (bluefinch["state"], bluefinch["result"]) == ("suspended", "not_licensed")
    past = lookup.public_past(bluefinch["number"], at=AT - timedelta(days=2, hours=6), now=AT)
    assert past.result == "licensed"
    assert {row["licence"]["state"] for row in page.data} >= {
        "active", "suspended", "expired", "revoked", "void", "surrendered", "renewal_pending",
    }  # fmt: skip
    assert {row["licence"]["result"] for row in page.data} == {"licensed", "limited", "not_licensed"}
    assert badges.for_subject("licence", bluefinch["number"])
    assert demo.load(at=AT) == {"agencies": 0, "licences": 0, "badges": 0}, "a second start changes nothing"
