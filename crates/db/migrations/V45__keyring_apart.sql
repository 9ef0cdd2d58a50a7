-- The keyring may be in a database of its own, with backups of its own (ADR 0039). This is what the data knows of it.
SET LOCAL ROLE lamplight_owner;

-- How far the keyring's ledger of erasures had come when this database was told last: a keyring that does not have that entry is
-- older than the data beside it.
CREATE TABLE keyring.known (
    organization_id int4 PRIMARY KEY,
    sequence int8 NOT NULL CHECK (sequence > 0),
    digest bytea NOT NULL CHECK (length(digest) = 32)
);
SELECT sec.wall('keyring.known', '0', false);
CREATE POLICY keeper ON keyring.known TO lamplight_owner USING (organization_id > 0);

CREATE FUNCTION keyring.note(organization int4, sequence int8, digest bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF (sec.cell(organization, 0) = ANY (sec.cells()) AND (sec.cells())[2] = 0) IS NOT TRUE THEN
        RAISE EXCEPTION 'context refused' USING ERRCODE = 'LL401';
    END IF;
    INSERT INTO keyring.known AS k (organization_id, sequence, digest)
    VALUES (organization, note.sequence, note.digest)
    ON CONFLICT (organization_id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest
     WHERE k.sequence < excluded.sequence;
END
$$;

-- What is known of each organization's ledger. For the program itself.
CREATE FUNCTION keyring.known_heads(OUT organization_id int4, OUT sequence int8, OUT digest bytea) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.organization_id, k.sequence, k.digest FROM keyring.known k WHERE (SELECT (sec.cells())[2]) = -1
$$;

-- Once the keyring has moved out, this says which it is, and nobody makes keys here again: a program that was not told of the
-- other place would give an organization other keys than it has.
CREATE TABLE platform.keyring_apart (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    keyring_id uuid NOT NULL,
    since timestamptz NOT NULL
);
ALTER TABLE platform.keyring_apart ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.keyring_apart FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON platform.keyring_apart TO lamplight_owner USING (one);

-- Which keyring it is; null while it is here. For the program itself.
CREATE FUNCTION keyring.home() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.keyring_id FROM platform.keyring_apart a WHERE (SELECT (sec.cells())[2]) = -1
$$;

CREATE FUNCTION keyring.refuse_beside() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM platform.keyring_apart) THEN
        RAISE EXCEPTION 'the keyring is in a database of its own' USING ERRCODE = 'LL409';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refuse_beside BEFORE INSERT ON keyring.organization_key FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_beside();
CREATE TRIGGER refuse_beside BEFORE INSERT ON keyring.patient_key FOR EACH STATEMENT EXECUTE FUNCTION keyring.refuse_beside();

REVOKE ALL ON FUNCTION keyring.note, keyring.known_heads, keyring.home, keyring.refuse_beside FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keyring.note, keyring.known_heads, keyring.home TO lamplight_app;

RESET ROLE;
