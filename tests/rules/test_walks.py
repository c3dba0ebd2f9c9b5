"""Random walks of lawful steps: what holds of every licence, whatever officers do to it.

A walk draws what an officer might try next; what the law refuses is not taken. Then everything that the fold promises
is checked on the whole life.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.rules import answer, days, duties, standing
from registry.rules.entries import Entries
from registry.rules.errors import RegistryError
from registry.rules.grounds import FAVOURABLE, REASONS
from registry.rules.lifecycle import STEPS, Action, Kind, Overlay, Result, Role, Scope, State, open_steps
from registry.rules.standing import BEGINNING, Entry, Span
from tests.rules.walk import KATHMANDU, WITH_SECURITY, Walk

LIVE = {State.ACTIVE, State.RENEWAL_PENDING}
ROLES = frozenset(Role)
bounded = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def walks(draw: st.DrawFn, *, zones: tuple[str, ...] = (KATHMANDU, "Africa/Cairo", "UTC")) -> Walk:
    """A licence after up to a dozen lawful steps."""
    walk = Walk(
        zone=draw(st.sampled_from(zones)),
        policy=draw(st.sampled_from([None, WITH_SECURITY])),
        licence_class=draw(st.sampled_from(["A", "B"])),
    )
    begin = draw(st.integers(0, 5))
    if begin == 0:
        walk.observe(walk.today)
    elif begin > 1:
        walk.active(last=walk.today + timedelta(days=draw(st.sampled_from([20, 150, 364]))))
    for _ in range(draw(st.integers(1, 12))):
        walk.later(days=draw(st.sampled_from([0, 0, 1, 3, 15, 40, 100])), hours=draw(st.integers(0, 5)))
        attempt(walk, draw)
    return walk


def attempt(walk: Walk, draw: st.DrawFn) -> None:
    """Try one thing that the table allows from here; what else the law refuses is not taken."""
    possible = [step.action for step in open_steps(walk.state(), ROLES)]
    action = draw(st.sampled_from([*possible, Action.OBSERVE]))
    if action is Action.OBSERVE:
        walk.observe(walk.today, present=draw(st.booleans()))
        return
    step = STEPS[action]
    said: dict[str, Any] = {}
    known = step.needs | step.optional
    target = None
    if "refers_to" in known and walk.entries:
        target = draw(st.integers(1, len(walk.entries)))
    for name in sorted(known & set(DRAWN)):
        if name in step.needs or draw(st.booleans()):
            said[name] = draw(DRAWN[name](walk))
    if action in {Action.RENEW, Action.RENEW_LATE, Action.GRANT, Action.ADOPT}:
        said["first_day"], said["last_day"] = next_term(walk, action)
    try:
        walk.take(action, target, **said)
    except RegistryError:
        return


def next_term(walk: Walk, action: Action) -> tuple[date, date]:
    """A term that fits: after the last one for a renewal, from today otherwise."""
    first = walk.today
    terms = walk.stands().terms
    if action is Action.RENEW and terms:
        first = date.fromisoformat(terms[-1][1]) + timedelta(days=1)
    return first, max(first, walk.today) + timedelta(days=200)


def _some_day(walk: Walk) -> st.SearchStrategy[date]:
    return st.sampled_from([0, 1, 29, 33, 45, 120, 240]).map(lambda n: walk.today + timedelta(days=n))


DRAWN: Mapping[str, Any] = {
    "effective": _some_day,
    "until": _some_day,
    "immediate": lambda _: st.booleans(),
    "ab_initio": lambda _: st.booleans(),
    "new_recruitment_only": lambda _: st.booleans(),
    "provisional": lambda _: st.booleans(),
    "cut": lambda _: st.sampled_from([Scope(("XB",)), Scope((), ("9111",)), Scope(("XB", "XC"))]),
    "scope": lambda _: st.sampled_from([Scope(), Scope(("XB", "XC")), Scope((), ("9111",))]),
    "conditions": lambda _: st.just(({"code": "report-monthly"},)),
    "conditions_to_lift": lambda _: st.just(("claims settled",)),
    "points": lambda _: st.integers(1, 30),
    "amount": lambda _: st.sampled_from(["100000", "30000"]),
    "issuer": lambda _: st.sampled_from(["Demo Bank", "Demo Mutual"]),
}


def instants_of(life: tuple[Span, ...]) -> list[datetime]:
    """Both ends and the middle of every span, and days far away."""
    found = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)]
    for span in life:
        if span.start != BEGINNING:
            found += [span.start, span.start - timedelta(microseconds=1)]
        if span.end is not None and span.start != BEGINNING:
            found.append(span.start + (span.end - span.start) / 2)
    return found


@bounded
@given(walks())
def test_nobody_recruits_without_a_licence_that_lives(walk: Walk) -> None:
    for span in walk.spans():
        now = span.standing
        assert now.may_recruit <= (now.result in {Result.LICENSED, Result.LIMITED})
        assert now.may_recruit >= (now.result is Result.LICENSED)
        if now.may_recruit:
            assert now.state in LIVE or "listed.on_list" in now.reasons
            assert not now.suspensions
            assert Overlay.DEBARRED not in now.overlays
        if now.state is State.SUSPENDED:
            assert now.suspensions
        assert (now.result is Result.LIMITED) <= (Overlay.PARTIAL in now.overlays)


@bounded
@given(walks())
def test_the_spans_part_all_of_time_and_each_says_something_else(walk: Walk) -> None:
    life = walk.spans()
    assert life[0].start == BEGINNING
    assert life[-1].end is None
    since = None
    for before, after in pairwise(life):
        assert before.end == after.start
        assert before.start < after.start
        assert not before.standing.same_answer(after.standing)
        if before.standing.state is not after.standing.state:
            since = after.start
        assert after.standing.since == since
    assert all(span.standing.until == span.end for span in life)


@bounded
@given(walks(), st.lists(st.integers(0, 3 * 365 * 24 * 60), max_size=30))
def test_within_a_span_the_answer_never_changes(walk: Walk, minutes: list[int]) -> None:
    life = walk.spans()
    fold = standing._Fold(walk.entries) if walk.entries else None
    drawn = [datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=n) for n in minutes]
    for instant in [*instants_of(life), *drawn]:
        span = next(s for s in life if s.end is None or instant < s.end)
        assert walk.stands(instant) == span.standing
        if fold is not None:
            assert fold.at(instant).same_answer(span.standing)


@bounded
@given(walks())
def test_whatever_has_effect_lies_in_its_course(walk: Walk) -> None:
    entries = Entries(walk.entries)
    for instant in instants_of(walk.spans()):
        for entry in entries.valid:
            if entries.has_effect(entry, instant):
                begins, ends = entries.course(entry) or (None, None)
                assert begins is not None
                assert begins <= instant
                assert ends is None or instant < ends


@bounded
@given(walks())
def test_a_measure_on_whose_duties_nothing_bears_asks_them_all_from_its_first_day(walk: Walk) -> None:
    entries = Entries(walk.entries)
    for entry in entries.those(*duties.CREATES):
        if any(word.refers_to == entry.ref and word.action in duties.BORNE_ON_BY for word in walk.entries):
            continue
        first = days.local_day(entry.effective_from, walk.zone)
        asked = {task.duty: task.due - first for task in duties.of(entries, entry, zone=walk.zone)}
        assert asked == {duty: timedelta(days=count) for duty, count in duties.DAYS.items()}
        for instant in (entry.effective_from, *filter(entry.effective_from.__lt__, entries.turns)):
            waiting = duties.waiting(entries, entry, instant, zone=walk.zone)
            assert {task.duty for task in waiting} == asked.keys()


@bounded
@given(walks())
def test_later_knowledge_never_changes_what_was_known(walk: Walk) -> None:
    for entry in walk.entries:
        known = [e for e in walk.entries if e.recorded_at <= entry.recorded_at]
        assert walk.spans(known_at=entry.recorded_at) == standing.spans(known)
    first = walk.entries[0].recorded_at if walk.entries else walk.now
    before = walk.spans(known_at=first - timedelta(microseconds=1))
    assert [span.standing for span in before] == [standing.NOTHING_KNOWN]


@bounded
@given(walks(), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_are_read_does_not_matter(walk: Walk, random: Any) -> None:
    shuffled = list(walk.entries)
    random.shuffle(shuffled)
    assert standing.spans(shuffled) == walk.spans()


@bounded
@given(walks())
def test_an_entry_means_the_same_after_json(walk: Walk) -> None:
    kept = [
        replace(e, effect=json.loads(json.dumps(e.effect)), deadlines=json.loads(json.dumps(e.deadlines)))
        for e in walk.entries
    ]
    assert standing.spans(kept) == walk.spans()


@bounded
@given(walks(), st.sampled_from([0, 400, 800, 2000, 8000]))
def test_since_when_nothing_is_missing_is_what_every_public_answer_says(walk: Walk, later: int) -> None:
    at = walk.now + timedelta(days=later)
    facts = answer.Facts(
        number="XA-1", legacy_number="", licence_class="A", origin="granted", authority={"zone": walk.zone},
        agency_number="AG-1", name="Demo", latin_name="Demo", country="XA",
    )  # fmt: skip
    said = {
        json.loads(piece.body)["history_complete_since"]
        for piece in answer.pieces(facts, walk.entries, at=at)
    }
    assert said == {answer.rfc3339(answer.complete_since(walk.entries, zone=walk.zone, at=at))}


@bounded
@given(walks())
def test_every_answer_gives_declared_reasons_and_each_once(walk: Walk) -> None:
    for span in walk.spans():
        reasons = span.standing.reasons
        assert reasons
        assert set(reasons) <= REASONS
        assert span.standing.may_recruit or not FAVOURABLE.intersection(reasons)
        assert len(set(reasons)) == len(reasons)


@bounded
@given(walks())
def test_only_voiding_correcting_and_undoing_rewrite_the_past(walk: Walk) -> None:
    for count, entry in enumerate(walk.entries):
        rewrites = (
            entry.action in {Action.VOID, Action.CORRECT}
            or entry.kind is Kind.OBSERVATION
            or entry.effect.get("ab_initio", False)
            or entry.effective_from < entry.decided_at
        )
        if rewrites or count == 0:
            continue
        before, after = standing.spans(walk.entries[:count]), standing.spans(walk.entries[: count + 1])
        for instant in instants_of(before):
            if instant < entry.decided_at:
                assert _answer(before, instant).same_answer(_answer(after, instant))


def _answer(life: tuple[Span, ...], instant: datetime) -> standing.Standing:
    return next(s.standing for s in life if s.end is None or instant < s.end)


@bounded
@given(walks(zones=("UTC",)), st.integers(1, 4000))
def test_the_law_does_not_depend_on_the_year(walk: Walk, shift: int) -> None:
    by = timedelta(days=shift)
    moved = [_later(e, by) for e in walk.entries]
    life, later = walk.spans(), standing.spans(moved)
    assert [(_shifted(s.start, by), s.standing.state, s.standing.result) for s in life] == [
        (s.start, s.standing.state, s.standing.result) for s in later
    ]
    assert [s.standing.reasons for s in life] == [s.standing.reasons for s in later]


def _shifted(instant: datetime, by: timedelta) -> datetime:
    return instant if instant == BEGINNING else instant + by


def _later(entry: Entry, by: timedelta) -> Entry:
    """The same entry, so many days later."""
    until = entry.effective_until
    return replace(
        entry, decided_at=entry.decided_at + by, recorded_at=entry.recorded_at + by,
        effective_from=entry.effective_from + by, effective_until=until + by if until else None,
        effect=_days_later(entry.effect, by), deadlines=_days_later(entry.deadlines, by),
    )  # fmt: skip


def _days_later(value: Any, by: timedelta) -> Any:
    """Every day and instant in a frozen value, so many days later."""
    if isinstance(value, Mapping):
        return {k: _days_later(v, by) for k, v in value.items()}
    if isinstance(value, str) and len(value) >= 10 and value[:4].isdigit() and value[4] == "-":
        if "T" in value:
            return (datetime.fromisoformat(value) + by).isoformat()
        return (date.fromisoformat(value) + by).isoformat()
    return value
