-- Delegation without limit of depth. What a post may do is computed when it is used: its own row, intersected with that
-- of every post above it (ADR 0011). So what ends or shrinks above is felt below at once, and nothing is copied down.
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
SET LOCAL ROLE lamplight_operator;
-- A service's membership from before V8 held nothing of its own, its tokens everything. Tokens are intersected with
-- their membership from now on, so it says what its tokens say.
UPDATE org.membership m
   SET permissions = ARRAY(SELECT DISTINCT p FROM org.service_token t, unnest(t.permissions) p
                            WHERE t.organization_id = m.organization_id AND t.membership_id = m.membership_id ORDER BY p),
       facilities = ARRAY(SELECT DISTINCT f FROM org.service_token t, unnest(t.facilities) f
                           WHERE t.organization_id = m.organization_id AND t.membership_id = m.membership_id ORDER BY f)
 WHERE m.kind = 'service' AND m.permissions = '{}' AND m.facilities = '{}';
RESET ROLE;
SET LOCAL ROLE lamplight_owner;

ALTER TABLE org.membership
    -- What neither the post nor any below it may do, whatever else says so.
    ADD COLUMN denied text[] NOT NULL DEFAULT '{}' CHECK (array_position(denied, NULL) IS NULL),
    ADD COLUMN version int4 NOT NULL DEFAULT 1,
    -- A post stands below an older one and stays there (check_grant): there is no cycle.
    ADD CONSTRAINT membership_below CHECK (parent_id < membership_id);
CREATE INDEX membership_parent ON org.membership (organization_id, parent_id) WHERE parent_id IS NOT NULL;

-- The index alone answers sec.related().
CREATE INDEX relationship_reach ON org.relationship (organization_id, membership_id, patient_id)
    INCLUDE (facility_id, starts_at, ends_at);
DROP INDEX org.relationship_membership;

-- A post and those above it, itself first. Like the two below it runs as its caller: row security holds in it.
CREATE FUNCTION org.chain(organization int4, membership int4, OUT membership_id int4, OUT height int4,
        OUT by_relationship boolean)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT m.membership_id, m.parent_id, 0 AS height, m.by_relationship
          FROM org.membership m WHERE m.organization_id = organization AND m.membership_id = membership
        UNION ALL
        SELECT m.membership_id, m.parent_id, c.height + 1, m.by_relationship
          FROM chain c JOIN org.membership m ON m.organization_id = organization AND m.membership_id = c.parent_id)
    SELECT c.membership_id, c.height, c.by_relationship FROM chain c
$$;

-- What a post may do at a time: of permissions and facilities what every post of its chain has, and of permissions
-- nothing that one of them is denied. It lives while all of them do. A post begins when it is made. That an account is
-- disabled counts for the one who signs in with it (check_session) and not here: whoever is ill or has left keeps the
-- house running until the post itself is ended.
CREATE FUNCTION org.effective(organization int4, membership int4, at timestamptz, OUT permissions text[],
        OUT facilities int4[], OUT by_relationship boolean, OUT alive boolean, OUT ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT m.parent_id, m.permissions, m.denied, m.facilities, m.by_relationship, m.ends_at
          FROM org.membership m WHERE m.organization_id = organization AND m.membership_id = membership
        UNION ALL
        SELECT m.parent_id, ARRAY(SELECT p FROM unnest(c.permissions) p WHERE p = ANY (m.permissions)),
               c.denied || m.denied, ARRAY(SELECT f FROM unnest(c.facilities) f WHERE f = ANY (m.facilities)),
               c.by_relationship OR m.by_relationship, least(c.ends_at, m.ends_at)
          FROM chain c JOIN org.membership m ON m.organization_id = organization AND m.membership_id = c.parent_id)
    SELECT ARRAY(SELECT p FROM unnest(c.permissions) p WHERE p <> ALL (c.denied)), c.facilities, c.by_relationship,
           c.ends_at IS NULL OR c.ends_at > at, c.ends_at
      FROM chain c WHERE c.parent_id IS NULL
$$;

-- The same of a post and of all below it, or of the whole organization without one: downwards, in one walk.
CREATE FUNCTION org.below(organization int4, top int4, at timestamptz, OUT membership_id int4, OUT parent_id int4,
        OUT depth int4, OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT alive boolean,
        OUT ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    WITH RECURSIVE tree AS (
        SELECT m.membership_id, m.parent_id, 0 AS depth, e.permissions, e.facilities, e.by_relationship, e.ends_at
          FROM org.membership m CROSS JOIN LATERAL org.effective(organization, m.membership_id, at) e
         WHERE m.organization_id = organization AND m.membership_id = top
        UNION ALL
        SELECT m.membership_id, m.parent_id, 0, ARRAY(SELECT p FROM unnest(m.permissions) p WHERE p <> ALL (m.denied)),
               m.facilities, m.by_relationship, m.ends_at
          FROM org.membership m WHERE top IS NULL AND m.organization_id = organization AND m.parent_id IS NULL
        UNION ALL
        SELECT m.membership_id, m.parent_id, t.depth + 1,
               ARRAY(SELECT p FROM unnest(m.permissions) p WHERE p = ANY (t.permissions) AND p <> ALL (m.denied)),
               ARRAY(SELECT f FROM unnest(m.facilities) f WHERE f = ANY (t.facilities)),
               t.by_relationship OR m.by_relationship, least(t.ends_at, m.ends_at)
          FROM tree t JOIN org.membership m ON m.organization_id = organization AND m.parent_id = t.membership_id)
    SELECT t.membership_id, t.parent_id, t.depth, t.permissions, t.facilities, t.by_relationship,
           t.ends_at IS NULL OR t.ends_at > at, t.ends_at
      FROM tree t
$$;
REVOKE ALL ON FUNCTION org.chain, org.effective, org.below FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.chain, org.effective, org.below TO lamplight_app, lamplight_operator;

-- Those whom every bound post of the chain has a relationship with: a scribe below a physician reaches patients of both
-- alone. A context that is bound while no post of its chain is counts as bound by itself.
CREATE OR REPLACE FUNCTION sec.related() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    bound int4[] := ARRAY(SELECT c.membership_id FROM org.chain(organization, context[2]::int4) c WHERE c.by_relationship);
BEGIN
    IF bound = '{}' THEN
        bound := ARRAY[context[2]::int4];
    END IF;
    RETURN ARRAY(SELECT r.patient_id FROM org.relationship r
                  WHERE r.organization_id = organization AND r.membership_id = ANY (bound)
                    AND r.starts_at <= transaction_timestamp() AND r.ends_at > transaction_timestamp()
                    AND (- sec.cell(r.organization_id, r.facility_id)) = ANY (context)
                  GROUP BY r.patient_id HAVING count(DISTINCT r.membership_id) = cardinality(bound));
END
$$;

-- Holds a post and those above it still until the transaction ends: what takes authority away waits for the grant, or
-- the grant for it, and then sees it. A lock reads the newest row, so this asks row by row.
CREATE FUNCTION org.hold_chain(organization int4, membership int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    above int4 := membership;
BEGIN
    WHILE above IS NOT NULL LOOP
        SELECT m.parent_id INTO above FROM org.membership m
         WHERE m.organization_id = organization AND m.membership_id = above FOR SHARE;
    END LOOP;
END
$$;
-- FOR SHARE asks for this one.
CREATE POLICY holder ON org.membership FOR UPDATE TO lamplight_owner USING (organization_id > 0);

-- Who administers the organization: people who took up a living post that may. Who is about to end is none of them:
-- clocks of two machines differ.
CREATE FUNCTION org.administrators(organization int4, OUT membership_id int4) RETURNS SETOF int4 LANGUAGE sql STABLE AS $$
    SELECT m.membership_id FROM org.membership m
     CROSS JOIN LATERAL org.effective(organization, m.membership_id, clock_timestamp() + interval '1 minute') e
     WHERE m.organization_id = organization AND m.kind = 'person' AND m.person_id IS NOT NULL
       AND 'organization.manage' = ANY (m.permissions) AND 'organization.manage' = ANY (e.permissions) AND e.alive
$$;

-- Whether there are some and every one of them is this post or stands below it.
CREATE FUNCTION org.all_administrators_below(organization int4, membership int4) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT 1 FROM org.administrators(organization) a
                        WHERE membership NOT IN (SELECT c.membership_id FROM org.chain(organization, a.membership_id) c))
       AND EXISTS (SELECT 1 FROM org.administrators(organization))
$$;

-- Members of an organization change its posts one after another. The lock is taken before any row is.
CREATE FUNCTION org.take_turns() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    IF context[2] > 0 THEN
        PERFORM pg_advisory_xact_lock(731049, (context[3] >> 32)::int4);
    END IF;
    RETURN NULL;
END
$$;

-- What a member makes or changes: nothing beyond what it may do itself at this moment. It makes posts below itself, and
-- changes those below it at any depth, with organization.manage any, and never its own. A post that ended stays ended.
-- The program (membership -1) lets a person take up a post and changes nothing else. Said here as well as in the program.
CREATE OR REPLACE FUNCTION org.check_grant() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    mine record;
    meant org.membership;
    before text[] := '{}';
    sites int4[] := '{}';
    until timestamptz := '-infinity';
    bound boolean := true;
BEGIN
    -- Who has a portal may be a patient, or a patient's daughter: the post is called by its role, not by the name.
    IF NEW.plane = 'portal' THEN
        NEW.name := coalesce(NEW.role, 'portal');
    END IF;
    NEW.version := 1;
    IF TG_OP = 'UPDATE' THEN
        NEW.version := OLD.version + 1;
        IF (NEW.organization_id, NEW.membership_id, NEW.parent_id)
            IS DISTINCT FROM (OLD.organization_id, OLD.membership_id, OLD.parent_id) THEN
            RAISE EXCEPTION 'a post stays where it is' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    -- The operator has no context, a job and the command line have membership 0. What the context does not reach is
    -- left to the wall, whose refusal does not depend on what is there.
    IF me IS NULL OR me = 0 OR (sec.cell(NEW.organization_id, 0) = ANY (context)) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        meant := OLD;
        meant.version := NEW.version;
        IF me = -1 THEN
            meant.person_id := NEW.person_id;
            meant.name := NEW.name;
            IF OLD.person_id IS NOT NULL OR NEW.person_id IS NULL OR OLD.kind <> 'person' OR NEW IS DISTINCT FROM meant THEN
                RAISE EXCEPTION 'a post is taken up once' USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END IF;
    END IF;
    IF me > 0 THEN
        PERFORM org.hold_chain(NEW.organization_id, me::int4);
    END IF;
    SELECT e.* INTO mine FROM org.effective(NEW.organization_id, me::int4, clock_timestamp()) e WHERE e.alive;
    IF NOT FOUND OR NEW.kind <> 'person' THEN
        RAISE EXCEPTION 'nothing to grant, or to no person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.person_id IS NOT NULL OR NEW.parent_id IS DISTINCT FROM me THEN
            RAISE EXCEPTION 'a post is offered below one''s own' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSE
        meant.role := NEW.role;
        meant.permissions := NEW.permissions;
        meant.denied := NEW.denied;
        meant.facilities := NEW.facilities;
        meant.by_relationship := NEW.by_relationship;
        meant.ends_at := NEW.ends_at;
        IF OLD.plane = 'portal' THEN
            meant.name := NEW.name;
        END IF;
        IF me = OLD.membership_id OR NEW IS DISTINCT FROM meant OR OLD.ends_at <= clock_timestamp()
            OR NOT ('organization.manage' = ANY (mine.permissions)
                    OR EXISTS (SELECT 1 FROM org.chain(OLD.organization_id, OLD.membership_id) c
                                WHERE c.membership_id = me)) THEN
            RAISE EXCEPTION 'a post is changed from above' USING ERRCODE = 'insufficient_privilege';
        END IF;
        before := ARRAY(SELECT unnest(OLD.permissions) EXCEPT SELECT unnest(OLD.denied));
        sites := OLD.facilities;
        until := coalesce(OLD.ends_at, 'infinity');
        bound := OLD.by_relationship;
        IF 'organization.manage' = ANY (before) AND (NOT 'organization.manage' = ANY (NEW.permissions)
                OR 'organization.manage' = ANY (NEW.denied) OR coalesce(NEW.ends_at, 'infinity') < until)
            AND org.all_administrators_below(OLD.organization_id, OLD.membership_id) THEN
            RAISE EXCEPTION 'an organization keeps an administrator'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'last_administrator';
        END IF;
    END IF;
    -- What is added, and it alone, is compared: an administrator may take away what they have not.
    IF NOT ARRAY(SELECT unnest(NEW.permissions) EXCEPT SELECT unnest(NEW.denied) EXCEPT SELECT unnest(before))
            <@ mine.permissions
        OR NOT ARRAY(SELECT unnest(NEW.facilities) EXCEPT SELECT unnest(sites)) <@ mine.facilities
        OR (bound AND mine.by_relationship AND NOT NEW.by_relationship)
        OR coalesce(NEW.ends_at, 'infinity') > greatest(until, coalesce(mine.ends_at, 'infinity')) THEN
        RAISE EXCEPTION 'a grant exceeds the grantor''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.hold_chain, org.administrators, org.all_administrators_below, org.take_turns FROM PUBLIC;
CREATE TRIGGER take_turns BEFORE UPDATE OF role, permissions, denied, facilities, by_relationship, ends_at
    ON org.membership FOR EACH STATEMENT EXECUTE FUNCTION org.take_turns();
GRANT UPDATE (role, permissions, denied, facilities, by_relationship) ON org.membership TO lamplight_app;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- As before, with the effective grant in the place of the post's own.
DROP FUNCTION platform.check_token, platform.check_session, platform.check_access_token;
CREATE FUNCTION platform.check_token(organization int4, token uuid, secret_hash bytea, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text,
        OUT grant_ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT t.membership_id, ARRAY(SELECT p FROM unnest(t.permissions) p WHERE p = ANY (e.permissions)),
           ARRAY(SELECT f FROM unnest(t.facilities) f WHERE f = ANY (e.facilities)), e.by_relationship, o.slug,
           least(e.ends_at, t.expires_at)
      FROM org.service_token t
     CROSS JOIN LATERAL org.effective(t.organization_id, t.membership_id, transaction_timestamp()) e
      JOIN org.organization o ON o.organization_id = t.organization_id
     WHERE t.organization_id = organization AND t.token_id = token AND t.hash = secret_hash
       AND t.revoked_at IS NULL AND t.expires_at > transaction_timestamp() AND e.alive
$$;

-- Whose cookie this is, and as which membership the request named speaks. No row: no such session now. Without a
-- membership: the session holds no such context.
CREATE FUNCTION platform.check_session(secret_digest bytea, context uuid, at timestamptz, OUT session_id uuid,
        OUT person_id int4, OUT place text, OUT strength int2, OUT signed_in_at timestamptz, OUT used_at timestamptz,
        OUT idle_seconds int4, OUT ends_at timestamptz, OUT organization_id int4, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT grant_ends_at timestamptz,
        OUT slug text, OUT second_factor_required boolean)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.session_id, s.person_id, s.place, s.strength, s.signed_in_at, s.used_at, s.idle_seconds, s.ends_at,
           m.organization_id, m.membership_id, m.permissions, m.facilities, m.by_relationship, m.ends_at, o.slug,
           m.plane = 'staff' OR o.portal_second_factor
      FROM people.session s
      JOIN people.person p ON p.person_id = s.person_id AND p.disabled_at IS NULL
      LEFT JOIN people.context c ON c.context_id = check_session.context AND c.session_id = s.session_id
                                AND c.closed_at IS NULL
      LEFT JOIN LATERAL (
           SELECT m.organization_id, m.membership_id, m.plane, e.* FROM org.membership m
            CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, check_session.at) e
            WHERE m.organization_id = c.organization_id AND m.membership_id = c.membership_id
              AND m.person_id = s.person_id AND e.alive) m ON true
      LEFT JOIN org.organization o ON o.organization_id = m.organization_id
     WHERE s.digest = secret_digest AND s.ended_at IS NULL AND s.ends_at > check_session.at
       AND s.used_at + make_interval(secs => s.idle_seconds) > check_session.at
$$;

-- Whose access token this is: what the membership may do now, where the token's scope lets it act for the membership,
-- else nothing. No row: no such token now. Without `offline_access` a token ends with the session it came from; all that
-- a person lent out end with their password.
CREATE FUNCTION platform.check_access_token(organization int4, secret_digest bytea, at timestamptz,
        OUT membership_id int4, OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text,
        OUT grant_ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.membership_id,
           CASE WHEN 'lamplight' = ANY (a.scope) THEN e.permissions ELSE '{}' END,
           CASE WHEN 'lamplight' = ANY (a.scope) THEN e.facilities ELSE '{}' END,
           e.by_relationship, o.slug, least(e.ends_at, a.expires_at)
      FROM oauth.access a
      JOIN oauth.client c ON c.organization_id = a.organization_id AND c.client_id = a.client_id AND c.disabled_at IS NULL
      JOIN org.membership m ON m.organization_id = a.organization_id AND m.membership_id = a.membership_id
     CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, check_access_token.at) e
      JOIN org.organization o ON o.organization_id = a.organization_id
      LEFT JOIN oauth.family f ON f.organization_id = a.organization_id AND f.family_id = a.family_id
      LEFT JOIN people.person p ON p.person_id = f.person_id
      LEFT JOIN people.session s ON s.session_id = f.session_id
     WHERE a.organization_id = organization AND a.digest = secret_digest AND e.alive
       AND a.ended_at IS NULL AND a.expires_at > check_access_token.at
       AND (a.family_id IS NULL
            OR (f.ended_at IS NULL AND m.person_id = f.person_id AND p.disabled_at IS NULL
                AND f.created_at >= coalesce(p.password_at, '-infinity')
                AND ('offline_access' = ANY (f.scope) OR (s.ended_at IS NULL AND s.ends_at > check_access_token.at))))
$$;

-- The posts of a person in all organizations. Only the program, or the person, may ask.
CREATE OR REPLACE FUNCTION platform.posts(person int4, at timestamptz, OUT organization_id int4, OUT slug text, OUT organization_name text,
        OUT organization_kind text, OUT membership_id int4, OUT name text, OUT role text, OUT plane text,
        OUT second_factor_required boolean, OUT idle_seconds int4, OUT session_seconds int4, OUT facility_ids int4[],
        OUT facility_codes text[], OUT facility_names text[], OUT facility_time_zones text[])
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.organization_id, o.slug, o.name, o.kind, m.membership_id, m.name, coalesce(m.role, ''), m.plane,
           m.plane = 'staff' OR o.portal_second_factor, o.idle_seconds, o.session_seconds,
           f.ids, f.codes, f.names, f.time_zones
      FROM org.membership m
      JOIN org.organization o ON o.organization_id = m.organization_id
     CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, posts.at) e
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(f.facility_id ORDER BY f.code), '{}') AS ids,
                  coalesce(array_agg(f.code ORDER BY f.code), '{}') AS codes,
                  coalesce(array_agg(f.name ORDER BY f.code), '{}') AS names,
                  coalesce(array_agg(f.time_zone ORDER BY f.code), '{}') AS time_zones
             FROM org.facility f WHERE f.organization_id = m.organization_id AND f.facility_id = ANY (e.facilities)) f
     WHERE m.person_id = person AND e.alive
       AND (((SELECT sec.cells())[2] = -2 AND (SELECT sec.cells())[3] = person) OR (SELECT sec.cells())[2] = -1)
     ORDER BY o.slug, m.membership_id
$$;
REVOKE ALL ON FUNCTION platform.check_token, platform.check_session, platform.check_access_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.check_token, platform.check_session, platform.check_access_token TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
