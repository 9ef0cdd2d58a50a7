-- The picture by which people know where they are.
SET LOCAL ROLE lamplight_owner;
ALTER TABLE org.organization ADD logo bytea CHECK (octet_length(logo) BETWEEN 1 AND 32768);
ALTER TABLE org.organization ALTER COLUMN logo SET STORAGE EXTERNAL;

-- From the version named; NULL when it is another.
CREATE FUNCTION org.change_logo(was int4, logo bytea)
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    now_at int4;
BEGIN
    IF NOT org.manages() THEN
        RAISE EXCEPTION 'who administers the organization changes it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.organization o SET logo = change_logo.logo, version = o.version + 1
     WHERE o.organization_id = (sec.cells())[3] >> 32 AND o.version = was
    RETURNING o.version INTO now_at;
    RETURN now_at;
END
$$;
REVOKE ALL ON FUNCTION org.change_logo FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.change_logo TO lamplight_app;
RESET ROLE;
