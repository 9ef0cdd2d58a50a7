-- The key of search tokens is changed for another (ADR 0044). What else was made with it (blind indexes, marks of pages and of
-- versions, names of imported records) has a key of its own, which stays: purpose 4. It belongs to the keyring wherever that is.
SET LOCAL ROLE lamplight_owner;

ALTER TABLE keyring.organization_key DROP CONSTRAINT organization_key_purpose_check,
    ADD CONSTRAINT organization_key_purpose_check CHECK (purpose BETWEEN 1 AND 4);

RESET ROLE;
