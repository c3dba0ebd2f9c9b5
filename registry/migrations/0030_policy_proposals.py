"""Versions of a policy set that wait for a second administrator: only closed, and in the journal."""

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER registry_policyproposal_only_closed BEFORE UPDATE OR DELETE ON registry_policyproposal
    FOR EACH ROW EXECUTE FUNCTION registry_only_closed();
CREATE TRIGGER registry_policyproposal_journal_i AFTER INSERT ON registry_policyproposal
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed('closed_reason');
CREATE TRIGGER registry_policyproposal_journal_u AFTER UPDATE ON registry_policyproposal
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed('closed_reason');
CREATE TRIGGER registry_policyproposal_journal_d AFTER DELETE ON registry_policyproposal
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed('closed_reason');
"""
UNDO = """
DROP TRIGGER registry_policyproposal_journal_d ON registry_policyproposal;
DROP TRIGGER registry_policyproposal_journal_u ON registry_policyproposal;
DROP TRIGGER registry_policyproposal_journal_i ON registry_policyproposal;
DROP TRIGGER registry_policyproposal_only_closed ON registry_policyproposal;
"""


class Migration(migrations.Migration):
    """Add the table and its triggers."""

    dependencies = [
        ("registry", "0023_screening_companies"),
    ]

    operations = [
        migrations.CreateModel(
            name="PolicyProposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rules", models.JSONField(help_text="registry.rules.policy.Policy as JSON")),
                (
                    "after_version",
                    models.PositiveIntegerField(help_text="the newest version when it was proposed"),
                ),
                ("in_force_from", models.DateTimeField(help_text="empty: from its approval on", null=True)),
                ("proposed_by", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("open", "open"),
                            ("approved", "approved"),
                            ("declined", "declined"),
                            ("expired", "expired"),
                        ],
                        default="open",
                    ),
                ),
                ("closed_by", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_reason", models.TextField(blank=True)),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policy_proposals",
                        to="registry.authority",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(("closed_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_by_two",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("authority",),
                        name="one_open_policy_of_authority",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
