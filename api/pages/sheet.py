"""The style sheets, read once: squeezed, put inside the page and named in the policy by their hash.

Inside the page, because on a slow line every further request costs more than the whole sheet; by its hash, so that
no other style and no script whatever can run on a page of ours.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static" / "pages"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A squeezed sheet and the content security policy of a page that carries it."""

    css: str
    policy: str


def read(*names: str, scripts: str = "") -> Sheet:
    """The named sheets as one, in order; ``scripts``: what more a page with scripts may do."""
    css = squeezed("\n".join((FOLDER / name).read_text("utf-8") for name in names))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; media-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'{scripts}"
    )
    return Sheet(css, policy)


def squeezed(css: str) -> str:
    """The sheet without comments and needless space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,>]) ?|(:) ", r"\1\2", css).replace(";}", "}").strip()


SITE: Final = read("tokens.css", "site.css")
BADGE: Final = read("tokens.css", "site.css", "badge.css")
SCANNER: Final = read(
    "tokens.css",
    "site.css",
    "scan.css",
    scripts="; script-src 'self'; worker-src 'self'; connect-src 'self'; manifest-src 'self'",
)
