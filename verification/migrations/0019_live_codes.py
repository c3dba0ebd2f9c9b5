"""Who may show a live code. A row is accepted once and ended once, and nothing else of it changes."""

from typing import ClassVar

from django.db import migrations, models

GUARD = """
CREATE FUNCTION verification_live_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
       AND (NEW.id, NEW.appointment, NEW.agency, NEW.vouched_by, NEW.invited_at, NEW.key_sha256, NEW.salt)
         = (OLD.id, OLD.appointment, OLD.agency, OLD.vouched_by, OLD.invited_at, OLD.key_sha256, OLD.salt)
       AND (OLD.accepted_at IS NULL
            OR (NEW.account, NEW.accepted_at) IS NOT DISTINCT FROM (OLD.account, OLD.accepted_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an enrolment can only be accepted and ended: % is refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER verification_liveenrolment_guard BEFORE UPDATE OR DELETE ON verification_liveenrolment
    FOR EACH ROW EXECUTE FUNCTION verification_live_guard();
CREATE FUNCTION verification_journal_live() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
    VALUES (TG_TABLE_NAME, left(TG_OP, 1), NEW.id, to_jsonb(NEW), pg_current_xact_id()::text::bigint);
    RETURN NULL;
END $$;
CREATE TRIGGER verification_liveenrolment_journal AFTER INSERT OR UPDATE ON verification_liveenrolment
    FOR EACH ROW EXECUTE FUNCTION verification_journal_live();
"""

UNDO = """
DROP TRIGGER verification_liveenrolment_journal ON verification_liveenrolment;
DROP FUNCTION verification_journal_live();
DROP TRIGGER verification_liveenrolment_guard ON verification_liveenrolment;
DROP FUNCTION verification_live_guard();
"""


class Migration(migrations.Migration):
    """Add the table and its triggers."""

    dependencies: ClassVar = [("verification", "0018_lists_kept_up")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LiveEnrolment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("appointment", models.TextField()),
                ("agency", models.TextField(help_text="the agency's number when it invited")),
                ("vouched_by", models.TextField(help_text="the account of the agency that invited")),
                ("invited_at", models.DateTimeField()),
                (
                    "key_sha256",
                    models.TextField(help_text="of the invitation's key, in hexadecimal digits", unique=True),
                ),
                ("salt", models.TextField(help_text="random, in hexadecimal digits")),
                ("account", models.TextField(blank=True, help_text="the account that accepted")),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.TextField(blank=True, help_text="the account that ended it")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("accepted_at__isnull", False), ("ended_at__isnull", True)),
                        fields=["agency"],
                        name="live_enrolment_of_agency",
                    ),
                    models.Index(fields=["account"], name="live_enrolment_of_account"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("appointment",),
                        name="live_enrolment_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at__isnull", True), ("account", "")),
                            models.Q(
                                models.Q(("account", ""), _negated=True),
                                ("accepted_at__gte", models.F("invited_at")),
                            ),
                            _connector="OR",
                        ),
                        name="live_enrolment_accepted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by", "")),
                            models.Q(
                                models.Q(("ended_by", ""), _negated=True),
                                ("ended_at__gte", models.F("invited_at")),
                            ),
                            _connector="OR",
                        ),
                        name="live_enrolment_ended",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
