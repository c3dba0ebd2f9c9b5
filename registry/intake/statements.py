"""The set-based statements of :mod:`registry.intake.apply`, over the temporary tables of one intake.

``intake_row`` holds the staged rows, ``intake_fate`` what became of each licence, ``intake_holder`` the holders,
``intake_out`` every licence that the list speaks of as it will stand; their public spans are the view
``intake_published``.
"""

from typing import Final

# --- statements before the transaction -------------------------------------------------------------------------------

#: Who holds the licences of this list: the first row of each speaks, and the agency where the register has one.
HOLDERS: Final = """
CREATE TEMP TABLE intake_holder AS
SELECT DISTINCT ON (r.holder) r.holder, r.line, r.fields, k.agency_id, NULL::text AS number, a.version,
       coalesce(k.listed_only, true) AS listed_only, false AS number_is_its_own
FROM intake_row r
LEFT JOIN (
    SELECT k.holder, min(l.agency_id) AS agency_id, bool_and(decided.agency_id IS NULL) AS listed_only
    FROM registry_listedlicence k JOIN registry_licence l ON l.id = k.licence_id
    LEFT JOIN (
        SELECT DISTINCT agency_id FROM registry_licence WHERE origin <> 'listed'
    ) decided ON decided.agency_id = l.agency_id
    WHERE k.list_key = %(list)s GROUP BY k.holder
) k ON k.holder = r.holder
LEFT JOIN registry_agency a ON a.id = k.agency_id
ORDER BY r.holder, r.line
"""

#: The phones, addresses and sites that the list gives for each holder.
WAYS: Final = """
CREATE TEMP TABLE intake_way AS
SELECT DISTINCT h.holder, said.kind, given AS value, h.line FROM intake_holder h,
    LATERAL (VALUES ('phone', h.fields ->> 'phone'), ('email', h.fields ->> 'email'), ('domain', h.fields ->> 'web'))
        AS said (kind, text),
    regexp_split_to_table(said.text, E'\n') given;
CREATE INDEX ON intake_way (holder);
ANALYZE intake_way;
"""

NUMBER_HOLDERS: Final = """
UPDATE intake_holder h SET number = n.number
FROM (SELECT holder, row_number() OVER (ORDER BY line) AS place FROM intake_holder WHERE agency_id IS NULL) w
JOIN intake_number n ON n.kind = 'agency' AND n.place = w.place WHERE h.holder = w.holder;
UPDATE intake_holder h SET number_is_its_own = true
WHERE h.fields ->> 'company_number' <> '' AND NOT EXISTS (
    SELECT FROM registry_agency a WHERE a.authority_id = %(authority)s AND a.company_register = ''
    AND a.company_number = h.fields ->> 'company_number'
) AND NOT EXISTS (
    SELECT FROM intake_holder other WHERE other.holder <> h.holder
    AND other.fields ->> 'company_number' = h.fields ->> 'company_number'
);
UPDATE intake_holder h SET number = a.number FROM registry_agency a WHERE a.id = h.agency_id;
CREATE UNIQUE INDEX ON intake_holder (holder);
ANALYZE intake_holder (holder, agency_id, line);
"""

#: Every licence that this list speaks of, in the order of its entries: as it will stand, and what was observed before.
OUT: Final = """
CREATE TEMP TABLE intake_out AS
SELECT row_number() OVER (ORDER BY r.line NULLS LAST, f.identity) AS place,
       f.identity, f.holder, f.fate, f.id AS licence_id, r.line, r.content,
       coalesce(l.number, n.number) AS number,
       coalesce(l.origin, 'listed') = 'listed' AS listed, false AS special, NULL::bigint AS ordinal,
       coalesce(r.fields ->> 'class', l.licence_class, '') AS licence_class,
       coalesce(r.fields ->> 'number', l.legacy_number, '') AS legacy_number,
       coalesce(r.folded_number, l.legacy_folded, '') AS legacy_folded,
       coalesce(h.agency_id, l.agency_id) AS agency_id,
       coalesce(h.number, a.number) AS agency_number,
       coalesce(a.version, 0) AS agency_version,
       CASE WHEN h.listed_only THEN h.fields ->> 'name' ELSE a.legal_name END AS legal_name,
       CASE WHEN h.listed_only THEN coalesce(h.fields ->> 'latin_name', '') ELSE a.latin_name END AS latin_name,
       %(whole)s OR l.id IS NULL OR coalesce(r.fields ->> 'class', l.licence_class) <> l.licence_class
           OR coalesce(r.fields ->> 'number', l.legacy_number) <> l.legacy_number OR h.listed_only AND (
               h.fields ->> 'name' <> a.legal_name OR coalesce(h.fields ->> 'latin_name', '') <> a.latin_name
           ) IS TRUE AS whole,
       traded.names AS trading_names,
       ways.channels,
       false AS may_recruit,
       %(common)s::jsonb || jsonb_strip_nulls(jsonb_build_object(
           'present', r.identity IS NOT NULL, 'status', %(statuses)s::jsonb ->> r.status,
           'fresh_days', coalesce(r.fresh, %(fresh_days)s)
       )) AS said,
       jsonb_strip_nulls(jsonb_build_object(
           'legal_term', nullif(r.legal_term, ''), 'line', r.line, 'digest', r.digest
       )) AS particulars,
       coalesce(before.observed, '[]'::jsonb) AS observed
FROM intake_fate f
LEFT JOIN intake_row r ON r.identity = f.identity
LEFT JOIN intake_holder h ON h.holder = f.holder
LEFT JOIN registry_licence l ON l.id = f.id
LEFT JOIN registry_agency a ON a.id = coalesce(h.agency_id, l.agency_id)
LEFT JOIN (
    SELECT identity, row_number() OVER (ORDER BY identity) AS place FROM intake_fate WHERE fate = 'new'
) w ON w.identity = f.identity
LEFT JOIN intake_number n ON n.kind = 'listed' AND n.place = w.place
LEFT JOIN LATERAL (
    SELECT jsonb_agg(e.effect - 'line' - 'digest' - 'legal_term' ORDER BY e.id) AS observed
    FROM registry_entry e WHERE e.licence_id = f.id AND e.action = 'observe'
) before ON true
LEFT JOIN LATERAL (
    SELECT array_agg(name ORDER BY held DESC, id, name) AS names FROM (
        SELECT t.name, t.id, true AS held FROM registry_tradingname t
        WHERE t.agency_id = coalesce(h.agency_id, l.agency_id)
        UNION ALL
        SELECT given, NULL, false FROM regexp_split_to_table(h.fields ->> 'trading_name', E'\n') given
        WHERE h.listed_only AND NOT EXISTS (
            SELECT FROM registry_tradingname t WHERE t.agency_id = h.agency_id AND t.name = given
        )
    ) every
) traded ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(kind, value) ORDER BY kind, held DESC, id, value) AS channels FROM (
        SELECT c.kind, c.value, c.id, true AS held FROM registry_channel c
        WHERE c.agency_id = coalesce(h.agency_id, l.agency_id)
        UNION ALL
        SELECT given.kind, given.value, NULL, false FROM intake_way given
        WHERE given.holder = h.holder AND h.listed_only AND NOT EXISTS (
            SELECT FROM registry_channel c
            WHERE c.agency_id = h.agency_id AND c.kind = given.kind AND c.value = given.value AND c.last_day IS NULL
        )
    ) every
) ways ON true
"""

#: The projection's column: what the life says of the instant at which the list is taken in.
MAY_RECRUIT: Final = """
UPDATE intake_out o SET may_recruit = p.may_recruit FROM intake_published p
WHERE p.place = o.place AND p.span @> %(at)s::timestamptz AND p.may_recruit
"""

# --- statements of the transaction -----------------------------------------------------------------------------------

#: One list is written after another: two may speak of one agency (after a merger), and neither would see what the
#: other has not committed, or each would wait for the other.
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('registry.intake.writes'), 0)"

#: Nobody adopts a licence of this list while it is taken in; in number order, as every writer locks.
LOCK: Final = """
SELECT l.id FROM registry_licence l JOIN intake_out o ON o.licence_id = l.id AND o.listed
WHERE l.origin = 'listed' ORDER BY l.number FOR NO KEY UPDATE OF l
"""

#: Nobody bars the holder of a new licence while the list is taken in; before any licence, as every writer locks.
LOCK_HOLDERS: Final = """
SELECT a.id FROM registry_agency a
WHERE a.id IN (SELECT agency_id FROM intake_out WHERE fate = 'new') ORDER BY a.number FOR UPDATE OF a
"""

NEW_HOLDERS: Final = "intake_holder h WHERE h.agency_id IS NULL ORDER BY h.line"

AGENCY: Final = {
    "number": "h.number",
    "authority_id": "%(authority)s",
    "legal_name": "h.fields ->> 'name'",
    "latin_name": "coalesce(h.fields ->> 'latin_name', '')",
    "legal_form": "coalesce(h.fields ->> 'legal_form', '')",
    "country": "coalesce(h.fields ->> 'country', %(country)s)",
    "company_number": "CASE WHEN h.number_is_its_own THEN h.fields ->> 'company_number' ELSE '' END",
    "lei": "coalesce(h.fields ->> 'lei', '')",
    "address": "coalesce(h.fields ->> 'address', '')",
    "locality": "coalesce(h.fields ->> 'locality', '')",
    "listed_key": "%(list)s || ':' || h.holder",
}

LINK_HOLDERS: Final = """
UPDATE intake_holder h SET agency_id = a.id FROM registry_agency a
WHERE h.agency_id IS NULL AND a.number = h.number;
UPDATE intake_out o SET agency_id = h.agency_id FROM intake_holder h WHERE o.agency_id IS NULL AND h.holder = o.holder;
"""

CHANGE_AGENCIES: Final = """
WITH made AS (
    UPDATE registry_agency a SET legal_name = h.fields ->> 'name',
        latin_name = coalesce(h.fields ->> 'latin_name', ''), legal_form = coalesce(h.fields ->> 'legal_form', ''),
        address = coalesce(h.fields ->> 'address', ''), locality = coalesce(h.fields ->> 'locality', ''),
        version = a.version + 1
    FROM intake_holder h
    WHERE h.agency_id = a.id AND h.listed_only AND h.version = a.version
      AND (a.legal_name, a.latin_name, a.legal_form, a.address, a.locality) IS DISTINCT FROM
          (h.fields ->> 'name', coalesce(h.fields ->> 'latin_name', ''), coalesce(h.fields ->> 'legal_form', ''),
           coalesce(h.fields ->> 'address', ''), coalesce(h.fields ->> 'locality', ''))
    RETURNING a.id
), noted AS (
    UPDATE intake_holder h SET version = h.version + 1 FROM made WHERE made.id = h.agency_id
) INSERT INTO intake_ids SELECT id FROM made
"""

NEW_TRADING_NAMES: Final = """
(
    SELECT h.agency_id, given AS name, CASE WHEN h.version IS NOT NULL THEN %(on)s::date END AS first_day
    FROM intake_holder h,
           regexp_split_to_table(h.fields ->> 'trading_name', E'\n') given
    WHERE h.listed_only AND NOT EXISTS (
        SELECT FROM registry_tradingname t WHERE t.agency_id = h.agency_id AND t.name = given
    ) ORDER BY h.line, given
) t
"""

TRADING_NAME: Final = {"agency_id": "t.agency_id", "name": "t.name", "first_day": "t.first_day"}

#: What the list gave and gives no longer, unless an officer has verified it.
END_CHANNELS: Final = """
WITH made AS (
    UPDATE registry_channel c SET last_day = %(on)s::date - 1 FROM intake_holder h
    WHERE h.agency_id = c.agency_id AND h.listed_only AND c.last_day IS NULL AND c.verified_at IS NULL
      AND c.kind = ANY(%(kinds)s) AND coalesce(c.first_day, '-infinity') < %(on)s::date AND NOT EXISTS (
          SELECT FROM intake_way given
          WHERE given.holder = h.holder AND given.kind = c.kind AND given.value = c.value
      )
    RETURNING c.id
) INSERT INTO intake_ids SELECT id FROM made
"""

NEW_CHANNELS: Final = """
(
    SELECT h.agency_id, given.kind, given.value, CASE WHEN h.version IS NOT NULL THEN %(on)s::date END AS first_day
    FROM intake_way given JOIN intake_holder h ON h.holder = given.holder
    WHERE h.listed_only AND NOT EXISTS (
        SELECT FROM registry_channel c
        WHERE c.agency_id = h.agency_id AND c.kind = given.kind AND c.value = given.value AND c.last_day IS NULL
    ) ORDER BY given.line, given.kind, given.value
) c
"""

CHANNEL: Final = {
    "agency_id": "c.agency_id",
    "kind": "c.kind",
    "value": "c.value",
    "as_given": "c.value",
    "first_day": "c.first_day",
}

NEW_LICENCES: Final = "intake_out o WHERE o.fate = 'new' ORDER BY o.place"

LICENCE: Final = {
    "number": "o.number",
    "authority_id": "%(authority)s",
    "agency_id": "o.agency_id",
    "licence_class": "o.licence_class",
    "origin": "'listed'",
    "legacy_number": "o.legacy_number",
    "legacy_folded": "o.legacy_folded",
    "list_source": "%(list)s",
    "list_key": "o.identity::text",
    "state": "'listed'",
    "may_recruit": "o.may_recruit",
}

#: Which licences are still the list's to speak of, and the places of their entries in the commit.
LINK_LICENCES: Final = """
UPDATE intake_out o SET licence_id = l.id FROM registry_licence l
WHERE o.licence_id IS NULL AND l.number = o.number;
UPDATE intake_out o SET listed = false FROM registry_licence l
WHERE l.id = o.licence_id AND o.listed AND l.origin <> 'listed';
UPDATE intake_out o SET ordinal = n.ordinal
FROM (SELECT place, row_number() OVER (ORDER BY place) - 1 AS ordinal FROM intake_out WHERE listed) n
WHERE n.place = o.place;
CREATE UNIQUE INDEX ON intake_out (licence_id);
"""

CHANGE_LICENCES: Final = """
WITH made AS (
    UPDATE registry_licence l SET licence_class = o.licence_class, legacy_number = o.legacy_number,
        legacy_folded = o.legacy_folded, may_recruit = o.may_recruit, version = l.version + 1
    FROM intake_out o
    WHERE l.id = o.licence_id AND o.listed AND NOT o.special AND o.fate <> 'new'
      AND (l.licence_class, l.legacy_number, l.may_recruit) IS DISTINCT FROM
          (o.licence_class, o.legacy_number, o.may_recruit)
    RETURNING l.id
) INSERT INTO intake_ids SELECT id FROM made
"""

ENTRY: Final = {
    "commit_id": "%(commit)s",
    "ordinal": "o.ordinal",
    "authority_id": "%(authority)s",
    "licence_id": "o.licence_id",
    "agency_id": "o.agency_id",
    "kind": "'observation'",
    "action": "'observe'",
    "decided_at": "%(at)s",
    "effective_from": "%(effective)s",
    "effective_day": "%(on)s",
    "zone": "%(zone)s",
    "effect": "o.said || o.particulars",
    "officers": "jsonb_build_array(%(by)s::text)",
}

ROWS: Final = """
INSERT INTO registry_observedrow (entry_id, snapshot_id, line, cells, fields, problems, salt)
SELECT e.id, %(snapshot)s, r.line, r.cells, r.fields, r.problems, r.salt
FROM registry_entry e JOIN intake_out o ON o.ordinal = e.ordinal JOIN intake_row r ON r.identity = o.identity
WHERE e.commit_id = %(commit)s
"""

POSITIONS: Final = """
INSERT INTO registry_listedlicence (licence_id, list_key, holder, identity, content, present, first_seen, last_seen)
SELECT o.licence_id, %(list)s, o.holder, o.identity, o.content, true, %(on)s, %(on)s FROM intake_out o
WHERE o.fate = 'new';
UPDATE registry_listedlicence k SET present = o.fate <> 'gone', content = coalesce(o.content, k.content),
       last_seen = CASE WHEN o.fate = 'gone' THEN k.last_seen ELSE %(on)s END
FROM intake_out o WHERE o.fate <> 'new' AND k.licence_id = o.licence_id;
"""

#: Licences of which more than observations is known, or whose holder has changed since the bodies were made.
MARK_SPECIAL: Final = """
UPDATE intake_out o SET special = true FROM (
    SELECT o.place FROM intake_out o JOIN registry_entry e ON e.licence_id = o.licence_id
    WHERE e.action <> 'observe'
    UNION
    SELECT o.place FROM intake_out o JOIN registry_office f ON f.agency_id = o.agency_id
    UNION
    SELECT o.place FROM intake_out o JOIN registry_channel c ON c.agency_id = o.agency_id
    WHERE c.first_day IS NOT NULL OR c.last_day IS NOT NULL
    UNION
    SELECT o.place FROM intake_out o JOIN registry_tradingname t ON t.agency_id = o.agency_id
    WHERE t.first_day IS NOT NULL OR t.last_day IS NOT NULL
    UNION
    SELECT o.place FROM intake_out o JOIN registry_agency a ON a.id = o.agency_id
    LEFT JOIN intake_holder h ON h.agency_id = a.id
    WHERE o.agency_version > 0 AND a.version <> coalesce(h.version, o.agency_version)
) odd WHERE odd.place = o.place AND o.listed
"""

#: New licences of agencies that were barred or dissolved at some time: what is so still is entered on them too.
MARK_OF_BARRED: Final = """
UPDATE intake_out o SET special = true
WHERE o.fate = 'new' AND o.listed AND EXISTS (
    SELECT FROM registry_entry e WHERE e.agency_id = o.agency_id
    AND (e.action = 'debar' OR e.action = 'cancel' AND e.grounds @> '["ENTITY-DISSOLVED"]')
) RETURNING o.licence_id
"""

#: Agencies of which something that can be searched is new.
RENAMED: Final = """
SELECT DISTINCT agency_number FROM intake_out WHERE fate IN ('new', 'changed', 'back') ORDER BY agency_number
"""

DEFERRED: Final = """
SELECT conname FROM pg_constraint
WHERE contype = 'f' AND condeferrable AND connamespace = 'public'::regnamespace
  AND confrelid <> 'registry_registercommit'::regclass AND conrelid::regclass::text LIKE 'registry_%'
"""

UNPUBLISH: Final = """
DELETE FROM registry_publishedrecord p USING (
    SELECT o.licence_id, min(lower(made.span)) AS since FROM intake_published made
    JOIN intake_out o ON o.place = made.place AND o.listed AND NOT o.special GROUP BY o.licence_id
) again WHERE p.licence_id = again.licence_id AND lower(p.span) >= again.since
"""

PUBLISHED: Final = {
    "number": "o.number",
    "licence_id": "o.licence_id",
    "span": "p.span",
    "state": "p.state",
    "result": "p.result",
    "may_recruit": "p.may_recruit",
    "body": "p.body",
    "withhold_from": "p.withhold_from",
    "commit_id": "%(commit)s",
    "ordinal": "o.ordinal",
    "agency_number": "o.agency_number",
    "authority_code": "%(code)s",
    "country": "%(authority_country)s",
    "licence_class": "o.licence_class",
}
