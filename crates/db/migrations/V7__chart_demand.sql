-- Raises the conflict that a conditional write answers with (HTTP 412), so that the statements and the audit event that
-- travel behind it in the same round trip are not kept.
SET LOCAL ROLE lamplight_owner;
CREATE FUNCTION chart.demand(holds boolean) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION 'precondition failed' USING ERRCODE = 'LL412';
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION chart.demand FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chart.demand TO lamplight_app;

RESET ROLE;
