"""Motions of several officers, and mergers of two records of one agency; both stand in the journal.

A motion is only closed; a yes and a merger only grow. What officers write in a motion is sealed.
"""

import django.db.models.deletion
from django.db import migrations, models

ONLY_GROW = ("registry_merger", "registry_motionapproval")
EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}


def _journal(table: str, names: str, sealed: str) -> str:
    function = f"registry_journal_sealed({sealed})" if sealed else "registry_journal()"
    return "".join(
        f"CREATE TRIGGER {table}_journal_{name} AFTER {EVENTS[name][0]} ON {table} REFERENCING {EVENTS[name][1]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function};\n"
        for name in names
    )


GUARDS = "".join(
    f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();\n" + _journal(table, "i", "")
    for table in ONLY_GROW
) + (
    "CREATE TRIGGER registry_motion_only_closed BEFORE UPDATE OR DELETE ON registry_motion "
    "FOR EACH ROW EXECUTE FUNCTION registry_only_closed();\n"
    + _journal("registry_motion", "iud", "'terms', 'closed_reason'")
)
UNDO = (
    "".join(
        f"DROP TRIGGER {table}_only_grows ON {table};\nDROP TRIGGER {table}_journal_i ON {table};\n"
        for table in ONLY_GROW
    )
    + "DROP TRIGGER registry_motion_only_closed ON registry_motion;\n"
    + "".join(f"DROP TRIGGER registry_motion_journal_{name} ON registry_motion;\n" for name in EVENTS)
)

STAYS = """
CREATE FUNCTION registry_stays(agency bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    following bigint;
BEGIN
    LOOP
        SELECT into_id INTO following FROM registry_merger WHERE merged_id = agency;
        IF NOT FOUND THEN
            RETURN agency;
        END IF;
        agency := following;
    END LOOP;
END $$;
COMMENT ON FUNCTION registry_stays IS 'the record of the agency that stays, by any record that was merged into it';
"""


class Migration(migrations.Migration):
    """Add them with their guards."""

    dependencies = [("registry", "0030_policy_proposals")]

    operations = [
        migrations.CreateModel(
            name="Motion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.TextField(help_text="registry.rules.motions.Motion")),
                (
                    "about",
                    models.TextField(help_text="number of the agency, person or request that it is about"),
                ),
                ("terms", models.JSONField()),
                ("proposed_by", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.TextField(
                        choices=[(s, s) for s in ("open", "approved", "declined", "expired")], default="open"
                    ),
                ),
                ("closed_by", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_reason", models.TextField(blank=True)),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="motions",
                        to="registry.authority",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.entry",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["authority", "state", "expires_at"], name="motion_of_authority")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(state="open"), fields=("kind", "about"), name="one_open_motion"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MotionApproval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                ("second_factor_at", models.DateTimeField(null=True)),
                (
                    "motion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="registry.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("motion", "by"), name="one_motion_approval_per_officer")
                ],
            },
        ),
        migrations.CreateModel(
            name="Merger",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.entry"
                    ),
                ),
                (
                    "into",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mergers",
                        to="registry.agency",
                    ),
                ),
                (
                    "merged",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged_into",
                        to="registry.agency",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=~models.Q(merged=models.F("into")), name="merger_of_two")
                ],
            },
        ),
        migrations.RunSQL([GUARDS, STAYS], ["DROP FUNCTION registry_stays;", UNDO]),
    ]
