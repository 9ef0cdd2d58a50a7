-- The plane above organizations: its own people, its own routes, its own database role (ADR 0018). That role has nothing
-- on charts, accounts, keys and logs; of organizations it sees what a customer list needs, and it makes one as a whole.
SET LOCAL ROLE lamplight_owner;
GRANT USAGE ON SCHEMA sec, org, platform TO lamplight_platform;
GRANT EXECUTE ON FUNCTION sec.cells() TO lamplight_platform;

-- Raises the wall around a table of the plane: a context signed for the plane (membership -3, the administrator's number
-- in the place of a cell), and the operator.
CREATE FUNCTION sec.platform_wall(target regclass, key text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY operator ON %s TO lamplight_operator USING (%I IS NOT NULL)', target, key);
    EXECUTE format('CREATE POLICY plane ON %s TO lamplight_platform USING (((SELECT sec.cells())::int8[])[2] = -3)', target);
END
$$;
REVOKE ALL ON FUNCTION sec.platform_wall FROM PUBLIC;

CREATE SEQUENCE platform.administrator_number AS int4;
CREATE TABLE platform.administrator (
    administrator_id int4 PRIMARY KEY CHECK (administrator_id > 0),
    -- No foreign key: the plane sees nobody's account.
    person_id int4,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    permissions text[] NOT NULL CHECK (array_position(permissions, NULL) IS NULL),
    -- 0: the operator.
    invited_by int4 NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz,
    version int4 NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX administrator_person ON platform.administrator (person_id) WHERE ends_at IS NULL;
SELECT sec.platform_wall('platform.administrator', 'administrator_id');
GRANT SELECT, INSERT ON platform.administrator TO lamplight_platform;
GRANT UPDATE (permissions, ends_at, version) ON platform.administrator TO lamplight_platform;
GRANT SELECT, INSERT, UPDATE ON platform.administrator TO lamplight_operator;
GRANT USAGE ON SEQUENCE platform.administrator_number TO lamplight_platform, lamplight_operator;

-- Who changes the plane's people keeps one who may, and gives nothing they have not.
CREATE FUNCTION platform.check_administrator_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    mine text[];
BEGIN
    IF context[2] IS DISTINCT FROM -3 THEN
        RETURN NEW;
    END IF;
    -- One after another: two who end each other at once.
    PERFORM pg_advisory_xact_lock(731049, 0);
    SELECT a.permissions INTO mine FROM platform.administrator a
     WHERE a.administrator_id = context[3] AND (a.ends_at IS NULL OR a.ends_at > clock_timestamp());
    IF NOT ('platform.administrators' = ANY (coalesce(mine, '{}'))) OR NOT NEW.permissions <@ mine
        OR (TG_OP = 'INSERT' AND NEW.person_id IS NOT NULL)
        -- What they have is not all mine to take either; and what ended stays ended.
        OR (TG_OP = 'UPDATE' AND (NOT OLD.permissions <@ mine OR OLD.ends_at <= clock_timestamp())) THEN
        RAISE EXCEPTION 'a grant exceeds the grantor''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' AND NOT EXISTS (
        SELECT 1 FROM platform.administrator a
         WHERE a.administrator_id <> NEW.administrator_id AND a.person_id IS NOT NULL
           AND 'platform.administrators' = ANY (a.permissions) AND (a.ends_at IS NULL OR a.ends_at > clock_timestamp()))
        AND (NOT 'platform.administrators' = ANY (NEW.permissions) OR NEW.ends_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the plane keeps an administrator'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'last_administrator';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.check_administrator_change FROM PUBLIC;
CREATE POLICY holder ON platform.administrator FOR SELECT TO lamplight_owner USING (administrator_id > 0);
CREATE TRIGGER check_change BEFORE INSERT OR UPDATE ON platform.administrator FOR EACH ROW
    EXECUTE FUNCTION platform.check_administrator_change();

-- What is sold. A plan is changed by the next version of it: what was agreed stays written. Prices are a month's.
CREATE TABLE platform.plan (
    plan_key text NOT NULL CHECK (plan_key ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    version int4 NOT NULL CHECK (version > 0),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    modules text[] NOT NULL CHECK (array_position(modules, NULL) IS NULL),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    base_cents int8 NOT NULL CHECK (base_cents >= 0),
    -- For each clinician at work in the month.
    clinician_cents int8 NOT NULL CHECK (clinician_cents >= 0),
    -- For each module that is taken beside those of the plan.
    module_cents int8 NOT NULL CHECK (module_cents >= 0),
    on_sale boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by int4 NOT NULL,
    PRIMARY KEY (plan_key, version)
);
-- Which organization has what since when. The last row counts.
CREATE TABLE platform.subscription (
    organization_id int4 NOT NULL REFERENCES org.organization,
    since timestamptz NOT NULL,
    plan_key text NOT NULL,
    plan_version int4 NOT NULL,
    extra text[] NOT NULL DEFAULT '{}' CHECK (array_position(extra, NULL) IS NULL),
    created_by int4 NOT NULL,
    PRIMARY KEY (organization_id, since),
    FOREIGN KEY (plan_key, plan_version) REFERENCES platform.plan
);
SELECT sec.platform_wall('platform.plan', 'plan_key');
SELECT sec.platform_wall('platform.subscription', 'organization_id');
GRANT SELECT, INSERT ON platform.plan, platform.subscription TO lamplight_platform, lamplight_operator;

-- What an organization switched off of that.
ALTER TABLE org.organization ADD COLUMN modules_off text[] NOT NULL DEFAULT '{}' CHECK (array_position(modules_off, NULL) IS NULL);
GRANT UPDATE (modules_off) ON org.organization TO lamplight_app;

-- Who administers the organization switches. The plane does not: it sells.
CREATE FUNCTION org.check_switch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    IF context[2] <> 0 AND NOT EXISTS (
        SELECT 1 FROM org.effective(NEW.organization_id, context[2]::int4, clock_timestamp()) e
         WHERE e.alive AND 'organization.manage' = ANY (e.permissions)) THEN
        RAISE EXCEPTION 'not switched by whoever administers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.check_switch FROM PUBLIC;
CREATE TRIGGER check_switch BEFORE UPDATE OF modules_off ON org.organization FOR EACH ROW EXECUTE FUNCTION org.check_switch();

-- What is in use changes what everyone there may do.
CREATE FUNCTION sec.tell_entitled() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('lamplight_revoked', 'organization:' || NEW.organization_id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sec.tell_entitled FROM PUBLIC;
CREATE TRIGGER tell_entitled AFTER INSERT ON platform.subscription FOR EACH ROW EXECUTE FUNCTION sec.tell_entitled();
CREATE TRIGGER tell_entitled AFTER UPDATE OF modules_off, portal_second_factor ON org.organization FOR EACH ROW EXECUTE FUNCTION sec.tell_entitled();

-- What the plane sees and sets of organizations.
CREATE POLICY plane ON org.organization TO lamplight_platform USING (((SELECT sec.cells())::int8[])[2] = -3);
CREATE POLICY plane ON org.facility FOR SELECT TO lamplight_platform USING (((SELECT sec.cells())::int8[])[2] = -3);
GRANT SELECT ON org.organization, org.facility TO lamplight_platform;
GRANT UPDATE (name, portal_second_factor, idle_seconds, session_seconds) ON org.organization TO lamplight_platform;
GRANT USAGE ON SEQUENCE org.organization_number, org.facility_number, org.membership_number TO lamplight_platform;

GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- What is there before anyone sets a price.
INSERT INTO platform.plan (plan_key, version, title, modules, currency, base_cents, clinician_cents, module_cents, on_sale,
    created_at, created_by)
VALUES ('essentials', 1, 'Essentials', '{}', 'USD', 0, 0, 0, true, transaction_timestamp(), 0),
       ('complete', 1, 'Complete', '{patient-portal,family-portal,attorney-portal,referral-portal,supplier-portal,api}', 'USD',
        0, 0, 0, true, transaction_timestamp(), 0);
INSERT INTO platform.subscription (organization_id, since, plan_key, plan_version, created_by)
SELECT o.organization_id, o.created_at, 'complete', 1, 0 FROM org.organization o;

-- What an organization has in use: its plan and what it took beside it, less what it switched off. Asked with its own
-- context, with the plane's, and inside the function that claims jobs.
CREATE FUNCTION platform.entitled(organization int4, at timestamptz) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT ARRAY(SELECT unnest(p.modules || s.extra) EXCEPT SELECT unnest(o.modules_off) ORDER BY 1)
      FROM platform.subscription s
      JOIN platform.plan p ON p.plan_key = s.plan_key AND p.version = s.plan_version
      JOIN org.organization o ON o.organization_id = s.organization_id
     WHERE s.organization_id = organization AND s.since <= entitled.at
       AND ((SELECT sec.cells())[3] >> 32 = organization OR (SELECT sec.cells())[2] IN (-1, -3))
     ORDER BY s.since DESC LIMIT 1
$$;

-- Who is behind a signed-in session on the plane. Only the plane's role asks.
CREATE FUNCTION platform.find_administrator(session uuid, person int4, at timestamptz, OUT administrator_id int4, OUT name text,
        OUT permissions text[])
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.administrator_id, a.name, a.permissions
      FROM platform.administrator a
      JOIN people.session s ON s.session_id = find_administrator.session AND s.person_id = a.person_id
                           AND s.ended_at IS NULL AND s.ends_at > find_administrator.at AND s.strength = 2
      JOIN people.person p ON p.person_id = a.person_id AND p.disabled_at IS NULL
     WHERE a.person_id = person AND (a.ends_at IS NULL OR a.ends_at > find_administrator.at)
$$;

-- What was offered to whoever holds the invitation, and whether the account that takes it up is on the plane. The program
-- (membership -1) asks: it has the link.
CREATE FUNCTION platform.find_offer(administrator int4, at timestamptz, OUT name text)
    RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT a.name FROM platform.administrator a
     WHERE a.administrator_id = administrator AND a.person_id IS NULL AND (a.ends_at IS NULL OR a.ends_at > find_offer.at)
       AND (SELECT sec.cells())[2] = -1
$$;
CREATE FUNCTION platform.take_up(administrator int4, person int4, called text, at timestamptz) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH taken AS (
        UPDATE platform.administrator a SET person_id = person, name = called, version = a.version + 1
         WHERE a.administrator_id = administrator AND a.person_id IS NULL
           AND (a.ends_at IS NULL OR a.ends_at > take_up.at) AND (SELECT sec.cells())[2] = -1 RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM taken)
$$;
-- The person may ask about themselves: the plane wants a second factor.
CREATE FUNCTION platform.is_administrator(person int4, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM platform.administrator a
                    WHERE a.person_id = person AND (a.ends_at IS NULL OR a.ends_at > is_administrator.at))
       AND ((SELECT sec.cells())[2] = -1 OR ((SELECT sec.cells())[2] = -2 AND (SELECT sec.cells())[3] = person))
$$;

-- An organization with its roles, first facility and first administrator's invitation, or nothing. The plane's role may
-- write none of these tables: a post, once an organization is there, is that organization's to give. `house` holds what
-- `db::NewHouse` does; the invitation is sealed.
CREATE FUNCTION platform.create_house(house jsonb, digest bytea, ticket bytea, ticket_ends_at timestamptz, message uuid,
        content bytea, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    organization int4 := house ->> 'organization';
    administrator record;
BEGIN
    -- The operator has no context; the role of the plane always has.
    IF sec.cells() IS NOT NULL AND (sec.cells())[2] <> -3
        OR sec.cells() IS NULL AND session_user = 'lamplight_platform' THEN
        RAISE EXCEPTION 'not on the plane' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO org.organization (organization_id, slug, name, kind, kit, accent, idle_seconds, session_seconds, created_at)
    SELECT organization, h.slug, h.name, h.kind, h.kit, h.accent, h.idle_seconds, h.session_seconds, create_house.at
      FROM jsonb_to_record(house) h (slug text, name text, kind text, kit text, accent text, idle_seconds int4,
           session_seconds int4);
    INSERT INTO platform.slug (slug, organization_id) VALUES (house ->> 'slug', organization);
    INSERT INTO platform.subscription (organization_id, since, plan_key, plan_version, created_by)
    SELECT organization, create_house.at, p.plan_key, p.version, coalesce((sec.cells())[3]::int4, 0)
      FROM platform.plan p WHERE p.plan_key = house ->> 'plan' AND p.on_sale ORDER BY p.version DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such plan' USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_on_sale';
    END IF;
    INSERT INTO org.facility (organization_id, facility_id, code, name, time_zone, state, created_at)
    VALUES (organization, 0, 'organization', house ->> 'name', 'UTC', 'live', create_house.at);
    INSERT INTO org.facility (organization_id, facility_id, code, name, time_zone, state, hours, created_at)
    SELECT organization, f.id, f.code, f.name, f.time_zone, f.state, f.hours, create_house.at
      FROM jsonb_to_record(house -> 'facility') f (id int4, code text, name text, time_zone text, state text, hours jsonb);
    INSERT INTO org.role (organization_id, role_key, title, plane, by_relationship, tie, permissions, hidden, template,
        created_at, changed_at)
    SELECT organization, r.key, r.title, r.plane, r.tie IS NOT NULL, r.tie, r.permissions, r.hidden, r.key,
           create_house.at, create_house.at
      FROM jsonb_to_recordset(house -> 'roles') r (key text, title text, plane text, tie text, permissions text[], hidden text[]);
    SELECT * INTO administrator FROM jsonb_to_record(house -> 'administrator') a (id int4, name text, role text);
    INSERT INTO org.membership (organization_id, membership_id, kind, name, role, role_key, plane, permissions, facilities,
        by_relationship, created_at)
    SELECT organization, administrator.id, 'person', administrator.name, r.title, r.role_key, r.plane, r.permissions,
           ARRAY[(house #>> '{facility,id}')::int4], r.by_relationship, create_house.at
      FROM org.role r WHERE r.organization_id = organization AND r.role_key = administrator.role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such role' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO people.ticket (digest, purpose, state, created_at, ends_at)
    VALUES (create_house.digest, 'invitation', create_house.ticket, create_house.at, ticket_ends_at);
    INSERT INTO people.message (message_id, channel, content, created_at, due_at)
    VALUES (message, 'mail', create_house.content, create_house.at, create_house.at);
END
$$;
REVOKE ALL ON FUNCTION platform.find_administrator, platform.find_offer, platform.take_up, platform.is_administrator,
    platform.create_house, platform.entitled FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.find_administrator, platform.create_house, platform.entitled TO lamplight_platform;
GRANT EXECUTE ON FUNCTION platform.find_offer, platform.take_up, platform.is_administrator, platform.entitled TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
