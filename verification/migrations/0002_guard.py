"""A code stays what it was printed for: no badge is deleted or altered, only withdrawn, and that once."""

from typing import ClassVar

from django.db import migrations

GUARD = """
CREATE FUNCTION verification_badge_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
       AND (NEW.code, NEW.subject_kind, NEW.subject_number, NEW.authority, NEW.issued_at)
         = (OLD.code, OLD.subject_kind, OLD.subject_number, OLD.authority, OLD.issued_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a badge can only be withdrawn: % is refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER verification_badge_only_withdrawn BEFORE UPDATE OR DELETE ON verification_badge
    FOR EACH ROW EXECUTE FUNCTION verification_badge_guard();
"""

UNDO = """
DROP TRIGGER verification_badge_only_withdrawn ON verification_badge;
DROP FUNCTION verification_badge_guard();
"""


class Migration(migrations.Migration):
    """Add the trigger."""

    dependencies: ClassVar = [("verification", "0001_badges")]

    operations: ClassVar = [migrations.RunSQL(GUARD, UNDO)]
