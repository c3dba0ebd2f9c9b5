"""What lists and tokens follow the register by: what each list is to say, when to look at a badge, how far they came."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the tables; the first round fills them."""

    dependencies: ClassVar = [
        ("verification", "0017_journal_of_proofs"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ListState",
            fields=[
                (
                    "list",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="verification.statuslist",
                    ),
                ),
                ("array", models.BinaryField(help_text="the statuses, two bits each")),
            ],
        ),
        migrations.CreateModel(
            name="ListsPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("transaction", models.BigIntegerField(default=0)),
                ("journal", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("reading", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_lists_place")
                ],
            },
        ),
        migrations.CreateModel(
            name="BadgeWatch",
            fields=[
                (
                    "badge",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="watch",
                        serialize=False,
                        to="verification.badge",
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        help_text="when the clock alone may change what the list says", null=True
                    ),
                ),
                ("token_due_at", models.DateTimeField(null=True)),
                ("kid", models.TextField(blank=True)),
                (
                    "list",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="verification.statuslist",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("until__isnull", False)), fields=["until"], name="watch_until"
                    ),
                    models.Index(
                        condition=models.Q(("until__isnull", False)),
                        fields=["list", "until"],
                        name="watch_list_until",
                    ),
                    models.Index(
                        condition=models.Q(("token_due_at__isnull", False)),
                        fields=["token_due_at", "badge"],
                        name="watch_token_due",
                    ),
                    models.Index(
                        condition=models.Q(("kid", ""), _negated=True), fields=["kid"], name="watch_kid"
                    ),
                ],
            },
        ),
    ]
