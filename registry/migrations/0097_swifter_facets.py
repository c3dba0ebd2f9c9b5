"""Facets of whoever has no countries, jobs or offices of his own cost less; they are the same facets.

PL/pgSQL starts an executor for each query that it meets, and there were four a row, for tens of thousands of rows of a
list that has nothing to ask of.
"""

from django.db import migrations

FACETS = """
CREATE OR REPLACE FUNCTION registry_facets(body text, class text, corridors varchar[], may_recruit boolean) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    said jsonb;
    cut jsonb;
    jobs jsonb;
    offices jsonb;
    found text[];
BEGIN
    IF NOT may_recruit THEN
        RETURN NULL;
    END IF;
    said := body::jsonb;
    cut := said #> '{scope,cut}';
    jobs := said #> '{scope,occupations}';
    offices := said -> 'offices';
    found := ARRAY['class:' || class];
    IF cardinality(corridors) = 0 THEN
        found := found || 'for:*'::text;
    ELSE
        found := found || (
            SELECT coalesce(array_agg('for:' || one), '{}') FROM unnest(corridors) AS one
        );
    END IF;
    IF jsonb_array_length(jobs) = 0 THEN
        found := found || 'job:*'::text;
    ELSE
        -- An occupation is found by each group that holds it, and a group by each occupation in it.
        found := found || (
            SELECT coalesce(array_agg(DISTINCT facet), '{}')
            FROM jsonb_array_elements_text(jobs) AS one, generate_series(1, length(one)) AS letters,
                 LATERAL (VALUES ('job:' || left(one, letters)), ('all:' || one)) AS told (facet)
        );
    END IF;
    -- A cut of countries and occupations together takes none of them whole.
    IF jsonb_typeof(cut) = 'object' AND jsonb_array_length(cut -> 'occupations') = 0 THEN
        found := found || (
            SELECT coalesce(array_agg('not:' || one), '{}') FROM jsonb_array_elements_text(cut -> 'corridors') AS one
        );
    ELSIF jsonb_typeof(cut) = 'object' AND jsonb_array_length(cut -> 'corridors') = 0 THEN
        found := found || (
            SELECT coalesce(array_agg('none:' || one), '{}') FROM jsonb_array_elements_text(cut -> 'occupations') AS one
        );
    END IF;
    IF jsonb_array_length(offices) > 0 THEN
        found := found || (
            SELECT coalesce(array_agg(DISTINCT 'at:' || (one ->> 'country') || ':' || (one ->> 'locality')), '{}')
            FROM jsonb_array_elements(offices) AS one WHERE one ->> 'locality' <> ''
        );
    END IF;
    RETURN found;
END $$;
"""


class Migration(migrations.Migration):
    """Say the same with fewer questions; what is stored stays as it is."""

    dependencies = [("registry", "0096_lighter_entries")]

    operations = [migrations.RunSQL(FACETS, migrations.RunSQL.noop)]
