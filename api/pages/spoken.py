"""The answer as speech: the word, why, and what to do, in the sentences of the page. No names and no days.

``manage.py spoken`` says each of them once into a clip of its own (espeak-ng, then MP3, which every phone plays) below
``STATIC_ROOT``. A clip is named by a digest of its language, voice and text, so it is kept for ever and made again only
when its text changes. Nothing is fetched before somebody presses play.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, override

from api.pages import verdicts, wording
from api.pages.languages import gettext
from registry.rules.grounds import FAVOURABLE, REASONS

VOICES: Final = {
    "am": "am", "ar": "ar", "bn": "bn", "en": "en-gb", "es": "es", "fr": "fr-fr", "hi": "hi", "id": "id", "my": "my",
    "ne": "ne", "si": "si", "sw": "sw", "ta": "ta", "ur": "ur", "vi": "vi",
}  # fmt: skip
"""espeak-ng's voice for each language that it speaks."""

_PACE: Final = 145
"""Words a minute: slow enough for somebody who hears a second language."""
_SOUND: Final = ("-m", "m", "--resample", "16", "-b", "16")
"""LAME: one channel at 16 kbit/s, two kilobytes a second: it plays while it comes, also on a line of 50 kbit/s."""
_FOLDER: Final = "spoken"

_ASIDE: Final = frozenset(
    {"licence.under_appeal", "licence.stayed", "licence.provisional", "licence.surveillance", "licence.conditions",
     "licence.decided_pending_effect"}
)  # fmt: skip
_NO_LICENCE: Final = frozenset({"licence.not_found", "licence.mistyped", "licence.ambiguous"})


def _about(*things: str) -> frozenset[str]:
    """The reasons that speak of these things and against the holder."""
    return frozenset(reason for reason in REASONS if reason.startswith(things)) - FAVOURABLE - _NO_LICENCE


#: What can weigh most in an answer with each result; any other answer is spoken without its reason.
_WHY: Final[dict[str, frozenset[str]]] = {
    "licensed": FAVOURABLE - {"scope.limited"} | _ASIDE,
    "limited": frozenset({"scope.limited", "scope.no_new_recruitment"}),
    "not_licensed": _about(
        "licence.", "suspension.", "renewal.", "security.", "scope.", "agency.", "office.", "appointment.",
        "listed.status",
    ) - _ASIDE,
    "unknown": _about("listed.", "history.", "record.", "register."),
    "not_found": frozenset({"badge.not_found", "badge.mistyped", "licence.not_found", "licence.mistyped"}),
    "ambiguous": frozenset({"licence.ambiguous"}),
    "not_genuine": frozenset({"badge.withdrawn"}),
}  # fmt: skip


class CannotSpeak(Exception):  # noqa: N818 - a state of this machine, not a fault of the caller's
    """A program that clips are made with is not installed: ``args[0]`` names it."""


def player(result: str, reasons: Sequence[str]) -> SafeString:
    """What plays this answer, as HTML; a sentence where nobody speaks the language, nothing where no clip was made."""
    language = get_language() or "en"
    if silent([language]):
        return _silence(language)
    weightiest = wording.weightiest(reasons)[:1]
    special = tuple(reason for reason in reasons if reason in wording.STEPS_FOR)[:1]
    return _player(language, result, (*weightiest, *special))


def said(result: str, reasons: Sequence[str]) -> list[str]:
    """What is spoken of an answer, in the language that is active."""
    told = [verdicts.row(result).word + ".", *map(wording.undated, wording.weightiest(reasons)[:1])]
    return told + wording.steps(result, reasons)


@dataclass(frozen=True, slots=True)
class Made:
    """How many clips were made and how many there are; ``unsaid``: the languages of those that no voice got through."""

    new: int
    held: int
    unsaid: tuple[str, ...]


def make(languages: Sequence[str], folder: Path) -> Made:
    """Have every clip of these languages in ``folder``, and no other.

    Refuses (``CannotSpeak``) without espeak-ng and lame.
    """
    for program in ("espeak-ng", "lame"):
        if shutil.which(program) is None:
            raise CannotSpeak(program)
    folder.mkdir(parents=True, exist_ok=True)
    clips = wanted(languages)
    missing = [name for name in clips if not (folder / name).exists()]
    with ThreadPoolExecutor() as several:
        said = list(several.map(lambda name: record(*clips[name], folder / name), missing))
    for clip in folder.glob("*.mp3"):
        if clip.name not in clips:
            clip.unlink()
    unsaid = tuple(sorted(clips[name][0] for name, done in zip(missing, said, strict=True) if not done))
    return Made(sum(said), len(clips) - len(unsaid), unsaid)


def wanted(languages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The language and the text of every clip that pages in these languages can play, by its name."""
    return {
        _name(language, text): (language, text)
        for language in languages
        if not silent([language])
        for text in _texts(language)
    }


def record(language: str, text: str, clip: Path) -> bool:
    """Say ``text`` into the file ``clip``, whole or not at all; whether the voice got through it."""
    with tempfile.TemporaryDirectory() as place:
        speech, sound = Path(place) / "speech.wav", Path(place) / "sound.mp3"
        if not any(_speak(language, told, speech) for told in _with_pauses(text)):
            return False
        subprocess.run([_program("lame"), "--quiet", *_SOUND, speech, sound], check=True)  # noqa: S603 - of our own
        _put(sound.read_bytes(), clip)
    return True


def _put(sound: bytes, clip: Path) -> None:
    """A file of its own beside the clip first: the temporary folder may be on another disk, another maker at work."""
    made, name = tempfile.mkstemp(dir=clip.parent, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(sound)
        part.chmod(0o644)
        part.rename(clip)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _speak(language: str, text: str, speech: Path) -> bool:
    voice = ("-v", VOICES[language.partition("-")[0]], "-s", str(_PACE))
    command = [_program("espeak-ng"), *voice, "-b", "1", "-w", str(speech), "--stdin"]
    said = subprocess.run(command, input=text.encode(), capture_output=True, check=False)  # noqa: S603 - our own words
    return said.returncode == 0


def _with_pauses(text: str) -> Iterator[str]:
    """The text with a pause after each sentence, then one with a pause after each group of words.

    espeak-ng takes no Burmese full stop for one, and breaks off where more comes in one breath than it has room for.
    """
    yield text.replace("။", "။\n\n")
    yield ", ".join(text.replace("။", ".").split())


def silent(languages: Sequence[str]) -> list[str]:
    """Those of these languages that no voice speaks."""
    return [language for language in languages if language.partition("-")[0] not in VOICES]


def prepare() -> None:
    """See which clips there are, before the process looks for its files: none is offered that it would not serve."""
    _made()


def folder() -> Path:
    """Where clips are kept and served from."""
    return Path(settings.STATIC_ROOT) / _FOLDER


def _texts(language: str) -> Iterator[str]:
    with override(language):
        for result, reasons in _WHY.items():
            yield " ".join(said(result, ()))
            for reason in sorted(reasons):
                yield " ".join(said(result, (reason,)))


@cache
def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotSpeak(name)
    return found


def _name(language: str, text: str) -> str:
    """The clip's name: another voice, pace or text makes another clip."""
    told = (VOICES[language.partition("-")[0]], _PACE, _SOUND, text)
    return f"{blake2b(repr(told).encode(), digest_size=12).hexdigest()}.mp3"


@lru_cache(maxsize=4096)
def _player(language: str, result: str, reasons: tuple[str, ...]) -> SafeString:
    """The player of the clip that says most of this answer."""
    for told in (reasons, reasons[:1], reasons[1:], ()):
        name = _name(language, " ".join(said(result, told)))
        if name in _made():
            label = escape(gettext("Listen"))
            where = f"{settings.STATIC_URL}{_FOLDER}/{name}"
            return mark_safe(  # noqa: S308 - our own words and a name of ours
                f'<div class="hear"><span id="hear">{label}</span>'
                f'<audio controls preload="none" aria-labelledby="hear" src="{where}"></audio></div>'
            )
    return SafeString()


@lru_cache(maxsize=64)
def _silence(language: str) -> SafeString:  # noqa: ARG001 - the active language is a part of the key
    told = escape(gettext("There is no spoken answer in this language yet."))
    return mark_safe(f'<p class="small hear">{told}</p>')  # noqa: S308 - escaped


@cache
def _made() -> frozenset[str]:
    """The clips that there were when this process began: those that its server of files knows."""
    return frozenset(clip.name for clip in folder().glob("*.mp3"))
