"""Persons by the words of their names, in each script that they are recorded in, whatever the case and the accents.

Each folded word of a name (``rules.names``) is a row, derived in the transaction that writes the name and found by how
it begins, through an index.
"""

from collections.abc import Iterator
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from registry.models import Person, PersonWord
from registry.rules import names

MOST: Final = 8
"""Words of a question that are read."""


def index(person: Person) -> None:
    """Have the person found by what they are called now; within the caller's transaction."""
    wanted = _words(person.name, person.latin_name)
    held = set(PersonWord.objects.filter(person=person).values_list("word", flat=True))
    if gone := held - wanted:
        PersonWord.objects.filter(person=person, word__in=gone).delete()
    for word in sorted(wanted - held):
        PersonWord.objects.create(person=person, word=word)


def called(rows: QuerySet[Person], text: str) -> QuerySet[Person]:
    """Those of ``rows`` of whose name each word of ``text`` is, or begins, a word; none where no word is asked."""
    asked = names.of_person(text)[:MOST]
    if not asked:
        return rows.none()
    for word in asked:
        rows = rows.filter(Exists(PersonWord.objects.filter(person=OuterRef("pk"), word__startswith=word)))
    return rows


def begins(text: str, *told: str) -> bool:
    """Whether each word of ``text`` is, or begins, a word of one of these names, as ``called`` has it."""
    asked, words = names.of_person(text)[:MOST], _words(*told)
    return bool(asked) and all(any(word.startswith(one) for word in words) for one in asked)


def unlike() -> Iterator[tuple[str, set[str], set[str]]]:
    """Persons whose words are not those of their names: number, what is held, what should be."""
    held: dict[int, set[str]] = {}
    for person, word in PersonWord.objects.values_list("person", "word").iterator():
        held.setdefault(person, set()).add(word)
    for row in Person.objects.order_by("number").iterator():
        wanted = _words(row.name, row.latin_name)
        if (kept := held.get(row.pk, set())) != wanted:
            yield row.number, kept, wanted


def _words(*told: str) -> set[str]:
    return {word for name in told if name for word in names.of_person(name)}
