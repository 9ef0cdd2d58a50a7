-- Facilities over the interface, and patients who move between them (ADR 0015).
SET LOCAL ROLE lamplight_owner;

ALTER TABLE org.facility ADD COLUMN version int4 NOT NULL DEFAULT 1;
ALTER TABLE org.organization ADD COLUMN version int4 NOT NULL DEFAULT 1;
-- The plane changes settings as well: whoever had the page open before sees it.
GRANT UPDATE (version) ON org.organization TO lamplight_platform;

-- Who was moved from where (facility_id) to where, by whom, and why. It is also what lets a directory of names forget.
CREATE TABLE org.reassignment (
    organization_id int4 NOT NULL,
    reassignment_id uuid NOT NULL,
    facility_id int4 NOT NULL,
    target_id int4 NOT NULL CHECK (target_id <> facility_id),
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    reason bytea NOT NULL,
    at timestamptz NOT NULL,
    xact int8 NOT NULL DEFAULT (pg_current_xact_id()::text::int8),
    PRIMARY KEY (organization_id, reassignment_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, target_id) REFERENCES org.facility (organization_id, facility_id)
);
CREATE INDEX reassignment_left ON org.reassignment (organization_id, facility_id, xact);
SELECT sec.wall('org.reassignment', 'facility_id', true);
GRANT SELECT ON org.reassignment TO lamplight_app;

-- For the functions below, which say by themselves whom they serve.
CREATE POLICY keeper ON org.facility TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.organization TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON org.reassignment TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON org.relationship FOR UPDATE TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON org.sharing TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON org.emergency FOR UPDATE TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON chart.resource TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON chart.resource_version TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON chart.token TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON keyring.patient_key TO lamplight_owner USING (organization_id > 0);
CREATE POLICY mover ON ops.outbox TO lamplight_owner USING (organization_id > 0);

-- A facility that is being prepared takes no patients. Whoever changes its state waits for those who bring one in.
CREATE FUNCTION org.admit(organization int4, facility int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(731050, facility);
    IF EXISTS (SELECT 1 FROM org.facility f
                WHERE f.organization_id = organization AND f.facility_id = facility AND f.state = 'preparing') THEN
        RAISE EXCEPTION 'the facility takes no patients yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'facility_open';
    END IF;
END
$$;

CREATE FUNCTION org.check_admission() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
BEGIN
    -- What is out of reach is left to the wall.
    IF (ARRAY[reached, - reached] && sec.cells()) IS NOT FALSE THEN
        PERFORM org.admit(NEW.organization_id, NEW.facility_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_admission BEFORE INSERT ON chart.resource FOR EACH ROW WHEN (NEW.type = 103)
    EXECUTE FUNCTION org.check_admission();

-- What is said of a patient stands where the patient is: whoever says it while they move waits, and then says it again.
CREATE FUNCTION org.check_place() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
    place int4;
BEGIN
    IF (ARRAY[reached, - reached] && sec.cells()) IS NOT FALSE THEN
        SELECT r.facility_id INTO place FROM chart.resource r
         WHERE r.organization_id = NEW.organization_id AND r.id = NEW.patient_id AND r.type = 103 FOR KEY SHARE;
        IF place <> NEW.facility_id THEN
            RAISE EXCEPTION 'the patient is elsewhere' USING ERRCODE = 'LL412';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_place BEFORE INSERT ON org.relationship FOR EACH ROW EXECUTE FUNCTION org.check_place();
CREATE TRIGGER check_place BEFORE INSERT ON org.sharing FOR EACH ROW EXECUTE FUNCTION org.check_place();
CREATE TRIGGER check_place BEFORE INSERT ON org.emergency FOR EACH ROW EXECUTE FUNCTION org.check_place();

-- What runs as the owner has asked by itself who may: nobody logs in as the owner, so these are the functions below.
DROP TRIGGER check_tie ON org.relationship;
CREATE TRIGGER check_tie BEFORE INSERT OR UPDATE ON org.relationship FOR EACH ROW
    WHEN (current_user NOT IN ('lamplight_operator', 'lamplight_owner')) EXECUTE FUNCTION org.check_tie();
DROP TRIGGER check_sharing ON org.sharing;
CREATE TRIGGER check_sharing BEFORE INSERT OR UPDATE ON org.sharing FOR EACH ROW
    WHEN (current_user <> 'lamplight_owner') EXECUTE FUNCTION org.check_sharing();
DROP TRIGGER check_emergency ON org.emergency;
CREATE TRIGGER check_emergency BEFORE INSERT OR UPDATE ON org.emergency FOR EACH ROW
    WHEN (current_user <> 'lamplight_owner') EXECUTE FUNCTION org.check_emergency();
DROP TRIGGER check_grant ON org.membership;
CREATE TRIGGER check_grant BEFORE INSERT OR UPDATE ON org.membership FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND current_user <> 'lamplight_owner') EXECUTE FUNCTION org.check_grant();

-- Whether the context moves patients from here to there: both whole within its reach, and the right held now.
CREATE FUNCTION org.may_reassign(source int4, target int4) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    RETURN coalesce(context @> ARRAY[sec.cell(organization, source), sec.cell(organization, target)]
        AND (context[2] = 0 OR (context[2] > 0 AND org.holds(organization, context[2], 'patients.reassign'))), false);
END
$$;

-- Moves a patient whom the caller holds locked: records, their past, tokens (those that go, those that come), ties, what
-- is shared, the keys. Ties of posts that do not reach the target end. Relatives and the patient's own portal reach it from
-- now on, where the posts above theirs do; who has a portal that is not bound to its patients gets nothing. Gives how many
-- records moved, how many ties ended and which living ones of relatives and the patient open nothing there.
CREATE FUNCTION chart.reassign(patient uuid, source int4, target int4, moved uuid, reason bytea, at timestamptz,
        gone int8[], gone_at timestamptz[], gone_id uuid[], fresh int8[], fresh_at timestamptz[], fresh_id uuid[],
        OUT records int8, OUT ended int8, OUT waiting int4[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    IF NOT org.may_reassign(source, target) OR source = target OR source <= 0 OR target <= 0 THEN
        RAISE EXCEPTION 'this patient is not for this post to move' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM org.admit(organization, target);
    UPDATE chart.resource r
       SET facility_id = target, follow = CASE WHEN r.follow IS NOT NULL THEN pg_current_xact_id()::text::int8 END
     WHERE r.organization_id = organization AND r.patient_id = patient AND r.facility_id = source;
    GET DIAGNOSTICS records = ROW_COUNT;
    IF records = 0 THEN
        RAISE EXCEPTION 'the patient is elsewhere' USING ERRCODE = 'LL412';
    END IF;
    UPDATE chart.resource_version v SET facility_id = target
      FROM chart.resource r
     WHERE r.organization_id = organization AND r.patient_id = patient
       AND v.organization_id = organization AND v.id = r.id AND v.facility_id = source;
    DELETE FROM chart.token t USING unnest(gone, gone_at, gone_id) g (token, at, id)
     WHERE t.organization_id = organization AND t.token = g.token AND t.at = g.at AND t.id = g.id
       AND t.patient_id = patient;
    INSERT INTO chart.token (organization_id, facility_id, patient_id, token, at, id)
    SELECT organization, target, patient, f.token, f.at, f.id FROM unnest(fresh, fresh_at, fresh_id) f (token, at, id)
      JOIN chart.resource r ON r.organization_id = organization AND r.id = f.id AND r.patient_id = patient
    ON CONFLICT DO NOTHING;
    UPDATE keyring.patient_key k SET facility_id = target
     WHERE k.organization_id = organization AND k.patient_id = patient;

    UPDATE org.membership m SET facilities = m.facilities || target, version = m.version + 1
     WHERE m.organization_id = organization AND m.plane = 'portal' AND m.by_relationship
       AND NOT target = ANY (m.facilities)
       AND m.membership_id IN (SELECT r.membership_id FROM org.relationship r
                                WHERE r.organization_id = organization AND r.patient_id = patient
                                  AND r.kind IN ('family', 'self') AND r.ends_at > reassign.at);
    UPDATE org.relationship r
       SET facility_id = target, version = r.version + 1,
           ends_at = CASE WHEN r.kind IN ('family', 'self') OR r.ends_at <= reassign.at OR EXISTS (
                               SELECT 1 FROM org.effective(organization, r.membership_id, reassign.at) e
                                WHERE e.alive AND target = ANY (e.facilities))
                          THEN r.ends_at ELSE reassign.at END
     WHERE r.organization_id = organization AND r.patient_id = patient;
    ended := (SELECT count(*) FROM org.relationship r
               WHERE r.organization_id = organization AND r.patient_id = patient AND r.ends_at = reassign.at);
    waiting := ARRAY(SELECT DISTINCT r.membership_id FROM org.relationship r
                      WHERE r.organization_id = organization AND r.patient_id = patient
                        AND r.kind IN ('family', 'self') AND r.ends_at > reassign.at
                        AND NOT EXISTS (SELECT 1 FROM org.effective(organization, r.membership_id, reassign.at) e
                                         WHERE e.alive AND target = ANY (e.facilities))
                      ORDER BY r.membership_id);
    UPDATE org.sharing s SET facility_id = target WHERE s.organization_id = organization AND s.patient_id = patient;
    -- An emergency stays where it was opened, with those who review it there.
    UPDATE org.emergency e SET ends_at = reassign.at
     WHERE e.organization_id = organization AND e.patient_id = patient AND e.ends_at > reassign.at;

    INSERT INTO org.reassignment (organization_id, reassignment_id, facility_id, target_id, patient_id, membership_id, reason, at)
    VALUES (organization, moved, source, target, patient, context[2]::int4, reason, reassign.at);
    INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id)
    SELECT organization, f, patient, reassign.at, k, 103, patient
      FROM (VALUES (source, 'patient.left'), (target, 'patient.arrived')) e (f, k);
END
$$;

-- Whether the post of the context administers the organization at this moment.
CREATE FUNCTION org.manages() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    RETURN coalesce(context[2] > 0 AND sec.cell((context[3] >> 32)::int4, 0) = ANY (context)
        AND org.holds((context[3] >> 32)::int4, context[2], 'organization.manage'), false);
END
$$;

-- A new facility, open when the organization's first one is, at once within reach of its administrators: every living
-- post with that role below nobody, or below posts with that role alone.
CREATE FUNCTION org.add_facility(organization int4, code text, name text, time_zone text, state text, at timestamptz)
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made int4 := nextval('org.facility_number');
BEGIN
    INSERT INTO org.facility (organization_id, facility_id, code, name, time_zone, state, created_at, hours)
    VALUES (organization, made, code, name, time_zone, state, at,
            coalesce((SELECT f.hours FROM org.facility f WHERE f.organization_id = organization AND f.facility_id > 0
                       ORDER BY f.facility_id LIMIT 1), '[]'));
    UPDATE org.membership m SET facilities = m.facilities || made, version = m.version + 1
     WHERE m.organization_id = organization AND m.kind = 'person' AND m.role_key = 'organization-administrator'
       AND (SELECT e.alive FROM org.effective(organization, m.membership_id, at) e)
       AND NOT EXISTS (SELECT 1 FROM org.chain(organization, m.membership_id) c
                         JOIN org.membership a ON a.organization_id = organization AND a.membership_id = c.membership_id
                        WHERE a.role_key IS DISTINCT FROM 'organization-administrator');
    RETURN made;
END
$$;

-- The same by a member. Who opened it reaches it, where their chain does.
CREATE FUNCTION org.open_facility(code text, name text, time_zone text, state text, at timestamptz) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NOT org.manages() THEN
        RAISE EXCEPTION 'who administers the organization opens facilities' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN org.add_facility(((sec.cells())[3] >> 32)::int4, code, name, time_zone, state, at);
END
$$;

-- Changes a facility within reach from the version named; NULL when it is another or there is none. It goes back to being
-- prepared only while it holds no patients.
CREATE FUNCTION org.change_facility(facility int4, was int4, name text, time_zone text, state text, hours jsonb)
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    now_at int4;
BEGIN
    IF NOT org.manages() OR facility <= 0 OR NOT sec.cell(organization, facility) = ANY (context) THEN
        RAISE EXCEPTION 'who administers the organization changes facilities' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF state = 'preparing' THEN
        PERFORM pg_advisory_xact_lock(731050, facility);
        IF EXISTS (SELECT 1 FROM chart.resource r WHERE r.organization_id = organization AND r.facility_id = facility
                      AND r.type = 103 AND r.body IS NOT NULL) THEN
            RAISE EXCEPTION 'the facility holds patients' USING ERRCODE = 'check_violation', CONSTRAINT = 'facility_empty';
        END IF;
    END IF;
    UPDATE org.facility f
       SET name = change_facility.name, time_zone = change_facility.time_zone, state = change_facility.state,
           hours = change_facility.hours, version = f.version + 1
     WHERE f.organization_id = organization AND f.facility_id = facility AND f.version = was
    RETURNING f.version INTO now_at;
    RETURN now_at;
END
$$;

-- How the organization presents itself and how people sign in, from the version named; NULL when it is another.
CREATE FUNCTION org.change_organization(was int4, name text, accent text, idle_seconds int4, session_seconds int4,
        portal_second_factor boolean)
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    now_at int4;
BEGIN
    IF NOT org.manages() THEN
        RAISE EXCEPTION 'who administers the organization changes it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.organization o
       SET name = change_organization.name, accent = change_organization.accent,
           idle_seconds = change_organization.idle_seconds, session_seconds = change_organization.session_seconds,
           portal_second_factor = change_organization.portal_second_factor, version = o.version + 1
     WHERE o.organization_id = (sec.cells())[3] >> 32 AND o.version = was
    RETURNING o.version INTO now_at;
    RETURN now_at;
END
$$;
REVOKE ALL ON FUNCTION org.admit, org.check_admission, org.check_place, org.may_reassign, chart.reassign, org.manages,
    org.add_facility, org.open_facility, org.change_facility, org.change_organization FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chart.reassign, org.open_facility, org.change_facility, org.change_organization TO lamplight_app;
GRANT EXECUTE ON FUNCTION org.add_facility TO lamplight_operator;
RESET ROLE;
