"""A licence on paper: steps taken through ``freezing`` and folded by ``standing``, without a database.

A walk holds what the law needs and nothing else: a zone, a policy, entries and the instant at which it
stands.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from registry.rules import days, freezing, standing
from registry.rules.grounds import GROUNDS
from registry.rules.lifecycle import STEPS, Action, Kind, State, StepTerms
from registry.rules.policy import Policy, SecurityRule
from registry.rules.standing import Entry, Standing

KATHMANDU = "Asia/Kathmandu"
FIRST = date(2026, 1, 1)
LAST = date(2026, 12, 31)
WITH_SECURITY = Policy(securities={"A": SecurityRule("100000", "USD")})
"""A policy whose class A needs a security."""


class Walk:
    """One licence and the instant at which it stands; every step goes the lawful way or is refused."""

    def __init__(
        self, *, zone: str = KATHMANDU, policy: Policy | None = None, licence_class: str = "A"
    ) -> None:
        """Begin with nothing known, at ten in the morning of the first day of the term to come."""
        self.zone = zone
        self.policy = policy or Policy()
        self.licence_class = licence_class
        self.entries: list[Entry] = []
        self.now = self.local(FIRST, 10)

    # --- time ---

    @property
    def local_zone(self) -> ZoneInfo:
        """The authority's zone."""
        return days.zone(self.zone)

    def starting(self, day: date) -> Self:
        """Begin earlier than usual, at ten in the morning; only before the first entry."""
        assert not self.entries, "a walk begins once"
        self.now = self.local(day, 10)
        return self

    def local(self, day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
        """The instant of a wall-clock time on a local day."""
        clock = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=self.local_zone)
        return clock.astimezone(UTC)

    def midnight(self, day: date) -> datetime:
        """The first instant of a local day."""
        return days.first_instant(day, self.zone)

    def on(self, day: date, hour: int = 10, minute: int = 0) -> Self:
        """Go to a local day (never back: entries are recorded in order)."""
        return self.to(self.local(day, hour, minute))

    def to(self, instant: datetime) -> Self:
        """Go to an instant."""
        assert instant >= self.now, "a walk goes forward"
        self.now = instant
        return self

    def later(self, **span: float) -> Self:
        """Go on by a span of time."""
        return self.to(self.now + timedelta(**span))

    @property
    def today(self) -> date:
        """The local day on which the walk stands."""
        return days.local_day(self.now, self.zone)

    # --- steps ---

    def take(self, action: Action, refers_to: int | None = None, /, **terms: Any) -> int:
        """Take a step now and return the new entry's ``ref``; what is not said is said lawfully."""
        frozen = self.frozen(action, refers_to, **terms)
        return self._append(
            action, STEPS[action].kind, refers_to=refers_to, grounds=tuple(terms.get("grounds", ())),
            effective_from=frozen.effective_from, effective_until=frozen.effective_until,
            effect=frozen.effect, deadlines=frozen.deadlines,
        )  # fmt: skip

    def frozen(self, action: Action, refers_to: int | None = None, /, **terms: Any) -> freezing.Frozen:
        """What the step would mean if it were taken now, or its refusal; nothing is kept."""
        said = self.terms(action, refers_to, **terms)
        return freezing.freeze(STEPS[action], said, self.case(), at=self.now, refers_to=refers_to)

    def terms(self, action: Action, refers_to: int | None = None, /, **terms: Any) -> StepTerms:
        """The terms as said, completed by what the step cannot go without and no test is about."""
        step = STEPS[action]
        said: dict[str, Any] = {"refers_to": refers_to, **terms}
        if step.grounds is not None:
            said.setdefault("grounds", (min(step.grounds),))
        if "order_reference" in step.needs:
            said.setdefault("order_reference", "Appeals Body 7/2026")
        if "notice_served_on" in step.needs or (
            "notice_served_on" in step.optional and not terms.get("immediate")
        ):
            said.setdefault("notice_served_on", self.today - timedelta(days=60))
        if {"amount", "currency"} <= step.needs:
            said.setdefault("amount", "100000")
            said.setdefault("currency", "USD")
        if "licence_class" in step.needs:
            said.setdefault("licence_class", self.licence_class)
        if "issuer" in step.needs:
            said.setdefault("issuer", "Demo Bank")
        if action is Action.DEBAR and "until" not in terms:
            said.setdefault("permanent", True)
        return StepTerms(**said)

    def case(self) -> freezing.Case:
        """The licence as it stands now, as a step is checked against it."""
        now = self.stands()
        return freezing.Case(
            entries=self.entries, standing=now, licence_class=now.licence_class or self.licence_class,
            zone=self.zone, policy=self.policy,
        )  # fmt: skip

    def observe(self, on: date, **said: Any) -> int:
        """Record now what somebody's list of a day says of the licence."""
        effect = {
            "source": "demo list", "on": on.isoformat(), "zone": self.zone, "fresh_days": 45,
            "present": True, "status": "in_force", "previous_on": None, "class": self.licence_class,
        } | said  # fmt: skip
        return self._append(Action.OBSERVE, Kind.OBSERVATION, effective_from=self.midnight(on), effect=effect)

    def _append(self, action: Action, kind: Kind, **frozen: Any) -> int:
        ref = len(self.entries) + 1
        entry = Entry(
            ref=ref, action=action, kind=kind, decided_at=self.now, recorded_at=self.now, **frozen
        )  # fmt: skip
        self.entries.append(entry)
        return ref

    # --- short ways ---

    def granted(self, first: date = FIRST, last: date = LAST, **terms: Any) -> Self:
        """Grant now a term, not yet activated."""
        self.take(Action.GRANT, first_day=first, last_day=last, **terms)
        return self

    def active(self, first: date = FIRST, last: date = LAST, **terms: Any) -> Self:
        """Grant now a term and activate it."""
        self.granted(first, last, **terms)
        self.take(Action.ACTIVATE)
        return self

    def filed(self) -> int:
        """File a renewal now."""
        return self.take(Action.FILE_RENEWAL)

    # --- answers ---

    def stands(self, at: datetime | None = None, *, known_at: datetime | None = None) -> Standing:
        """The standing at an instant (default: now)."""
        return standing.at(self.entries, at=at or self.now, known_at=known_at)

    def state(self, at: datetime | None = None) -> State:
        """The state at an instant (default: now)."""
        return self.stands(at).state

    def on_day(self, day: date) -> State:
        """The state at noon of a local day."""
        return self.state(self.local(day, 12))

    def spans(self, known_at: datetime | None = None) -> tuple[standing.Span, ...]:
        """The whole life."""
        return standing.spans(self.entries, known_at=known_at)

    def entry(self, ref: int) -> Entry:
        """The entry of that ``ref``."""
        return self.entries[ref - 1]

    def effect(self, ref: int) -> Mapping[str, Any]:
        """What is frozen into the entry of that ``ref``."""
        return self.entry(ref).effect


def ground_for(action: Action) -> str:
    """A ground that can carry the step (any, where it needs none)."""
    return min(STEPS[action].grounds or GROUNDS)
