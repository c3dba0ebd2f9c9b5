"""``/codes``: every code of the register with its texts in every language that has them."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import URLPattern, path
from django.utils.translation import gettext, override
from rest_framework import serializers

from api import etags, labels, problems
from api.public import route


class CodeBody(serializers.Serializer[Any]):
    """One code."""

    code = serializers.CharField()
    texts = serializers.DictField(child=serializers.CharField(), help_text="By language (BCP 47).")
    status = serializers.IntegerField(required=False, help_text="Of a problem: its HTTP status.")


class CodesBody(serializers.Serializer[Any]):
    """All vocabularies."""

    version = serializers.CharField(help_text="Changes when any text or code changes.")
    languages = serializers.ListField(child=serializers.CharField())
    kinds = serializers.DictField(
        child=CodeBody(many=True),
        help_text=f"{', '.join(f'`{kind}`' for kind in labels.KINDS)} and `problems`.",
    )


@route.get(tag="Codes", body=CodesBody)
def codes(_ask: route.Ask) -> route.Answer:
    """Every code with its texts.

    Results, states, reasons, grounds, actions and sanctions, each with its text in every language we speak, and
    problems in those that officials speak too. Codes are stable; texts may be improved at any release.
    """
    return route.Answer(_everything(), caching=etags.RELEASE)


@lru_cache(maxsize=1)
def _everything() -> bytes:
    """The body, the same for every reader until the next release."""
    spoken = labels.languages()
    # what programs are told has no text in the languages of workers alone
    programmers = [one for one in spoken if one in dict(settings.LANGUAGES)]
    kinds: dict[str, list[dict[str, Any]]] = {
        kind: [{"code": code, "texts": {s: labels.text(kind, code, s) for s in spoken}} for code in codes_of]
        for kind, codes_of in labels.KINDS.items()
    }
    kinds["problems"] = [
        {"code": code, "status": kind.status, "texts": {s: _title(kind, s) for s in programmers}}
        for code, kind in problems.KINDS.items()
    ]
    return route.written({"version": labels.version(), "languages": spoken, "kinds": kinds})


def _title(kind: problems.Kind, language: str) -> str:
    with override(language):
        return gettext(kind.title)


urlpatterns: list[URLPattern] = [path("v1/codes", codes, name="codes")]
