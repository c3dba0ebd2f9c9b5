"""The static files of a process: those that are there when it begins."""

from typing import Final

from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

_LOOKS: Final = 50
"""How often files may go before that is an error. A look at all of them lies between: there is no other pause."""


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """whitenoise, which begins though files that stand below ``STATIC_ROOT`` go while it looks.

    The library ends a process that meets a file which has gone. What is there is served by the size it had then: files
    are put in place whole, before a process begins that is to offer them (``docs/deployment.md``).
    """

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        """Look again where a file went while it was looked at; in the end that is an error."""
        for left in reversed(range(_LOOKS)):
            try:
                super().update_files_dictionary(root, prefix)
            except FileNotFoundError:
                if not left:
                    raise
            else:
                return
