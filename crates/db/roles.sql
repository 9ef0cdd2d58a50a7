-- Cluster-wide roles; safe to repeat. Run by a login that may create roles, before the migrations.
-- owner: owns everything, logs in never.  app: the runtime.  platform: the plane above organizations.
-- operator: stands behind both, logs in never.
-- sealer: seals the audit log, and reads nothing else.  backup: reads everything for physical backups.
DO $$
DECLARE
    wanted text;
BEGIN
    PERFORM pg_advisory_xact_lock(7310498201);
    FOREACH wanted IN ARRAY ARRAY['lamplight_owner', 'lamplight_operator', 'lamplight_backup'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', wanted);
        END IF;
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['lamplight_app', 'lamplight_platform', 'lamplight_sealer'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT', wanted);
        END IF;
        -- The sealer could not always log in.
        EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT', wanted);
        EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog', wanted);
    END LOOP;
    -- Row locks and runaway statements may not hold the house up. Every statement is prepared and parametric, so
    -- one generic plan serves all callers (planning costs more than most of our queries).
    ALTER ROLE lamplight_app SET statement_timeout = '20s';
    ALTER ROLE lamplight_app SET lock_timeout = '5s';
    ALTER ROLE lamplight_app SET idle_in_transaction_session_timeout = '30s';
    ALTER ROLE lamplight_app SET plan_cache_mode = 'force_generic_plan';
    -- Counting over whole installations takes its time.
    ALTER ROLE lamplight_platform SET statement_timeout = '120s';
    ALTER ROLE lamplight_platform SET lock_timeout = '5s';
    ALTER ROLE lamplight_platform SET idle_in_transaction_session_timeout = '30s';
    -- Verifying goes through the whole log.
    ALTER ROLE lamplight_sealer SET lock_timeout = '5s';
    ALTER ROLE lamplight_sealer SET idle_in_transaction_session_timeout = '10min';
END
$$;
