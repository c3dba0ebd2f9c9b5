"""Photographs and voice notes that people send with a concern: scanned, made anew, sealed, stored.

Nothing of what was sent is kept: a photograph is drawn again from its pixels, a voice note is written again from its
sound (``api.voice_notes``), so neither places nor devices nor names go along, and no file is two things at once. What
a file is, its content says and never its name.
"""

import hashlib
import io
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.db import Error
from PIL import Image, ImageOps

from api import connections, documents, problems, scanning, voice_notes
from registry.remedy import acts, intake
from registry.remedy.acts import Evidence

LARGEST: Final = documents.LARGEST
"""Bytes of one file as it is sent."""
_PIXELS: Final = {"JPEG": 52_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
"""By format, of which the first is drawn smaller from the beginning."""
_one_at_a_time: Final = threading.Lock()
"""Pixels take much room: one picture of a process at a time."""
_SIDE: Final = 2048
"""Pixels of the longer side of a photograph as it is kept."""


class NotTaken(Exception):  # noqa: N818 - named by the refusal
    """A file, called ``name``, was not taken: ``empty``, ``size``, ``kind``, ``harmful`` or ``scanner``."""

    def __init__(self, why: str, name: str) -> None:
        """Keep both for whoever says it in words."""
        self.why, self.name = why, name
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Made:
    """A file made anew."""

    media_type: str
    content: bytes


class Upload(documents.Upload):
    """Reads on past a file that is too large, as far as a form of ours can go: the words behind it are not lost."""

    most = 100 * 1024 * 1024


def made_anew(upload: "UploadedFile[Any]") -> Made:
    """The photograph or voice note in a file, scanned and made anew; raises ``NotTaken``."""
    name = upload.name or ""
    if not upload.size:
        raise NotTaken("empty", name)
    if upload.size > LARGEST:
        raise NotTaken("size", name)
    upload.seek(0)
    content = upload.read()
    try:
        scanning.scan([content])
    except problems.Refusal as refusal:
        raise NotTaken("harmful" if refusal.code == "document.infected" else "scanner", name) from refusal
    try:
        found = voice_notes.made_anew(content)
    except voice_notes.NotSound:
        pass
    else:
        return Made(found.media_type, found.content)
    try:
        return Made("image/jpeg", _drawn(content))
    except (
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        zlib.error,
        Warning,
        Image.DecompressionBombError,
    ) as broken:
        raise NotTaken("kind", name) from broken


@contextmanager
def stored(files: Sequence[Made], *, key: str) -> Iterator[list[Evidence]]:
    """The files sealed and stored; if the block fails, deleted again unless a concern has them all the same.

    ``key``: the form and all that it says. The same form sent again stores the same files in the same places, so that a
    retry after an answer that was lost finds or brings them, whatever became of the first.
    """
    kept: list[Evidence] = []
    try:
        for place, one in enumerate(files):
            digest = hashlib.sha256(one.content).hexdigest()
            reference = acts.reference(key, str(place), digest)
            stored_as = f"{reference[:2]}/{reference}"
            if not _is_there(one, reference, stored_as):
                documents.forget(stored_as)
                sealed = acts.seal_file(one.content, reference=reference)
                storages["documents"].save(stored_as, ContentFile(sealed))
            kept.append(Evidence(reference, one.media_type, len(one.content), digest, stored_as))
        yield kept
    except BaseException:
        for file in kept:
            _give_up(file.stored_as)
        raise


def _is_there(one: Made, reference: str, stored_as: str) -> bool:
    """Whether an earlier attempt stored exactly this: then it may be a concern's already, and is left alone."""
    try:
        documents.touch(stored_as)
        return content(reference, stored_as) == one.content
    except (OSError, InvalidTag):
        return False


def _give_up(stored_as: str) -> None:
    """Delete a file that no concern has. While nobody can say, it stays: a commit whose answer was lost may have it."""
    with suppress(Error):
        if not connections.read(lambda: intake.holds(stored_as)):
            documents.forget(stored_as)


def content(reference: str, stored_as: str) -> bytes:
    """A stored file's bytes as they are shown."""
    with storages["documents"].open(stored_as, "rb") as held:
        return acts.unseal_file(held.read(), reference=reference)


def _drawn(content: bytes) -> bytes:
    """A photograph drawn again from its pixels, upright, at most ``_SIDE`` wide and high."""
    with _one_at_a_time, Image.open(io.BytesIO(content), formats=tuple(_PIXELS)) as picture:
        if picture.width * picture.height > _PIXELS[str(picture.format)]:
            raise ValueError("too many pixels")
        picture.draft("RGB", (_SIDE, _SIDE))
        picture.load()
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((_SIDE, _SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    told = io.BytesIO()
    bare.save(told, "JPEG", quality=82)
    return told.getvalue()
