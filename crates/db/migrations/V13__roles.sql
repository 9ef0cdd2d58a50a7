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
    SELECT m.permissions, m.by_relationship INTO mine FROM org.membership m
     WHERE m.organization_id = NEW.organization_id AND m.membership_id = me;
    IF NOT FOUND OR NOT 'roles.edit' = ANY (mine.permissions) OR NOT NEW.permissions <@ (mine.permissions || had)
        OR (mine.by_relationship AND bound AND NOT NEW.by_relationship) THEN
        RAISE EXCEPTION 'a role exceeds what its author holds' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.check_role FROM PUBLIC;
CREATE TRIGGER check_role BEFORE INSERT OR UPDATE ON org.role FOR EACH ROW EXECUTE FUNCTION org.check_role();
RESET ROLE;
