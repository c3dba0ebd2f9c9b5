"""``/log``: the transparency log as others' programs read it (C2SP tlog-tiles, tlog-proof, tlog-witness).

Texts and bytes, as those specifications have them; a refusal is a problem in JSON like everywhere. What is final may
be kept for a year, and nothing is told that no checkpoint covers.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from api import etags, throttles
from api.problems import Refusal
from api.public import documents, reading, route
from api.public.documents import Document
from registry import clock
from verification import leaves, log, merkle, notes, signing, witnessing
from verification.cbor import Malformed
from verification.merkle import Tile
from verification.signing import NotSigned, SignerDown

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
SIZE: Final = "text/x.tlog.size"

BRIEF: Final = "public, max-age=2, stale-if-error=86400"
ASK_AGAIN: Final = "no-cache, stale-if-error=86400"

_HIGHEST_LEVEL: Final = 6
"""Tiles of a higher level would be of trees that nobody counts."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def reads(
    offered: str, parameters: Mapping[str, route.Parameter] | None = None
) -> Callable[[documents.View], documents.Answering]:
    """Make a reading route of a function; what is not in the log is a problem of its own."""

    def wrap(view: documents.View) -> documents.Answering:
        def found(request: HttpRequest, **parts: Any) -> Document | HttpResponseBase:
            try:
                return view(request, **parts)
            except (log.NotInLog, merkle.TileMissing) as missing:
                raise Refusal("log.not_found", what=str(missing)) from missing

        return documents.reads(offered, parameters=parameters)(found)

    return wrap


@reads(TEXT)
def checkpoint(_request: HttpRequest) -> Document:
    """The newest checkpoint with its signatures."""
    return Document(str(log.newest()), BRIEF, TEXT)


@reads(BYTES)
def tile(_request: HttpRequest, level: str, place: str) -> Document:
    """The hashes of a tile, full or partial."""
    if not _INDEX.fullmatch(level) or int(level) > _HIGHEST_LEVEL:
        raise Refusal("log.malformed", where="the level", wanted=f"a whole number from 0 to {_HIGHEST_LEVEL}")
    number, width = _place(place)
    where = Tile(int(level), number)
    _covered(where, width)
    return Document(log.tile(where, width), documents.FINAL, BYTES)


@reads(BYTES)
def bundle(_request: HttpRequest, place: str) -> Document:
    """The entries below a tile of level 0, each behind its length."""
    number, width = _place(place)
    _covered(Tile(0, number), width)
    return Document(log.bundle(number, width), documents.FINAL, BYTES)


@reads(TEXT)
def proof(_request: HttpRequest, index: str) -> Document:
    """That the entry stands in the log: a proof to keep, with the entry itself as its extra line."""
    if not _INDEX.fullmatch(index):
        raise Refusal("log.malformed", where="the index", wanted="a whole number without leading zeros")
    return Document(kept_proof(int(index)), ASK_AGAIN, TEXT)


@reads(TEXT)
def badge(_request: HttpRequest, digest: str) -> Document:
    """The proof for the entry that a badge's token was issued, by the SHA-256 of the token."""
    if not _SHA256.fullmatch(digest):
        raise Refusal("log.malformed", where="the digest", wanted="64 hexadecimal digits in lower case")
    index = log.latest(digest)
    if leaves.read(log.entry(index))["t"] != "badge.issued":
        raise log.NotInLog("token")
    return Document(kept_proof(index), ASK_AGAIN, TEXT)


_SIZE: Final = reading.Whole(1, merkle.LARGEST)
_RANGE: Final = {
    "from": route.Parameter("from", _SIZE, "The size of the earlier tree.", required=True),
    "to": route.Parameter("to", _SIZE, "The size of the later tree.", required=True),
}


@reads(TEXT, _RANGE)
def consistency(_request: HttpRequest, to: int, **older: int) -> Document:
    """The hashes, a line each, that show the tree of one size to be the beginning of that of another."""
    old = older["from"]
    if old > to:
        raise Refusal("parameter.invalid", parameter="from", wanted="at most as large as `to`")
    if to > _signed():
        raise log.NotInLog("tree")
    lines = [base64.b64encode(hashed).decode() + "\n" for hashed in log.consistency_proof(old, to)]
    return Document("".join(lines), documents.FINAL, TEXT)


@reads(TEXT)
def policy(_request: HttpRequest) -> Document:
    """The log's key, its witnesses and how many of them to ask for."""
    return Document(witnessing.policy(), etags.RELEASE, TEXT)


@documents.open_to_all
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Our witness's signature under another log's checkpoint."""
    if request.method != "POST":
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": "POST, OPTIONS"})
        raise Refusal("route.method_not_allowed", headers={"Allow": "POST, OPTIONS"}, allowed=["POST"])
    throttles.look_ups.check(request)
    body = reading.body_of(request, ("", "text/plain", BYTES), most=witnessing.LONGEST_REQUEST)
    try:
        return _witnessed(request, body)
    except Refusal:
        throttles.look_ups.miss(request)
        raise


def _witnessed(request: HttpRequest, body: bytes) -> HttpResponse:
    client = signing.client()
    if client is None:
        raise Refusal("signer.unreachable")
    keep_not = {"Cache-Control": etags.KEEP_NOT}
    try:
        line = witnessing.cosign(body, client, at=clock.now())
    except Malformed as fault:
        raise Refusal("witness.malformed", reason=str(fault)) from fault
    except witnessing.LogUnknown as fault:
        raise Refusal("witness.log_unknown") from fault
    except notes.NotGenuine as fault:
        raise Refusal("witness.not_signed") from fault
    except witnessing.SeenAnother as fault:
        request.in_json = False  # type: ignore[attr-defined]  # the one refusal that has a form of its own
        return HttpResponse(f"{fault.size}\n", content_type=SIZE, status=409, headers=keep_not)
    except witnessing.NotContinued as fault:
        raise Refusal("witness.not_consistent", old=witnessing.read(body).old) from fault
    except (SignerDown, NotSigned) as fault:
        raise Refusal("signer.unreachable", headers={"Retry-After": "60"}) from fault
    return HttpResponse(line, content_type=TEXT, headers=keep_not)


def _place(text: str) -> tuple[int, int]:
    try:
        return merkle.read_number_path(text)
    except ValueError:
        raise Refusal(
            "log.malformed", where="the tile", wanted="a number such as x001/x234/067.p/12"
        ) from None


def _covered(where: Tile, width: int) -> None:
    """Refuse what no checkpoint covers: it may be kept for a year, so it must be final."""
    if width > where.width(_signed()):
        raise log.NotInLog("tile")


def _signed() -> int:
    return notes.read_checkpoint(log.newest().text).size


def kept_proof(index: int) -> bytes:
    """The proof for an entry as one text, the entry itself in its extra line."""
    found = log.proof(index)
    return str(notes.LogProof(found.index, found.path, found.note, extra=log.entry(index))).encode()


def nothing_here(_request: HttpRequest, **_path: Any) -> HttpResponse:
    """Refuse every other address below the log's."""
    raise Refusal("route.not_found")


urlpatterns: list[URLPattern] = [
    path("checkpoint", checkpoint, name="log-checkpoint"),
    path("tile/entries/<path:place>", bundle, name="log-entries"),
    path("tile/<str:level>/<path:place>", tile, name="log-tile"),
    path("proof/<str:index>", proof, name="log-proof"),
    path("consistency", consistency, name="log-consistency"),
    path("policy", policy, name="log-policy"),
    path("badge/<str:digest>", badge, name="log-badge"),
    path("witness/add-checkpoint", add_checkpoint, name="log-witness"),
    re_path("", documents.open_to_all(nothing_here)),
]
