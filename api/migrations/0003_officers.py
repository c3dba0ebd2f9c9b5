"""Officers: a number, an authority and roles, apart from the account that signs in."""

import django.contrib.postgres.fields
from django.db import migrations, models

ROLES = [
    "officer",
    "supervisor",
    "registrar",
    "duty_officer",
    "appeals_body",
    "inspector",
    "case_officer",
    "consular",
    "analyst",
    "auditor",
    "administrator",
]


class Migration(migrations.Migration):
    """Add the table of officers."""

    dependencies = [("api", "0002_rate_buckets")]

    operations = [
        migrations.CreateModel(
            name="Officer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=40, unique=True)),
                ("authority", models.CharField(blank=True, max_length=20)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[(role, role.replace("_", " ")) for role in ROLES], max_length=20
                        ),
                        size=None,
                    ),
                ),
                ("appointed_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("roles__contained_by", ROLES), ("roles__len__gt", 0)),
                        name="officer_roles_are_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("authority", ""), _negated=True),
                            ("roles__contained_by", ["administrator", "auditor"]),
                            _connector="OR",
                        ),
                        name="officer_has_an_authority",
                    ),
                ]
            },
        ),
    ]
