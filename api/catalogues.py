"""The catalogues of texts: what the code and the templates say, and each language's own file of it.

English stands in the code. Another language is one file, ``<language>/LC_MESSAGES/django.po``, in ``api/locale`` where
the desk speaks it too, and in ``api/pages/locale`` where the public alone reads it, which has a fifth of the texts.
:func:`refresh` brings it up to date with the code, keeps what is translated and writes beside it the compiled form that
Django reads. :func:`faults` says what is missing or broken in it. No GNU gettext is needed: Babel reads and writes all
of it. The register's own refusals (``registry.rules.errors``) are texts too: the first words of such an error.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "api" / "locale"
"""Languages that say everything."""
PUBLIC_FOLDER: Final = ROOT / "api" / "pages" / "locale"
"""Languages that say what the public reads."""
PACKAGES: Final = ("api", "registry", "verification")

#: Calls whose words are texts, and which of their arguments hold them.
_CALLS: Final[Mapping[str, tuple[int, ...] | None]] = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop", "_", "_l")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    "Fault": (5,),
}
_PLACES: Final = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}|</?[a-z][^>]*>")
_CLASS: Final = re.compile(r"^class (\w+)\((?:\w+\.)?(\w+)", re.MULTILINE)
#: What stands above a text that the public reads until a native reviewer has read it and takes it away.
UNSIGNED: Final = "no native reviewer has signed this"
#: And what :func:`sign` puts in its place: who, when, and a digest of the very text and translation.
_SIGNATURE: Final = re.compile(r"signed: (?P<by>.+), (?P<on>\d{4}-\d\d-\d\d), (?P<digest>[0-9a-f]{16})")
_PUBLIC: Final = frozenset({"api/pages", "api/labels.py", "api/public", "api/phones", "api/documents.py"})

_NO_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LETTERS: Final = re.compile(r"[A-Za-z]{2}")
_FORMATS: Final = frozenset({"python-format", "python-brace-format"})
_HEADER: Final = "# Texts of the register in another language; api/locale/README.md says how to keep them.\n"

Texts = Mapping[str | tuple[str, str], Sequence[str]]


def languages() -> list[str]:
    """Every language that has a file, English (which needs none) left out."""
    folders = FOLDER, PUBLIC_FOLDER
    return sorted(
        path.parents[1].name for folder in folders for path in folder.glob("*/LC_MESSAGES/django.po")
    )


@cache
def texts() -> Texts:
    """Every text of the code and the templates, one with a plural as a pair, and the files in which it stands."""
    found: dict[str | tuple[str, str], list[str]] = {}
    calls = {**_CALLS, **dict.fromkeys(_refusals(), (1,))}
    for path in _sources():
        name = path.relative_to(ROOT).as_posix()
        for text in _texts(path, calls):
            places = found.setdefault(text, [])
            if name not in places:
                places.append(name)
    return found


def texts_in(language: str) -> Texts:
    """The texts that the file of a language is to say: all, or those that the public reads."""
    if FOLDER in source(language).parents:
        return texts()
    return {text: places for text, places in texts().items() if _PUBLIC & _rooms(places)}


def source(language: str, *, public: bool = False) -> Path:
    """The file of a language that people edit; ``public``: which of the two it would be where there is none yet."""
    whole, part = (folder / language / "LC_MESSAGES" / "django.po" for folder in (FOLDER, PUBLIC_FOLDER))
    return part if part.exists() or (public and not whole.exists()) else whole


def read(language: str) -> Catalog:
    """The catalogue of a language."""
    with source(language).open("rb") as file:
        return read_po(file, locale=language, ignore_obsolete=True)


def begin(language: str, *, public: bool) -> None:
    """Make an empty file for a language that has none; ``public``: of what the public reads alone."""
    path = source(language, public=public)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            _written(Catalog(locale=language, charset="utf-8", header_comment=_HEADER, fuzzy=False))
        )


def refresh(language: str) -> int:
    """Bring the file of a language up to date, begin it where there is none, compile it; how many texts are missing.

    A text that is no longer said goes; a new one stands there empty. Nothing is guessed from a similar text.
    """
    old = read(language) if source(language).exists() else Catalog(locale=language)
    new = Catalog(locale=language, charset="utf-8", header_comment=_HEADER, fuzzy=False)
    new.mime_headers = [("Plural-Forms", old.plural_forms)]
    for text, places in texts_in(language).items():
        known = old.get(text[0] if isinstance(text, tuple) else text)
        flags = known.flags - _FORMATS if known else set()
        new.add(
            text,
            known.string if known and isinstance(known.string, str) != isinstance(text, tuple) else None,
            [(place, 0) for place in places],
            flags=flags,
            user_comments=_comments(known) if known else [UNSIGNED] if _PUBLIC & _rooms(places) else [],
        )
    write(language, new)
    return sum(1 for message in new if message.id and not _whole(message))


def write(language: str, catalogue: Catalog) -> None:
    """Keep the catalogue as the language's file, and beside it as Django reads it."""
    source(language).parent.mkdir(parents=True, exist_ok=True)
    source(language).write_bytes(_written(catalogue))
    source(language).with_suffix(".mo").write_bytes(compiled(language))


def compiled(language: str) -> bytes:
    """The catalogue as Django reads it; a doubtful (``fuzzy``) text is not in it."""
    out, catalogue = io.BytesIO(), read(language)
    catalogue.creation_date = _NO_DAY  # it would be this minute
    write_mo(out, catalogue)
    return out.getvalue()


def sign(language: str, *, by: str, on: date) -> int:
    """Sign every text from which the line :data:`UNSIGNED` was taken away; how many were signed.

    What is signed is the text and its translation as they stand; when either changes, the signature goes.
    """
    catalogue, count = read(language), 0
    for message in catalogue:
        if message.id and _whole(message) and not message.fuzzy and not message.user_comments:
            message.user_comments = [f"signed: {by}, {on.isoformat()}, {_digest(message)}"]
            count += 1
    write(language, catalogue)
    return count


def signed(language: str) -> frozenset[str]:
    """The texts of a language, as they stand, that a native reviewer has signed."""
    path = source(language)
    if (
        not path.exists() or b"# signed: " not in path.read_bytes()
    ):  # most have none, and reading one takes a while
        return frozenset()
    return frozenset(
        message.id if isinstance(message.id, str) else message.id[0]
        for message in read(language)
        if message.id and not message.fuzzy and _is_signed(message)
    )


def faults(language: str) -> list[str]:
    """What is wrong with the file of a language, a line for each: missing, doubtful, left over, a broken place."""
    found: list[str] = []
    known = {message.id: message for message in read(language) if message.id}
    spoken = texts_in(language)
    for text, places in spoken.items():
        message = known.get(text)
        if message is None or not _whole(message):
            found.append(f"missing: {text!r} ({places[0]})")
        elif message.fuzzy:
            found.append(f"doubtful: {text!r}")
        else:
            found += [
                f"places differ: {text!r}: {one!r}" for one in _strings(message) if not _fits(text, one)
            ]
            if _signature(message) and not _is_signed(message):
                found.append(f"changed since it was signed: {text!r}")
    found += [f"said no more: {text!r}" for text in known if text not in spoken]
    if not source(language).with_suffix(".mo").exists():
        return [*found, "not compiled"]
    if source(language).with_suffix(".mo").read_bytes() != compiled(language):
        found.append("compiled from something else: run manage.py texts")
    return found


def _comments(message: Message) -> list[str]:
    """What stands above a text: a signature of something else becomes the line that it replaced."""
    return [UNSIGNED] if _signature(message) and not _is_signed(message) else message.user_comments


def _signature(message: Message) -> re.Match[str] | None:
    return _SIGNATURE.fullmatch(" ".join(message.user_comments))


def _is_signed(message: Message) -> bool:
    found = _signature(message)
    return found is not None and found["digest"] == _digest(message)


def _digest(message: Message) -> str:
    """Of a text and what it is translated to."""
    said = [[message.id] if isinstance(message.id, str) else list(message.id), list(_strings(message))]
    return blake2b(json.dumps(said).encode(), digest_size=8).hexdigest()


def _refusals() -> frozenset[str]:
    """The names of the register's errors and of those that the edge makes from them."""
    classes = [
        found.groups()
        for path in _sources()
        if path.suffix == ".py"
        for found in _CLASS.finditer(path.read_text(encoding="utf-8"))
    ]
    names, more = frozenset[str](), frozenset({"RegistryError"})
    while more - names:
        names |= more
        more = frozenset(name for name, base in classes if base in names)
    return names


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            code = path.suffix == ".py" and "migrations" not in path.parts
            if code or ("templates" in path.parts and path.suffix in {".html", ".txt"}):
                yield path


def _texts(path: Path, calls: Mapping[str, tuple[int, ...] | None]) -> Iterator[str | tuple[str, str]]:
    words = path.read_text(encoding="utf-8")
    if path.suffix != ".py":  # Django turns a template into calls; indentation would be Python's business
        words = "\n".join(line.strip() for line in templatize(words, origin=str(path)).splitlines())
    for _line, found, _comments, _context in extract("python", io.BytesIO(words.encode()), calls):
        text = tuple(found) if isinstance(found, tuple | list) else found
        if _LETTERS.search(text if isinstance(text, str) else text[0]):
            yield text if isinstance(text, str) else (text[0], text[1])


def _written(catalogue: Catalog) -> bytes:
    """The file with nothing in it that changes by itself: no days, no numbers of lines."""
    out = io.BytesIO()
    write_po(out, catalogue, width=110, omit_header=False, sort_by_file=True, include_lineno=False)
    kept = (line for line in out.getvalue().splitlines(keepends=True) if not _VOLATILE.match(line))
    return b"".join(kept)


_VOLATILE: Final = re.compile(
    rb'"(POT-Creation-Date|PO-Revision-Date|Project-Id-Version|Report-Msgid|Last-Tr|Language-T|Generated-By)'
)


def _rooms(places: Iterable[str]) -> frozenset[str]:
    return frozenset("/".join(place.split("/")[:2]) for place in places)


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _whole(message: Message) -> bool:
    return bool(_strings(message)) and all(one.strip() for one in _strings(message))


def _fits(text: str | tuple[str, str], said: str) -> bool:
    """Whether the places to be filled, and the marks of HTML, are those of the text.

    A form of a plural may say its number in words.
    """
    wanted, given = (
        Counter(_PLACES.findall(text if isinstance(text, str) else text[1])),
        Counter(_PLACES.findall(said)),
    )
    if wanted and "%" in _PLACES.sub("", said):
        return False
    if isinstance(text, str):
        return wanted == given
    return given <= wanted and (wanted - given).total() <= 1


def in_order(found: Iterable[str]) -> str:
    """Faults as one text, the first twenty."""
    lines = list(found)
    return "\n".join([*lines[:20], *([f"… and {len(lines) - 20} more"] if len(lines) > 20 else [])])
