"""The certificate of status as a page to print: what the signed statement says in words, and the statement itself.

The signed text stands in a square code and is attached to the file, so that the paper and the file each prove
themselves; the words are for people. Set by Typst from ``certificate.typ``; data goes in as data, never as markup.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst
from django.conf import settings
from django.utils.translation import gettext, override

from api import etags, labels
from api.public import route
from verification import qr

PDF: Final = "application/pdf"
PRINTED: Final = {PDF: "The same as a page to print, with the signed text in a square code and attached."}
_TEMPLATE: Final = Path(__file__).with_name("certificate.typ")


def printed(body: Mapping[str, Any], receipt: str, *, language: str, at: datetime) -> route.Answer:
    """The page; ``body`` is the certificate as its JSON says it, ``receipt`` the signed form of the same."""
    with override(language):
        told = _told(json.loads(labels.spliced(route.written(body).decode(), language)), language, at)
    told |= {"receipt": receipt, "code": _code(receipt)}
    content = _set(told)
    name = f"{body['number']}-{body['on']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return route.Answer(content, seeds=None, caching=etags.KEEP_NOT, headers=headers, media_type=PDF)


def _code(receipt: str) -> str:
    """The square code of the signed text; nothing when a day has so many parts that none would hold it."""
    try:
        return qr.text_svg(receipt)
    except qr.PrintTooLarge:
        return ""


def _told(body: Mapping[str, Any], language: str, at: datetime) -> dict[str, Any]:
    """What the page says, in the reader's language."""
    verdict, authority = body["verdict"], body["authority"]
    names = authority["name"]
    state, rtl = body["standing"]["state"], language.partition("-")[0] in settings.LANGUAGES_BIDI
    address = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/api/v1/receipts/verify"
    facts = [
        (gettext("Licence"), body["number"]),
        (gettext("Held by"), body["holder"]["name"]),
        (gettext("On the day"), f"{body['on']} ({body['zone']})"),
        (gettext("Result"), labels.text("results", verdict["result"], language)),
        (gettext("Status"), labels.text("states", state, language) if state else "–"),
        (gettext("May recruit"), gettext("yes") if verdict["may_recruit"] else gettext("no")),
        *((gettext("Reason"), reason["text"]) for reason in verdict["reasons"]),
        *(
            fact
            for term in body["terms"]
            for fact in (
                (gettext("Licence from"), term["first_day"]),
                (gettext("Licence until"), term["last_day"]),
            )
        ),
        (gettext("Register's sequence number"), str(body.get("known_sequence", body["sequence"]))),
        (gettext("Made at"), f"{at:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    return {
        "language": language.partition("-")[0],
        "rtl": rtl,
        "issuer": str(
            names.get(language) or names.get("en") or next(iter(names.values()), authority["code"])
        ),
        "title": gettext("Certificate of status"),
        "facts": [list(fact) for fact in facts],
        "says": gettext(
            "This page says what the register said about that day. Only the signed text in the square code proves it: "
            "send it to %(address)s, or verify it yourself."
        )
        % {"address": f"\u2066{address}\u2069" if rtl else address},
        "demo": gettext("DEMO: nothing on this page is real.") if settings.REGISTRY_DEMO else "",
    }


def _set(told: Mapping[str, Any]) -> bytes:
    data = json.dumps(told, ensure_ascii=False)
    content = typst.compile(_source(), format="pdf", font_paths=_fonts(), sys_inputs={"data": data})
    if not isinstance(content, bytes):
        message = "a certificate is one file"
        raise TypeError(message)
    return content


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts of all our prints; a machine's own too, for names in scripts that none of ours has."""
    return typst.Fonts(font_paths=[settings.ROOT / "api" / "desk" / "print" / "fonts"])


@lru_cache(maxsize=1)
def _source() -> bytes:
    return _TEMPLATE.read_bytes()
