"""Screening: marks that link agencies, possible matches, what was found and what officers said of it."""

import django.db.models.deletion
from django.db import migrations, models

ONLY_GROW = (
    "registry_assessment",
    "registry_declaredlink",
    "registry_judgement",
    "registry_screening",
    "registry_screeningmatch",
)

GUARDS = "".join(
    f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();\n"
    f"CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();\n"
    for table in ONLY_GROW
)
UNDO = "".join(
    f"DROP TRIGGER {table}_only_grows ON {table};\nDROP TRIGGER {table}_journal_i ON {table};\n"
    for table in ONLY_GROW
)

#: Entries that make an agency one that others are compared with.
ADVERSE = """
CREATE INDEX entry_adverse ON registry_entry (authority_id, agency_id) WHERE action IN (
    'revoke', 'void', 'debar', 'suspend_preventive', 'suspend_emergency', 'suspend_disciplinary', 'refuse_renewal',
    'refuse');
CREATE INDEX entry_security_end ON registry_entry (effective_until) WHERE action = 'confirm_security';
CREATE INDEX entry_security_drawn ON registry_entry (id) WHERE action = 'draw_security';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0020_applications"),
    ]

    operations = [
        migrations.CreateModel(
            name="Assessment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("score", models.PositiveIntegerField()),
                ("rank", models.IntegerField()),
                ("reasons", models.JSONField(help_text="list of code and points")),
            ],
        ),
        migrations.CreateModel(
            name="ScreeningDue",
            fields=[
                (
                    "agency",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="registry.agency",
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ScreeningRound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("sequence", models.BigIntegerField(help_text="of the newest entry read")),
                (
                    "lists",
                    models.JSONField(default=dict, help_text="list -> day of its newest snapshot read"),
                ),
                ("screened", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ScreeningMatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.TextField(help_text="number of the agency or person screened")),
                (
                    "target_kind",
                    models.TextField(
                        choices=[("agency", "agency"), ("person", "person"), ("finding", "outside finding")]
                    ),
                ),
                ("target", models.TextField(help_text="its number; of a finding its row")),
                ("found_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screening_matches",
                        to="registry.agency",
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.authority"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "screening matches",
            },
        ),
        migrations.CreateModel(
            name="Judgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verdict", models.TextField(choices=[("confirm", "the same"), ("clear", "not the same")])),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("second_factor_at", models.DateTimeField(null=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="registry.assessment",
                    ),
                ),
                (
                    "match",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="registry.screeningmatch",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="assessment",
            name="match",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assessments",
                to="registry.screeningmatch",
            ),
        ),
        migrations.CreateModel(
            name="ScreenMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subject",
                    models.TextField(help_text="number of the agency, office or person that it is of"),
                ),
                (
                    "kind",
                    models.TextField(
                        help_text="phone, email, domain, social, address, bank, person or owner"
                    ),
                ),
                ("value", models.TextField(help_text="as it is compared")),
                ("role", models.TextField(blank=True, help_text="of a person: officer or staff")),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.authority",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DeclaredLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.TextField(choices=[("family", "family"), ("client", "same main client")])),
                ("evidence", models.TextField()),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "other", "kind"), name="declared_once"),
                    models.CheckConstraint(
                        condition=models.Q(("agency", models.F("other")), _negated=True),
                        name="declared_between_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "why",
                    models.TextField(
                        choices=[
                            ("application", "application"),
                            ("grant", "grant"),
                            ("change", "change of record"),
                            ("new_target", "new bar, revocation or list"),
                            ("asked", "asked for"),
                        ]
                    ),
                ),
                ("by", models.TextField()),
                ("found", models.PositiveIntegerField()),
                (
                    "highest",
                    models.PositiveIntegerField(help_text="score of the highest match not cleared; 0 = none"),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screenings",
                        to="registry.agency",
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.authority"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agency", "-id"], name="screening_of_agency")],
            },
        ),
        migrations.AddConstraint(
            model_name="screeningmatch",
            constraint=models.UniqueConstraint(
                fields=("agency", "subject", "target_kind", "target"), name="match_once"
            ),
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(fields=["match", "-id"], name="assessment_of_match"),
        ),
        migrations.AddIndex(
            model_name="screenmark",
            index=models.Index(fields=["authority", "kind", "value"], name="mark_value"),
        ),
        migrations.AddConstraint(
            model_name="screenmark",
            constraint=models.UniqueConstraint(
                fields=("agency", "subject", "kind", "value", "role"), name="mark_once"
            ),
        ),
        migrations.RunSQL(GUARDS, UNDO),
        migrations.RunSQL(
            ADVERSE,
            "DROP INDEX entry_adverse; DROP INDEX entry_security_end; DROP INDEX entry_security_drawn;",
        ),
    ]
