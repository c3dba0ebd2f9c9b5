"""Accounts that act for agencies, and the papers that holders send; an applicant whose grant stands is connected.

Both tables are in the change journal, with what may have to be erased sealed (``0022_journal_of_admission``).
"""

import django.db.models.deletion
from django.db import migrations, models

#: The table, its columns that are sealed, and what can happen to a row of it.
JOURNALLED = (
    ("registry_holderaccount", ("account", "said", "reason"), "iud"),
    ("registry_entrypaper", ("reference", "name", "sha256", "stored_as"), "iud"),
)
EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}
JOURNALS = "".join(
    f"CREATE TRIGGER {table}_journal_{name} AFTER {EVENTS[name][0]} ON {table} REFERENCING {EVENTS[name][1]} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed({', '.join(repr(one) for one in columns)});\n"
    for table, columns, names in JOURNALLED
    for name in names
)
GUARD = """
CREATE TRIGGER registry_entrypaper_only_grows BEFORE UPDATE OR DELETE ON registry_entrypaper
    FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();
"""
#: Whoever applied and was granted a licence acts for the agency: two officers decided it then.
GRANTED = """
INSERT INTO registry_holderaccount (authority_id, agency_id, account, said, state, asked_at, first_by, first_at,
    second_by, second_at, ended_by, reason)
SELECT DISTINCT ON (a.agency_id, a.account) a.authority_id, a.agency_id, a.account, '', 'connected', a.opened_at,
    p.by, p.at, g.by, g.at, '', ''
FROM registry_application a
JOIN registry_applicationevent g ON g.application_id = a.id AND g.action = 'grant'
JOIN registry_applicationevent p ON p.application_id = a.id AND p.action = 'propose_grant' AND p.ordinal < g.ordinal
WHERE a.state = 'granted' AND a.kind = 'licence' AND a.agency_id IS NOT NULL
ORDER BY a.agency_id, a.account, p.ordinal DESC;
"""
UNDO = "".join(
    f"DROP TRIGGER {table}_journal_{name} ON {table};\n" for table, _, names in JOURNALLED for name in names
)


class Migration(migrations.Migration):
    """Add them with their guards."""

    dependencies = [("registry", "0051_events_by_time")]

    operations = [
        migrations.CreateModel(
            name="EntryPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.TextField(help_text="random; its address", unique=True)),
                ("name", models.TextField(help_text="as the holder's computer called it")),
                ("media_type", models.TextField(help_text="by its content")),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("sha256", models.TextField()),
                ("stored_as", models.TextField(unique=True)),
                ("added_at", models.DateTimeField()),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="registry.entry",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HolderAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.TextField(help_text="the edge's name for whoever signs in")),
                ("said", models.TextField(blank=True, help_text="who asks, in their own words")),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("asked", "asked"),
                            ("supported", "supported"),
                            ("connected", "connected"),
                            ("declined", "declined"),
                            ("ended", "ended"),
                        ]
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("first_by", models.TextField(blank=True)),
                ("first_at", models.DateTimeField(null=True)),
                ("second_by", models.TextField(blank=True)),
                ("second_at", models.DateTimeField(null=True)),
                ("ended_by", models.TextField(blank=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True, help_text="why it was declined or ended")),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holder_accounts",
                        to="registry.agency",
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holder_accounts",
                        to="registry.authority",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account"], name="holder_account_of_account"),
                    models.Index(fields=["authority", "state", "asked_at"], name="holder_account_waiting"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("asked", "supported", "connected"))),
                        fields=("agency", "account"),
                        name="holder_account_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "connected"), _negated=True),
                            models.Q(
                                ("second_at__isnull", False),
                                models.Q(("first_by", ""), _negated=True),
                                models.Q(("second_by", models.F("first_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="holder_account_by_two",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [JOURNALS, GUARD, GRANTED],
            ["DROP TRIGGER registry_entrypaper_only_grows ON registry_entrypaper;", UNDO],
        ),
    ]
