-- Exports that are asked for now and fetched later (ADR 0028): who asked, for what, how far it came, and where its sealed
-- files are. The files are in an object store under random names, sealed under a key of the export, which ends with it.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE ops.export (
    organization_id int4 NOT NULL,
    export_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    -- By what it was asked for: a person at a browser, a service token, an access token. It lives no longer than that.
    person_id int4,
    token_id uuid,
    access bytea CHECK (length(access) = 32),
    request_id uuid NOT NULL,
    purpose text NOT NULL,
    -- The address it was asked for at, without what was sent in a body.
    request text NOT NULL CHECK (length(request) <= 9000),
    -- What: records of patients alone or everything; types, patients, a time of change, where not all are meant.
    patients_only boolean NOT NULL,
    types int2[],
    patients uuid[],
    since timestamptz,
    -- What the post saw when it asked. Who sees less later gets nothing of it.
    facilities int4[] NOT NULL,
    classes int2[] NOT NULL,
    related uuid[],
    fields bytea CHECK (length(fields) = 32),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'complete', 'ended')),
    reason text CHECK (reason IN ('cancelled', 'authority', 'expired', 'failed')),
    -- A place among those of the organization that wait or run.
    slot int2 NOT NULL CHECK (slot BETWEEN 1 AND 5),
    key bytea,
    -- Whoever works on it, and until when another may not.
    claim uuid,
    locked_until timestamptz,
    attempts int4 NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    -- Of what time it is.
    as_of timestamptz,
    done int4 NOT NULL DEFAULT 0,
    records int8 NOT NULL DEFAULT 0,
    finished_at timestamptz,
    expires_at timestamptz NOT NULL,
    -- When nothing was left of it in the object store.
    swept_at timestamptz,
    PRIMARY KEY (organization_id, export_id),
    CHECK (num_nonnulls(person_id, token_id, access) = 1),
    CHECK ((state = 'ended') = (reason IS NOT NULL)),
    CHECK ((state = 'ended') = (key IS NULL))
);
CREATE UNIQUE INDEX export_slot ON ops.export (organization_id, slot) WHERE state IN ('queued', 'running');
-- One at a time: no organization's exports hold up another's.
CREATE UNIQUE INDEX export_running ON ops.export (organization_id) WHERE state = 'running';
CREATE INDEX export_own ON ops.export (organization_id, membership_id, created_at);
CREATE INDEX export_kept ON ops.export (created_at) WHERE swept_at IS NULL;

CREATE TABLE ops.export_file (
    organization_id int4 NOT NULL,
    export_id uuid NOT NULL,
    number int4 NOT NULL CHECK (number > 0),
    type int2 NOT NULL,
    -- Whether it names what was deleted instead of holding what is there.
    deleted boolean NOT NULL,
    -- Whether nothing of the type comes after it.
    ends_type boolean NOT NULL,
    last_id uuid NOT NULL,
    records int4 NOT NULL,
    bytes int8 NOT NULL CHECK (bytes > 0),
    -- Whether it holds substance-use records: it is handed out with the notice of 42 CFR part 2.
    noticed boolean NOT NULL,
    object uuid NOT NULL,
    header bytea NOT NULL,
    PRIMARY KEY (organization_id, export_id, number)
);

SELECT sec.wall('ops.export', '0', false);
SELECT sec.wall('ops.export_file', '0', false);
GRANT SELECT, INSERT ON ops.export TO lamplight_app;
GRANT UPDATE (state, reason, key, locked_until, done, records, finished_at, expires_at, swept_at) ON ops.export TO lamplight_app;
GRANT SELECT, INSERT, DELETE ON ops.export_file TO lamplight_app;
CREATE POLICY operator ON ops.export TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, UPDATE, DELETE ON ops.export TO lamplight_operator;

-- What ended stays ended. A post cancels what it asked for itself; everything else is the program's.
CREATE FUNCTION ops.check_export() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF (OLD.state = 'ended' AND (NEW.state, NEW.reason, NEW.key) IS DISTINCT FROM (OLD.state, OLD.reason, OLD.key))
        OR (NEW.state = 'complete' AND OLD.state NOT IN ('running', 'complete'))
        OR (context[2] >= 0 AND NOT (context[2] = OLD.membership_id AND OLD.state <> 'ended' AND NEW.reason IS NOT DISTINCT FROM 'cancelled')) THEN
        RAISE EXCEPTION 'an export goes its way' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION ops.check_export FROM PUBLIC;
CREATE TRIGGER check_export BEFORE UPDATE ON ops.export FOR EACH ROW EXECUTE FUNCTION ops.check_export();

RESET ROLE;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
SET LOCAL ROLE lamplight_operator;

-- What the post that asked for an export may do at this time, by what it asked with; no row: its authority ended. An access
-- token's own few minutes are not counted: what it came from is. Only the program itself may ask, as in the others.
CREATE FUNCTION platform.export_grant(organization int4, export uuid, at timestamptz, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text,
        OUT grant_ends_at timestamptz, OUT request_id uuid, OUT purpose text, OUT program boolean)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT x.membership_id,
           ARRAY(SELECT p FROM unnest(e.permissions) p WHERE t.token_id IS NULL OR p = ANY (t.permissions)),
           ARRAY(SELECT f FROM unnest(e.facilities) f WHERE t.token_id IS NULL OR f = ANY (t.facilities)),
           e.by_relationship, o.slug, least(e.ends_at, t.expires_at), x.request_id, x.purpose, x.person_id IS NULL
      FROM ops.export x
      JOIN org.organization o ON o.organization_id = x.organization_id
     CROSS JOIN LATERAL org.effective(x.organization_id, x.membership_id, export_grant.at) e
      LEFT JOIN org.service_token t ON t.organization_id = x.organization_id AND t.token_id = x.token_id
                                   AND t.revoked_at IS NULL AND t.expires_at > export_grant.at
     WHERE (SELECT sec.cells())[2] = -1 AND x.organization_id = organization AND x.export_id = export AND e.alive
       AND CASE
           WHEN x.token_id IS NOT NULL THEN t.token_id IS NOT NULL
           WHEN x.access IS NOT NULL THEN EXISTS (
               SELECT 1 FROM oauth.access a
                 JOIN oauth.client c ON c.organization_id = a.organization_id AND c.client_id = a.client_id
                                    AND c.disabled_at IS NULL
                 LEFT JOIN oauth.family f ON f.organization_id = a.organization_id AND f.family_id = a.family_id
                 LEFT JOIN people.person p ON p.person_id = f.person_id
                WHERE a.organization_id = x.organization_id AND a.digest = x.access AND a.ended_at IS NULL
                  AND 'lamplight' = ANY (a.scope)
                  AND (a.family_id IS NULL OR (f.ended_at IS NULL AND p.disabled_at IS NULL
                                               AND f.created_at >= coalesce(p.password_at, '-infinity'))))
           ELSE EXISTS (
               SELECT 1 FROM org.membership m
                 JOIN people.person p ON p.person_id = m.person_id
                WHERE m.organization_id = x.organization_id AND m.membership_id = x.membership_id
                  AND m.person_id = x.person_id AND p.disabled_at IS NULL
                  AND coalesce(p.password_at, '-infinity') <= x.created_at) END
$$;

-- Claims the export that waits longest, of an organization of which none runs, or one whose worker was stopped.
CREATE FUNCTION platform.claim_export(claimed uuid, at timestamptz, lease interval, OUT organization_id int4,
        OUT export_id uuid)
    RETURNS SETOF record LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE ops.export x
       SET state = 'running', claim = claimed, locked_until = claim_export.at + lease, attempts = x.attempts + 1,
           as_of = coalesce(x.as_of, claim_export.at - interval '1 minute')
      FROM (SELECT d.organization_id, d.export_id FROM ops.export d
             WHERE (SELECT sec.cells())[2] = -1 AND d.swept_at IS NULL
               AND ((d.state = 'running' AND d.locked_until < claim_export.at)
                    OR (d.state = 'queued' AND NOT EXISTS (
                        SELECT 1 FROM ops.export r WHERE r.organization_id = d.organization_id AND r.state = 'running')))
             ORDER BY d.created_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
     WHERE x.organization_id = due.organization_id AND x.export_id = due.export_id
    RETURNING x.organization_id, x.export_id
$$;

-- Exports of all organizations whose authority or time ended, and those that ended and are not swept yet. What was swept a
-- week ago is forgotten.
CREATE FUNCTION platform.lost_exports(at timestamptz, OUT organization_id int4, OUT export_id uuid, OUT membership_id int4,
        OUT reason text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RETURN;
    END IF;
    DELETE FROM ops.export x WHERE x.swept_at < lost_exports.at - interval '7 days';
    RETURN QUERY
    SELECT x.organization_id, x.export_id, x.membership_id,
           CASE WHEN x.state = 'ended' THEN x.reason
                WHEN x.expires_at > lost_exports.at THEN 'authority'
                WHEN x.state = 'complete' THEN 'expired' ELSE 'failed' END
      FROM ops.export x
     WHERE x.swept_at IS NULL AND (x.state = 'ended' OR x.expires_at <= lost_exports.at OR NOT EXISTS (
           SELECT 1 FROM platform.export_grant(x.organization_id, x.export_id, lost_exports.at) g
            WHERE 'chart.export' = ANY (g.permissions) AND x.facilities <@ g.facilities))
     ORDER BY x.created_at LIMIT 200;
END
$$;
REVOKE ALL ON FUNCTION platform.export_grant, platform.claim_export, platform.lost_exports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.export_grant, platform.claim_export, platform.lost_exports TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
