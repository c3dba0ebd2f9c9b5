"""What people may search for: one row for each thing an agency is known by, and the words that names are made of.

Both tables are derived from the agency, its channels and its licences; ``registry.search`` writes them in the
transaction that changes those, and can make them again at any time.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchName(models.Model):
    """One name, number or contact of a subject, public during ``valid``.

    ``folded`` is the text as it is compared. ``keys`` are hashes: a shared key makes a candidate, never a match.
    ``licence`` is filled where the row belongs to one licence of the subject alone (its numbers).
    """

    subject_kind = models.TextField(default="agency")
    subject = models.TextField(help_text="the subject's number")
    licence = models.TextField(blank=True)
    authority = models.TextField()
    country = models.CharField(max_length=2)
    kind = models.TextField(help_text="legal, latin, trading, alias, number, phone, email, domain or social")
    text = models.TextField(help_text="as the register shows it")
    folded = models.TextField()
    keys = ArrayField(models.IntegerField())
    valid = DateTimeRangeField()

    class Meta:
        indexes = [
            # Entries are added at once: a pending list would be read through by every search until the next vacuum.
            GinIndex(fields=["keys"], name="search_keys", fastupdate=False),
            models.Index(fields=["subject"], name="search_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind} {self.text}"


class SearchWord(models.Model):
    """A word of names, with what finds it when it is mistyped, and how many names have it.

    Rows are only added: a change of ``names`` is another row of the same word, so that two writers never wait for
    each other's common words. ``registry.search.indexing.recount`` adds them up. The empty word counts all names.
    """

    word = models.TextField()
    key = models.IntegerField()
    sound = models.IntegerField(null=True, help_text="hash of the word's consonants by sound")
    deletions = ArrayField(
        models.IntegerField(), default=list, help_text="hashes of the word with letters left out"
    )
    names = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["key"], name="search_word_key"),
            models.Index(fields=["sound"], name="search_word_sound"),
            models.Index(fields=["word"], name="search_word_prefix", opclasses=["text_pattern_ops"]),
            GinIndex(fields=["deletions"], name="search_word_deletions", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.word} {self.names:+d}"
