"""The shapes, drawn once: seen without colour, and without reading."""

from typing import Final

from django.utils.safestring import SafeString, mark_safe

_DRAWN: Final = {
    "circle_tick": '<circle class="shape" cx="32" cy="32" r="30"/><path class="sign line" d="M18 33l10 10 18-21"/>',
    "ring_tick": '<circle class="shape" cx="32" cy="32" r="29"/><path class="sign line" d="M18 33l10 10 18-21"/>',
    "octagon_cross": '<path class="shape" d="M20 2h24l18 18v24L44 62H20L2 44V20z"/>'
    '<path class="sign line" d="M22 22l20 20M42 22L22 42"/>',
    "triangle_mark": '<path class="shape" d="M28 5a5 5 0 0 1 8 0l26 48a5 5 0 0 1-4 8H6a5 5 0 0 1-4-8z"/>'
    '<path class="sign line" d="M32 23v16"/><circle class="sign dot" cx="32" cy="50" r="4"/>',
    "circle_question": '<circle class="shape" cx="32" cy="32" r="30"/>'
    '<path class="sign line" d="M23 25c0-13 19-12 19-1 0 7-10 7-10 15"/>'
    '<circle class="sign dot" cx="32" cy="49" r="4"/>',
}


def drawn(shape: str) -> SafeString:
    """The shape as SVG; one that is not known is drawn as a question."""
    return _MARKS.get(shape, _MARKS["circle_question"])


_MARKS: Final[dict[str, SafeString]] = {
    shape: mark_safe(f'<svg class="mark" viewBox="0 0 64 64" aria-hidden="true">{paths}</svg>')  # noqa: S308 - our own
    for shape, paths in _DRAWN.items()
}
