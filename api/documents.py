"""Papers and pictures that people upload: judged by their content and scanned.

Papers are kept under random names and handed out as attachments. They stand outside whatever a web server serves, in
the storage ``documents`` of the settings; nobody but :func:`hand_out` reads them, and a browser never shows one.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import puremagic
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext, gettext_noop

from api import pictures, problems, scanning

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of one file."""
_HEAD: Final = 8192
LEFT_SECONDS: Final = 24 * 60 * 60
"""After so long nobody is still on the way from storing a file to noting it."""
MOST_LEFT: Final = 3
"""Files that nobody knows, beside one in a hundred, of which a folder may still be the register's own."""
_ASIDE: Final = ".left"
TYPES: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
"""The media types that are taken, and the ending under which each is handed out."""


_UNUSABLE: Final = {
    "broken": gettext_noop("This picture can not be read. Save it again as JPEG, or take another."),
    "large": gettext_noop("The picture has more than 50 million pixels. Make it smaller."),
    "small": gettext_noop("The picture is too small: at least 160 pixels each way."),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was taken: what it is, and where its bytes are."""

    media_type: str
    size: int
    sha256: str
    stored_as: str


class Folder(FileSystemStorage):
    """The folder ``REGISTRY_DOCUMENTS``, readable by this program alone, with no address on the web."""

    def __init__(self) -> None:
        """Files for this program's user alone."""
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @property
    def base_location(self) -> str:
        """As the settings say."""
        return str(settings.REGISTRY_DOCUMENTS)

    @property
    def location(self) -> str:
        """The same, absolute."""
        return str(settings.REGISTRY_DOCUMENTS.resolve())

    def url(self, name: str | None) -> str:
        """None has one."""
        raise NotImplementedError(name)


class Upload(TemporaryFileUploadHandler):
    """Takes uploads into temporary files and leaves one out that is larger than any of ours may be."""

    most: ClassVar = 3 * LARGEST
    """Bytes of a whole request."""

    def handle_raw_input(
        self, input_data: Any, META: dict[str, str], content_length: int, boundary: str,  # noqa: N803 - Django's name
        encoding: str | None = None,
    ) -> None:  # fmt: skip
        """Refuse a request that is larger than what a form of ours can send."""
        if content_length > self.most:
            raise RequestDataTooBig
        super().handle_raw_input(input_data, META, content_length, boundary, encoding)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Write a piece, as long as the file is not too large."""
        if start + len(raw_data) > LARGEST:
            if self.request is not None:
                self.request.file_too_large = True  # type: ignore[attr-defined]
            self.file.close()
            raise SkipFile
        return super().receive_data_chunk(raw_data, start)


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was left out for its size."""
    return bool(getattr(request, "file_too_large", False))


def keep(upload: "UploadedFile[Any]") -> Kept:
    """Judge, scan and store a file; refuses what is empty, too large, of another type, or harmful.

    The caller notes it in the register, or forgets it again.
    """
    media_type, size = _judged(upload)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    name = secrets.token_hex(20)
    stored = storages["documents"].save(f"{name[:2]}/{name}", upload)
    return Kept(media_type, size, digest.hexdigest(), stored)


def picture(upload: "UploadedFile[Any]") -> bytes:
    """Judge and scan a photograph and give it as the public may get it; refuses what :func:`keep` does, and a paper.

    Nothing of it is stored.
    """
    media_type, _size = _judged(upload)
    if not media_type.startswith("image/"):
        raise _refused(gettext("Send a picture as JPEG or PNG."))
    upload.seek(0)
    try:
        return pictures.reduced(upload.read())
    except pictures.Unusable as error:
        raise _refused(gettext(_UNUSABLE[error.args[0]])) from error


def forget(stored_as: str) -> None:
    """Delete the bytes of a paper."""
    storages["documents"].delete(stored_as)


class NotOurs(Exception):  # noqa: N818 - named by what it says of the folder
    """The folder holds more files that the register does not know than can have been left behind."""


def touch(stored_as: str) -> None:
    """Say of a stored file that somebody is about to note it: no sweep takes it today. ``OSError`` where it is gone."""
    os.utime(storages["documents"].path(stored_as))


def sweep(known: Callable[[Collection[str]], Collection[str]]) -> int:
    """Delete the files that were stored a day ago and that nothing notes; how many.

    A program that was killed between storing a file and noting it has left it: nobody sees it, and no rule of ours
    would ever give it up. ``known`` tells which of some names are noted. Raises :class:`NotOurs`, and deletes nothing,
    where it knows none of them or too few: then folder and database do not belong together.
    """
    folder = Path(storages["documents"].path(""))
    if not folder.is_dir():
        return 0
    with tempfile.TemporaryFile(dir=folder) as now:  # the age of a file by the clock that gave it its time
        before = os.fstat(now.fileno()).st_mtime - LEFT_SECONDS
    for aside in folder.glob(f"??/*{_ASIDE}"):  # by a sweep that was killed: judged like every other
        with suppress(FileNotFoundError):
            aside.rename(aside.with_suffix(""))
    old = {
        path.relative_to(folder).as_posix(): path
        for path in folder.glob("??/*")
        if path.name.startswith(path.parent.name) and path.is_file() and path.stat().st_mtime < before
    }
    left = old.keys() - set(known(old.keys()))
    if left and (len(left) == len(old) or len(left) > max(MOST_LEFT, len(old) // 100)):
        raise NotOurs(f"{len(left)} of {len(old)} files in {folder} are unknown to the register")
    return sum(_gone(old[name], before) for name in left)


def _gone(path: Path, before: float) -> bool:
    """Delete a file, unless somebody has said meanwhile that it is needed; whoever comes later stores it anew."""
    aside = path.with_name(f"{path.name}{_ASIDE}")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if aside.stat().st_mtime < before:
            aside.unlink()
            return True
        aside.rename(path)
    return False


def hand_out(stored_as: str, *, name: str, media_type: str) -> FileResponse:
    """The paper as an attachment, of its own type and no other, that runs nothing wherever it is opened."""
    ending = TYPES.get(media_type, ".bin")
    stem = name.rsplit(".", 1)[0][:100] or "document"
    held = storages["documents"].open(stored_as, "rb")
    response = FileResponse(held, as_attachment=True, filename=f"{stem}{ending}", content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response


def too_large() -> problems.Refusal:
    """The refusal of a file that is larger than taken."""
    reason = gettext("It is larger than %(n)s megabytes.") % {"n": LARGEST // 1024 // 1024}
    return _refused(reason)


def _judged(upload: "UploadedFile[Any]") -> tuple[str, int]:
    """Media type and size of a file that is neither empty nor too large, of a type that is taken, and harmless."""
    size = upload.size or 0
    if not size:
        raise _refused(gettext("The file is empty."))
    if size > LARGEST:
        raise too_large()
    media_type = _type(upload)
    scanning.scan(upload.chunks())
    return media_type, size


def _refused(reason: str) -> problems.Refusal:
    return problems.Refusal("document.refused", field="file", reason=reason)


def _type(upload: "UploadedFile[Any]") -> str:
    """The media type by the file's first bytes, whatever its name and its sender say."""
    upload.seek(0)
    head = upload.read(_HEAD)
    upload.seek(0)
    try:
        found = str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        found = ""
    if found not in TYPES:
        raise _refused(gettext("Send a PDF, or a picture as JPEG or PNG."))
    return found
