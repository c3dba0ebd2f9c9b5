"""Who reads a motion follows from its kind: about persons, whoever reads persons."""

from datetime import timedelta

import pytest

from registry import agencies, motions, persons
from registry.rules import errors
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import builders
from tests.builders import START
from tests.registry import test_barring, test_merging, test_subjects

AT = START + timedelta(days=20)


@pytest.mark.django_db
def test_motions_about_persons_are_read_by_whoever_reads_persons_and_mergers_by_all_officials() -> None:
    builders.authority()
    holder = builders.agency()
    appointed = agencies.appoint(
        holder, name="Mina Rai (DEMO)", role="director", first_day=START.date(), by=builders.maker(START), at=START,
        idempotency_key=builders.key(),
    )  # fmt: skip
    builders.approved(appointed, at=START)
    number = persons.listed(by=builders.maker(AT), at=AT)[0][0].number
    bar = test_barring.move(number, at=AT)
    request = test_subjects.ask(person=number)
    answer = motions.propose(
        Motion.ANSWER, str(request.id), {"reason": "As asked.", "answer": "give"}, by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(), no_conflict=True,
    ).id  # fmt: skip
    merger = test_merging.move(
        builders.agency("Kestrel (DEMO)"), {"into": holder, "reason": "One firm."}, at=AT
    ).id
    for role in Role:
        by = builders.officer(role, at=AT)
        reads = {one for one in (bar, answer, merger) if _is_read(one, role)}
        if reads:
            assert {one.id for one in motions.waiting(by=by, at=AT)} == reads, role
        else:
            with pytest.raises(errors.RoleNotAllowed):
                motions.waiting(by=by, at=AT)
        of_persons = role in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.AUDITOR}
        assert reads >= {bar, answer} if of_persons else not reads & {bar, answer}, role
        assert (merger in reads) == (role not in {Role.ANALYST, Role.SYSTEM}), role


def _is_read(number: int, role: Role) -> bool:
    """Whether an officer of this role may open it."""
    try:
        return bool(motions.one(number, by=builders.officer(role, at=AT)))
    except errors.RoleNotAllowed:
        return False
