-- What a keyring in a database of its own (ADR 0039) has beside the security context (V1) and the keyring's own migrations. This
-- database knows no facilities and no patients' relationships: who speaks for a part of an organization reaches that organization's
-- wrapped keys, which open nothing without the sealed rows, and those have their walls.
SET LOCAL ROLE lamplight_owner;

-- Which keyring this is: data names the one that it was sealed with.
CREATE TABLE sec.keyring (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    keyring_id uuid NOT NULL
);
ALTER TABLE sec.keyring ENABLE ROW LEVEL SECURITY;
ALTER TABLE sec.keyring FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sec.keyring TO lamplight_owner USING (one);
INSERT INTO sec.keyring (keyring_id) VALUES (gen_random_uuid());

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
CREATE OR REPLACE FUNCTION sec.wall(target regclass, facility text, by_patient boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY runtime ON %s TO lamplight_app USING (organization_id > 0)', target);
    EXECUTE format('CREATE POLICY wall ON %s AS RESTRICTIVE TO lamplight_app '
                   'USING (organization_id = ANY ((SELECT sec.organizations())::int4[]))', target);
END
$$;

-- There is no relationship to look for here.
DROP FUNCTION sec.related();
REVOKE ALL ON FUNCTION sec.organizations(), sec.keyring_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.organizations(), sec.keyring_id() TO lamplight_app;

RESET ROLE;
