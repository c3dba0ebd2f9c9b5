"""The scanner's page, worker and manifest as they go out: words of the one table, a policy, nothing of anybody."""

import gzip
import json
import re
from itertools import product
from typing import Any

import pytest
from django.test import Client

from api.pages import render, scanner, verdicts
from registry.rules.grounds import FAVOURABLE
from verification import offline
from verification import verdicts as table
from verification.verdicts import Colour, Reach, Result

WEIGHT = 14 * 1024


@pytest.fixture
def page(public: Client) -> str:
    """The page as text."""
    return public.get("/scan").content.decode()


def told(page: str) -> dict[str, Any]:
    """What its scripts are told."""
    found = re.search(r'<script id="told" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    stated: dict[str, Any] = json.loads(found[1])
    return stated


def test_without_a_script_it_is_the_box_to_type_the_code_into(page: str) -> None:
    assert '<form action="/" method="get" role="search">' in page
    assert '<section id="scanner" hidden>' in page
    assert "camera at the square code" in page.partition("<noscript>")[2].partition("</noscript>")[0]


def test_every_answer_without_a_network_looks_as_the_one_table_says(page: str) -> None:
    for result, reach in product(Result, (Reach.OFFLINE_FRESH, Reach.OFFLINE_OLD)):
        box = page.partition(f'<template data-look="{result} {reach}">')[2].partition("</template>")[0]
        tone, _theme = verdicts.TONES[table.appearance(result, reach).colour]
        assert f'<div class="verdict {tone}">' in box
    assert 'class="verdict go"' not in page, "a whole green is said by the register alone"
    greens = [key for key, look in scanner._looks("en") if look.tone.startswith("go")]
    assert greens == ["licensed offline_fresh"]
    assert table.appearance("licensed", Reach.OFFLINE_FRESH).colour is Colour.GREEN_OUTLINE


def test_every_reason_of_the_verifier_has_a_sentence_and_every_answer_its_steps(page: str) -> None:
    stated = told(page)
    assert stated["because"].keys() == {reason.value for reason in offline.Reason}
    assert stated["steps"].keys() == {result.value for result in Result}
    assert all(stated["steps"].values())
    assert not set(stated["favourable"]) & FAVOURABLE, "codes of the lists, not of the register"
    assert set(re.findall(r"%\((\w+)\)", json.dumps(stated))) == {"when", "host"}


def test_its_policy_lets_it_ask_nobody_else_and_run_nothing_that_stands_in_it(public: Client) -> None:
    response = public.get("/scan")
    policy, page = response["Content-Security-Policy"], response.content.decode()
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for part in ("script-src 'self'", "connect-src 'self'", "worker-src 'self'", "manifest-src 'self'"):
        assert part in policy
    assert not re.search(r"<script(?! src=| id=\"told\" type=\"application/json\")|\bon[a-z]+=", page)
    assert not re.findall(r"https?://", page)
    assert not response.cookies
    assert response["Cache-Control"] == "no-cache"
    again = public.get("/scan", HTTP_IF_NONE_MATCH=response["ETag"])
    assert (again.status_code, again["Content-Security-Policy"]) == (304, policy)


def test_the_page_and_its_scripts_weigh_little(public: Client, page: str) -> None:
    assert len(gzip.compress(page.encode(), 6)) < WEIGHT
    scripts = re.findall(r'<script src="([^"]+)"', page)
    served = [b"".join(public.get(script)) for script in scripts]
    assert len(served) == 4
    assert sum(len(gzip.compress(script, 6)) for script in served) < WEIGHT
    reader = b"".join(public.get(told(page)["reader"]))
    assert len(gzip.compress(reader, 6)) < 16 * 1024


def test_the_worker_is_another_with_each_edition_and_keeps_no_answer(
    public: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = public.get("/worker.js")
    assert first["Content-Type"].startswith("text/javascript")
    assert first["Cache-Control"] == "no-cache"
    assert "connect-src 'self'" in first["Content-Security-Policy"]
    body = first.content.decode()
    stated = json.loads(body.partition("const TOLD = ")[2].partition(";\n")[0])
    for asset in stated["assets"]:
        assert public.get(asset).status_code == 200, asset
        assert asset.endswith(f"?{stated['edition']}")
    assert public.get("/worker.js", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    monkeypatch.setattr(render, "edition", lambda: "next")
    assert public.get("/worker.js").content != first.content


def test_the_manifest_says_how_the_scanner_is_installed(public: Client) -> None:
    response = public.get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    stated = response.json()
    assert (stated["start_url"], stated["scope"], stated["display"]) == ("/scan", "/", "standalone")
    assert {icon["sizes"] for icon in stated["icons"]} == {"192x192", "512x512"}
    assert [icon for icon in stated["icons"] if icon.get("purpose") == "maskable"]
    for icon in stated["icons"]:
        assert b"".join(public.get(icon["src"])).startswith(b"\x89PNG")


def test_a_language_goes_along(public: Client, arabic: Any) -> None:
    page = public.get("/scan?lang=ar").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert 'href="/manifest.webmanifest?lang=ar"' in page
    assert told(page)["says"]["again"] == arabic("Scan another badge")
    stated = public.get("/manifest.webmanifest?lang=ar").json()
    assert (stated["lang"], stated["dir"], stated["start_url"]) == ("ar", "rtl", "/scan?lang=ar")


def test_no_text_of_the_scanner_forgets_to_be_translated(public: Client, arabic: Any) -> None:
    page = public.get("/scan?lang=ar").content.decode()
    stated = told(page)
    texts = [*stated["because"].values(), *stated["doubtful"].values(), *stated["says"].values()]
    texts += [step for steps in stated["steps"].values() for step in steps]
    shown = re.sub(r"<style>.*?</style>|<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)
    latin = {
        word
        for text in (*texts, shown)
        for word in re.findall(r"[A-Za-z]{3,}", re.sub(r"%\(\w+\)s", "", text))
    }
    assert latin <= {"English", "Languages"}
