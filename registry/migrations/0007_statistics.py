"""The one right of the owner that an intake needs: to take statistics of tables that it has just filled."""

from django.db import migrations

CREATE = """
CREATE FUNCTION registry_take_statistics(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY tables LOOP
        IF wanted !~ '^registry_[a-z]+$' THEN
            RAISE EXCEPTION '% is no table of the register', wanted USING ERRCODE = 'invalid_parameter_value';
        END IF;
        EXECUTE format('ANALYZE public.%I', wanted);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """Add it."""

    dependencies = [("registry", "0006_published_lists")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION registry_take_statistics(text[]);")]
