"""What the lists follow by what changed is what they would say if every badge were read: after any lawful steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry import agencies, licensing, lookup
from registry.intake import taking
from registry.rules.errors import RegistryError
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.conftest import Clock, Kept, signer_of
from tests.house import House
from tests.registry.test_intake import PROFILE
from verification import badges, standings, status_list, statuses, tokens
from verification.models import Badge, BadgeWatch, ListState, SignedList

START = builders.START
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db


@dataclass
class Place:
    """A register with a badge of every sort, and what may be done to it."""

    folder: Path
    clock: Clock
    at: datetime = START
    licences: list[str] = field(default_factory=list)
    sequences: list[tuple[str, int]] = field(default_factory=list)

    def built(self) -> Place:
        """Two holders with two licences and one, an office and a person of the first, and a listed licence."""
        self.holder, self.other = builders.agency(), builders.agency("Kestrel (DEMO)")
        soon = START.date() + 40 * DAY
        self.licences = [
            builders.active(self.holder),
            builders.active(self.holder, "C", last_day=soon),
            builders.active(self.other, last_day=soon),
        ]
        self.office = builders.head_office(self.holder)
        told: dict[str, Any] = {"name": "Sita Sharma", "role": "sub_agent", "first_day": START.date()}
        appointed = agencies.appoint(self.holder, **told, office=self.office, **self._by())
        self.person = builders.approved(appointed, at=self.at)
        profile, file = self.folder / "xa_list.toml", self.folder / "list.csv"
        profile.write_text(PROFILE, encoding="utf-8")
        file.write_text("No.,Name,Town,Status,Class,Phone\n1,DEMO Agency,Port,Valid,A,\n", encoding="utf-8")
        taking.take_in(str(profile), file, on=START.date(), at=START, by="intake")
        (known,) = lookup.by_legacy("1", at=START)
        self.listed = known.number
        for kind, number in (
            *(("licence", number) for number in (*self.licences, self.listed)),
            ("office", self.office),
            ("appointment", self.person),
        ):
            badges.issue(kind, number, at=START)
        return self

    def another(self, clock: Clock) -> Place:
        """The same register, that whatever is done there leaves this one as it is."""
        found = copy(self)
        found.clock, found.licences, found.sequences = clock, [*self.licences], [*self.sequences]
        return found

    def _by(self) -> dict[str, Any]:
        return {"by": builders.maker(self.at), "at": self.at, "idempotency_key": builders.key()}

    def do(self, what: str, which: int) -> None:
        """Take one step; what the law refuses is not taken."""
        number = self.licences[which % len(self.licences)]
        try:
            getattr(self, what)(number)
        except (RegistryError, IndexError):  # refused, or it needs more officers than the builder has
            return

    def suspend(self, number: str) -> None:
        """At once."""
        self.sequences.append((number, builders.suspended(number, at=self.at)))

    def announce(self, number: str) -> None:
        """From an hour ahead on: the clock alone reaches it."""
        terms = StepTerms(grounds=("FALSE-DOC",), effective=self.at + HOUR)
        made = builders.take(number, Action.SUSPEND_PREVENTIVE, terms, at=self.at)
        self.sequences.append((number, made.sequence))

    def revoke(self, number: str) -> None:
        """For cause."""
        self.sequences.append((number, builders.revoked(number, at=self.at)))

    def lift(self, _number: str) -> None:
        """What was decided last."""
        if self.sequences:
            builders.lifted(*self.sequences.pop(), at=self.at)

    def correct(self, _number: str) -> None:
        """What was decided last was an error."""
        if self.sequences:
            number, sequence = self.sequences.pop()
            terms = StepTerms(grounds=("CLERICAL-ERROR",), refers_to=sequence)
            builders.take(number, Action.CORRECT, terms, at=self.at)

    def bar(self, number: str) -> None:
        """The holder, with all its licences."""
        holder = self.other if number == self.licences[2] else self.holder
        terms = StepTerms(grounds=("CONVICTION",), permanent=True, no_conflict=True)
        waiting = licensing.propose_for_agency(holder, Action.DEBAR, terms=terms, **self._by())
        for officer in (builders.checker, builders.registrar):
            licensing.approve(waiting.id, **self._by() | {"by": officer(self.at)}, no_conflict=True)

    def grant(self, number: str) -> None:
        """Another licence of a holder, with its badge."""
        holder = self.other if number == self.licences[2] else self.holder
        self.licences.append(builders.active(holder, at=self.at))
        badges.issue("licence", self.licences[-1], at=self.at)

    def adopt(self, _number: str) -> None:
        """The listed licence gets another number; its badge names the old one."""
        first = self.at.date()
        terms = StepTerms(first_day=first, last_day=first + 400 * DAY, licence_class="A")
        builders.take(self.listed, Action.ADOPT, terms, at=self.at, authority="XA-MOL")

    def close(self, _number: str) -> None:
        """The office, from tomorrow on."""
        made = agencies.amend_office(self.office, {"last_day": self.at.date()}, **self._by())
        builders.approved(made, at=self.at)

    def leave(self, _number: str) -> None:
        """The person goes."""
        made = agencies.end_appointment(self.person, last_day=self.at.date(), **self._by())
        builders.approved(made, at=self.at)

    def withdraw(self, _number: str) -> None:
        """A badge that is still good."""
        live = Badge.objects.filter(withdrawn_at__isnull=True).order_by("code").first()
        if live is not None:
            badges.withdraw(live.code, reason="lost", by="OFFICER-1", at=self.at)

    def wait(self, _number: str) -> None:
        """Until the next boundary of a list that its key lives to see, or for a day."""
        later = BadgeWatch.objects.filter(until__gt=self.at, until__lt=START + 200 * DAY).order_by("until")
        self.at = later.values_list("until", flat=True).first() or self.at + DAY

    def nearly(self, number: str) -> None:
        """Until the next boundary is signed ahead."""
        now = self.at
        self.wait(number)
        self.at = max(now, self.at - timedelta(seconds=60))

    def look(self) -> None:
        """What the worker does, and whether it comes to what reading every badge comes to."""
        self.clock.stop(self.at)
        statuses.refresh(at=self.at)
        agrees(self.at)
        begun = (
            SignedList.objects.filter(issued_at__lte=self.at).order_by("list", "-issued_at").distinct("list")
        )
        for signed in (*begun, *SignedList.objects.filter(issued_at__gt=self.at)):
            assert bytes(signed.array) == arrays(max(self.at, signed.issued_at))[signed.list_id]


def arrays(at: datetime) -> dict[int, bytes]:
    """What the lists are to say, by every badge."""
    said: dict[int, dict[int, int]] = {
        number: {} for number in ListState.objects.values_list("list", flat=True)
    }
    where = statuses.places(one.code for one in standings.every(at=at))
    for one in standings.every(at=at):
        said[where[one.code].number][where[one.code].index] = statuses.status(one.result, one.state)
    return {number: status_list.array_of(those) for number, those in said.items()}


def agrees(at: datetime) -> None:
    """The lists' states and the noted boundaries are those of every badge."""
    assert {row.list_id: bytes(row.array) for row in ListState.objects.all()} == arrays(at)
    noted = dict(BadgeWatch.objects.values_list("badge", "until"))
    assert noted == {one.code: one.until for one in standings.every(at=at)}
    due = set(BadgeWatch.objects.filter(token_due_at__lte=at).values_list("badge", flat=True))
    assert due >= {
        one.code for one in standings.every(at=at) if one.signed_for and not tokens.digits(one.code, at=at)
    }


@pytest.fixture(scope="module")
def _built(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Place]:
    folder = tmp_path_factory.mktemp("signer")
    house, clock = signer_of(folder, "XA-DLA", "XA-MOL", at=START), Clock()
    with closing(house), kept(), override_settings(REGISTRY_SIGNER=str(house.path)):
        builders.authority()
        place = Place(folder, clock).built()
        place.look()
        clock.start()
    return house, place


@pytest.fixture
def place(_built: tuple[House, Place], clock: Clock, tmp_path: Path, settings: Any) -> Iterator[Place]:
    """A register with a badge of every sort, whose lists were signed once."""
    house, place = _built
    clock.stop(START)
    with closing(house.another(tmp_path)) as signer:
        settings.REGISTRY_SIGNER = str(signer.path)
        yield place.another(clock)


STEPS = ("suspend", "announce", "revoke", "lift", "correct", "bar", "grant", "adopt", "close", "leave", "withdraw",
         "wait", "wait", "nearly")  # fmt: skip


@hypothesis_settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.booleans()), min_size=6, max_size=12
    )
)
def test_what_is_followed_is_what_reading_every_badge_comes_to(
    place: Place, steps: list[tuple[str, int, bool]]
) -> None:
    begun = place
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # a durable transaction may begin in it
    with whole:
        begun.clock.stop(START)
        place = begun.another(begun.clock)
        for what, which, looks in steps:
            place.do(what, which)
            if looks:
                place.look()
        place.look()
        transaction.set_rollback(True)


@pytest.mark.parametrize("step", sorted({*STEPS}))
def test_each_step_reaches_the_lists(step: str, place: Place) -> None:
    if step in {"lift", "correct"}:
        place.suspend(place.licences[0])
        place.look()
    place.at += timedelta(minutes=1)
    getattr(place, step)(place.licences[0])
    place.look()
    for _ in range(3):
        place.wait("")
        place.look()
    assert statuses.reconcile(at=place.at + 2 * HOUR) == 0
