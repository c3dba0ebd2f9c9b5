"""The English original of what keeps a reader safe, beside a translation that no native reader has vouched for.

A verdict that is translated wrongly is as dangerous as a wrong verdict. So a language in which not every safety text is
signed (:func:`api.catalogues.signed`) says so on the page, and offers the same texts in English (rulings 32).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, override
from django.utils.translation import gettext_noop as _

from api import catalogues, labels
from api.pages import facts, verdicts, wording
from api.pages.languages import gettext

NOTE: Final = _("This translation has not been checked by a native reader yet.")


@dataclass(frozen=True, slots=True)
class Safety:
    """What keeps a reader safe, as one page says it in one language: the verdict, what to do, what to pay."""

    word: str
    sentences: Sequence[str]
    steps: Sequence[str] = ()
    fee: str = ""


def beside(say: Callable[[], Safety]) -> SafeString:
    """What ``say`` says in English, folded up, under a line that says why it is there; nothing where it need not be."""
    if not (why := note()):
        return mark_safe("")
    with override(settings.LANGUAGE_CODE):
        told = say()
    steps = "".join(f"<li>{escape(step)}</li>" for step in told.steps)
    return mark_safe(  # noqa: S308 - every text in it is escaped here
        f'<div class="original"><p>{escape(why)}</p>'
        f'<details lang="en" dir="ltr"><summary>In English</summary>'
        f"<p><b>{escape(told.word)}.</b> {escape(' '.join(told.sentences))}</p>"
        f"{f'<ul>{steps}</ul>' if steps else ''}{f'<p>{escape(told.fee)}</p>' if told.fee else ''}</details></div>"
    )


def answer(
    result: str,
    reasons: Sequence[str],
    record: facts.Record | None = None,
    *,
    may_recruit: bool | None = None,
) -> SafeString:
    """:func:`beside` for an answer about a record; the fee where it is known whether the holder may recruit."""

    def say() -> Safety:
        known = record or {}
        fee = facts.fee(known, may_recruit=may_recruit) if may_recruit is not None else {}
        total, text = fee.get("sum", ""), fee.get("text", "")
        return Safety(
            verdicts.row(result).word,
            wording.sentences(reasons, facts.dates(known)),
            wording.steps(result, reasons),
            text if total in text else f"{total}. {text}",
        )

    return beside(say)


def note() -> str:
    """What a page says of its translation: nothing where a native reader has vouched for it."""
    return "" if signed(get_language() or settings.LANGUAGE_CODE) else gettext(NOTE)


@lru_cache(maxsize=64)
def signed(language: str) -> bool:
    """Whether a native reader has signed every safety text of the language as it stands; English needs nobody."""
    return language == settings.LANGUAGE_CODE or catalogues.signed(language).issuperset(safety())


def safety() -> Iterator[str]:
    """Every text that tells a reader whether to pay: verdicts, their reasons, what to do and what it may cost."""
    yield from labels.RESULTS.values()
    yield from labels.REASONS.values()
    yield from labels.FEES.values()
    yield from wording.BECAUSE.values()
    yield from wording.MISSING.values()
    yield from wording.FEES.values()
    yield wording.ILO
    for steps in (*wording.STEPS.values(), *wording.STEPS_FOR.values()):
        yield from steps
