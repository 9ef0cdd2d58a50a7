-- A patient's keys are destroyed, and a ledger says whose and when (ADR 0039). It belongs to the keyring wherever that is: this
-- file is a part of the schema of a keyring in a database of its own.
SET LOCAL ROLE lamplight_owner;

-- Each row's digest covers the row before it: another past is another ledger.
CREATE TABLE keyring.erasure (
    organization_id int4 NOT NULL,
    sequence int8 NOT NULL CHECK (sequence > 0),
    patient_id uuid NOT NULL,
    erasure_id uuid NOT NULL,
    erased_at timestamptz NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (organization_id, sequence),
    UNIQUE (organization_id, patient_id)
);
SELECT sec.wall('keyring.erasure', '0', true);
GRANT SELECT ON keyring.erasure TO lamplight_operator;
CREATE POLICY operator ON keyring.erasure FOR SELECT TO lamplight_operator USING (organization_id > 0);
-- For the functions below, which say by themselves whom they serve.
CREATE POLICY keeper ON keyring.erasure TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON keyring.patient_key TO lamplight_owner USING (organization_id > 0);

-- Destroys every key of the patient and writes it down, once. Each class, also one that the patient never had, gets a row
-- without a key, so that none is made while this goes on or ever after. Called again it destroys what is left.
CREATE FUNCTION keyring.erase(organization int4, patient uuid, erasure uuid, at timestamptz,
        OUT keys int8, OUT sequence int8, OUT digest bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    before keyring.erasure;
BEGIN
    -- The worker on what two people decided, and nobody's post: what speaks for a request destroys nothing.
    IF (sec.cell(organization, 0) = ANY (sec.cells()) AND (sec.cells())[2] = 0) IS NOT TRUE THEN
        RAISE EXCEPTION 'context refused' USING ERRCODE = 'LL401';
    END IF;
    PERFORM pg_advisory_xact_lock(731040, organization);
    INSERT INTO keyring.patient_key (organization_id, facility_id, patient_id, class, number, commitment, created_at, destroyed_at)
    SELECT organization, coalesce((SELECT min(k.facility_id) FROM keyring.patient_key k
                                    WHERE k.organization_id = organization AND k.patient_id = patient), 0),
           patient, c.class, 1, sha256(''), at, at
      FROM generate_series(0, 3) c (class)
    ON CONFLICT DO NOTHING;
    UPDATE keyring.patient_key k SET wrapped = NULL, destroyed_at = at
     WHERE k.organization_id = organization AND k.patient_id = patient AND k.wrapped IS NOT NULL;
    GET DIAGNOSTICS keys = ROW_COUNT;
    SELECT * INTO before FROM keyring.erasure e WHERE e.organization_id = organization AND e.patient_id = patient;
    IF NOT FOUND THEN
        SELECT * INTO before FROM keyring.erasure e WHERE e.organization_id = organization ORDER BY e.sequence DESC LIMIT 1;
        sequence := coalesce(before.sequence, 0) + 1;
        digest := sha256(coalesce(before.digest, '') || convert_to(concat_ws(',', organization, sequence, patient, erasure,
                                                                             extract(epoch FROM at)), 'UTF8'));
        INSERT INTO keyring.erasure (organization_id, sequence, patient_id, erasure_id, erased_at, digest)
        VALUES (organization, erase.sequence, patient, erasure, at, erase.digest);
    ELSE
        sequence := before.sequence;
        digest := before.digest;
    END IF;
END
$$;

-- The entries of an organization, oldest first. For the program itself.
CREATE FUNCTION keyring.entries(organization int4, OUT patient_id uuid, OUT erasure_id uuid, OUT erased_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT e.patient_id, e.erasure_id, e.erased_at FROM keyring.erasure e
     WHERE (SELECT (sec.cells())[2]) = -1 AND e.organization_id = organization ORDER BY e.sequence
$$;

-- Which of these entries the ledger does not have: it is older than who knows them, or another one. For the program itself.
CREATE FUNCTION keyring.lacks(organizations int4[], sequences int8[], digests bytea[]) RETURNS SETOF int4
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.organization_id FROM unnest(organizations, sequences, digests) k (organization_id, sequence, digest)
     WHERE (SELECT (sec.cells())[2]) = -1
       AND NOT EXISTS (SELECT FROM keyring.erasure e WHERE e.organization_id = k.organization_id AND e.sequence = k.sequence
                                                       AND e.digest = k.digest)
$$;

-- The last entry of each organization. For the program itself.
CREATE FUNCTION keyring.heads(OUT organization_id int4, OUT sequence int8, OUT digest bytea) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT DISTINCT ON (e.organization_id) e.organization_id, e.sequence, e.digest FROM keyring.erasure e
     WHERE (SELECT (sec.cells())[2]) = -1 ORDER BY e.organization_id, e.sequence DESC
$$;
REVOKE ALL ON FUNCTION keyring.erase, keyring.entries, keyring.lacks, keyring.heads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keyring.erase, keyring.entries, keyring.lacks, keyring.heads TO lamplight_app;

RESET ROLE;
