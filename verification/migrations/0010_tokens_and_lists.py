"""Tables of what is signed about badges: tokens, status lists, their indices and publications."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add them."""

    dependencies: ClassVar = [
        ("verification", "0005_log_position"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="StatusList",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "authority",
                    models.TextField(db_index=True, help_text="code of the authority that signs it"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StatusPublication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uri", models.TextField()),
                ("sha256", models.TextField(help_text="of the statuses, inflated, in hexadecimal digits")),
                ("published_at", models.DateTimeField()),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="verification.statuslist",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BadgeToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kid", models.TextField(help_text="which key signed it")),
                (
                    "sha256",
                    models.TextField(help_text="of the COSE_Sign1, in hexadecimal digits", unique=True),
                ),
                ("digits", models.TextField(help_text="the statement as print L holds it")),
                (
                    "credential",
                    models.TextField(
                        blank=True, help_text="the same as a verifiable credential, where there is one"
                    ),
                ),
                (
                    "rests_on",
                    models.TextField(
                        help_text="issuer, sequence and beginning of the published answer behind it"
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "term_ends_at",
                    models.DateTimeField(help_text="of the licence; no later print outlives it"),
                ),
                (
                    "badge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tokens",
                        to="verification.badge",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["badge", "-id"], name="badge_token_newest")],
            },
        ),
        migrations.CreateModel(
            name="StatusIndex",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("index", models.PositiveIntegerField()),
                (
                    "badge",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="status",
                        to="verification.badge",
                    ),
                ),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="indices",
                        to="verification.statuslist",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("list", "index"), name="status_index_once")],
            },
        ),
        migrations.CreateModel(
            name="SignedList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("array", models.BinaryField(help_text="the statuses, two bits each")),
                ("cwt", models.BinaryField()),
                ("jwt", models.TextField()),
                ("revocation", models.TextField(help_text="Bitstring Status List credential")),
                ("suspension", models.TextField(help_text="the same")),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signed",
                        to="verification.statuslist",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("list", "issued_at"), name="signed_list_once")
                ],
            },
        ),
    ]
