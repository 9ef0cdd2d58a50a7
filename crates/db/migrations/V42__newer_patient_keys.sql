-- A patient's key gets a successor (ADR 0043): new bodies are sealed with the newest, older ones stay readable with theirs. It
-- belongs to the keyring wherever that is.
SET LOCAL ROLE lamplight_owner;

-- Adds the next number to each of these keys, one that is the newest of its patient and class and not destroyed. One at a time with
-- `keyring.erase`: who is erased gets no key. Nothing is wrapped with a key that is retired. Under row security of who calls.
CREATE FUNCTION keyring.succeed(organization int4, patients uuid[], classes int2[], numbers int4[], keys bytea[], by int4,
        commitments bytea[], at timestamptz, OUT patient_id uuid, OUT class int2)
    RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(731040, organization);
    RETURN QUERY
    INSERT INTO keyring.patient_key AS k (organization_id, facility_id, patient_id, class, number, wrapped, wrapped_by,
        commitment, created_at)
    SELECT organization, p.facility_id, n.patient_id, n.class, n.number, n.wrapped, w.number, n.commitment, succeed.at
      FROM unnest(patients, classes, numbers, keys, commitments) n (patient_id, class, number, wrapped, commitment)
      JOIN keyring.patient_key p ON p.organization_id = organization AND p.patient_id = n.patient_id AND p.class = n.class
       AND p.number = n.number - 1 AND p.wrapped IS NOT NULL
      JOIN keyring.organization_key w ON w.organization_id = organization AND w.purpose = 1 AND w.number = succeed.by
       AND w.retired_at IS NULL
    ON CONFLICT DO NOTHING RETURNING k.patient_id, k.class;
END
$$;
REVOKE ALL ON FUNCTION keyring.succeed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keyring.succeed TO lamplight_operator;
GRANT INSERT ON keyring.patient_key TO lamplight_operator;

RESET ROLE;
