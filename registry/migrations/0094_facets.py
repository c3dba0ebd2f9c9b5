"""What whoever looks for an agency may choose by, kept beside what is published of each licence that may recruit."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

FACETS = """
CREATE FUNCTION registry_facets(body text, class text, corridors varchar[], may_recruit boolean) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    said jsonb;
    cut jsonb;
    jobs jsonb;
    found text[];
BEGIN
    IF NOT may_recruit THEN
        RETURN NULL;
    END IF;
    said := body::jsonb;
    cut := said #> '{scope,cut}';
    jobs := said #> '{scope,occupations}';
    found := ARRAY['class:' || class];
    IF cardinality(corridors) = 0 THEN
        found := found || 'for:*'::text;
    END IF;
    found := found || (
        SELECT coalesce(array_agg('for:' || one), '{}') FROM unnest(corridors) AS one
    );
    IF jsonb_array_length(jobs) = 0 THEN
        found := found || 'job:*'::text;
    END IF;
    -- An occupation is found by each group that holds it, and a group by each occupation in it.
    found := found || (
        SELECT coalesce(array_agg(DISTINCT facet), '{}')
        FROM jsonb_array_elements_text(jobs) AS one, generate_series(1, length(one)) AS letters,
             LATERAL (VALUES ('job:' || left(one, letters)), ('all:' || one)) AS told (facet)
    );
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
    RETURN found || (
        SELECT coalesce(array_agg(DISTINCT 'at:' || (one ->> 'country') || ':' || (one ->> 'locality')), '{}')
        FROM jsonb_array_elements(said -> 'offices') AS one WHERE one ->> 'locality' <> ''
    );
END $$;
COMMENT ON FUNCTION registry_facets IS 'for which countries (for:, less not:), jobs (job:, all:, less none:), class and places';
"""


class Migration(migrations.Migration):
    """Add the function, the column made of it, and its index."""

    dependencies = [("registry", "0093_alerts")]

    operations = [
        migrations.RunSQL(FACETS, "DROP FUNCTION registry_facets"),
        migrations.AddField(
            model_name="publishedrecord",
            name="facets",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    "body", "licence_class", "corridors", "may_recruit", function="registry_facets"
                ),
                output_field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.TextField(), size=None, null=True
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="publishedrecord",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("may_recruit", True)), fields=["facets"], name="published_facets"
            ),
        ),
    ]
