"""This place with a signer for its log, as tests want it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from django.conf import LazySettings

from registry import clock
from tests.house import House
from verification import keys, log, notes, public_keys, signer, signing
from verification.keys import Use

WITNESS = "witness.example.org"


class Place:
    """A directory of keys and the signer that answers for it."""

    def __init__(self, directory: Path) -> None:
        """Make the log's key and a witness's."""
        self.directory, self.socket = directory, directory / "s"
        at = int(clock.now().timestamp()) - 86_400 * 2000
        record = keys.create(directory, Use.LOG, log.origin(), at=at)
        signer.begin_log(directory, record)
        self.record = record
        self.witness = keys.create(directory, Use.WITNESS, WITNESS, at=at)
        self._house: House | None = None

    def vkey(self) -> notes.Key:
        """The log's key as others hold it."""
        return notes.Key(log.origin(), notes.Kind.NOTE, public_keys.unbase64url(self.record.jwk["x"]))

    def witness_key(self) -> notes.Key:
        """Our witness's key as others hold it."""
        return notes.Key(WITNESS, notes.Kind.COSIGNATURE, public_keys.unbase64url(self.witness.jwk["x"]))

    def another(self, directory: Path) -> Place:
        """The same keys, and all that their signer knows, in a directory of its own."""
        found = copy(self)
        found.directory, found.socket = shutil.copytree(self.directory, directory), directory / "s"
        return found

    def up(self) -> None:
        """Answer at the socket."""
        self._house = House(self.directory, self.socket)

    def close(self) -> None:
        """Answer no more."""
        assert self._house is not None
        self._house.close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody answers while the block runs."""
        self.close()
        try:
            yield
        finally:
            self.up()


@contextmanager
def place_with_signer(directory: Path, settings: LazySettings, like: Place | None = None) -> Iterator[Place]:
    """A signer of this place's log while the block runs; ``directory`` is its own. ``like``: it goes on from there."""
    made = like.another(directory) if like else Place(directory)
    settings.REGISTRY_SIGNER = str(made.socket)
    made.up()
    try:
        yield made
    finally:
        client = signing.client()
        assert client is not None
        client.close()
        made.close()
