-- The signed context: who the running transaction speaks for. Everything below hangs on sec.cells().
--
-- The program signs "expiry,membership,cell,..." with HMAC-SHA-256 and hands it over with set_config(.., true). SQL that
-- was injected into a session of the runtime role can set the same setting, but cannot sign: the key is readable by
-- the owner's definer function alone.
CREATE SCHEMA sec AUTHORIZATION lamplight_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
SET LOCAL ROLE lamplight_owner;

-- One row. The pads are the key already XORed with 0x36 and 0x5c (RFC 2104), as PostgreSQL has sha256 but no HMAC.
CREATE TABLE sec.context_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64)
);
ALTER TABLE sec.context_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE sec.context_key FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sec.context_key TO lamplight_owner USING (one);

-- A cell is one facility of one organization as a number; facility 0 is the organization itself.
CREATE FUNCTION sec.cell(organization_id int4, facility_id int4) RETURNS int8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (organization_id::int8 << 32) | facility_id::int8;

-- The verified context: {expiry, membership, cell, ...}. Cells are above 2^32, so the first two can stand among them. A
-- negative cell means: only patients with a relationship. No context: NULL, hence zero rows. Forged or expired: an error.
CREATE FUNCTION sec.cells() RETURNS int8[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    signed text := current_setting('lamplight.context', true);
    key record;
    context int8[];
BEGIN
    IF signed IS NULL OR signed = '' THEN
        RETURN NULL;
    END IF;
    SELECT inner_pad, outer_pad INTO key FROM sec.context_key;
    IF encode(sha256(key.outer_pad || sha256(key.inner_pad || convert_to(substr(signed, 65), 'UTF8'))), 'hex')
        IS DISTINCT FROM substr(signed, 1, 64) THEN
        RAISE EXCEPTION 'context refused' USING ERRCODE = 'LL401';
    END IF;
    context := string_to_array(substr(signed, 65), ',')::int8[];
    IF context[1] < extract(epoch FROM transaction_timestamp()) THEN
        RAISE EXCEPTION 'context expired' USING ERRCODE = 'LL401';
    END IF;
    RETURN context;
END
$$;

-- The patients that the context's membership has a relationship with today. plpgsql, so that the table may come later.
CREATE FUNCTION sec.related() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    RETURN ARRAY(SELECT r.patient_id FROM org.relationship r
                  WHERE r.organization_id = context[3] >> 32 AND r.membership_id = context[2] AND r.starts_at <= transaction_timestamp()
                    AND r.ends_at > transaction_timestamp()
                    AND (- sec.cell(r.organization_id, r.facility_id)) = ANY (context));
END
$$;

-- Raises the wall around a table. `facility` is the column (or 0) that names the facility, `by_patient` says that the
-- table carries patient_id and that contexts with negative cells see only rows of related patients (ARCHITECTURE, invariant 4).
-- The sub-selects are evaluated once a statement, the second and third only when a row needs them; written bare they
-- would run for every row.
CREATE FUNCTION sec.wall(target regclass, facility text, by_patient boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    cell text := format('sec.cell(organization_id, %s)', facility);
    inside text := format('%s = ANY ((SELECT sec.cells())::int8[])', cell);
    related text := format('(- %s) = ANY ((SELECT sec.cells())::int8[])', cell);
BEGIN
    IF by_patient THEN
        related := related || ' AND patient_id = ANY ((SELECT sec.related())::uuid[])';
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY runtime ON %s TO lamplight_app USING (organization_id > 0)', target);
    EXECUTE format('CREATE POLICY wall ON %s AS RESTRICTIVE TO lamplight_app USING (%s OR (%s))', target, inside, related);
END
$$;

REVOKE ALL ON FUNCTION sec.cells(), sec.related(), sec.cell(int4, int4), sec.wall(regclass, text, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA sec TO lamplight_app, lamplight_operator;
GRANT EXECUTE ON FUNCTION sec.cells(), sec.related(), sec.cell(int4, int4) TO lamplight_app;
GRANT EXECUTE ON FUNCTION sec.cells() TO lamplight_operator;

RESET ROLE;
