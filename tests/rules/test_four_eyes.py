"""Four eyes as a rule: whoever says whatever in whatever order, only different, lawful, impartial officers agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import errors, four_eyes, second_factor
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import Actor, Role

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LAPSES = AT + timedelta(days=7)
OFFICERS = ("A", "B", "C", "D")
ROLES = (Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR)
M, C, RG = frozenset(ROLES), frozenset(ROLES[1:]), frozenset(ROLES[2:])
KEPT_OUT = errors.OwnProposal("they decided what this judges")

roles = st.frozensets(st.sampled_from(ROLES), max_size=2)
places = st.lists(st.sampled_from((M, C, RG)), min_size=1, max_size=3).map(tuple)
moments = st.one_of(
    st.sampled_from((AT, LAPSES - timedelta(microseconds=1), LAPSES, LAPSES + timedelta(hours=1))),
    st.timedeltas(timedelta(), timedelta(days=8)).map(lambda after: AT + after),
)
ages = st.one_of(
    st.none(),
    st.sampled_from((timedelta(), second_factor.LASTS, second_factor.LASTS + timedelta(microseconds=1))),
    st.timedeltas(-timedelta(minutes=1), timedelta(minutes=10)),
)


@dataclass(frozen=True)
class Word:
    """What somebody tries to say: who, when, how old their second factor is, and whether they declare."""

    number: str
    at: datetime
    age: timedelta | None
    no_conflict: bool

    def by(self, held: Mapping[str, frozenset[Role]]) -> Actor:
        """Whoever says it, with the roles that they hold."""
        given = None if self.age is None else self.at - self.age
        return Actor(self.number, "XA-DLA", frozenset(held[self.number]), given)


words = st.lists(
    st.builds(Word, st.sampled_from(OFFICERS), moments, ages, st.booleans()), min_size=1, max_size=12
).map(lambda said: sorted(said, key=lambda word: word.at))
begun = st.builds(
    Agreement,
    places,
    kept_out=st.frozensets(st.sampled_from(OFFICERS), max_size=2).map(
        lambda out: dict.fromkeys(out, KEPT_OUT)
    ),
    expires_at=st.sampled_from((None, LAPSES)),
    declares=st.booleans(),
    fresh_from=st.sampled_from((0, 1)),
)
holders = st.fixed_dictionaries(dict.fromkeys(OFFICERS, roles))


@given(agreement=begun, held=holders, said=words)
def test_only_different_lawful_impartial_officers_ever_agree(
    agreement: Agreement, held: dict[str, frozenset[Role]], said: list[Word]
) -> None:
    taken: list[Word] = []
    for word in said:
        by = word.by(held)
        fresh = second_factor.is_fresh(by.second_factor_at, at=word.at)
        asked = len(agreement.said) >= agreement.fresh_from
        expected = (
            agreement.awaits(by, at=word.at)
            and (word.no_conflict or not agreement.declares)
            and (fresh or not asked)
        )
        assert (not agreement.wanted) or agreement.next_roles == tuple(sorted(agreement.places[len(taken)]))
        try:
            agreement = agreement.say(by, at=word.at, no_conflict=word.no_conflict)
        except errors.RegistryError:
            assert not expected
        else:
            assert expected
            taken.append(word)
    numbers = [word.number for word in taken]
    assert agreement.said == tuple(numbers)
    assert len(set(numbers)) == len(numbers) <= agreement.officers
    assert agreement.wanted == agreement.officers - len(numbers)
    assert not set(numbers) & set(agreement.kept_out)
    for place, word in enumerate(taken):
        assert held[word.number] & agreement.places[place]
        assert agreement.expires_at is None or word.at < agreement.expires_at
        assert word.no_conflict or not agreement.declares
        if place >= agreement.fresh_from:
            assert word.age is not None
            assert timedelta() <= word.age <= second_factor.LASTS


@given(agreement=begun, held=holders, said=words, state=st.sampled_from(("approved", "declined", "expired")))
def test_what_is_closed_takes_no_word_and_waits_for_nobody(
    agreement: Agreement, held: dict[str, frozenset[Role]], said: list[Word], state: str
) -> None:
    closed = replace(agreement, state=state, said=tuple(OFFICERS[: agreement.officers - 1]))
    assert (closed.wanted, closed.next_roles) == (0, ())
    for word in said:
        by = word.by(held)
        assert not closed.awaits(by, at=word.at)
        assert not closed.may_end(by, at=word.at)
        with pytest.raises(errors.RegistryError):
            closed.say(by, at=word.at, no_conflict=True)
        with pytest.raises(errors.RegistryError):
            closed.demand_end(by, at=word.at)


@given(
    agreement=begun,
    held=holders,
    word=st.builds(Word, st.sampled_from(OFFICERS), moments, ages, st.booleans()),
)
def test_its_proposer_or_a_role_that_decides_ends_it_and_nobody_who_is_kept_out(
    agreement: Agreement, held: dict[str, frozenset[Role]], word: Word
) -> None:
    waiting, by = replace(agreement, said=("A",)), word.by(held)
    decides = any(held[word.number] & place for place in waiting.places[1:])
    impartial = word.number not in waiting.kept_out
    may = waiting.is_open(word.at) and (word.number == "A" or (decides and impartial))
    assert waiting.may_end(by, at=word.at) is may
    if may:
        waiting.demand_end(by, at=word.at)


TWO = Agreement((M, C), expires_at=LAPSES, facts={"proposal": 7})


def officer(number: str, *held: Role, at: datetime = AT) -> Actor:
    """Somebody with a fresh second factor."""
    return Actor(number, "XA-DLA", frozenset(held), at)


@pytest.mark.parametrize(
    ("agreement", "by", "refusal", "facts"),
    [
        (replace(TWO, said=("A",)), officer("A", Role.REGISTRAR), errors.OwnProposal, {"proposal": 7}),
        (replace(TWO, places=(M, C, RG), said=("A", "B")), officer("B", Role.REGISTRAR), errors.AlreadyApproved, {}),
        (replace(TWO, said=("A",), kept_out={"B": KEPT_OUT}), officer("B", Role.REGISTRAR), errors.OwnProposal, {}),
        (replace(TWO, said=("A",), state="declined"), officer("B"), errors.ProposalClosed, {"state": "declined"}),
        (replace(TWO, said=("A",), expires_at=AT), officer("B"), errors.ProposalClosed, {"state": "expired"}),
        (replace(TWO, said=("A", "B")), officer("C", Role.REGISTRAR), errors.ProposalClosed, {"state": "approved"}),
        (replace(TWO, said=("A",)), officer("B", Role.OFFICER), errors.RoleNotAllowed,
         {"roles": ["registrar", "supervisor"]}),
    ],
)  # fmt: skip
def test_each_refusal_says_what_is_wrong(
    agreement: Agreement, by: Actor, refusal: type[errors.RegistryError], facts: dict[str, object]
) -> None:
    with pytest.raises(refusal) as told:
        agreement.say(by, at=AT, no_conflict=True)
    assert told.value.facts.items() >= facts.items()


def test_the_declaration_comes_before_the_second_factor_and_both_after_who_may() -> None:
    waiting, stale = replace(TWO, said=("A",)), replace(officer("B", Role.SUPERVISOR), second_factor_at=None)
    with pytest.raises(errors.ConflictNotDeclared):
        waiting.say(stale, at=AT, no_conflict=False)
    with pytest.raises(errors.SecondFactorStale):
        waiting.say(stale, at=AT, no_conflict=True)
    with pytest.raises(errors.RoleNotAllowed):
        waiting.say(replace(stale, roles=frozenset()), at=AT, no_conflict=False)
    assert waiting.awaits(stale, at=AT)


def test_a_token_proposes_and_the_register_itself_has_no_second_factor() -> None:
    token = replace(officer("A", Role.OFFICER), second_factor_at=None)
    assert TWO.say(token, at=AT, no_conflict=True).said == ("A",)
    system = Actor("SYSTEM", None, frozenset({Role.SYSTEM, Role.OFFICER}))
    assert replace(TWO, fresh_from=0).say(system, at=AT, no_conflict=True).said == ("SYSTEM",)


def test_what_fewer_persons_than_needed_decided_is_refused() -> None:
    four_eyes.demand_several(("A", "B"), needed=2)
    four_eyes.demand_several(("A", "B", "C"), needed=2)
    for officers in (("A", "A"), ("A",), ()):
        with pytest.raises(errors.OwnProposal):
            four_eyes.demand_several(officers, needed=2)
