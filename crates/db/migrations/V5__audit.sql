-- Who did what to whose record. Append-only for every role that logs in; sealed into Merkle trees by the sealer.
CREATE SCHEMA audit AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

CREATE TABLE audit.event (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    -- The writing transaction: the sealer takes rows by pg_snapshot_xmin, never by "greater than last".
    xact int8 NOT NULL DEFAULT (pg_current_xact_id()::text::int8),
    membership_id int4 NOT NULL,
    action text NOT NULL,
    -- success, denied or failure. No CHECK here and on chart.resource: PostgreSQL reads each anew for every statement.
    outcome text NOT NULL,
    -- Why it was allowed or refused: permission, rule.
    reason text NOT NULL,
    resource_type int2,
    resource_id uuid,
    version int4,
    -- One 52-byte record per body written: resource id (16), version (4, big endian), SHA-256 of the sealed body (32).
    writes bytea,
    request_id uuid NOT NULL,
    address inet,
    purpose text NOT NULL,
    -- Names of parameters or fields, counts. Never a value.
    detail text,
    PRIMARY KEY (organization_id, at, id)
) PARTITION BY RANGE (at);

CREATE TABLE audit.subject (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (organization_id, patient_id, at, event_id)
) PARTITION BY RANGE (at);

-- Laid out for the sealer: dense sequence per organization, RFC 9162 leaf hashes, signed checkpoints.
CREATE TABLE audit.leaf (
    organization_id int4 NOT NULL,
    sequence int8 NOT NULL,
    event_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organization_id, sequence)
);
CREATE TABLE audit.checkpoint (
    organization_id int4 NOT NULL,
    size int8 NOT NULL,
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, size)
);

SELECT sec.wall('audit.event', 'facility_id', false);
SELECT sec.wall('audit.subject', 'facility_id', true);
SELECT sec.wall('audit.leaf', '0', false);
SELECT sec.wall('audit.checkpoint', '0', false);
CREATE POLICY sealer ON audit.event FOR SELECT TO lamplight_sealer USING (organization_id > 0);
CREATE POLICY sealer ON audit.leaf TO lamplight_sealer USING (organization_id > 0);
CREATE POLICY sealer ON audit.checkpoint TO lamplight_sealer USING (organization_id > 0);
GRANT USAGE ON SCHEMA audit TO lamplight_app, lamplight_sealer;
GRANT SELECT, INSERT ON audit.event, audit.subject TO lamplight_app;
GRANT SELECT ON audit.leaf, audit.checkpoint TO lamplight_app;
GRANT SELECT ON audit.event TO lamplight_sealer;
GRANT SELECT, INSERT ON audit.leaf, audit.checkpoint TO lamplight_sealer;

-- Makes the partitions of the months from `first` on. Definer, because only the owner may create tables.
CREATE FUNCTION audit.prepare_months(first date, months int4) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made int4 := 0;
    low timestamptz;
    high timestamptz;
    parent text;
    name text;
BEGIN
    IF months > 12 THEN
        RAISE EXCEPTION 'at most a year at once' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(7310498202);
    FOR step IN 0 .. months - 1 LOOP
        low := (date_trunc('month', first) + make_interval(months => step)) AT TIME ZONE 'UTC';
        high := (date_trunc('month', first) + make_interval(months => step + 1)) AT TIME ZONE 'UTC';
        FOREACH parent IN ARRAY ARRAY['event', 'subject'] LOOP
            name := parent || '_' || to_char(low AT TIME ZONE 'UTC', 'YYYYMM');
            IF to_regclass('audit.' || name) IS NULL THEN
                EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.%I FOR VALUES FROM (%L) TO (%L)', name, parent, low, high);
                PERFORM sec.wall(format('audit.%I', name)::regclass, 'facility_id', parent = 'subject');
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION audit.prepare_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.prepare_months TO lamplight_app;
SELECT audit.prepare_months((current_date - interval '1 month')::date, 6);

RESET ROLE;
