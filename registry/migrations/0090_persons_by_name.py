"""Persons are found by the folded words of their names, and bars among the entries."""

from collections.abc import Iterator
from itertools import islice

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.fields.json import KT

from registry.rules import names

CHUNK = 5000


def fill(apps, schema_editor):  # noqa: ANN001, ANN201, ARG001 - Django's shape
    """Give every person the words of their names."""
    word = apps.get_model("registry", "PersonWord")

    def rows() -> Iterator[models.Model]:
        told = apps.get_model("registry", "Person").objects.values_list("pk", "name", "latin_name")
        for key, *called in told.iterator(chunk_size=CHUNK):
            for one in sorted({w for name in called if name for w in names.of_person(name)}):
                yield word(person_id=key, word=one)

    left = rows()
    while some := list(islice(left, CHUNK)):
        word.objects.bulk_create(some)


class Migration(migrations.Migration):
    """Add the words, fill them, and index papers and bars."""

    dependencies = [("registry", "0081_conditions_that_wait")]

    operations = [
        migrations.CreateModel(
            name="PersonWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.TextField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="registry.person",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "word"), name="person_word_once")],
                "indexes": [
                    models.Index(
                        fields=["word", "person"],
                        name="person_word",
                        opclasses=["text_pattern_ops", "int8_ops"],
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                fields=["document_hmac"],
                condition=models.Q(("document_hmac", ""), _negated=True),
                name="person_paper",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                fields=["id"],
                condition=models.Q(("action__in", ["bar_person", "debar"])),
                name="entry_bars",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                models.F("authority"),
                KT("effect__person"),
                condition=models.Q(("action__in", ["bar_person", "appeal_bar", "dismiss_appeal", "end_bar"])),
                name="entry_of_person",
            ),
        ),
    ]
