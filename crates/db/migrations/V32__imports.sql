-- Spreadsheets that are brought in (ADR 0031): who sent one, what it is, how far it came, what became of each row, and what
-- takes it back. The file is sealed and goes when its time to be undone is over; no cell of it stands here.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE ops.import (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    import_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    -- By what it was sent: a person at a browser, a service token, an access token. It is worked on no longer than that.
    person_id int4,
    token_id uuid,
    access bytea CHECK (length(access) = 32),
    request_id uuid NOT NULL,
    purpose text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('patients', 'contacts', 'medications', 'allergies', 'notes')),
    -- The file; NULL when its time is over.
    sheet bytea,
    rows int4 NOT NULL CHECK (rows > 0),
    -- A keyed hash of what stands above its columns: what they were said to be is remembered by it.
    headings bytea NOT NULL CHECK (length(headings) = 32),
    -- What each column is, by key; an empty text is not brought in.
    fields text[],
    dates text CHECK (dates IN ('month-first', 'day-first')),
    source text CHECK (source ~ '^[a-z0-9-]{1,40}$'),
    state text NOT NULL DEFAULT 'sent'
        CHECK (state IN ('sent', 'checking', 'checked', 'running', 'done', 'undoing', 'undone', 'failed')),
    reason text CHECK (reason IN ('authority', 'failed')),
    -- Up to which row of the file it came in this state.
    reached int4 NOT NULL DEFAULT 0,
    -- How many cells of each field were read again from the records, and how many of them differ.
    compared jsonb NOT NULL DEFAULT '{}',
    claim uuid,
    locked_until timestamptz,
    attempts int4 NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- Until when the file is kept, and what it brought can be taken back.
    kept_until timestamptz NOT NULL,
    PRIMARY KEY (organization_id, import_id),
    CHECK (num_nonnulls(person_id, token_id, access) = 1),
    CHECK (num_nulls(fields, dates, source) IN (0, 3)),
    CHECK (state IN ('sent', 'failed') OR fields IS NOT NULL),
    CHECK ((state = 'failed') = (reason IS NOT NULL))
);
-- One at a time in a house: two that bring the same people wait for each other. Other houses are not told.
CREATE UNIQUE INDEX import_busy ON ops.import (organization_id, facility_id) WHERE state IN ('checking', 'running', 'undoing');
CREATE INDEX import_list ON ops.import (organization_id, created_at);
CREATE INDEX import_kept ON ops.import (kept_until) WHERE sheet IS NOT NULL;

-- What becomes of a row, and became of it.
CREATE TABLE ops.import_row (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    import_id uuid NOT NULL,
    -- As a spreadsheet program numbers it.
    number int4 NOT NULL CHECK (number > 0),
    outcome text NOT NULL CHECK (outcome IN ('created', 'changed', 'same', 'fault')),
    -- Column, field and fault by their keys.
    faults text[] NOT NULL DEFAULT '{}',
    resource_id uuid,
    -- The version that the record had before, and the one that was written.
    before_version int4,
    version int4,
    -- Patients who may be the same.
    alike uuid[] NOT NULL DEFAULT '{}',
    -- Fields of the record that do not say what the cell does.
    differs text[] NOT NULL DEFAULT '{}',
    -- Whether it was planned by the run itself, and not by the check before it.
    planned boolean NOT NULL DEFAULT false,
    -- What undoing did with it.
    undone text CHECK (undone IN ('done', 'changed', 'needed', 'gone')),
    PRIMARY KEY (organization_id, import_id, number),
    CHECK ((outcome = 'fault') = (cardinality(faults) > 0))
);

-- What columns under such headings were said to be the last time.
CREATE TABLE ops.import_mapping (
    organization_id int4 NOT NULL,
    kind text NOT NULL,
    headings bytea NOT NULL CHECK (length(headings) = 32),
    fields text[] NOT NULL,
    dates text NOT NULL,
    source text NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, kind, headings)
);

SELECT sec.wall('ops.import', 'facility_id', false);
SELECT sec.wall('ops.import_row', 'facility_id', false);
SELECT sec.wall('ops.import_mapping', '0', false);
GRANT SELECT, INSERT ON ops.import TO lamplight_app;
GRANT UPDATE (sheet, fields, dates, source, state, reason, reached, compared, locked_until, attempts, finished_at, kept_until,
              membership_id, person_id, token_id, access, request_id, purpose) ON ops.import TO lamplight_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.import_row TO lamplight_app;
GRANT SELECT, INSERT, UPDATE ON ops.import_mapping TO lamplight_app;
CREATE POLICY operator ON ops.import TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, UPDATE ON ops.import TO lamplight_operator;

RESET ROLE;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
SET LOCAL ROLE lamplight_operator;

-- What the post that began the work may do at this time, by what it began it with; no row: its authority ended. Only the
-- program itself may ask.
CREATE FUNCTION platform.import_grant(organization int4, import uuid, at timestamptz, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text,
        OUT grant_ends_at timestamptz, OUT request_id uuid, OUT purpose text, OUT program boolean)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT x.membership_id,
           ARRAY(SELECT p FROM unnest(e.permissions) p WHERE t.token_id IS NULL OR p = ANY (t.permissions)),
           ARRAY(SELECT f FROM unnest(e.facilities) f WHERE t.token_id IS NULL OR f = ANY (t.facilities)),
           e.by_relationship, o.slug, least(e.ends_at, t.expires_at), x.request_id, x.purpose, x.person_id IS NULL
      FROM ops.import x
      JOIN org.organization o ON o.organization_id = x.organization_id
     CROSS JOIN LATERAL org.effective(x.organization_id, x.membership_id, import_grant.at) e
      LEFT JOIN org.service_token t ON t.organization_id = x.organization_id AND t.token_id = x.token_id
                                   AND t.revoked_at IS NULL AND t.expires_at > import_grant.at
     WHERE (SELECT sec.cells())[2] = -1 AND x.organization_id = organization AND x.import_id = import AND e.alive
       AND CASE
           WHEN x.token_id IS NOT NULL THEN t.token_id IS NOT NULL
           WHEN x.access IS NOT NULL THEN EXISTS (
               SELECT 1 FROM oauth.access a
                 JOIN oauth.client c ON c.organization_id = a.organization_id AND c.client_id = a.client_id
                                    AND c.disabled_at IS NULL
                 LEFT JOIN oauth.family f ON f.organization_id = a.organization_id AND f.family_id = a.family_id
                 LEFT JOIN people.person p ON p.person_id = f.person_id
                WHERE a.organization_id = x.organization_id AND a.digest = x.access AND a.ended_at IS NULL
                  AND 'lamplight' = ANY (a.scope)
                  AND (a.family_id IS NULL OR (f.ended_at IS NULL AND p.disabled_at IS NULL)))
           ELSE EXISTS (
               SELECT 1 FROM org.membership m
                 JOIN people.person p ON p.person_id = m.person_id
                WHERE m.organization_id = x.organization_id AND m.membership_id = x.membership_id
                  AND m.person_id = x.person_id AND p.disabled_at IS NULL) END
$$;

-- Claims the import that waits longest, or one whose worker was stopped; and lets go of files whose time is over.
CREATE FUNCTION platform.claim_import(claimed uuid, at timestamptz, lease interval, OUT organization_id int4,
        OUT import_id uuid, OUT facility_id int4)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RETURN;
    END IF;
    UPDATE ops.import x SET sheet = NULL
     WHERE x.sheet IS NOT NULL AND x.kept_until < claim_import.at AND x.state NOT IN ('checking', 'running', 'undoing');
    -- What nobody who began it may go on with, or nobody can, ends where it is.
    UPDATE ops.import x SET state = 'failed', locked_until = NULL, finished_at = claim_import.at,
           reason = CASE WHEN x.attempts >= 10 THEN 'failed' ELSE 'authority' END
     WHERE x.state IN ('checking', 'running', 'undoing') AND (x.locked_until IS NULL OR x.locked_until < claim_import.at)
       AND (x.attempts >= 10 OR NOT EXISTS (
            SELECT 1 FROM platform.import_grant(x.organization_id, x.import_id, claim_import.at) g
             WHERE 'sheets.import' = ANY (g.permissions) AND x.facility_id = ANY (g.facilities)));
    RETURN QUERY
    UPDATE ops.import x
       SET claim = claimed, locked_until = claim_import.at + lease, attempts = x.attempts + 1
      FROM (SELECT d.organization_id, d.import_id FROM ops.import d
             WHERE d.state IN ('checking', 'running', 'undoing')
               AND (d.locked_until IS NULL OR d.locked_until < claim_import.at)
             ORDER BY d.created_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
     WHERE x.organization_id = due.organization_id AND x.import_id = due.import_id
    RETURNING x.organization_id, x.import_id, x.facility_id;
END
$$;
REVOKE ALL ON FUNCTION platform.import_grant, platform.claim_import FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.import_grant, platform.claim_import TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
