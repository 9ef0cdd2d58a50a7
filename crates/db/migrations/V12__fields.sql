-- What of the record a post may not see, and what was approved for relatives. The paths are FHIR's element paths.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.hidden_field (
    organization_id int4 NOT NULL,
    membership_id int4 NOT NULL,
    path text NOT NULL CHECK (path ~ '^[A-Z][A-Za-z]+([.][a-z][A-Za-z0-9]*){0,8}$'),
    PRIMARY KEY (organization_id, membership_id, path),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);

CREATE TABLE org.sharing (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    path text NOT NULL CHECK (path ~ '^[A-Z][A-Za-z]+([.][a-z][A-Za-z0-9]*){0,8}$'),
    shared_by int4 NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (organization_id, patient_id, membership_id, path, starts_at),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    FOREIGN KEY (organization_id, shared_by) REFERENCES org.membership (organization_id, membership_id)
);
CREATE INDEX sharing_membership ON org.sharing (organization_id, membership_id);

SELECT sec.wall('org.hidden_field', '0', false);
SELECT sec.wall('org.sharing', 'facility_id', true);
GRANT SELECT, INSERT, DELETE ON org.hidden_field TO lamplight_app;
GRANT SELECT, INSERT, UPDATE (ends_at) ON org.sharing TO lamplight_app;
CREATE POLICY checked ON org.hidden_field FOR SELECT TO lamplight_owner USING (organization_id > 0);

-- Whether a living post holds a permission; asked by the triggers below, which nobody else's answer would do for.
CREATE FUNCTION org.holds(organization int4, membership int8, permission text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN EXISTS (SELECT FROM org.effective(organization, membership::int4, clock_timestamp()) e
                    WHERE e.alive AND permission = ANY (e.permissions));
END
$$;

-- A post and those above it.
CREATE FUNCTION org.posts_above(organization int4, membership int8) RETURNS int4[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN ARRAY(SELECT c.membership_id FROM org.chain(organization, membership::int4) c);
END
$$;

-- Fields are hidden and shown from above, as posts are changed. Nobody lifts what hides something from themselves,
-- directly or through a post above them; who does not see all decides for the posts below them alone, because what is
-- hidden from a post is hidden from those below it.
CREATE FUNCTION org.check_hidden_field() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    changed org.hidden_field := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    above int4[];
BEGIN
    -- As org.check_grant: what the context does not reach is left to the wall.
    IF me IS NULL OR me = 0 OR (sec.cell(changed.organization_id, 0) = ANY (context)) IS NOT TRUE THEN
        RETURN changed;
    END IF;
    above := org.posts_above(changed.organization_id, me);
    IF NOT org.holds(changed.organization_id, me, 'people.invite') OR changed.membership_id = ANY (above)
        OR (NOT me = ANY (org.posts_above(changed.organization_id, changed.membership_id))
            AND (NOT org.holds(changed.organization_id, me, 'organization.manage')
                 OR EXISTS (SELECT FROM org.hidden_field h
                             WHERE h.organization_id = changed.organization_id AND h.membership_id = ANY (above)))) THEN
        RAISE EXCEPTION 'these fields are not for this post to hide or show' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN changed;
END
$$;

-- Sharing is approved in one's own name by who holds sharing.approve, for others; an approval is only ended.
CREATE FUNCTION org.check_sharing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    meant org.sharing := OLD;
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
BEGIN
    IF me IS NULL OR me = 0 OR (reached = ANY (context) OR - reached = ANY (context)) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        meant.ends_at := NEW.ends_at;
    END IF;
    IF NOT org.holds(NEW.organization_id, me, 'sharing.approve') OR NEW.membership_id = me
        OR (TG_OP = 'INSERT' AND NEW.shared_by <> me)
        OR (TG_OP = 'INSERT' AND EXISTS (
            SELECT 1 FROM org.membership a
              JOIN org.membership b ON b.organization_id = a.organization_id AND b.person_id = a.person_id
             WHERE a.organization_id = NEW.organization_id AND a.membership_id = me AND b.membership_id = NEW.membership_id))
        OR (TG_OP = 'UPDATE' AND (NEW IS DISTINCT FROM meant OR NEW.ends_at > OLD.ends_at)) THEN
        RAISE EXCEPTION 'sharing is approved by who may, and otherwise only ended' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- What is remembered of a post's sight is forgotten everywhere, also when a tie to a patient begins or ends.
CREATE FUNCTION sec.tell_fields() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('lamplight_revoked', 'fields');
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION org.holds, org.posts_above, org.check_hidden_field, org.check_sharing, sec.tell_fields FROM PUBLIC;

CREATE TRIGGER check_hidden_field BEFORE INSERT OR DELETE ON org.hidden_field
    FOR EACH ROW EXECUTE FUNCTION org.check_hidden_field();
CREATE TRIGGER check_sharing BEFORE INSERT OR UPDATE ON org.sharing
    FOR EACH ROW EXECUTE FUNCTION org.check_sharing();
CREATE TRIGGER tell_fields AFTER INSERT OR DELETE ON org.hidden_field
    FOR EACH STATEMENT EXECUTE FUNCTION sec.tell_fields();
CREATE TRIGGER tell_fields AFTER INSERT OR UPDATE ON org.sharing
    FOR EACH STATEMENT EXECUTE FUNCTION sec.tell_fields();
CREATE TRIGGER tell_fields AFTER INSERT OR UPDATE OR DELETE ON org.relationship
    FOR EACH STATEMENT EXECUTE FUNCTION sec.tell_fields();
RESET ROLE;
