"""Voice notes made anew: the sound stays, and whatever a telephone wrote beside it goes."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import voice_notes
from api.voice_notes import NotSound, made_anew

FFMPEG = shutil.which("ffmpeg") or ""
SECRET = b"+27.7172+085.3240/ Mina's telephone"
SOUND = bytes(range(1, 201)) * 3


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), name) + body


def mp4(
    *,
    table_first: bool = True,
    handler: bytes = b"soun",
    chunks: int = 3,
    more: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A telephone's recording: three samples a chunk, places and names in every corner and between the chunks."""
    sizes, gap = [10, 20, 30] * chunks, SECRET
    head = box(b"ftyp", b"3gp4\0\0\0\x003gp4")

    coding = box(b"mp4a", bytes(6) + b"\0\1" + bytes(20), box(b"esds", bytes(12)), box(b"udta", SECRET))

    def moov(start: int) -> bytes:
        offsets = [start + n * (60 + len(gap)) for n in range(chunks)]
        stbl = box(
            b"stbl",
            box(b"stsd", bytes(7) + b"\1", coding),
            box(b"stts", struct.pack(">4I", 0, 1, len(sizes), 1024)),
            box(b"stsc", struct.pack(">5I", 0, 1, 1, 3, 1)),
            box(b"stsz", struct.pack(f">3I{len(sizes)}I", 0, 0, len(sizes), *sizes)),
            box(b"stco", struct.pack(f">2I{chunks}I", 0, chunks, *offsets)),
        )  # fmt: skip
        minf = box(
            b"minf",
            box(b"smhd", bytes(8)),
            box(b"dinf", box(b"dref", bytes(7) + b"\1", box(b"url ", b"\0\0\0\1"))),
            stbl,
        )
        mdia = box(
            b"mdia",
            box(b"mdhd", bytes(4) + b"DATE" * 2 + bytes(12)),
            box(b"hdlr", bytes(8) + handler + bytes(12) + SECRET),
            minf,
        )
        trak = box(
            b"trak",
            box(b"tkhd", bytes(4) + b"DATE" * 2 + bytes(72)),
            mdia,
            box(b"udta", box(b"\xa9xyz", SECRET)),
        )
        meta = box(b"meta", bytes(4) + SECRET)
        return box(
            b"moov",
            box(b"mvhd", bytes(4) + b"DATE" * 2 + bytes(88)),
            trak,
            more,
            box(b"udta", box(b"loci", SECRET), meta),
        )

    mdat = b"".join(SOUND[n * 60 : n * 60 + 60] + gap for n in range(chunks))
    if table_first:
        size = len(moov(0))
        return head + moov(len(head) + size + 8) + box(b"mdat", mdat) + box(b"uuid", SECRET) + tail
    return head + box(b"free", SECRET) + box(b"mdat", mdat) + moov(len(head) + 16 + len(SECRET)) + tail


def mp3(*, tag: bytes = SECRET) -> bytes:
    frame = struct.pack(">I", 0xFFFB9000) + bytes(413)
    size = len(tag)
    head = b"ID3\4\0\0" + bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127))
    return head + tag + frame * 8 + b"TAG" + SECRET.ljust(125, b"\0")


def ogg(*, pages: int = 1) -> bytes:
    def page(number: int, flags: int, granule: int, *packets: bytes, ends: bool = True) -> bytes:
        lacing = b"".join(
            b"\xff" * (len(p) // 255) + (bytes([len(p) % 255]) if ends else b"") for p in packets
        )
        one = voice_notes._Page(flags, granule, 7, lacing, b"".join(packets))
        return one.written(number)

    tags = b"OpusTags" + struct.pack("<I", len(SECRET)) + SECRET + bytes(4)
    told = page(0, 2, 0, b"OpusHead\1\1" + bytes(8) + b"\0")
    if pages == 1:
        told += page(1, 0, 0, tags)
    else:
        told += page(1, 0, 0, tags.ljust(510, b"x"), ends=False) + page(2, 1, 0, SECRET)
    return (
        told + page(1 + pages, 0, 960, SOUND[:100], SOUND[100:150]) + page(2 + pages, 4, 1920, SOUND[150:300])
    )


def wav() -> bytes:
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    told = b"LIST" + struct.pack("<I", len(SECRET) + 1) + SECRET + b"\0"
    told = b"fmt " + struct.pack("<I", 16) + fmt + told + b"data" + struct.pack("<I", len(SOUND)) + SOUND
    return b"RIFF" + struct.pack("<I", 4 + len(told)) + b"WAVE" + told + SECRET


def amr() -> bytes:
    return b"#!AMR\n" + (b"\x3c" + SOUND[:31]) * 5 + SECRET


KINDS = {
    "audio/mp4": [mp4(), mp4(table_first=False), mp4(chunks=1), mp4(tail=box(b"moof", SECRET))],
    "audio/mpeg": [mp3(), mp3(tag=SECRET * 9)],
    "audio/ogg": [ogg(), ogg(pages=2)],
    "audio/wav": [wav()],
    "audio/amr": [amr()],
}  # fmt: skip


@pytest.mark.parametrize(
    ("media_type", "content"), [(kind, one) for kind, every in KINDS.items() for one in every]
)
def test_the_sound_stays_and_everything_beside_it_goes(media_type: str, content: bytes) -> None:
    assert SECRET in content
    found = made_anew(content)
    assert found.media_type == media_type
    assert SECRET not in found.content
    assert b"Mina" not in found.content
    assert b"DATE" not in found.content
    assert len(found.content) > 60
    assert made_anew(found.content) == found, "what was made anew is made anew to the same bytes"


def test_the_samples_of_a_telephone_s_recording_are_all_there_in_order() -> None:
    for content in (mp4(), mp4(table_first=False)):
        found = made_anew(content).content
        place = found.index(b"mdat") + 4
        assert found[place:] == SOUND[:180]
        offset = struct.unpack_from(">I", found, found.index(b"stco") + 12)[0]
        assert offset == place


def test_the_pages_of_an_opus_note_are_counted_and_summed_anew() -> None:
    for content in (ogg(), ogg(pages=2)):
        found = made_anew(content).content
        pages = list(voice_notes._pages(found))
        assert [struct.unpack_from("<I", found, at + 18)[0] for at in _starts(found)] == [0, 1, 2, 3]
        assert pages[1].body == b"OpusTags" + bytes(8)
        assert b"".join(page.body for page in pages[2:]) == SOUND[:300]
        assert found == b"".join(page.written(n) for n, page in enumerate(pages))
    # RFC 3533's polynomial on a page of zeros, by hand
    assert voice_notes._crc(b"\1") == 0x04C11DB7


def _starts(found: bytes) -> list[int]:
    places, at = [], found.find(b"OggS")
    while at >= 0:
        places.append(at)
        at = found.find(b"OggS", at + 4)
    return places


@pytest.mark.parametrize(
    "content",
    [
        b"", b"GIF89a", b"RIFF\0\0\0\0WAVE", b"#!AMR\n", b"#!AMR\n\xff\xff", b"OggS\0", ogg()[:60], mp3()[:600],
        mp4(handler=b"meta"), mp4(handler=b"vide"), mp4(more=box(b"trak")), mp4()[:-400],
        mp4().replace(b"mp4a", b"mebx"), mp4().replace(b"stsz", b"stzz"), mp4(tail=b"PK\3\4" + SECRET),
        ogg().replace(b"OpusHead", b"\1vorbis "), ogg() + ogg().replace(struct.pack("<I", 7), struct.pack("<I", 8)),
        b"\0\0\0\x08ftyp", b"\0\0\0\0ftyp", b"\x1aE\xdf\xa3 webm",
    ],
)  # fmt: skip
def test_what_cannot_be_made_anew_is_refused(content: bytes) -> None:
    with pytest.raises(NotSound):
        made_anew(content)


@given(st.sampled_from([one for every in KINDS.values() for one in every]), st.data())
def test_no_damage_breaks_the_reader(content: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), place + 1]))
    damaged = (content[:place] + bytes([byte]) + content[place + 1 :])[:end]
    try:
        found = made_anew(damaged)
    except NotSound:
        return
    assert len(found.content) <= len(content) + 200


def test_boxes_in_boxes_without_end_are_refused_at_once() -> None:
    nested = b""
    for _ in range(2000):
        nested = box(b"moov", nested)
    for content in (nested, box(b"moov", box(b"smhd") * 100_000)):
        with pytest.raises(NotSound):
            made_anew(box(b"ftyp", b"M4A ") + content)


@pytest.mark.skipif(not FFMPEG, reason="no ffmpeg on this machine: nothing to encode with")
@pytest.mark.parametrize(
    "how", ["a.mp3", "a.m4a", "a.m4a -movflags +faststart", "a.opus", "a.wav", "a.3gp -c:a aac"]
)
def test_what_an_encoder_made_sounds_the_same_afterwards(tmp_path: Path, how: str) -> None:
    name, *options = how.split()
    sent = tmp_path / name
    tags = ("-metadata", f"comment={SECRET.decode()}", "-metadata", "location=+27.7172+085.3240/")
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    subprocess.run([FFMPEG, "-loglevel", "error", *tone, *tags, *options, str(sent)], check=True)
    found = made_anew(sent.read_bytes())
    assert SECRET not in found.content
    made = tmp_path / "made"
    made.write_bytes(found.content)
    heard = [
        subprocess.run(
            [FFMPEG, "-loglevel", "error", "-i", str(one), "-f", "s16le", "-"],
            check=True,
            capture_output=True,
        ).stdout
        for one in (sent, made)
    ]
    assert heard[0] == heard[1] != b""
