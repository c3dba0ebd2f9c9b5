"""The answer is spoken in the page's own sentences, without names and days; where nobody speaks, the page says so."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as place
from django.test import Client
from django.utils.translation import override

from api.pages import spoken, wording
from registry.rules.grounds import REASONS
from tests import builders
from tests.journeys.conftest import Bluefinch

TONGUES = [code for code, _name in place.LANGUAGES]
speaks = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("lame")), reason="no espeak-ng or lame on this machine"
)


def forget() -> None:
    """As at the start of a process."""
    for made_once in vars(spoken).values():
        if hasattr(made_once, "cache_clear"):
            made_once.cache_clear()


@pytest.fixture
def clips(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A folder of clips of the test's own, looked at anew."""
    settings.STATIC_ROOT = tmp_path
    forget()
    yield spoken.folder()
    forget()


def every(folder: Path, *languages: str) -> list[Path]:
    """Have something under the name of every clip, and know them all."""
    folder.mkdir()
    names = sorted(spoken.wanted(languages))
    for name in names:
        (folder / name).write_bytes(b"")
    forget()
    return [folder / name for name in names]


@pytest.mark.parametrize("language", TONGUES)
def test_what_is_spoken_has_no_gap_and_no_day_in_it(language: str) -> None:
    for language_, text in spoken.wanted([language]).values():
        assert language_ == language
        assert not re.search(r"[%{}<>\d]", text), text


def test_every_reason_is_spoken_with_some_result() -> None:
    held = {text for _language, text in spoken.wanted(["en"]).values()}
    with override("en"):
        unspoken = {one for one in REASONS if not any(wording.undated(one) in text for text in held)}
    assert unspoken == {"name.mismatch"}, "which no page of an answer tells"


@pytest.mark.django_db
@pytest.mark.usefixtures("misses_forgotten")
def test_each_page_of_an_answer_plays_its_own_clip(public: Client, bluefinch: Bluefinch, clips: Path) -> None:
    every(clips, "en")
    seen = set()
    for step in ("licensed", "suspended"):
        if step == "suspended":
            builders.suspended(bluefinch.licence, at=bluefinch.at)
        for path in (f"/v/{bluefinch.badge}", f"/licences/{bluefinch.licence}"):
            page = public.get(path)
            (name,) = re.findall(
                r'<audio controls preload="none"[^>]* src="/static/spoken/(\w+\.mp3)"', page.content.decode()
            )
            assert (clips / name).exists()
            assert "media-src 'self'" in page["Content-Security-Policy"]
            seen.add((step, name))
    nothing = public.get("/v/nothing").content.decode()
    seen.add(("nothing", re.findall(r"spoken/(\w+\.mp3)", nothing)[0]))
    assert len(seen) == len({name for _step, name in seen}) == 3


@pytest.mark.django_db
def test_a_page_without_clips_has_no_player_and_one_that_nobody_speaks_says_so(
    public: Client, bluefinch: Bluefinch, clips: Path, settings: Any
) -> None:
    page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert "<audio" not in page
    assert "no spoken answer" not in page
    with override("fil"):
        assert "<audio" not in spoken.player("licensed", ("licence.in_force",))
        assert 'class="small hear"' in spoken.player("licensed", ("licence.in_force",))


@speaks
@pytest.mark.parametrize("language", sorted(spoken.VOICES))
def test_a_voice_speaks_each_language_that_we_say_it_does(language: str, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp3"
    assert spoken.record(language, "1 2 3 4 5 6 7 8 9 10", clip)
    sound = clip.read_bytes()
    assert sound[:2] == b"\xff\xf3", "MPEG-2 audio, layer III"
    assert 5_000 < len(sound) < 50_000
    assert list(tmp_path.iterdir()) == [clip]


@speaks
def test_two_makers_of_one_clip_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, renamed = tmp_path / "clip.mp3", Path.rename

    def another_comes_first(part: Path, to: Path) -> Path:
        monkeypatch.setattr(Path, "rename", renamed)
        assert spoken.record("en", "1 2 3", clip)
        return renamed(part, to)

    monkeypatch.setattr(Path, "rename", another_comes_first)
    assert spoken.record("en", "1 2 3", clip)
    assert list(tmp_path.iterdir()) == [clip]
    assert clip.read_bytes()[:2] == b"\xff\xf3"


@speaks
def test_a_long_sentence_that_the_voice_breaks_off_is_spoken_with_more_pauses(tmp_path: Path) -> None:
    text = "ဤလိုင်စင်အကြောင်း စာရင်းတွင် ရေးထားချက်ကို ကျွန်ုပ်တို့ နားမလည်နိုင်ပါ။ စောင့်ပါ။"
    assert spoken.record("my", text, tmp_path / "clip.mp3")
    assert (tmp_path / "clip.mp3").stat().st_size > 5_000


@speaks
def test_a_clip_is_made_once_and_forgotten_when_its_text_is(clips: Path) -> None:
    held = every(clips, "en", "ar")
    held[0].unlink()
    (clips / "old.mp3").write_bytes(b"")
    assert spoken.make(["en", "ar", "fil"], clips) == spoken.Made(1, len(held), ())
    assert {path.name for path in clips.iterdir()} == {path.name for path in held}
    assert held[0].stat().st_size
