"""Tables of trust: public keys as they changed, lists of trust as they were signed."""

from typing import ClassVar

from django.db import migrations, models


def _id() -> tuple[str, models.Field]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    """Add both."""

    dependencies: ClassVar = [("verification", "0011_tokens_and_lists_guards")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="KeyStatement",
            fields=[
                _id(),
                ("kid", models.TextField()),
                ("use", models.TextField()),
                ("authority", models.TextField()),
                ("jwk", models.JSONField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("active", "active"),
                            ("retired", "retired"),
                            ("compromised", "compromised"),
                        ]
                    ),
                ),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("cutoff", models.BigIntegerField(null=True)),
                ("insecure", models.BooleanField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["kid", "-id"], name="key_statement_newest")]},
        ),
        migrations.CreateModel(
            name="TrustListVersion",
            fields=[
                _id(),
                ("version", models.BigIntegerField(unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("document", models.TextField(help_text="JWS in the general JSON form")),
                ("expires_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="trust_list_version_from_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                        name="trust_list_digest_shape",
                    ),
                ]
            },
        ),
    ]
