-- Roles of an organization, copied from a kit and its own from then on; how a site and an organization present
-- themselves. A membership that has a role holds what the role says, written into its own row: whoever reads a grant
-- reads one row, and a role that changes changes all who have it in the same transaction.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.role (
    organization_id int4 NOT NULL REFERENCES org.organization,
    role_key text NOT NULL CHECK (role_key ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    plane text NOT NULL CHECK (plane IN ('staff', 'portal')),
    by_relationship boolean NOT NULL,
    -- By which tie its patients come to it.
    tie text CHECK (tie IN ('care-team', 'client', 'referral', 'family', 'self')),
    permissions text[] NOT NULL,
    hidden text[] NOT NULL DEFAULT '{}',
    -- The role of the program that it was copied from.
    template text,
    -- What its posts use records for (HL7 v3 PurposeOfUse), as policy says it of the role that it was copied from.
    purpose text NOT NULL GENERATED ALWAYS AS (CASE
        WHEN template = 'biller' THEN 'HPAYMT'
        WHEN template = 'privacy-officer' THEN 'HOPERAT'
        WHEN tie = 'client' THEN 'HLEGAL'
        WHEN tie = 'family' THEN 'FAMRQT'
        WHEN tie = 'self' THEN 'PATRQT'
        ELSE 'TREAT' END) STORED,
    version int4 NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, role_key),
    CHECK (by_relationship = (tie IS NOT NULL))
);
SELECT sec.wall('org.role', '0', false);
GRANT SELECT, INSERT ON org.role TO lamplight_app;
GRANT UPDATE (title, by_relationship, tie, permissions, hidden, version, changed_at) ON org.role TO lamplight_app;
CREATE POLICY operator ON org.role TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, INSERT ON org.role TO lamplight_operator;

ALTER TABLE org.membership
    ADD COLUMN role_key text,
    -- NULL: no role ever said it.
    ADD COLUMN purpose text CHECK (purpose IN ('TREAT', 'HPAYMT', 'HOPERAT', 'HLEGAL', 'FAMRQT', 'PATRQT')),
    ADD FOREIGN KEY (organization_id, role_key) REFERENCES org.role;
CREATE INDEX membership_role ON org.membership (organization_id, role_key) WHERE role_key IS NOT NULL;

-- FHIR Location.hoursOfOperation.
ALTER TABLE org.facility ADD COLUMN hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(hours) = 'array');
ALTER TABLE org.organization
    ADD COLUMN kit text,
    ADD COLUMN accent text NOT NULL DEFAULT '#7a4b12' CHECK (accent ~ '^#[0-9a-f]{6}$');

-- The first administrator is invited in the transaction that makes the organization.
CREATE POLICY operator ON people.ticket FOR INSERT TO lamplight_operator WITH CHECK (purpose = 'invitation' AND person_id IS NULL);
CREATE POLICY operator ON people.message FOR INSERT TO lamplight_operator WITH CHECK (channel = 'mail' AND person_id IS NULL);
GRANT INSERT ON people.ticket, people.message TO lamplight_operator;

-- Whether something is hidden from a post, by its own fields or role or those of a post above it.
CREATE FUNCTION org.sees_part(organization int4, membership int4) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN EXISTS (SELECT FROM org.chain(organization, membership) c
                     JOIN org.hidden_field h ON h.organization_id = organization AND h.membership_id = c.membership_id)
        OR EXISTS (SELECT FROM org.chain(organization, membership) c
                     JOIN org.membership m ON m.organization_id = organization AND m.membership_id = c.membership_id
                     JOIN org.role r ON r.organization_id = organization AND r.role_key = m.role_key
                    WHERE r.hidden <> '{}');
END
$$;

-- Who changes a role gives no key and takes no bond away that they do not hold themselves. What a role already had it
-- may keep.
CREATE FUNCTION org.check_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    mine record;
    had text[] := '{}';
    bound boolean := true;
BEGIN
    -- As in org.check_grant: the operator, a job and the command line are above; what is out of reach the wall refuses.
    IF me IS NULL OR me = 0 OR (sec.cell(NEW.organization_id, 0) = ANY (context)) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        had := OLD.permissions;
        bound := OLD.by_relationship;
    END IF;
    SELECT e.permissions, e.by_relationship INTO mine
      FROM org.effective(NEW.organization_id, me::int4, clock_timestamp()) e WHERE e.alive;
    IF NOT FOUND OR NOT 'roles.edit' = ANY (mine.permissions)
        OR NOT ARRAY(SELECT unnest(NEW.permissions) EXCEPT SELECT unnest(had)) <@ mine.permissions
        OR (mine.by_relationship AND bound AND NOT NEW.by_relationship)
        OR (TG_OP = 'UPDATE' AND NOT OLD.hidden <@ NEW.hidden AND org.sees_part(NEW.organization_id, me::int4)) THEN
        RAISE EXCEPTION 'a role exceeds what its author holds' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_role BEFORE INSERT OR UPDATE ON org.role FOR EACH ROW EXECUTE FUNCTION org.check_role();

-- A post that is made with a role has what the role says.
CREATE FUNCTION org.bring_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    SELECT r.permissions, r.by_relationship, r.title, r.plane, r.purpose
      INTO NEW.permissions, NEW.by_relationship, NEW.role, NEW.plane, NEW.purpose
      FROM org.role r WHERE r.organization_id = NEW.organization_id AND r.role_key = NEW.role_key;
    RETURN NEW;
END
$$;
-- Its name comes before check_grant, which then compares.
CREATE TRIGGER bring_role BEFORE INSERT ON org.membership FOR EACH ROW WHEN (NEW.role_key IS NOT NULL)
    EXECUTE FUNCTION org.bring_role();

-- One whose grants are changed by themselves has no role any more. What the role hid stays hidden, and what it used
-- records for stays its purpose.
CREATE FUNCTION org.leave_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO org.hidden_field (organization_id, membership_id, path)
    SELECT NEW.organization_id, NEW.membership_id, unnest(r.hidden) FROM org.role r
     WHERE r.organization_id = NEW.organization_id AND r.role_key = NEW.role_key
    ON CONFLICT DO NOTHING;
    NEW.role_key := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER leave_role BEFORE UPDATE ON org.membership FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND NEW.role_key IS NOT NULL
        AND (OLD.permissions, OLD.by_relationship) IS DISTINCT FROM (NEW.permissions, NEW.by_relationship))
    EXECUTE FUNCTION org.leave_role();

-- A role that changes changes every post that has it. What a post above does not hold, the post does not get: that is
-- computed at use.
CREATE FUNCTION org.apply_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE org.membership m
       SET permissions = NEW.permissions, by_relationship = NEW.by_relationship, role = NEW.title, purpose = NEW.purpose,
           name = CASE WHEN m.plane = 'portal' THEN NEW.title ELSE m.name END, version = m.version + 1
     WHERE m.organization_id = NEW.organization_id AND m.role_key = NEW.role_key
       AND (m.permissions, m.by_relationship, m.role, m.purpose)
           IS DISTINCT FROM (NEW.permissions, NEW.by_relationship, NEW.title, NEW.purpose);
    IF 'organization.manage' = ANY (OLD.permissions) AND NOT 'organization.manage' = ANY (NEW.permissions)
        AND NOT EXISTS (SELECT 1 FROM org.administrators(NEW.organization_id)) THEN
        RAISE EXCEPTION 'an organization keeps an administrator'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'last_administrator';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER apply_role AFTER UPDATE ON org.role FOR EACH ROW EXECUTE FUNCTION org.apply_role();
REVOKE ALL ON FUNCTION org.sees_part, org.check_role, org.bring_role, org.leave_role, org.apply_role FROM PUBLIC;

-- check_role has answered for what a role brings to its posts; nothing but our own triggers is that deep.
DROP TRIGGER check_grant ON org.membership;
CREATE TRIGGER check_grant BEFORE INSERT OR UPDATE ON org.membership FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION org.check_grant();
DROP TRIGGER check_hidden_field ON org.hidden_field;
CREATE TRIGGER check_hidden_field BEFORE INSERT OR DELETE ON org.hidden_field FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION org.check_hidden_field();
CREATE POLICY kept ON org.hidden_field FOR INSERT TO lamplight_owner WITH CHECK (organization_id > 0);
-- What a role hides is remembered of its posts.
CREATE TRIGGER tell_fields AFTER UPDATE ON org.role FOR EACH STATEMENT EXECUTE FUNCTION sec.tell_fields();

-- Who reads a role to compare is the owner.
CREATE POLICY grantor ON org.role FOR SELECT TO lamplight_owner USING (organization_id > 0);
RESET ROLE;
