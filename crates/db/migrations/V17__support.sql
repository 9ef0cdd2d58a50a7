-- Support access: somebody of the plane sees what one post of the organization sees, for hours at most, because the
-- organization said so (ADR 0019). It is a post below that one, so that what every policy computes over the chain holds
-- for it: permissions, facilities, ties to patients, hidden fields, and the end.
SET LOCAL ROLE lamplight_owner;

ALTER TABLE org.membership DROP CONSTRAINT membership_kind_check;
ALTER TABLE org.membership
    ADD CONSTRAINT membership_kind_check CHECK (kind IN ('person', 'service', 'operator', 'support')),
    ADD CONSTRAINT membership_support CHECK (kind <> 'support' OR (
        person_id IS NOT NULL AND parent_id IS NOT NULL AND role_key IS NULL AND plane = 'staff' AND NOT by_relationship
        AND ends_at IS NOT NULL AND ends_at <= created_at + interval '4 hours'
        AND permissions <@ '{chart.read,chart.search,people.read,audit.report,chart.write,relationships.edit}'));

CREATE TABLE org.support_request (
    organization_id int4 NOT NULL REFERENCES org.organization,
    request_id uuid NOT NULL,
    -- Who asks. No foreign keys: whose account it is, and who is on the plane, is not the organization's to see.
    person_id int4 NOT NULL,
    administrator_id int4 NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- The post whose view would help, as whoever asks was told. No foreign key: it would tell the plane which there are.
    wanted int4,
    reason bytea NOT NULL,
    minutes int4 NOT NULL CHECK (minutes BETWEEN 5 AND 240),
    writes boolean NOT NULL,
    asked_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by int4,
    verdict text CHECK (verdict IN ('approved', 'refused')),
    -- Whose view is shared, for how long, and whether more than to look at.
    target_id int4,
    granted_minutes int4 CHECK (granted_minutes BETWEEN 5 AND minutes),
    granted_write boolean CHECK (granted_write <= writes),
    -- The post that was made.
    membership_id int4,
    ends_at timestamptz,
    -- Withdrawn, or ended before its time.
    ended_at timestamptz,
    PRIMARY KEY (organization_id, request_id),
    UNIQUE (organization_id, membership_id),
    FOREIGN KEY (organization_id, decided_by) REFERENCES org.membership (organization_id, membership_id),
    FOREIGN KEY (organization_id, target_id) REFERENCES org.membership (organization_id, membership_id),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    CHECK (num_nulls(decided_at, decided_by, verdict) IN (0, 3)),
    CHECK (num_nulls(target_id, granted_minutes, granted_write, membership_id, ends_at)
        = CASE WHEN verdict = 'approved' THEN 0 ELSE 5 END)
);
-- One waits at a time.
CREATE UNIQUE INDEX support_request_waiting ON org.support_request (organization_id, administrator_id)
    WHERE verdict IS NULL AND ended_at IS NULL;
SELECT sec.wall('org.support_request', '0', false);
GRANT SELECT ON org.support_request TO lamplight_app;
GRANT UPDATE (verdict, decided_by, target_id, granted_minutes, granted_write, ended_at) ON org.support_request TO lamplight_app;
-- Of the plane each sees what they asked for themselves, and neither the reason nor who decided.
CREATE POLICY plane ON org.support_request TO lamplight_platform
    USING (((SELECT sec.cells())::int8[])[2] = -3 AND administrator_id = ((SELECT sec.cells())::int8[])[3]);
GRANT SELECT (organization_id, request_id, administrator_id, wanted, minutes, writes, asked_at, decided_at, verdict,
    granted_minutes, granted_write, ends_at, ended_at) ON org.support_request TO lamplight_platform;
GRANT INSERT (organization_id, request_id, person_id, administrator_id, name, wanted, reason, minutes, writes, asked_at)
    ON org.support_request TO lamplight_platform;
GRANT UPDATE (ended_at) ON org.support_request TO lamplight_platform;
CREATE POLICY checked ON org.support_request FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE POLICY ended ON org.support_request FOR UPDATE TO lamplight_owner USING (organization_id > 0);
CREATE POLICY support ON org.membership FOR INSERT TO lamplight_owner WITH CHECK (organization_id > 0 AND kind = 'support');
CREATE POLICY operator ON org.support_request FOR SELECT TO lamplight_operator USING (organization_id > 0);
GRANT SELECT ON org.support_request TO lamplight_operator;

-- Whether it is that person's own number on the plane, and may ask for support.
CREATE FUNCTION org.asks_for_support(administrator int4, person int4, called text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM platform.administrator a
                    WHERE a.administrator_id = administrator AND a.person_id = person AND a.name = coalesce(called, a.name)
                      AND 'platform.support' = ANY (a.permissions) AND (a.ends_at IS NULL OR a.ends_at > clock_timestamp()))
$$;

-- Makes the post that an approval says, of what the post above it has at this moment; NULL where there is none to share.
CREATE FUNCTION org.open_support(asked org.support_request) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    seen record;
    post int4 := nextval('org.membership_number');
    shared text[] := '{chart.read,chart.search,people.read,audit.report}';
BEGIN
    IF asked.granted_write THEN
        shared := shared || '{chart.write,relationships.edit}';
    END IF;
    PERFORM org.hold_chain(asked.organization_id, asked.target_id);
    SELECT m.name, e.permissions, e.facilities INTO seen
      FROM org.membership m
     CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, clock_timestamp()) e
     WHERE m.organization_id = asked.organization_id AND m.membership_id = asked.target_id AND m.kind = 'person'
       AND m.plane = 'staff' AND m.person_id <> asked.person_id AND e.alive;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, role, plane, person_id, permissions,
        facilities, created_at, ends_at)
    VALUES (asked.organization_id, post, asked.target_id, 'support', asked.name, left('Support for ' || seen.name, 100), 'staff',
        asked.person_id,
        ARRAY(SELECT p FROM unnest(shared) p WHERE p = ANY (seen.permissions)), seen.facilities, asked.decided_at, asked.ends_at);
    RETURN post;
END
$$;

-- Asked by whoever may on the plane, in their own name. Decided once, within three days, by another person who
-- administers the organization at this moment, and never for more than was asked. Ended by them, by who asked, and by the
-- support itself. The times are the database's: nobody's clock widens them.
CREATE FUNCTION org.check_support() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    meant org.support_request := OLD;
    allowed boolean := true;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF me IS NOT NULL THEN
            NEW.asked_at := clock_timestamp();
            allowed := me = -3 AND context[3] = NEW.administrator_id
                AND org.asks_for_support(NEW.administrator_id, NEW.person_id, NEW.name)
                AND num_nonnulls(NEW.verdict, NEW.membership_id, NEW.ended_at) = 0;
        END IF;
    ELSIF NEW.verdict IS DISTINCT FROM OLD.verdict THEN
        PERFORM org.hold_chain(OLD.organization_id, me::int4);
        meant.verdict := NEW.verdict;
        meant.decided_by := NEW.decided_by;
        meant.target_id := NEW.target_id;
        meant.granted_minutes := NEW.granted_minutes;
        meant.granted_write := NEW.granted_write;
        allowed := me > 0 AND NEW IS NOT DISTINCT FROM meant AND NEW.decided_by = me
            AND OLD.verdict IS NULL AND OLD.ended_at IS NULL AND OLD.asked_at > clock_timestamp() - interval '72 hours'
            AND org.holds(OLD.organization_id, me, 'organization.manage')
            AND EXISTS (SELECT 1 FROM org.membership m
                         WHERE m.organization_id = OLD.organization_id AND m.membership_id = me AND m.kind = 'person'
                           AND m.person_id <> OLD.person_id);
        NEW.decided_at := clock_timestamp();
        IF allowed AND NEW.verdict = 'approved' THEN
            NEW.ends_at := NEW.decided_at + make_interval(mins => NEW.granted_minutes);
            allowed := NEW.granted_minutes BETWEEN 5 AND OLD.minutes AND NEW.granted_write <= OLD.writes
                AND org.asks_for_support(OLD.administrator_id, OLD.person_id, NULL);
            IF allowed THEN
                NEW.membership_id := org.open_support(NEW);
                allowed := NEW.membership_id IS NOT NULL;
            END IF;
        END IF;
    ELSE
        meant.ended_at := NEW.ended_at;
        NEW.ended_at := least(NEW.ended_at, clock_timestamp());
        allowed := NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND OLD.verdict IS DISTINCT FROM 'refused'
            AND (me IS NULL OR me = -3
                 OR (me > 0 AND OLD.membership_id IS NOT NULL
                     AND (me = OLD.membership_id OR org.holds(OLD.organization_id, me, 'organization.manage'))));
        meant.ended_at := NEW.ended_at;
        IF allowed AND NEW IS NOT DISTINCT FROM meant THEN
            UPDATE org.membership m SET ends_at = NEW.ended_at
             WHERE m.organization_id = OLD.organization_id AND m.membership_id = OLD.membership_id AND m.ends_at > NEW.ended_at;
        END IF;
        allowed := allowed AND NEW IS NOT DISTINCT FROM meant;
    END IF;
    IF allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'support access refused' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_support BEFORE INSERT OR UPDATE ON org.support_request FOR EACH ROW EXECUTE FUNCTION org.check_support();

-- Such a post is made and ended by its request alone, whoever asks.
CREATE FUNCTION org.keep_support() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'support access is made and ended by its request' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER keep_support BEFORE INSERT OR UPDATE ON org.membership FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND NEW.kind = 'support') EXECUTE FUNCTION org.keep_support();

-- Nothing stands below it, no patient is tied to it, no program borrows it.
CREATE FUNCTION org.refuse_support() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    -- What the context does not reach is left to the wall, whose refusal does not depend on what is there.
    IF (context IS NULL OR context[3] >> 32 = NEW.organization_id) AND EXISTS (
        SELECT 1 FROM org.membership m WHERE m.organization_id = NEW.organization_id AND m.kind = 'support'
           AND m.membership_id = (to_jsonb(NEW) ->> TG_ARGV[0])::int4) THEN
        RAISE EXCEPTION 'not for support access' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER refuse_support BEFORE INSERT ON org.membership FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION org.refuse_support('parent_id');
CREATE TRIGGER refuse_support BEFORE INSERT ON org.relationship FOR EACH ROW EXECUTE FUNCTION org.refuse_support('membership_id');
CREATE TRIGGER refuse_support BEFORE INSERT ON org.service_token FOR EACH ROW EXECUTE FUNCTION org.refuse_support('membership_id');
CREATE TRIGGER refuse_support BEFORE INSERT ON oauth.code FOR EACH ROW EXECUTE FUNCTION org.refuse_support('membership_id');
CREATE TRIGGER refuse_support BEFORE INSERT ON oauth.access FOR EACH ROW EXECUTE FUNCTION org.refuse_support('membership_id');

-- Who leaves the plane, or may not support any more, ends what they asked for.
CREATE FUNCTION org.end_support() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE org.support_request r SET ended_at = least(NEW.ends_at, clock_timestamp())
     WHERE r.administrator_id = NEW.administrator_id AND r.ended_at IS NULL AND r.verdict IS DISTINCT FROM 'refused'
       AND (r.ends_at IS NULL OR r.ends_at > clock_timestamp());
    RETURN NULL;
END
$$;
CREATE TRIGGER end_support AFTER UPDATE ON platform.administrator FOR EACH ROW
    WHEN (NEW.ends_at IS NOT NULL OR NOT 'platform.support' = ANY (NEW.permissions)) EXECUTE FUNCTION org.end_support();
REVOKE ALL ON FUNCTION org.asks_for_support, org.open_support, org.check_support, org.keep_support, org.refuse_support,
    org.end_support FROM PUBLIC;

-- Both identities: the support's post, and the post whose view it had.
ALTER TABLE audit.event ADD COLUMN on_behalf_of int4;
CREATE INDEX event_support ON audit.event (organization_id, membership_id, at) WHERE on_behalf_of IS NOT NULL;

GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- As before, with whose view it is that a support's post has.
DROP FUNCTION platform.check_session, platform.posts;
CREATE FUNCTION platform.check_session(secret_digest bytea, context uuid, at timestamptz, OUT session_id uuid,
        OUT person_id int4, OUT place text, OUT strength int2, OUT signed_in_at timestamptz, OUT used_at timestamptz,
        OUT idle_seconds int4, OUT ends_at timestamptz, OUT organization_id int4, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT grant_ends_at timestamptz,
        OUT slug text, OUT second_factor_required boolean, OUT on_behalf_of int4)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.session_id, s.person_id, s.place, s.strength, s.signed_in_at, s.used_at, s.idle_seconds, s.ends_at,
           m.organization_id, m.membership_id, m.permissions, m.facilities, m.by_relationship, m.ends_at, o.slug,
           m.plane = 'staff' OR o.portal_second_factor, CASE WHEN m.kind = 'support' THEN m.parent_id END
      FROM people.session s
      JOIN people.person p ON p.person_id = s.person_id AND p.disabled_at IS NULL
      LEFT JOIN people.context c ON c.context_id = check_session.context AND c.session_id = s.session_id
                                AND c.closed_at IS NULL
      LEFT JOIN LATERAL (
           SELECT m.organization_id, m.membership_id, m.plane, m.kind, m.parent_id, e.* FROM org.membership m
            CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, check_session.at) e
            WHERE m.organization_id = c.organization_id AND m.membership_id = c.membership_id
              AND m.person_id = s.person_id AND e.alive) m ON true
      LEFT JOIN org.organization o ON o.organization_id = m.organization_id
     WHERE s.digest = secret_digest AND s.ended_at IS NULL AND s.ends_at > check_session.at
       AND s.used_at + make_interval(secs => s.idle_seconds) > check_session.at
$$;

-- The posts of a person in all organizations. Only the program, or the person, may ask.
CREATE FUNCTION platform.posts(person int4, at timestamptz, OUT organization_id int4, OUT slug text, OUT organization_name text,
        OUT organization_kind text, OUT membership_id int4, OUT name text, OUT role text, OUT plane text,
        OUT second_factor_required boolean, OUT idle_seconds int4, OUT session_seconds int4, OUT facility_ids int4[],
        OUT facility_codes text[], OUT facility_names text[], OUT facility_time_zones text[], OUT support_request uuid,
        OUT support_for text, OUT support_ends_at timestamptz, OUT support_writes boolean)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.organization_id, o.slug, o.name, o.kind, m.membership_id, m.name, coalesce(m.role, ''), m.plane,
           m.plane = 'staff' OR o.portal_second_factor, o.idle_seconds, o.session_seconds,
           f.ids, f.codes, f.names, f.time_zones, s.request_id, t.name, e.ends_at, s.granted_write
      FROM org.membership m
      JOIN org.organization o ON o.organization_id = m.organization_id
     CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, posts.at) e
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(f.facility_id ORDER BY f.code), '{}') AS ids,
                  coalesce(array_agg(f.code ORDER BY f.code), '{}') AS codes,
                  coalesce(array_agg(f.name ORDER BY f.code), '{}') AS names,
                  coalesce(array_agg(f.time_zone ORDER BY f.code), '{}') AS time_zones
             FROM org.facility f WHERE f.organization_id = m.organization_id AND f.facility_id = ANY (e.facilities)) f
      LEFT JOIN org.support_request s ON s.organization_id = m.organization_id AND s.membership_id = m.membership_id
                                     AND m.kind = 'support'
      LEFT JOIN org.membership t ON t.organization_id = s.organization_id AND t.membership_id = s.target_id
     WHERE m.person_id = person AND e.alive
       AND (((SELECT sec.cells())[2] = -2 AND (SELECT sec.cells())[3] = person) OR (SELECT sec.cells())[2] = -1)
     ORDER BY o.slug, m.membership_id
$$;
REVOKE ALL ON FUNCTION platform.check_session, platform.posts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.check_session, platform.posts TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
