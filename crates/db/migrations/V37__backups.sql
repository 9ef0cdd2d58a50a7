-- What is known of backups and of their rehearsals (ADR 0037). A row is written before a backup begins, with how many rows
-- there are of what never becomes fewer, so that it is in the backup itself: what was restored can be compared with it
-- wherever it is.
SET LOCAL ROLE lamplight_owner;
CREATE TABLE platform.backup (
    backup_id uuid PRIMARY KEY,
    began_at timestamptz NOT NULL,
    -- Without: it is being taken, or was broken off.
    ended_at timestamptz CHECK (ended_at >= began_at),
    -- Its name in the repository; without one it failed.
    label text CHECK (label ~ '^[0-9A-Z_-]{1,64}$'),
    kind text CHECK (kind IN ('full', 'differential')),
    bytes int8 CHECK (bytes >= 0),
    CHECK (label IS NULL OR num_nulls(ended_at, kind, bytes) = 0)
);
CREATE INDEX backup_began ON platform.backup (began_at);

CREATE TABLE platform.backup_count (
    backup_id uuid NOT NULL REFERENCES platform.backup,
    name text NOT NULL CHECK (name ~ '^[a-z_]+\.[a-z_]+$'),
    rows int8 NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (backup_id, name)
);

CREATE TABLE platform.rehearsal (
    rehearsal_id uuid PRIMARY KEY,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= began_at),
    -- Of which backup.
    label text CHECK (label ~ '^[0-9A-Z_-]{1,64}$'),
    outcome text NOT NULL CHECK (outcome IN ('passed', 'faults', 'failed')),
    -- What was looked at, and what was found: kinds, names and places, no value of a record.
    report jsonb NOT NULL
);
CREATE INDEX rehearsal_began ON platform.rehearsal (began_at);

ALTER TABLE platform.backup ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.backup FORCE ROW LEVEL SECURITY;
ALTER TABLE platform.backup_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.backup_count FORCE ROW LEVEL SECURITY;
ALTER TABLE platform.rehearsal ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.rehearsal FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON platform.backup TO lamplight_operator USING (backup_id IS NOT NULL);
CREATE POLICY operator ON platform.backup_count TO lamplight_operator USING (backup_id IS NOT NULL);
CREATE POLICY operator ON platform.rehearsal TO lamplight_operator USING (rehearsal_id IS NOT NULL);
GRANT SELECT, INSERT ON platform.backup, platform.backup_count, platform.rehearsal TO lamplight_operator;
GRANT UPDATE (ended_at, label, kind, bytes) ON platform.backup TO lamplight_operator;

-- Who counts sees that rows are there, and nothing of them.
GRANT USAGE ON SCHEMA audit, chart TO lamplight_backup;
GRANT SELECT (organization_id) ON audit.event, audit.subject, audit.leaf, audit.checkpoint, chart.resource, chart.resource_version
    TO lamplight_backup;
CREATE POLICY backup ON audit.event FOR SELECT TO lamplight_backup USING (organization_id > 0);
CREATE POLICY backup ON audit.subject FOR SELECT TO lamplight_backup USING (organization_id > 0);
CREATE POLICY backup ON audit.leaf FOR SELECT TO lamplight_backup USING (organization_id > 0);
CREATE POLICY backup ON audit.checkpoint FOR SELECT TO lamplight_backup USING (organization_id >= 0);
CREATE POLICY backup ON chart.resource FOR SELECT TO lamplight_backup USING (organization_id > 0);
CREATE POLICY backup ON chart.resource_version FOR SELECT TO lamplight_backup USING (organization_id > 0);

GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- When the last backup was complete and the last rehearsal passed, and when one last was or did not. Whoever is let in may
-- know: it is the installation's, and nobody's in particular.
CREATE FUNCTION platform.backup_state(
    OUT backed_up_at timestamptz, OUT backup_tried_at timestamptz,
    OUT rehearsed_at timestamptz, OUT rehearsal_tried_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT (SELECT max(b.ended_at) FROM platform.backup b WHERE b.label IS NOT NULL),
           (SELECT max(b.ended_at) FROM platform.backup b),
           (SELECT max(r.ended_at) FROM platform.rehearsal r WHERE r.outcome = 'passed'),
           (SELECT max(r.ended_at) FROM platform.rehearsal r)
     WHERE (SELECT sec.cells()) IS NOT NULL
$$;
REVOKE ALL ON FUNCTION platform.backup_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.backup_state TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
