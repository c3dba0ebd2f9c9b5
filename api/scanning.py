"""Whether a file holds something harmful, as clamd says (its protocol: clamd(8), ``INSTREAM``).

It fails closed: without a scanner, or without a clear answer of it, no file is taken.
"""

import socket
import struct
from collections.abc import Iterable
from typing import Final

from django.conf import settings

from api import problems

TIMEOUT: Final = 30.0
"""Seconds for each step of the conversation."""
_LONGEST_ANSWER: Final = 4096


def scan(chunks: Iterable[bytes]) -> None:
    """Have the scanner read these bytes; refuses what it finds harmful, and everything when it does not answer."""
    try:
        answer = _asked(chunks)
    except (OSError, ValueError) as error:
        raise problems.Refusal("scanner.unreachable", headers={"Retry-After": "60"}) from error
    if answer == "stream: OK":
        return
    name, _, verdict = answer.removeprefix("stream: ").rpartition(" ")
    if verdict == "FOUND":
        raise problems.Refusal("document.infected", found=name[:100])
    raise problems.Refusal("scanner.unreachable", headers={"Retry-After": "60"})


def _asked(chunks: Iterable[bytes]) -> str:
    with _connection() as door:
        door.sendall(b"zINSTREAM\0")
        for chunk in chunks:
            if chunk:
                door.sendall(struct.pack("!L", len(chunk)) + chunk)
        door.sendall(struct.pack("!L", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
            piece = door.recv(_LONGEST_ANSWER)
            if not piece:
                break
            answer += piece
    return answer.rstrip(b"\0\n").decode("ascii", "replace")


def _connection() -> socket.socket:
    """A connection to ``REGISTRY_CLAMD``: the path of a socket, or host and port."""
    place = settings.REGISTRY_CLAMD
    if not place:
        raise ConnectionError
    if place.startswith("/"):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.settimeout(TIMEOUT)
        try:
            door.connect(place)
        except OSError:
            door.close()
            raise
        return door
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)
