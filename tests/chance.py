"""What chance writes into a text: digests, tokens and keys, in which a few digits may stand that mean nothing."""

import re

from registry.rules import numbering

_RUN = re.compile(r"[0-9A-Za-z]{32,}")


def taken_out(text: str) -> str:
    """The text without them, to look in it for what must not be there: nothing that is said is so long a word."""
    return _RUN.sub("", text)


def without_badge(text: str, code: str) -> str:
    """The text without this badge's code, as it is kept and as it is shown: any year may stand in it."""
    return text.replace(numbering.shown_badge(code), "").replace(code, "")
