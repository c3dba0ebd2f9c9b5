"""What a change of an agency's records answers, and how such a change names the agency."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from api.staff import door
from registry.agencies import Written
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


def answer(made: Written, *, status: int = 201, at: str | None = None) -> Response:
    """The answer to a change; the agency's new version is its ``ETag``."""
    body = {
        "number": made.number,
        "agency": made.agency,
        "version": made.version,
        "sequence": made.sequence,
    }
    return door.answer(body, status=status, version=made.version, at=at)
