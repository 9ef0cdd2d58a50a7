-- What the plane counts and says: clinicians of a month, sessions, health, figures, announcements (ADR 0020). Its role
-- still has nothing on charts, accounts and logs: it calls functions that answer with counts.
SET LOCAL ROLE lamplight_owner;

-- What was counted of a finished month, once. Nobody changes it.
CREATE TABLE platform.reading (
    organization_id int4 NOT NULL REFERENCES org.organization,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    clinicians int4 NOT NULL CHECK (clinicians >= 0),
    -- The account as it stood: what, for how many days, how many, cents.
    lines jsonb NOT NULL,
    taken_at timestamptz NOT NULL CHECK ((taken_at AT TIME ZONE 'UTC') >= month + interval '1 month'),
    taken_by int4 NOT NULL,
    PRIMARY KEY (organization_id, month)
);
CREATE TABLE platform.announcement (
    announcement_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    level text NOT NULL CHECK (level IN ('info', 'warning', 'maintenance')),
    -- NULL: everyone.
    organizations int4[] CHECK (cardinality(organizations) > 0 AND array_position(organizations, NULL) IS NULL),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    created_at timestamptz NOT NULL,
    created_by int4 NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX announcement_ends ON platform.announcement (ends_at) WHERE withdrawn_at IS NULL;
SELECT sec.platform_wall('platform.reading', 'organization_id');
SELECT sec.platform_wall('platform.announcement', 'announcement_id');
GRANT SELECT, INSERT ON platform.reading, platform.announcement TO lamplight_platform;
GRANT UPDATE (withdrawn_at) ON platform.announcement TO lamplight_platform;
GRANT SELECT ON platform.announcement TO lamplight_operator;

-- Records are counted by the owner's functions: the operator has nothing on the chart. Those that were deleted are few
-- and have an index of their own, so that no count reads a row.
CREATE INDEX resource_deleted ON chart.resource (organization_id, type) WHERE body IS NULL;
CREATE POLICY counter ON chart.resource FOR SELECT TO lamplight_owner USING (organization_id > 0);
GRANT USAGE ON SCHEMA chart TO lamplight_operator;

CREATE FUNCTION chart.count_records(organization int4, patient_type int2, OUT records int8, OUT patients int8)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.records - d.records, a.patients - d.patients
      FROM (SELECT count(*) AS records, count(*) FILTER (WHERE r.type = patient_type) AS patients
              FROM chart.resource r WHERE r.organization_id = organization) a,
           (SELECT count(*) AS records, count(*) FILTER (WHERE r.type = patient_type) AS patients
              FROM chart.resource r WHERE r.organization_id = organization AND r.body IS NULL) d
     WHERE (SELECT sec.cells())[2] = -3
$$;

-- Whether an event that wrote these bodies (audit.event.writes) wrote one of a record of these types. A deletion has the
-- hash of nothing.
CREATE FUNCTION chart.wrote_one_of(organization int4, writes bytea, types int2[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT 1 FROM generate_series(0, length(writes) / 52 - 1) w
          JOIN chart.resource r ON r.organization_id = organization
                               AND r.id = encode(substring(writes FROM w * 52 + 1 FOR 16), 'hex')::uuid
         WHERE r.type = ANY (types) AND substring(writes FROM w * 52 + 21 FOR 32) <> sha256(''))
       AND (SELECT sec.cells())[2] = -3
$$;
REVOKE ALL ON FUNCTION chart.count_records, chart.wrote_one_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chart.count_records, chart.wrote_one_of TO lamplight_operator;

-- What the functions below count. No body, no address, no name, nothing sealed.
CREATE POLICY counted ON audit.event FOR SELECT TO lamplight_operator USING (organization_id > 0);
CREATE POLICY counted ON people.message FOR SELECT TO lamplight_operator USING (message_id IS NOT NULL);
GRANT USAGE ON SCHEMA audit TO lamplight_operator;
GRANT SELECT (organization_id, at, id, membership_id, action, outcome, reason, resource_type, writes, detail)
    ON audit.event TO lamplight_operator;
GRANT SELECT (organization_id, membership_id, kind, starts_at, ends_at) ON org.relationship TO lamplight_operator;
GRANT SELECT (message_id, due_at, failed_at) ON people.message TO lamplight_operator;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- How many people wrote a record of these types between these times, each person behind posts of the staff once.
CREATE FUNCTION platform.count_clinicians(organization int4, types int2[], since timestamptz, until timestamptz)
    RETURNS int4 LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT count(DISTINCT m.person_id)::int4
      FROM (SELECT DISTINCT e.membership_id FROM audit.event e
             WHERE e.organization_id = organization AND e.at >= since AND e.at < until
               AND e.outcome = 'success' AND e.membership_id > 0
               AND (e.action IN ('chart.create', 'chart.update') AND e.resource_type = ANY (types)
                    OR e.action = 'chart.transaction' AND chart.wrote_one_of(organization, e.writes, types))) w
      JOIN org.membership m ON m.organization_id = organization AND m.membership_id = w.membership_id
     WHERE m.kind = 'person' AND m.plane = 'staff' AND m.person_id IS NOT NULL
       AND (SELECT sec.cells())[2] = -3
$$;

-- What is announced to the organization of the context, now.
CREATE FUNCTION platform.announcements(at timestamptz, OUT announcement_id uuid, OUT title text, OUT text text,
        OUT level text, OUT starts_at timestamptz, OUT ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.announcement_id, a.title, a.text, a.level, a.starts_at, a.ends_at
      FROM platform.announcement a
     WHERE a.withdrawn_at IS NULL AND a.starts_at <= announcements.at AND a.ends_at > announcements.at
       AND (SELECT sec.cells())[2] >= 0
       AND (a.organizations IS NULL OR (abs((SELECT sec.cells())[3]) >> 32)::int4 = ANY (a.organizations))
     ORDER BY a.starts_at DESC, a.announcement_id
$$;

-- Sessions and refusals of every organization, and last of the installation itself (NULL): counts.
CREATE FUNCTION platform.count_sessions(at timestamptz, OUT organization_id int4, OUT sessions int8, OUT contexts int8,
        OUT active int8, OUT refusals int8, OUT locked int8)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH open AS MATERIALIZED (
        SELECT s.session_id, s.place, s.used_at FROM people.session s
         WHERE s.ended_at IS NULL AND s.ends_at > count_sessions.at
           AND s.used_at + make_interval(secs => s.idle_seconds) > count_sessions.at),
    there AS (SELECT o.organization_id, o.slug FROM org.organization o UNION ALL SELECT 2147483647, '')
    SELECT nullif(t.organization_id, 2147483647), s.sessions, c.contexts, s.active, e.refusals, e.locked
      FROM there t
     CROSS JOIN LATERAL (SELECT count(*) AS sessions,
                                count(*) FILTER (WHERE o.used_at > count_sessions.at - interval '15 minutes') AS active
                           FROM open o WHERE o.place = t.slug) s
     CROSS JOIN LATERAL (SELECT count(*) AS contexts FROM people.context c JOIN open o USING (session_id)
                          WHERE c.organization_id = t.organization_id AND c.closed_at IS NULL) c
     CROSS JOIN LATERAL (SELECT count(*) AS refusals,
                                count(DISTINCT e.detail) FILTER (WHERE e.action = 'session.sign-in'
                                                                   AND e.reason = 'account locked') AS locked
                           FROM audit.event e
                          WHERE e.organization_id = t.organization_id AND e.outcome = 'denied'
                            AND e.at > count_sessions.at - interval '24 hours' AND e.at <= count_sessions.at) e
     WHERE (SELECT sec.cells())[2] = -3 ORDER BY t.organization_id
$$;

-- How the installation is.
CREATE FUNCTION platform.vitals(at timestamptz, OUT server_version text, OUT clock timestamptz, OUT last_event timestamptz,
        OUT oldest_effect timestamptz, OUT jobs_due int8, OUT jobs_failed int8, OUT mail_due int8, OUT mail_failed int8,
        OUT months_ahead int8)
    RETURNS SETOF record LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT current_setting('server_version'), clock_timestamp(),
           (SELECT max(l.at) FROM (SELECT o.organization_id FROM org.organization o UNION ALL SELECT 2147483647) o
             CROSS JOIN LATERAL (SELECT e.at FROM audit.event e WHERE e.organization_id = o.organization_id
                                    AND e.at > vitals.at - interval '1 day' ORDER BY e.at DESC LIMIT 1) l),
           (SELECT min(f.at) FROM org.organization o CROSS JOIN LATERAL (
                SELECT x.at FROM ops.outbox x WHERE x.organization_id = o.organization_id ORDER BY x.xact, x.sequence LIMIT 1) f),
           (SELECT count(*) FROM ops.job j WHERE j.failed_at IS NULL AND j.run_at <= vitals.at),
           (SELECT count(*) FROM ops.job j WHERE j.failed_at IS NOT NULL),
           (SELECT count(*) FROM people.message m WHERE m.failed_at IS NULL AND m.due_at <= vitals.at),
           (SELECT count(*) FROM people.message m WHERE m.failed_at IS NOT NULL),
           (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'audit.event'::regclass
               AND right(c.relname, 6) > to_char(vitals.at AT TIME ZONE 'UTC', 'YYYYMM'))
     WHERE (SELECT sec.cells())[2] = -3
$$;

-- How much there is of what, by organization: counts. Ties are those of portals that live.
CREATE FUNCTION platform.figures(patient_type int2, at timestamptz, OUT organization_id int4, OUT facilities int8[],
        OUT staff int8, OUT ties text[], OUT portals int8[], OUT patients int8, OUT records int8, OUT events int8)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT o.organization_id, f.states, m.staff, coalesce(p.ties, '{}'), coalesce(p.portals, '{}'), c.patients, c.records,
           e.events
      FROM org.organization o
     CROSS JOIN LATERAL (SELECT ARRAY[count(*) FILTER (WHERE f.state = 'preparing'), count(*) FILTER (WHERE f.state = 'pilot'),
                                      count(*) FILTER (WHERE f.state = 'live')] AS states
                           FROM org.facility f WHERE f.organization_id = o.organization_id AND f.facility_id > 0) f
     CROSS JOIN LATERAL (SELECT count(*) AS staff FROM org.membership m
                          WHERE m.organization_id = o.organization_id AND m.kind = 'person' AND m.plane = 'staff'
                            AND (m.ends_at IS NULL OR m.ends_at > figures.at)) m
     CROSS JOIN LATERAL (SELECT array_agg(k.kind ORDER BY k.kind) AS ties, array_agg(k.portals ORDER BY k.kind) AS portals
                           FROM (SELECT r.kind, count(DISTINCT r.membership_id) AS portals FROM org.relationship r
                                   JOIN org.membership m ON m.organization_id = r.organization_id
                                                        AND m.membership_id = r.membership_id AND m.plane = 'portal'
                                                        AND (m.ends_at IS NULL OR m.ends_at > figures.at)
                                  WHERE r.organization_id = o.organization_id AND r.starts_at <= figures.at
                                    AND r.ends_at > figures.at
                                  GROUP BY r.kind) k) p
     CROSS JOIN LATERAL chart.count_records(o.organization_id, patient_type) c
     CROSS JOIN LATERAL (SELECT count(*) AS events FROM audit.event e
                          WHERE e.organization_id = o.organization_id AND e.at > figures.at - interval '30 days'
                            AND e.at <= figures.at) e
     WHERE (SELECT sec.cells())[2] = -3 ORDER BY o.organization_id
$$;
REVOKE ALL ON FUNCTION platform.count_clinicians, platform.announcements, platform.count_sessions, platform.vitals,
    platform.figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.count_clinicians, platform.count_sessions, platform.vitals, platform.figures
    TO lamplight_platform;
GRANT EXECUTE ON FUNCTION platform.announcements TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
