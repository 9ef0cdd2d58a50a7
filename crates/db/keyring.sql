-- The security context of a keyring in a database of its own (ADR 0039), before the keyring's own migrations. It is signed and
-- checked as in the main database (V1), but this database knows no facilities and no patients' relationships: who speaks for
-- a part of an organization reaches that organization's wrapped keys, which open nothing without the sealed rows, and those
-- have their walls.
CREATE SCHEMA sec AUTHORIZATION lamplight_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
SET LOCAL ROLE lamplight_owner;

CREATE TABLE sec.context_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64)
);
ALTER TABLE sec.context_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE sec.context_key FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sec.context_key TO lamplight_owner USING (one);

-- Which keyring this is: data names the one that it was sealed with.
CREATE TABLE sec.keyring (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    keyring_id uuid NOT NULL
);
ALTER TABLE sec.keyring ENABLE ROW LEVEL SECURITY;
ALTER TABLE sec.keyring FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sec.keyring TO lamplight_owner USING (one);
INSERT INTO sec.keyring (keyring_id) VALUES (gen_random_uuid());

CREATE FUNCTION sec.cell(organization_id int4, facility_id int4) RETURNS int8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (organization_id::int8 << 32) | facility_id::int8;

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

-- The organizations that the context speaks in, be it for a part of them.
CREATE FUNCTION sec.organizations() RETURNS int4[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT ARRAY(SELECT DISTINCT (abs(c) >> 32)::int4 FROM unnest((sec.cells())[3:]) c)
$$;

-- For the program itself.
CREATE FUNCTION sec.keyring_id() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.keyring_id FROM sec.keyring k WHERE (SELECT (sec.cells())[2]) = -1
$$;

-- As in the main database, by organizations alone.
CREATE FUNCTION sec.wall(target regclass, facility text, by_patient boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY runtime ON %s TO lamplight_app USING (organization_id > 0)', target);
    EXECUTE format('CREATE POLICY wall ON %s AS RESTRICTIVE TO lamplight_app '
                   'USING (organization_id = ANY ((SELECT sec.organizations())::int4[]))', target);
END
$$;

REVOKE ALL ON FUNCTION sec.cells(), sec.organizations(), sec.keyring_id(), sec.cell(int4, int4), sec.wall(regclass, text, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA sec TO lamplight_app, lamplight_operator;
GRANT EXECUTE ON FUNCTION sec.cells(), sec.organizations(), sec.keyring_id(), sec.cell(int4, int4) TO lamplight_app;
GRANT EXECUTE ON FUNCTION sec.cells() TO lamplight_operator;

RESET ROLE;
