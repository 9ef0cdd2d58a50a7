-- Wrapped keys. Nothing refers to this schema and it refers to nothing, so that it can be stored and backed up apart
-- (ARCHITECTURE, invariant 12): destroying a row here erases a patient in every copy of the data.
CREATE SCHEMA keyring AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

-- purpose 1: wraps the others (itself wrapped by the root key); 2: search tokens; 3: records without a patient.
CREATE TABLE keyring.organization_key (
    organization_id int4 NOT NULL,
    purpose int2 NOT NULL CHECK (purpose BETWEEN 1 AND 3),
    number int4 NOT NULL CHECK (number > 0),
    wrapped bytea NOT NULL,
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (organization_id, purpose, number)
);

CREATE TABLE keyring.patient_key (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    class int2 NOT NULL,
    number int4 NOT NULL CHECK (number > 0),
    wrapped bytea,
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    PRIMARY KEY (organization_id, patient_id, class, number),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

SELECT sec.wall('keyring.organization_key', '0', false);
SELECT sec.wall('keyring.patient_key', 'facility_id', true);
GRANT USAGE ON SCHEMA keyring TO lamplight_app;
GRANT SELECT, INSERT ON keyring.organization_key TO lamplight_app;
GRANT SELECT, INSERT ON keyring.patient_key TO lamplight_app;

RESET ROLE;
