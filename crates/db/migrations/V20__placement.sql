-- Organizations in databases of their own. Here, in the main database, stand their slug and number, so that no two of
-- the installation are alike, and where they are; everything else of them is there.
SET LOCAL ROLE lamplight_owner;

-- What a slug stands for is here or in another database; no key can refer to both.
ALTER TABLE platform.slug DROP CONSTRAINT slug_organization_id_fkey;
-- org.organization has the same check, but may be elsewhere.
ALTER TABLE platform.slug ADD CONSTRAINT slug_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');

CREATE TABLE platform.placement (
    organization_id int4 PRIMARY KEY REFERENCES platform.slug (organization_id),
    -- Where it is, is told to the program by its configuration: no address and no password is kept here.
    database text NOT NULL UNIQUE CHECK (database ~ '^[a-z0-9_]{1,63}$'),
    created_at timestamptz NOT NULL,
    -- Without: it is still being made, and nobody is served from it.
    ready_at timestamptz
);
ALTER TABLE platform.placement ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.placement FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON platform.placement TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, INSERT ON platform.placement TO lamplight_operator;
GRANT UPDATE (ready_at) ON platform.placement TO lamplight_operator;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- What a server must know to serve them: names only. It tells the program itself; an organization's context learns of
-- no other.
CREATE FUNCTION platform.placements(OUT organization_id int4, OUT slug text, OUT database text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT p.organization_id, s.slug, p.database FROM platform.placement p
      JOIN platform.slug s ON s.organization_id = p.organization_id
     WHERE p.ready_at IS NOT NULL AND (SELECT (sec.cells())[2]) = -1 ORDER BY s.slug
$$;
REVOKE ALL ON FUNCTION platform.placements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.placements TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
