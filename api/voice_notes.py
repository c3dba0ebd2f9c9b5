"""Voice notes made anew: the sound alone, without what telephones write beside it (places, names, devices, pictures).

Each format is read by its own law and written again from the pieces that carry sound; whatever is not one of those is
left out, also what stands before, behind or between them. What can not be made anew so is refused:

==============  ========  ===========================================================================================
``audio/mpeg``  MP3       MPEG audio frames (ISO 11172-3, 13818-3), in one run
``audio/ogg``   Ogg Opus  RFC 7845 pages of one stream; its comment header is replaced by an empty one
``audio/mp4``   M4A, 3GP  ISO 14496-12 with one track of sound; only its samples are kept in ``mdat``
``audio/wav``   WAVE      the chunks ``fmt`` and ``data``
``audio/amr``   AMR       RFC 4867 section 5 frames
==============  ========  ===========================================================================================
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_MOST: Final = 500_000
"""Frames of a note: three hours of sound and more."""
_MOST_BOXES: Final = 200
"""Boxes of one box: a telephone writes a dozen."""


class NotSound(ValueError):  # noqa: N818 - named by the refusal
    """The bytes are no voice note of a kind that can be made anew."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice note: its media type and its bytes."""

    media_type: str
    content: bytes


def made_anew(content: bytes) -> Voice:
    """The sound of a voice note and nothing else; raises ``NotSound``."""
    for begins, media_type, read in _KINDS:
        if begins.match(content):
            try:
                return Voice(media_type, read(content))
            except NotSound:
                raise
            except (struct.error, IndexError, KeyError, StopIteration, ValueError) as broken:
                raise NotSound("a piece is missing") from broken
    raise NotSound("no kind of ours")


def _need(fine: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence at each call
    if not fine:
        raise NotSound(why)


# --- WAVE --------------------------------------------------------------------------------------------------------


def _wav(content: bytes) -> bytes:
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(content):
        name, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        chunks.setdefault(name, content[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    form, data = chunks[b"fmt "][:40], chunks[b"data"]
    _need(len(form) >= 16 and struct.unpack_from("<H", form)[0] in {1, 6, 7}, "a coding of its own")
    form, data = form[:16], data[: len(data) // 2 * 2]
    _need(bool(data), "no sound")
    told = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(told)) + b"WAVE" + told


# --- AMR ---------------------------------------------------------------------------------------------------------

_AMR: Final = b"#!AMR\n"
_AMR_SIZES: Final = (13, 14, 16, 18, 20, 21, 27, 32, 6)


def _amr(content: bytes) -> bytes:
    place, frames = len(_AMR), []
    while place < len(content):
        kind = content[place] >> 3 & 15
        size = 1 if kind == 15 else _AMR_SIZES[kind]
        if place + size > len(content) or content[place] & 0x83:
            break
        frames.append(content[place : place + size])
        place += size
        _need(len(frames) <= _MOST, "too many pieces")
    _need(bool(frames), "no sound")
    return _AMR + b"".join(frames)


# --- MP3 ---------------------------------------------------------------------------------------------------------

_RATES_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3(content: bytes) -> bytes:
    place = 0
    if content[:3] == b"ID3":
        a, b, c, d = (one & 127 for one in content[6:10])
        place = 10 + (a << 21 | b << 14 | c << 7 | d)
    while place + 4 <= len(content) and not _frame(content, place):
        place += 1
        _need(place < 1 << 18, "no sound where it should begin")
    frames = []
    while size := _frame(content, place):
        frames.append(content[place : place + size])
        place += size
    _need(len(frames) > 3, "no sound")
    return b"".join(frames)


def _frame(content: bytes, place: int) -> int:
    """The length of the layer III frame there; 0 where none is."""
    if place + 4 > len(content):
        return 0
    head = struct.unpack_from(">I", content, place)[0]
    version, layer = head >> 19 & 3, head >> 17 & 3
    rate, hertz = head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or rate in {0, 15} or hertz == 3:
        return 0
    bits = (_RATES_1 if version == 3 else _RATES_2)[rate] * 1000
    size = (144 if version == 3 else 72) * bits // _HERTZ[version][hertz] + (head >> 9 & 1)
    return size if place + size <= len(content) else 0


# --- Ogg Opus ------------------------------------------------------------------------------------------------------

_NO_TAGS: Final = b"OpusTags" + bytes(8)


def _ogg(content: bytes) -> bytes:
    pages = list(_pages(content))
    _need(len(pages) > 2 and pages[0].body[:8] == b"OpusHead" and pages[0].flags & 2 != 0, "no Opus")
    sound = [page for page in pages if page.stream == pages[0].stream]
    _need(len(sound) == len(pages), "more than one stream")
    tags = next(n for n, page in enumerate(sound[1:], 1) if page.lacing and page.lacing[-1] < 255)
    _need(sound[1].body[:8] == b"OpusTags", "no comment header")
    _need(all(page.granule == 0 for page in sound[1 : tags + 1]), "sound among the comments")
    kept = [
        _Page(2, 0, sound[0].stream, bytes([min(19, len(sound[0].body))]), sound[0].body[:19]),
        _Page(0, 0, sound[0].stream, bytes([len(_NO_TAGS)]), _NO_TAGS),
        *sound[tags + 1 :],
    ]
    _need(len(kept) > 2 and kept[0].body[18] == 0, "no sound, or of more than two channels")
    return b"".join(page.written(n) for n, page in enumerate(kept))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of an Ogg stream (RFC 3533)."""

    flags: int
    granule: int
    stream: int
    lacing: bytes
    body: bytes

    def written(self, number: int) -> bytes:
        head = struct.pack("<4sBBqIII", b"OggS", 0, self.flags, self.granule, self.stream, number, 0)
        told = head + bytes([len(self.lacing)]) + self.lacing + self.body
        return told[:22] + struct.pack("<I", _crc(told)) + told[26:]


def _pages(content: bytes) -> Iterator[_Page]:
    place = 0
    while content[place : place + 5] == b"OggS\0":
        _, _, flags, granule, stream, _number, _sum, count = struct.unpack_from("<4sBBqIIIB", content, place)
        lacing = content[place + 27 : place + 27 + count]
        start, size = place + 27 + count, sum(lacing)
        if len(lacing) < count or start + size > len(content):
            return
        yield _Page(flags, granule, stream, lacing, content[start : start + size])
        place = start + size


_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _crc(told: bytes) -> int:
    """RFC 3533's checksum: zlib's polynomial with nothing reflected and nothing inverted, so its mirror image."""
    mirrored = zlib.crc32(told.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


# --- MP4 -----------------------------------------------------------------------------------------------------------

_BRANCHES: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"})
_LEAVES: Final = frozenset({b"smhd", b"elst", b"stts", b"stsc", b"stsz", b"stco"})
"""Boxes that say how sound is laid out, and nothing else; ``hdlr``, ``dref`` and ``stsd`` are written anew."""
_DATED: Final = frozenset({b"mvhd", b"tkhd", b"mdhd"})
"""Boxes that also say when it was recorded: two instants behind their first word."""
_CODINGS: Final = frozenset({b"mp4a", b"samr", b"sawb"})


def _mp4(content: bytes) -> bytes:
    """The boxes of one track of sound, and its samples one behind the other."""
    boxes = list(_boxes(content))
    _need(sum(name == b"moov" for name, _ in boxes) == 1, "no table of contents, or two")
    table = _kept(dict(boxes)[b"moov"])
    _need(sum(name == b"trak" for name, _ in _boxes(table)) == 1, "more than one track")
    sound = b"".join(_samples(content, dict(_leaves(table))))
    head = b"ftyp" + b"M4A \0\0\0\0M4A isom"
    head = struct.pack(">I", 4 + len(head)) + head
    # The table stands first: one chunk, which begins behind it and the eight bytes of its own box's head.
    told = _box(b"moov", _rewritten(table, 0))
    told = _box(b"moov", _rewritten(table, len(head) + len(told) + 8))
    return head + told + _box(b"mdat", sound)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place, count = 0, 0
    while place + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        start = place + 8
        if size == 1:
            size, start = struct.unpack_from(">Q", content, start)[0], start + 8
        elif size == 0:
            size = len(content) - place
        _need(start - place <= size <= len(content) - place, "a box that does not fit")
        count += 1
        _need(count <= _MOST_BOXES, "too many boxes")
        yield name, content[start : place + size]
        place += size


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def _kept(body: bytes, depth: int = 0) -> bytes:
    """The boxes of ours below this one, in order; whatever else is there is left out."""
    _need(depth < len(_BRANCHES), "too many boxes")
    told = b""
    for name, inner in _boxes(body):
        if name in _BRANCHES:
            told += _box(name, _kept(inner, depth + 1))
        elif name == b"hdlr":
            _need(inner[8:12] == b"soun", "a track that is no sound")
            told += _box(name, bytes(8) + b"soun" + bytes(13))
        elif name == b"dref":
            told += _box(name, bytes(7) + b"\1" + _box(b"url ", b"\0\0\0\1"))
        elif name == b"stsd":
            told += _box(name, _described(inner))
        elif name in _DATED:
            dates = 16 if inner[:1] == b"\1" else 8
            told += _box(name, inner[:4] + bytes(dates) + inner[4 + dates :])
        elif name in _LEAVES:
            told += _box(name, inner)
    return told


def _described(inner: bytes) -> bytes:
    """One way of coding, with its parameters alone."""
    _need(struct.unpack_from(">I", inner, 4)[0] == 1, "coded in more than one way")
    ((coding, body), *_others) = _boxes(inner[8:])
    _need(coding in _CODINGS and body[8:10] == b"\0\0", "a coding that is not ours")
    inside = b"".join(_box(name, one) for name, one in _boxes(body[28:]) if name in {b"esds", b"damr"})
    return inner[:8] + _box(coding, body[:28] + inside)


def _leaves(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    for name, inner in _boxes(body):
        if name in _BRANCHES:
            yield from _leaves(inner)
        else:
            yield name, inner


def _samples(content: bytes, table: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """The bytes of each sample, as the tables of sizes, chunks and offsets say where they are."""
    same, count = struct.unpack_from(">II", table[b"stsz"], 4)
    _need(0 < count <= 2_000_000 and (same or len(table[b"stsz"]) >= 12 + 4 * count), "no sound")
    sizes = [same] * count if same else list(struct.unpack_from(f">{count}I", table[b"stsz"], 12))
    _need(sum(sizes) <= len(content), "more sound than there is")
    runs = struct.unpack_from(">I", table[b"stsc"], 4)[0]
    _need(0 < runs <= 2_000_000, "no chunks")
    spread = [struct.unpack_from(">II", table[b"stsc"], 8 + 12 * n) for n in range(runs)]
    chunks = struct.unpack_from(">I", table[b"stco"], 4)[0]
    _need(0 < chunks <= 2_000_000, "no chunks")
    offsets = struct.unpack_from(f">{chunks}I", table[b"stco"], 8)
    sample, run = 0, 0
    for chunk, start in enumerate(offsets, 1):
        while run + 1 < runs and spread[run + 1][0] <= chunk:
            run += 1
        place = start
        for size in sizes[sample : sample + spread[run][1]]:
            _need(place + size <= len(content), "sound that is not there")
            yield content[place : place + size]
            place += size
        sample += spread[run][1]
    _need(sample >= count, "sound in no chunk")


def _rewritten(body: bytes, start: int) -> bytes:
    """The tables for one chunk that begins at ``start``."""
    told = b""
    for name, inner in _boxes(body):
        if name in _BRANCHES:
            told += _box(name, _rewritten(inner, start))
        elif name == b"stsc":
            count = struct.unpack_from(">I", dict(_leaves(body))[b"stsz"], 8)[0]
            told += _box(name, struct.pack(">5I", 0, 1, 1, count, 1))
        elif name == b"stco":
            told += _box(name, struct.pack(">3I", 0, 1, start))
        else:
            told += _box(name, inner)
    return told


_KINDS: Final[tuple[tuple[re.Pattern[bytes], str, Callable[[bytes], bytes]], ...]] = (
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav", _wav),
    (re.compile(re.escape(_AMR)), "audio/amr", _amr),
    (re.compile(rb"OggS\0"), "audio/ogg", _ogg),
    (re.compile(rb".{4}ftyp", re.DOTALL), "audio/mp4", _mp4),
    (re.compile(rb"ID3|\xff[\xe2-\xff]", re.DOTALL), "audio/mpeg", _mp3),
)
