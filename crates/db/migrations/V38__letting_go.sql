-- A month of the log is let go of when it is six years old (45 CFR 164.316(b)(2)(i)) and archived: its partitions go, its
-- leaves stay, so that the archive can be proved for ever. That it is archived is for the operator's command to know.
SET LOCAL ROLE lamplight_owner;

CREATE FUNCTION audit.let_go(month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parent text;
BEGIN
    IF date_trunc('month', month) + interval '1 month' + interval '6 years' > (now() AT TIME ZONE 'UTC') THEN
        RAISE EXCEPTION 'the log is kept for six years' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(7310498202);
    FOREACH parent IN ARRAY ARRAY['event', 'subject'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS audit.%I', parent || '_' || to_char(month, 'YYYYMM'));
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION audit.let_go FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO lamplight_operator;
GRANT EXECUTE ON FUNCTION audit.let_go TO lamplight_operator;

RESET ROLE;
