"""Profiles: the shipped ones, one of our own anywhere, and a refusal that names the key at fault."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry.intake import profile
from registry.intake.refusals import ProfileInvalid, ProfileNotFound

GOOD = """
profile = "xa_list"
kind = "register"
title = "Licensed recruiters"
source = "Ministry of Labour"

[authority]
code = "MOL"
name = { en = "Ministry of Labour" }
country = "XA"
time_zone = "Asia/Kathmandu"

[fixed]
status = "licensed"

[file]
format = "csv"

[columns]
number = { heading = "No.", absent = "refuse" }
name = "Name"

[identity]
holder = ["number"]
"""


def _with(change: dict[str, Any]) -> dict[str, Any]:
    """The good profile with some dotted keys set, or taken away (``None``)."""
    content = tomllib.loads(GOOD)
    for dotted, value in change.items():
        *path, last = dotted.split(".")
        table = content
        for step in path:
            table = table.setdefault(step, {})
        if value is None:
            del table[last]
        else:
            table[last] = value
    return content


@pytest.mark.parametrize("name", profile.shipped_names())
def test_every_shipped_profile_loads(name: str) -> None:
    found = profile.load(name)
    assert found.key == name
    assert found.layout_on(date(2021, 4, 9)).columns["name"]


def test_the_lists_of_the_seven_sources_have_profiles() -> None:
    assert set(profile.shipped_names()) >= {
        "bd_recruiting_agencies",
        "uk_sponsor_register",
        "us_h2a_debarments",
        "us_h2b_debarments",
        "jp_labour_law_violations",
    }


def test_a_profile_outside_the_repository_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert profile.load(str(path)).authority.full_code == "XA-MOL"


def test_the_profile_in_the_documentation_is_a_profile() -> None:
    page = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")
    whole, layouts = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    found = profile.read(tomllib.loads(whole))
    assert (found.freshness_days, found.authority.full_code) == (45, "XA-MOL")
    assert [set(table) for table in tomllib.loads(layouts)["layout"]] == [
        {"until", "split"},
        {"from", "file", "columns"},
    ]


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(ProfileNotFound, match="uk_sponsor_register"):
        profile.load("no_such_list")


def test_what_is_no_toml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("profile = \n", encoding="utf-8")
    with pytest.raises(ProfileInvalid, match="line 1"):
        profile.load(str(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("profile", None),
        ("profile", "No Spaces"),
        ("kind", "list"),
        ("title", "  "),
        ("freshness_days", 0),
        ("freshness_days", "45"),
        ("freshness_days", True),
        ("dates", ["%d/%m/%y"]),
        ("dates", "iso"),
        ("surprise", 1),
        ("authority.code", "mol"),
        ("authority.country", "UK"),
        ("authority.time_zone", "Nepal/Pokhara"),
        ("authority.name", {}),
        ("authority.surprise", "x"),
        ("file.format", "pdf"),
        ("file.encoding", "klingon"),
        ("file.delimiter", "||"),
        ("file.header_row", 0),
        ("file.heder_row", 3),
        ("columns.name", None),
        ("columns.nmae", "Name"),
        ("columns.name", 3),
        ("columns.last_day", {"heading": "Until", "absent": "nothing"}),
        ("columns.last_day", {"heading": "Until", "dates": ["%Y"]}),
        ("columns.number", {"heading": "No.", "trading_as": True}),
        ("columns.number", {"absent": "refuse"}),
        ("columns.name", {"heading": "Name", "absent": "flag"}),
        ("identity.holder", ["licence_number"]),
        ("identity.holder", []),
        ("identity.licence", ["class"]),
        ("fixed.status", "fine"),
        ("fixed.status", None),
        ("fixed.country", "UK"),
        ("columns.status", "Status"),
        ("leaves_after_days", 365),
        ("words", {"status": [{"means": "valid", "words": ["x"]}]}),
        ("words", {"status": [{"means": "licensed"}]}),
        ("words", {"colour": [{"means": "red", "words": ["x"]}]}),
        ("split", {"columns": ["class"], "separator": "/"}),
        ("split", {"columns": ["name"]}),
        ("layout", [{"until": "2021-01-01"}]),
        ("layout", [{"until": date(2021, 1, 1), "colums": {}}]),
        ("layout", {"until": date(2021, 1, 1)}),
    ],
)
def test_a_fault_in_a_profile_is_named(key: str, value: object) -> None:
    with pytest.raises(ProfileInvalid) as refusal:
        profile.read(_with({key: value}))
    named = str(refusal.value.facts["key"])
    assert named, refusal.value.detail
    assert re.split(r"[.\[]", named)[0] == re.split(r"\.", key)[0] or named == "fixed.status"
    assert named in refusal.value.detail


def test_findings_have_no_status_and_no_licences() -> None:
    with pytest.raises(ProfileInvalid, match="status"):
        profile.read(_with({"kind": "findings"}))


def test_a_day_that_no_layout_covers_is_refused() -> None:
    spec = profile.read(_with({"layout": [{"from": date(2021, 1, 1)}]}))
    with pytest.raises(ProfileInvalid, match="2020-12-31"):
        spec.layout_on(date(2020, 12, 31))
    assert spec.layout_on(date(2021, 1, 1)).format == "csv"


def test_a_layout_stands_over_what_all_have_in_common() -> None:
    spec = profile.read(
        _with(
            {
                "layout": [
                    {
                        "until": date(2021, 7, 25),
                        "file": {"format": "tsv"},
                        "columns": {"name": "Organisation"},
                    },
                    {"from": date(2021, 7, 26)},
                ]
            }
        )
    )
    before, after = spec.layout_on(date(2021, 7, 25)), spec.layout_on(date(2021, 7, 26))
    assert (before.format, before.delimiter, before.columns["name"].heading) == ("tsv", "\t", "Organisation")
    assert (after.format, after.delimiter, after.columns["name"].heading) == ("csv", ",", "Name")
    assert before.columns["number"].heading == after.columns["number"].heading == "No."
