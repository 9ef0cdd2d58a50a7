-- FHIR resources, sealed. See docs/plain-columns.md for what stays readable here and why.
-- No foreign keys on these tables: every insert would lock the same facility row (multixacts), and the wall already
-- admits only cells that a signed context names.
CREATE SCHEMA chart AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

CREATE TABLE chart.resource (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    id uuid NOT NULL,
    patient_id uuid,
    updated_at timestamptz NOT NULL,
    -- The clinical date range, half open; the time of creation where a type has no clinical date.
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    -- The writing transaction, kept only for types that the in-memory directory follows.
    follow int8,
    version int4 NOT NULL,
    type int2 NOT NULL,
    class int2 NOT NULL,
    -- Which element names the patient, counted along FHIR's compartment definition; 0 is the subject.
    patient_by int2 NOT NULL,
    -- NULL: deleted.
    body bytea,
    PRIMARY KEY (organization_id, id)
);
ALTER TABLE chart.resource ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX resource_patient ON chart.resource (organization_id, patient_id, type, starts_at, id)
    INCLUDE (facility_id, class, ends_at, updated_at) WHERE patient_id IS NOT NULL;
CREATE INDEX resource_type ON chart.resource (organization_id, facility_id, type, starts_at, id);
CREATE INDEX resource_updated ON chart.resource (organization_id, facility_id, type, updated_at, id);
CREATE INDEX resource_follow ON chart.resource (organization_id, facility_id, type, follow) WHERE follow IS NOT NULL;

CREATE TABLE chart.resource_version (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    id uuid NOT NULL,
    patient_id uuid,
    updated_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL,
    version int4 NOT NULL,
    type int2 NOT NULL,
    class int2 NOT NULL,
    body bytea,
    PRIMARY KEY (organization_id, id, version)
);
ALTER TABLE chart.resource_version ALTER COLUMN body SET STORAGE EXTERNAL;

-- One row per searchable value: a truncated HMAC (never the value) and the resource's clinical date, so that the
-- newest page of a search is a backward walk of the one index (docs/adr/0004).
CREATE TABLE chart.token (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid,
    token int8 NOT NULL,
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (organization_id, token, at, id) INCLUDE (facility_id, patient_id)
);

SELECT sec.wall('chart.resource', 'facility_id', true);
SELECT sec.wall('chart.resource_version', 'facility_id', true);
SELECT sec.wall('chart.token', 'facility_id', true);
GRANT USAGE ON SCHEMA chart TO lamplight_app;
GRANT SELECT, INSERT, UPDATE ON chart.resource TO lamplight_app;
GRANT SELECT, INSERT ON chart.resource_version TO lamplight_app;
GRANT SELECT, INSERT, DELETE ON chart.token TO lamplight_app;

RESET ROLE;
