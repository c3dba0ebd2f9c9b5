"""The languages' files say everything that the code says, in words that can be filled in, and are what Django reads."""

from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.utils.translation import gettext, ngettext, override

from api import catalogues
from api.conf.languages import spoken


@pytest.mark.parametrize("language", catalogues.languages())
def test_every_text_is_said_in_the_language_with_its_places(language: str) -> None:
    found = catalogues.faults(language)
    assert not found, catalogues.in_order(found)


def test_texts_of_code_of_templates_and_of_refusals_are_found() -> None:
    texts = catalogues.texts()
    assert "api/desk/law.py" in texts["at once"]
    assert ("%(n)s day of notice", "%(n)s days of notice") in texts
    assert {"api/desk/templates/apply/base.html", "api/desk/templates/desk/base.html"} <= set(
        texts["Sign out"]
    )
    assert "registry/rules/freezing.py" in texts["a term is at most {months} months"]
    assert "registry/rules/particulars.py" in texts["one of the offices is the head office"]
    assert "api/officers.py" in texts["no officer has this number"]


def test_no_text_is_called_within_a_formatted_string_where_nobody_finds_it() -> None:
    for path in sorted((catalogues.ROOT / "api").rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "{gettext('" not in line, path
            assert '{gettext("' not in line, path


def test_arabic_counts_as_arabic_counts() -> None:
    with override("ar"):
        said = [
            ngettext("%(n)s day to appeal", "%(n)s days to appeal", n) % {"n": n} for n in (1, 2, 3, 11, 100)
        ]
    assert said == ["يوم واحد للتظلّم", "يومان للتظلّم", "3 أيام للتظلّم", "11 يومًا للتظلّم", "100 يوم للتظلّم"]


@pytest.fixture
def swahili(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language without a file yet."""
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path / "whole")
    monkeypatch.setattr(catalogues, "PUBLIC_FOLDER", tmp_path / "public")
    monkeypatch.setattr(
        catalogues,
        "texts",
        lambda: {"Save": ["a.py"], "%(n)s days": ["a.py"], ("%(n)s day", "%(n)s days long"): ["b.py"]},
    )
    return "sw"


def _say(language: str, **said: object) -> None:
    """Write translations into the file; keys are the first words of the text."""
    catalogue: Catalog = catalogues.read(language)
    for message in catalogue:
        first = message.id if isinstance(message.id, str) else message.id[0]
        for key, words in said.items():
            if first and first.replace("%(n)s ", "") == key:
                message.string = words  # type: ignore[assignment]
    catalogues.write(language, catalogue)


def test_another_language_is_one_file_that_grows_with_the_code(swahili: str) -> None:
    assert catalogues.refresh(swahili) == 3
    assert [fault.split(":")[0] for fault in catalogues.faults(swahili)] == ["missing"] * 3
    _say(swahili, Save="Hifadhi", days="siku %(n)s", day=("siku moja", "siku %(n)s"))
    assert catalogues.refresh(swahili) == 0
    assert catalogues.faults(swahili) == []
    before = catalogues.source(swahili).read_bytes()
    assert catalogues.refresh(swahili) == 0
    assert catalogues.source(swahili).read_bytes() == before
    assert catalogues.languages() == [swahili]
    assert spoken(catalogues.FOLDER) == [("en", "English"), ("sw", "Kiswahili")]


def test_a_language_of_the_public_alone_says_what_the_public_reads(
    swahili: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"Save": ["api/desk/a.py"], "Licensed": ["api/desk/a.py", "api/labels.py"]}
    monkeypatch.setattr(catalogues, "texts", lambda: texts)
    catalogues.begin(swahili, public=True)
    assert catalogues.refresh(swahili) == 1
    assert [fault for fault in catalogues.faults(swahili) if "missing" in fault] == [
        "missing: 'Licensed' (api/desk/a.py)"
    ]
    assert catalogues.languages() == [swahili]
    assert spoken(catalogues.FOLDER) == [("en", "English")]


@pytest.mark.parametrize("broken", ["siku", "siku %(m)s", "siku %(n)s %", "siku %(n)s <b>", "siku {n}"])
def test_a_place_that_is_lost_or_made_up_is_a_fault(swahili: str, broken: str) -> None:
    catalogues.refresh(swahili)
    _say(swahili, Save="Hifadhi", days=broken, day=("siku moja", "siku %(n)s"))
    assert any("places differ" in fault for fault in catalogues.faults(swahili))


def test_a_doubtful_text_is_a_fault_and_is_not_said(swahili: str) -> None:
    catalogues.refresh(swahili)
    _say(swahili, Save="Hifadhi", days="siku %(n)s", day=("siku moja", "siku %(n)s"))
    path = catalogues.source(swahili)
    path.write_text(path.read_text().replace('msgid "Save"', '#, fuzzy\nmsgid "Save"'))
    catalogues.refresh(swahili)
    assert any("doubtful" in fault for fault in catalogues.faults(swahili))
    assert b"Hifadhi" not in catalogues.compiled(swahili)


def test_what_is_said_no_more_goes(swahili: str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogues.refresh(swahili)
    monkeypatch.setattr(catalogues, "texts", lambda: {"Save": ["a.py"]})
    assert any("said no more" in fault for fault in catalogues.faults(swahili))
    catalogues.refresh(swahili)
    assert [fault.split(":")[0] for fault in catalogues.faults(swahili)] == ["missing"]


def _reviewed(language: str) -> None:
    """Do as a native reader does who has read the file: take away the line above each text."""
    path = catalogues.source(language)
    path.write_text(
        path.read_text(encoding="utf-8").replace(f"# {catalogues.UNSIGNED}\n", ""), encoding="utf-8"
    )


@pytest.fixture
def signed(swahili: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language whose one text of the public a reader has signed."""
    monkeypatch.setattr(catalogues, "texts", lambda: {"Licensed": ["api/labels.py"]})
    catalogues.begin(swahili, public=True)
    catalogues.refresh(swahili)
    _say(swahili, Licensed="Ana leseni")
    _reviewed(swahili)
    assert catalogues.sign(swahili, by="Amina Yusuf", on=date(2026, 12, 1)) == 1
    return swahili


def test_what_a_reader_signed_stays_signed_when_the_file_is_brought_up_to_date(signed: str) -> None:
    before = catalogues.source(signed).read_bytes()
    assert b"# signed: Amina Yusuf, 2026-12-01, " in before
    assert catalogues.refresh(signed) == 0
    assert catalogues.source(signed).read_bytes() == before
    assert catalogues.signed(signed) == {"Licensed"}
    assert catalogues.faults(signed) == []


def test_another_translation_of_the_same_text_is_not_signed(signed: str) -> None:
    _say(signed, Licensed="Hana leseni")
    assert catalogues.signed(signed) == frozenset()
    assert catalogues.faults(signed) == ["changed since it was signed: 'Licensed'"]
    catalogues.refresh(signed)
    assert catalogues.UNSIGNED in catalogues.source(signed).read_text(encoding="utf-8")
    assert catalogues.faults(signed) == []


def test_another_text_with_the_same_translation_is_not_signed(signed: str) -> None:
    path = catalogues.source(signed)
    path.write_text(
        path.read_text(encoding="utf-8").replace('msgid "Licensed"', 'msgid "Unlicensed"'), encoding="utf-8"
    )
    assert catalogues.signed(signed) == frozenset()


def test_a_doubtful_or_empty_text_and_one_that_nobody_has_read_are_not_signed(
    swahili: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {text: ["api/labels.py"] for text in ("Licensed", "Fine", "Advice")}
    monkeypatch.setattr(catalogues, "texts", lambda: texts)
    catalogues.begin(swahili, public=True)
    catalogues.refresh(swahili)
    _say(swahili, Licensed="Ana leseni", Fine="Faini")
    assert catalogues.sign(swahili, by="Amina Yusuf", on=date(2026, 12, 1)) == 0
    _reviewed(swahili)
    path = catalogues.source(swahili)
    path.write_text(
        path.read_text(encoding="utf-8").replace('msgid "Fine"', '#, fuzzy\nmsgid "Fine"'), encoding="utf-8"
    )
    assert catalogues.sign(swahili, by="Amina Yusuf", on=date(2026, 12, 1)) == 1
    assert catalogues.signed(swahili) == {"Licensed"}


def test_a_text_that_has_no_translation_is_said_in_english() -> None:
    with override("ar"):
        assert gettext("no such text") == "no such text"


def test_arabic_keeps_to_its_glossary() -> None:
    page = (catalogues.ROOT / "docs" / "glossary-ar.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:4]] for line in page.splitlines() if line.startswith("| ")
    ]
    said = "\n".join(str(message.string) for message in catalogues.read("ar"))
    assert len(rows) > 60
    assert [arabic for _english, arabic, _not in rows[1:] if arabic not in said] == []
    assert not [
        avoided
        for *_, avoided in rows[1:]
        if avoided and "," not in avoided and avoided != "سحب" and avoided in said
    ]
