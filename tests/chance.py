"""What chance writes into a text: digests, tokens and keys, in which a few digits may stand that mean nothing."""

import re

_RUN = re.compile(r"[0-9A-Za-z]{32,}")


def taken_out(text: str) -> str:
    """The text without them, to look in it for what must not be there: nothing that is said is so long a word."""
    return _RUN.sub("", text)
