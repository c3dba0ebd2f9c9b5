"""How far the register was taken into the log, what witnesses signed of it, and withdrawn badges in the journal."""

from typing import ClassVar

from django.db import migrations, models

GUARDS = """
CREATE TRIGGER verification_logcosignature_only_grows BEFORE UPDATE OR DELETE ON verification_logcosignature
    FOR EACH ROW EXECUTE FUNCTION verification_log_refuse();
CREATE FUNCTION verification_journal_badge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
    VALUES (TG_TABLE_NAME, 'U', 0, to_jsonb(NEW), pg_current_xact_id()::text::bigint);
    RETURN NULL;
END $$;
CREATE TRIGGER verification_badge_journal AFTER UPDATE ON verification_badge
    FOR EACH ROW EXECUTE FUNCTION verification_journal_badge();
"""

UNDO = """
DROP TRIGGER verification_badge_journal ON verification_badge;
DROP FUNCTION verification_journal_badge();
DROP TRIGGER verification_logcosignature_only_grows ON verification_logcosignature;
"""


class Migration(migrations.Migration):
    """Add them."""

    dependencies: ClassVar = [
        ("registry", "0008_journal_for_the_log"),
        ("verification", "0004_log_guards"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LogCosignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.BigIntegerField()),
                ("witness", models.TextField(help_text="the witness's key, as lists state it")),
                ("line", models.TextField(help_text="as it stands under the note")),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("witness", "size"), name="log_cosigned_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LogPosition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.BigIntegerField(default=0)),
                ("transaction", models.BigIntegerField(default=0)),
                ("journal", models.BigIntegerField(default=0)),
                ("acknowledged", models.BigIntegerField(default=0)),
                ("unsigned_since", models.DateTimeField(null=True)),
                ("vkey", models.TextField(blank=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_log")],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
