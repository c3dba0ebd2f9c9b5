"""What a change of an agency's records answers, and how such a change names the agency."""

from datetime import datetime
from typing import Any, Final

from rest_framework import serializers
from rest_framework.response import Response

from api.staff import door, steps
from registry import licensing
from registry.agencies import Waiting, Written
from registry.rules.lifecycle import Actor
from registry.rules.numbering import Kind


class WrittenBody(serializers.Serializer[Any]):
    """What a change left behind: the record's number, the agency's version, the entry's sequence number."""

    number = serializers.CharField()
    agency = serializers.CharField()
    version = serializers.IntegerField()
    sequence = serializers.IntegerField()


def agency(number: str) -> str:
    """The agency's number in an address, as the register writes it."""
    return door.canonical(number, Kind.AGENCY)


RESPONSES: Final = {200: WrittenBody, 202: steps.ProposalBody}
"""What a change of something there is answers: 202 with the proposal, where another officer must approve it."""
ENTERED: Final = {201: WrittenBody, 202: steps.ProposalBody}
"""The same of something that is entered."""


def answer(
    made: Written | Waiting, *, by: Actor, at: datetime, status: int = 201, place: str | None = None
) -> Response:
    """The answer to a change; the agency's new version is its ``ETag``. One that waits has changed nothing yet."""
    if isinstance(made, Waiting):
        body = steps.proposal_body(licensing.proposal(made.proposal), by=by, at=at)
        return door.answer(body, status=202, at=f"/api/v1/staff/proposals/{made.proposal}")
    body = {
        "number": made.number,
        "agency": made.agency,
        "version": made.version,
        "sequence": made.sequence,
    }
    return door.answer(body, status=status, version=made.version, at=place)
