"""The log only grows: no entry or checkpoint is altered or deleted, and a tile is only widened to the right."""

from typing import ClassVar

from django.db import migrations

GUARD = """
CREATE FUNCTION verification_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER verification_logleaf_only_grows BEFORE UPDATE OR DELETE ON verification_logleaf
    FOR EACH ROW EXECUTE FUNCTION verification_log_refuse();
CREATE TRIGGER verification_logcheckpoint_only_grows BEFORE UPDATE OR DELETE ON verification_logcheckpoint
    FOR EACH ROW EXECUTE FUNCTION verification_log_refuse();
CREATE FUNCTION verification_logtile_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.level, NEW.number) = (OLD.level, OLD.number)
       AND length(NEW.data) >= length(OLD.data) AND substr(NEW.data, 1, length(OLD.data)) = OLD.data THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a tile is only widened: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER verification_logtile_only_widens BEFORE UPDATE OR DELETE ON verification_logtile
    FOR EACH ROW EXECUTE FUNCTION verification_logtile_guard();
ALTER TABLE verification_logtile ADD CONSTRAINT log_tile_width
    CHECK (length(data) BETWEEN 32 AND 8192 AND length(data) % 32 = 0);
"""

UNDO = """
ALTER TABLE verification_logtile DROP CONSTRAINT log_tile_width;
DROP TRIGGER verification_logtile_only_widens ON verification_logtile;
DROP FUNCTION verification_logtile_guard();
DROP TRIGGER verification_logcheckpoint_only_grows ON verification_logcheckpoint;
DROP TRIGGER verification_logleaf_only_grows ON verification_logleaf;
DROP FUNCTION verification_log_refuse();
"""


class Migration(migrations.Migration):
    """Add the triggers."""

    dependencies: ClassVar = [("verification", "0003_log")]

    operations: ClassVar = [migrations.RunSQL(GUARD, UNDO)]
