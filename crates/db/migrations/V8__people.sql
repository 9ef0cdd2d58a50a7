-- People: who signs in, with what, on which devices, as which memberships. A person is no tenant's: one human may be a
-- nurse of one organization and a daughter in another. No context of an organization reaches these tables; the
-- program's own (membership -1) does, and one that is signed for a person (membership -2, the person's number in the
-- place of a cell) reaches that person's rows.
CREATE SCHEMA people AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

CREATE SEQUENCE people.person_number AS int4;

CREATE TABLE people.person (
    person_id int4 PRIMARY KEY CHECK (person_id > 0),
    -- The WebAuthn user handle: says nothing about the person.
    handle uuid NOT NULL UNIQUE,
    -- HMAC of the normalized address: found by it, not read from it.
    email_key bytea NOT NULL UNIQUE CHECK (length(email_key) = 32),
    -- Sealed: address and name.
    details bytea NOT NULL,
    -- Sealed: the Argon2id hash, so that a copy of the table is no start for guessing.
    password bytea,
    password_at timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE people.factor (
    person_id int4 NOT NULL REFERENCES people.person,
    factor_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('totp', 'sms', 'passkey')),
    -- Sealed: shared secret, phone number or passkey, and the label.
    secret bytea NOT NULL,
    -- SHA-256 of the credential id: finds the owner of a discoverable passkey.
    credential_key bytea UNIQUE CHECK (length(credential_key) = 32),
    created_at timestamptz NOT NULL,
    -- Not counted as a factor before.
    confirmed_at timestamptz,
    used_at timestamptz,
    -- The last TOTP time step that was accepted: none is accepted twice (RFC 6238, section 5.2).
    last_step int8,
    PRIMARY KEY (person_id, factor_id)
);

CREATE TABLE people.recovery_code (
    person_id int4 NOT NULL REFERENCES people.person,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    used_at timestamptz,
    PRIMARY KEY (person_id, digest)
);

-- One signed-in browser. The cookie holds 256 random bits, of which this is the SHA-256.
CREATE TABLE people.session (
    session_id uuid PRIMARY KEY,
    person_id int4 NOT NULL REFERENCES people.person,
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- Where the cookie is good: an organization's slug, or '' for the installation's own address.
    place text NOT NULL,
    -- 1: a password alone; 2: two factors.
    strength int2 NOT NULL CHECK (strength IN (1, 2)),
    signed_in_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    idle_seconds int4 NOT NULL CHECK (idle_seconds > 0),
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    address inet,
    agent text NOT NULL CHECK (length(agent) <= 100)
);
CREATE INDEX session_person ON people.session (person_id) WHERE ended_at IS NULL;

-- One membership open in one tab of a session. Any number may stand beside each other.
CREATE TABLE people.context (
    context_id uuid PRIMARY KEY,
    -- No foreign key: it would tell a person whether another's session exists. `platform.check_session` joins both.
    session_id uuid NOT NULL,
    person_id int4 NOT NULL REFERENCES people.person,
    organization_id int4 NOT NULL,
    membership_id int4 NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX context_session ON people.context (session_id) WHERE closed_at IS NULL;

-- Everything that is good once and for a short time: half a sign-in, a WebAuthn ceremony, a link in a mail, a step-up,
-- a code sent by SMS. The holder has the secret, the table its SHA-256; what it stands for is sealed.
CREATE TABLE people.ticket (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    person_id int4 REFERENCES people.person,
    purpose text NOT NULL,
    state bytea NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    used_at timestamptz,
    tries int4 NOT NULL DEFAULT 0
);
CREATE INDEX ticket_ends ON people.ticket (ends_at);
CREATE INDEX ticket_person ON people.ticket (person_id, purpose);

-- Wrong passwords and codes by account and by source; keys are HMACs, and those of accounts that do not exist are here too.
CREATE TABLE people.attempt (
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    failures int4 NOT NULL,
    since timestamptz NOT NULL
);

-- Mail and text messages on their way.
CREATE TABLE people.message (
    message_id uuid PRIMARY KEY,
    person_id int4 REFERENCES people.person,
    channel text NOT NULL CHECK (channel IN ('mail', 'sms')),
    -- Sealed: to whom and what.
    content bytea NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts int4 NOT NULL DEFAULT 0,
    failed_at timestamptz
);
CREATE INDEX message_due ON people.message (due_at) WHERE failed_at IS NULL;

-- Raises the wall around a table of people: the program, or the person.
CREATE FUNCTION sec.person_wall(target regclass, by_person boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    inside text := '((SELECT sec.cells())::int8[])[2] = -1';
BEGIN
    IF by_person THEN
        inside := inside || ' OR (((SELECT sec.cells())::int8[])[2] = -2 AND person_id = ((SELECT sec.cells())::int8[])[3])';
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY runtime ON %s TO lamplight_app USING ((SELECT sec.cells()) IS NOT NULL)', target);
    EXECUTE format('CREATE POLICY person_wall ON %s AS RESTRICTIVE TO lamplight_app USING (%s)', target, inside);
END
$$;
REVOKE ALL ON FUNCTION sec.person_wall FROM PUBLIC;
SELECT sec.person_wall('people.person', true);
SELECT sec.person_wall('people.factor', true);
SELECT sec.person_wall('people.recovery_code', true);
SELECT sec.person_wall('people.session', true);
SELECT sec.person_wall('people.context', true);
SELECT sec.person_wall('people.ticket', true);
SELECT sec.person_wall('people.attempt', false);
SELECT sec.person_wall('people.message', true);

GRANT USAGE ON SCHEMA people TO lamplight_app, lamplight_operator;
GRANT USAGE ON SEQUENCE people.person_number TO lamplight_app;
GRANT SELECT, INSERT, UPDATE ON people.person, people.session, people.context TO lamplight_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON people.factor, people.recovery_code, people.ticket, people.attempt,
    people.message TO lamplight_app;

-- Posts of people. A post that was offered and not yet taken has no person. No foreign key: members write this table
-- and see nobody's account.
ALTER TABLE org.membership
    ADD COLUMN person_id int4,
    ADD COLUMN role text CHECK (length(role) BETWEEN 1 AND 100),
    ADD COLUMN plane text NOT NULL DEFAULT 'staff' CHECK (plane IN ('staff', 'portal')),
    ADD COLUMN permissions text[] NOT NULL DEFAULT '{}',
    ADD COLUMN facilities int4[] NOT NULL DEFAULT '{}';
CREATE INDEX membership_person ON org.membership (organization_id, person_id) WHERE person_id IS NOT NULL;
CREATE INDEX membership_of_person ON org.membership (person_id) WHERE person_id IS NOT NULL;

-- An organization's rules for sign-in.
ALTER TABLE org.organization
    ADD COLUMN portal_second_factor boolean NOT NULL DEFAULT true,
    ADD COLUMN idle_seconds int4 NOT NULL DEFAULT 900 CHECK (idle_seconds BETWEEN 60 AND 86400),
    ADD COLUMN session_seconds int4 NOT NULL DEFAULT 43200 CHECK (session_seconds BETWEEN 300 AND 2592000);

GRANT INSERT ON org.membership TO lamplight_app;
GRANT UPDATE (person_id, name, ends_at) ON org.membership TO lamplight_app;
GRANT USAGE ON SEQUENCE org.membership_number TO lamplight_app;

-- What a membership makes below itself holds no more than it holds: permissions, facilities, time. Of what is there it
-- only shortens the time of a person's post. The program (membership -1) lets a person take up a post and changes
-- nothing else. Said here as well as in the program.
CREATE FUNCTION org.check_grant() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    mine record;
    meant org.membership;
    allowed boolean;
BEGIN
    -- Who has a portal may be a patient, or a patient's daughter: the post is called by its role, not by the name.
    IF NEW.plane = 'portal' THEN
        NEW.name := coalesce(NEW.role, 'portal');
    END IF;
    -- The operator has no context, a job and the command line have membership 0. What the context does not reach is
    -- left to the wall, whose refusal does not depend on what is there.
    IF me IS NULL OR me = 0 OR (sec.cell(NEW.organization_id, 0) = ANY (context)) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        meant := OLD;
        IF me = -1 THEN
            allowed := OLD.person_id IS NULL AND NEW.person_id IS NOT NULL;
            meant.person_id := NEW.person_id;
            meant.name := NEW.name;
        ELSE
            allowed := me > 0 AND coalesce(NEW.ends_at, 'infinity') <= coalesce(OLD.ends_at, 'infinity');
            meant.ends_at := NEW.ends_at;
        END IF;
        IF NOT allowed OR OLD.kind <> 'person' OR NEW IS DISTINCT FROM meant THEN
            RAISE EXCEPTION 'a post is taken up once and otherwise only ended' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    SELECT m.permissions, m.facilities, m.ends_at, m.by_relationship INTO mine FROM org.membership m
     WHERE m.organization_id = NEW.organization_id AND m.membership_id = me;
    IF NOT FOUND OR NEW.kind <> 'person' OR NEW.person_id IS NOT NULL OR NEW.parent_id IS DISTINCT FROM me
        OR NOT NEW.permissions <@ mine.permissions OR NOT NEW.facilities <@ mine.facilities
        OR (mine.by_relationship AND NOT NEW.by_relationship)
        OR coalesce(NEW.ends_at, 'infinity') > coalesce(mine.ends_at, 'infinity') THEN
        RAISE EXCEPTION 'a grant exceeds the grantor''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.check_grant FROM PUBLIC;
CREATE POLICY grantor ON org.membership FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE TRIGGER check_grant BEFORE INSERT OR UPDATE ON org.membership FOR EACH ROW EXECUTE FUNCTION org.check_grant();

-- Tells every process that an authority ended, so that none answers from memory (LESSONS rule 9). Numbers only.
CREATE FUNCTION sec.tell_revoked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('lamplight_revoked', TG_ARGV[0] || ':' || CASE TG_ARGV[0]
        WHEN 'person' THEN to_jsonb(NEW) ->> 'person_id' ELSE (to_jsonb(NEW) ->> 'membership_id') END);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sec.tell_revoked FROM PUBLIC;
CREATE TRIGGER tell_revoked AFTER UPDATE ON people.session FOR EACH ROW
    WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at OR OLD.digest <> NEW.digest) EXECUTE FUNCTION sec.tell_revoked('person');
CREATE TRIGGER tell_revoked AFTER UPDATE ON people.context FOR EACH ROW
    WHEN (OLD.closed_at IS DISTINCT FROM NEW.closed_at) EXECUTE FUNCTION sec.tell_revoked('person');
CREATE TRIGGER tell_revoked AFTER UPDATE ON people.person FOR EACH ROW
    WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION sec.tell_revoked('person');
CREATE TRIGGER tell_revoked AFTER UPDATE ON org.membership FOR EACH ROW EXECUTE FUNCTION sec.tell_revoked('membership');
CREATE TRIGGER tell_revoked AFTER UPDATE ON org.service_token FOR EACH ROW EXECUTE FUNCTION sec.tell_revoked('membership');

-- The checks below are the operator's, which stands above organizations.
CREATE POLICY operator ON people.person FOR SELECT TO lamplight_operator USING (person_id > 0);
CREATE POLICY operator ON people.session FOR SELECT TO lamplight_operator USING (person_id > 0);
CREATE POLICY operator ON people.context FOR SELECT TO lamplight_operator USING (person_id > 0);
GRANT SELECT (person_id, disabled_at) ON people.person TO lamplight_operator;
GRANT SELECT ON people.session, people.context TO lamplight_operator;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- Whose cookie this is, and as which membership the request named speaks. No row: no such session now. Without a
-- membership: the session holds no such context.
CREATE FUNCTION platform.check_session(secret_digest bytea, context uuid, at timestamptz, OUT session_id uuid,
        OUT person_id int4, OUT place text, OUT strength int2, OUT signed_in_at timestamptz, OUT used_at timestamptz,
        OUT idle_seconds int4, OUT ends_at timestamptz, OUT organization_id int4, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text,
        OUT second_factor_required boolean)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.session_id, s.person_id, s.place, s.strength, s.signed_in_at, s.used_at, s.idle_seconds, s.ends_at,
           m.organization_id, m.membership_id, m.permissions, m.facilities, m.by_relationship, o.slug,
           m.plane = 'staff' OR o.portal_second_factor
      FROM people.session s
      JOIN people.person p ON p.person_id = s.person_id AND p.disabled_at IS NULL
      LEFT JOIN people.context c ON c.context_id = check_session.context AND c.session_id = s.session_id
                                AND c.closed_at IS NULL
      LEFT JOIN org.membership m ON m.organization_id = c.organization_id AND m.membership_id = c.membership_id
                                AND m.person_id = s.person_id AND (m.ends_at IS NULL OR m.ends_at > check_session.at)
      LEFT JOIN org.organization o ON o.organization_id = m.organization_id
     WHERE s.digest = secret_digest AND s.ended_at IS NULL AND s.ends_at > check_session.at
       AND s.used_at + make_interval(secs => s.idle_seconds) > check_session.at
$$;

-- The posts of a person in all organizations. Only the program, or the person, may ask.
CREATE FUNCTION platform.posts(person int4, at timestamptz, OUT organization_id int4, OUT slug text, OUT organization_name text,
        OUT organization_kind text, OUT membership_id int4, OUT name text, OUT role text, OUT plane text,
        OUT second_factor_required boolean, OUT idle_seconds int4, OUT session_seconds int4, OUT facility_ids int4[],
        OUT facility_codes text[], OUT facility_names text[], OUT facility_time_zones text[])
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.organization_id, o.slug, o.name, o.kind, m.membership_id, m.name, coalesce(m.role, ''), m.plane,
           m.plane = 'staff' OR o.portal_second_factor, o.idle_seconds, o.session_seconds,
           f.ids, f.codes, f.names, f.time_zones
      FROM org.membership m
      JOIN org.organization o ON o.organization_id = m.organization_id
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(f.facility_id ORDER BY f.code), '{}') AS ids,
                  coalesce(array_agg(f.code ORDER BY f.code), '{}') AS codes,
                  coalesce(array_agg(f.name ORDER BY f.code), '{}') AS names,
                  coalesce(array_agg(f.time_zone ORDER BY f.code), '{}') AS time_zones
             FROM org.facility f WHERE f.organization_id = m.organization_id AND f.facility_id = ANY (m.facilities)) f
     WHERE m.person_id = person AND (m.ends_at IS NULL OR m.ends_at > posts.at)
       AND (((SELECT sec.cells())[2] = -2 AND (SELECT sec.cells())[3] = person) OR (SELECT sec.cells())[2] = -1)
     ORDER BY o.slug, m.membership_id
$$;

-- The organization of a subdomain: what an address stands for is public.
CREATE FUNCTION platform.find_organization(slug text, OUT organization_id int4, OUT name text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT o.organization_id, o.name FROM platform.slug s
      JOIN org.organization o ON o.organization_id = s.organization_id WHERE s.slug = find_organization.slug
$$;
REVOKE ALL ON FUNCTION platform.check_session, platform.posts, platform.find_organization FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.check_session, platform.posts, platform.find_organization TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
