-- An organization's wrapping key is changed for another while the program works (ADR 0038): each wrapped key says which one
-- wraps it, 0 being the root key. A wrapping key is retired first, then nothing is wrapped with it any more, then its bytes
-- are destroyed.
SET LOCAL ROLE lamplight_owner;

ALTER TABLE keyring.organization_key
    ADD COLUMN wrapped_by int4 NOT NULL DEFAULT 1,
    ADD COLUMN destroyed_at timestamptz,
    ALTER COLUMN wrapped DROP NOT NULL;
-- Rows of all organizations: the wall is for who serves them.
CREATE POLICY mover ON keyring.organization_key TO lamplight_owner USING (organization_id > 0);
UPDATE keyring.organization_key SET wrapped_by = 0 WHERE purpose = 1;
DROP POLICY mover ON keyring.organization_key;
ALTER TABLE keyring.organization_key
    ADD CHECK ((wrapped_by = 0) = (purpose = 1)),
    ADD CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    ADD CHECK (destroyed_at IS NULL OR retired_at IS NOT NULL);
ALTER TABLE keyring.patient_key ADD COLUMN wrapped_by int4 NOT NULL DEFAULT 1 CHECK (wrapped_by > 0);

CREATE POLICY operator ON keyring.organization_key TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON keyring.patient_key TO lamplight_operator USING (organization_id > 0);
GRANT USAGE ON SCHEMA keyring TO lamplight_operator;
GRANT SELECT, INSERT ON keyring.organization_key TO lamplight_operator;
GRANT UPDATE (wrapped, wrapped_by, retired_at, destroyed_at) ON keyring.organization_key TO lamplight_operator;
GRANT SELECT ON keyring.patient_key TO lamplight_operator;
GRANT UPDATE (wrapped, wrapped_by) ON keyring.patient_key TO lamplight_operator;

RESET ROLE;
