-- What leaves a transaction: events in order, work for later, answers already given.
CREATE SCHEMA ops AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

-- Ids and types only. Consumers read by (xact, sequence) below pg_snapshot_xmin, so that a late commit is not missed.
CREATE TABLE ops.outbox (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid,
    sequence int8 GENERATED ALWAYS AS IDENTITY,
    xact int8 NOT NULL DEFAULT (pg_current_xact_id()::text::int8),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    type int2,
    id uuid,
    version int4,
    PRIMARY KEY (organization_id, sequence)
);

CREATE TABLE ops.job (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    -- Ids only.
    payload jsonb NOT NULL DEFAULT '{}',
    run_at timestamptz NOT NULL,
    attempts int4 NOT NULL DEFAULT 0,
    locked_until timestamptz,
    failed_at timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX job_due ON ops.job (run_at) WHERE failed_at IS NULL;

-- The answer to an unsafe request that carried an Idempotency-Key: status and ids, never a body.
CREATE TABLE ops.idempotency_key (
    organization_id int4 NOT NULL,
    membership_id int4 NOT NULL,
    key bytea NOT NULL CHECK (length(key) = 32),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    status int2 NOT NULL,
    resource_type int2,
    resource_id uuid,
    version int4,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, membership_id, key)
);

SELECT sec.wall('ops.outbox', 'facility_id', true);
SELECT sec.wall('ops.job', 'facility_id', false);
SELECT sec.wall('ops.idempotency_key', '0', false);
GRANT USAGE ON SCHEMA ops TO lamplight_app, lamplight_operator;
GRANT SELECT, INSERT ON ops.outbox TO lamplight_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.job TO lamplight_app;
GRANT SELECT, INSERT ON ops.idempotency_key TO lamplight_app;

CREATE POLICY operator ON ops.job TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON ops.outbox TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON ops.idempotency_key TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, UPDATE ON ops.job TO lamplight_operator;
GRANT SELECT, DELETE ON ops.outbox, ops.idempotency_key TO lamplight_operator;
GRANT CREATE ON SCHEMA ops TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- Claims one due job of any organization; the claim is what lets the program make a context for it. Only a context
-- signed for the program itself (membership -1) may: SQL injected into a request has another, and cannot sign.
CREATE FUNCTION ops.claim_job(lease interval, OUT organization_id int4, OUT facility_id int4, OUT id uuid, OUT kind text,
        OUT payload jsonb, OUT attempts int4)
    RETURNS SETOF record LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE ops.job j
       SET attempts = j.attempts + 1, locked_until = transaction_timestamp() + lease
      FROM (SELECT d.organization_id, d.id FROM ops.job d
             WHERE (SELECT sec.cells())[2] = -1 AND d.failed_at IS NULL AND d.run_at <= transaction_timestamp()
               AND (d.locked_until IS NULL OR d.locked_until < transaction_timestamp())
             ORDER BY d.run_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
     WHERE j.organization_id = due.organization_id AND j.id = due.id
    RETURNING j.organization_id, j.facility_id, j.id, j.kind, j.payload, j.attempts
$$;

-- Forgets events after a week and idempotency keys after a day, of all organizations; returns how many rows went.
CREATE FUNCTION ops.sweep() RETURNS int8
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH events AS (DELETE FROM ops.outbox WHERE (SELECT sec.cells())[2] = -1
                                          AND at < transaction_timestamp() - interval '7 days' RETURNING 1),
         keys AS (DELETE FROM ops.idempotency_key WHERE (SELECT sec.cells())[2] = -1
                                          AND created_at < transaction_timestamp() - interval '1 day' RETURNING 1)
    SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM keys)
$$;
REVOKE ALL ON FUNCTION ops.claim_job, ops.sweep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.claim_job, ops.sweep TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA ops FROM lamplight_operator;
