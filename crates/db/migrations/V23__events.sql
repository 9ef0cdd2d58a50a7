-- Events as those who follow them read them: in the order of the writing transactions, below the oldest that still runs,
-- so that a late commit is not missed. The key is that order; a second index would be paid for by every write.
SET LOCAL ROLE lamplight_owner;
ALTER TABLE ops.outbox DROP CONSTRAINT outbox_pkey, ADD PRIMARY KEY (organization_id, xact, sequence);
RESET ROLE;
GRANT CREATE ON SCHEMA ops TO lamplight_operator;
SET LOCAL ROLE lamplight_operator;

-- The place of the last event of an organization that nothing can come before any more. Numbers only; only the program
-- (membership -1) in that organization asks, once for all who follow.
CREATE FUNCTION ops.outbox_tail(organization int4, OUT xact int8, OUT sequence int8)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT o.xact, o.sequence FROM ops.outbox o
     WHERE (SELECT sec.cells())[2] = -1 AND (SELECT sec.cells())[3] >> 32 = organization
       AND o.organization_id = organization AND o.xact < pg_snapshot_xmin(pg_current_snapshot())::text::int8
     ORDER BY o.xact DESC, o.sequence DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION ops.outbox_tail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.outbox_tail TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA ops FROM lamplight_operator;
