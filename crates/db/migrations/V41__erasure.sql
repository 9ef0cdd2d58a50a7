-- Holds, restriction and erasure of a patient's record (ADR 0040). Nobody writes these tables but the functions below.
SET LOCAL ROLE lamplight_owner;

-- After how many days an approved erasure is done, and with how many years somebody is of age: a minor's record is kept for
-- as long as if it had ended on that birthday.
ALTER TABLE org.organization
    ADD COLUMN erasure_days int4 NOT NULL DEFAULT 7 CHECK (erasure_days BETWEEN 0 AND 90),
    ADD COLUMN adult_years int4 NOT NULL DEFAULT 18 CHECK (adult_years BETWEEN 16 AND 21);

-- Somebody outside needs the record: it is not erased while this stands.
CREATE TABLE org.legal_hold (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    hold_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('litigation', 'investigation', 'audit', 'other')),
    -- Which matter, sealed; empty when the patient was erased.
    matter bytea NOT NULL,
    placed_by int4 NOT NULL,
    placed_at timestamptz NOT NULL,
    released_by int4,
    released_at timestamptz,
    PRIMARY KEY (organization_id, hold_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (num_nulls(released_by, released_at) IN (0, 2))
);
CREATE INDEX legal_hold_patient ON org.legal_hold (organization_id, patient_id);

-- The record is closed to all but those who look at it for a legal reason. One row for the patient and each who was merged
-- into them.
CREATE TABLE org.restriction (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    restriction_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    ground text NOT NULL CHECK (ground IN ('request', 'accuracy', 'unlawful', 'claims', 'objection', 'erasure')),
    restricted_by int4 NOT NULL,
    restricted_at timestamptz NOT NULL,
    lifted_by int4,
    lifted_at timestamptz,
    PRIMARY KEY (organization_id, restriction_id, patient_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (num_nulls(lifted_by, lifted_at) IN (0, 2))
);
CREATE UNIQUE INDEX restriction_standing ON org.restriction (organization_id, patient_id) WHERE lifted_at IS NULL;

CREATE TABLE org.erasure (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    erasure_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    -- The patient and each who was merged into them: whose keys are destroyed.
    patients uuid[] NOT NULL,
    ground text NOT NULL CHECK (ground IN ('request', 'kept-long-enough', 'error', 'order', 'ledger')),
    asked_by int4 NOT NULL,
    asked_at timestamptz NOT NULL,
    decided_by int4,
    decided_at timestamptz,
    due_at timestamptz,
    state text NOT NULL
        CHECK (state IN ('asked', 'approved', 'erasing', 'done', 'refused', 'withdrawn', 'stopped')),
    -- Whoever works on it, and until when another may not.
    claim uuid,
    locked_until timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, erasure_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (num_nulls(decided_by, decided_at) IN (0, 2)),
    CHECK (decided_by <> asked_by),
    CHECK (state NOT IN ('approved', 'erasing', 'done') OR (decided_by IS NOT NULL AND due_at IS NOT NULL) OR ground = 'ledger'),
    CHECK ((state IN ('done', 'refused', 'withdrawn', 'stopped')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX erasure_open ON org.erasure (organization_id, patient_id) WHERE state IN ('asked', 'approved', 'erasing');
CREATE INDEX erasure_recent ON org.erasure (organization_id, asked_at);
CREATE INDEX erasure_due ON org.erasure (due_at) WHERE state IN ('approved', 'erasing');

-- Whose record is no more: what answers 410 and takes nothing.
CREATE TABLE org.erased (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    erasure_id uuid NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, patient_id)
);

SELECT sec.wall('org.legal_hold', 'facility_id', true);
SELECT sec.wall('org.restriction', 'facility_id', true);
SELECT sec.wall('org.erasure', 'facility_id', true);
SELECT sec.wall('org.erased', 'facility_id', true);
GRANT SELECT ON org.legal_hold, org.restriction, org.erasure, org.erased TO lamplight_app;

-- For the functions below, which say by themselves whom they serve.
CREATE POLICY keeper ON org.legal_hold TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.restriction TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.erasure TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.erased TO lamplight_owner USING (organization_id > 0);

-- The patients whom the context does not see because their records are restricted. The number 1 among the cells says that
-- it looks at them for a legal reason; membership 0 is the operator or a job.
CREATE FUNCTION sec.closed() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    IF context[2] = 0 OR 1 = ANY (context[4:]) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT r.patient_id FROM org.restriction r
                  WHERE r.organization_id = context[3] >> 32 AND r.lifted_at IS NULL);
END
$$;

-- Closes a table that carries a patient. Rows of what happens around a record (ties, emergencies, the log) stay in sight.
CREATE FUNCTION sec.close_restricted(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE POLICY closed ON %s AS RESTRICTIVE TO lamplight_app'
        ' USING (patient_id IS NULL OR patient_id <> ALL ((SELECT sec.closed())::uuid[]))', target);
END
$$;
REVOKE ALL ON FUNCTION sec.closed, sec.close_restricted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.closed TO lamplight_app;
SELECT sec.close_restricted(t::regclass) FROM unnest(ARRAY['chart.resource', 'chart.resource_version', 'chart.token',
    'chart.draft', 'chart.dose', 'org.document', 'ops.outbox']) t;

-- Nothing is written to a record that goes on in another, is restricted or was erased, by no way in.
CREATE OR REPLACE FUNCTION chart.check_merged() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
BEGIN
    -- What is out of reach is left to the wall.
    IF (ARRAY[reached, - reached] && sec.cells()) IS FALSE THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM org.merge m
         WHERE m.organization_id = NEW.organization_id AND m.absorbed_id = NEW.patient_id AND m.undone_at IS NULL
           AND m.facility_id = NEW.facility_id) THEN
        RAISE EXCEPTION 'the record goes on in another' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_merged';
    END IF;
    IF EXISTS (
        SELECT FROM org.restriction r
         WHERE r.organization_id = NEW.organization_id AND r.patient_id = NEW.patient_id AND r.lifted_at IS NULL
           AND r.facility_id = NEW.facility_id) THEN
        RAISE EXCEPTION 'the record is restricted' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_restricted';
    END IF;
    IF EXISTS (
        SELECT FROM org.erased e
         WHERE e.organization_id = NEW.organization_id AND e.patient_id = NEW.patient_id
           AND e.facility_id = NEW.facility_id) THEN
        RAISE EXCEPTION 'the record was erased' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_erased';
    END IF;
    RETURN NEW;
END
$$;
-- What erases writes as well: it takes bodies away.
DROP TRIGGER check_merged ON chart.resource;
CREATE TRIGGER check_merged BEFORE INSERT OR UPDATE ON chart.resource FOR EACH ROW
    WHEN (NEW.patient_id IS NOT NULL AND (NEW.body IS NOT NULL OR current_user <> 'lamplight_owner'))
    EXECUTE FUNCTION chart.check_merged();
CREATE TRIGGER refuse_merged BEFORE INSERT ON org.document FOR EACH ROW EXECUTE FUNCTION chart.check_merged();

-- What is kept of these goes where the patient goes (ADR 0015). A restricted patient does not move.
CREATE FUNCTION org.move_keeping() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE org.legal_hold h SET facility_id = NEW.target_id
     WHERE h.organization_id = NEW.organization_id AND h.patient_id = NEW.patient_id;
    UPDATE org.restriction r SET facility_id = NEW.target_id
     WHERE r.organization_id = NEW.organization_id AND r.patient_id = NEW.patient_id;
    UPDATE org.erasure e SET facility_id = NEW.target_id
     WHERE e.organization_id = NEW.organization_id AND e.patient_id = NEW.patient_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_keeping AFTER INSERT ON org.reassignment FOR EACH ROW EXECUTE FUNCTION org.move_keeping();

-- The patient and each whose record went over to theirs, directly or through another, the patient first.
CREATE FUNCTION org.one_record(organization int4, patient uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH RECURSIVE whole (id) AS (
        SELECT patient
        UNION
        SELECT m.absorbed_id FROM whole JOIN org.merge m ON m.organization_id = organization AND m.patient_id = whole.id
         WHERE m.undone_at IS NULL)
    SELECT ARRAY[patient] || ARRAY(SELECT id FROM whole WHERE id <> patient ORDER BY id)
$$;

-- When something was last entered into the record.
CREATE FUNCTION org.last_entry(organization int4, patients uuid[]) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT max(r.updated_at) FROM chart.resource r WHERE r.organization_id = organization AND r.patient_id = ANY (patients)
$$;

-- Holds the patient's row, so that one thing is done to their record after another, and gives where they are; NULL where the
-- context reaches nobody of this id whole. What the context may not do is an error.
CREATE FUNCTION org.hold_record(patient uuid, permission text) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    place int4;
BEGIN
    SELECT r.facility_id INTO place FROM chart.resource r
     WHERE r.organization_id = organization AND r.id = patient AND r.type = 103
       AND sec.cell(organization, r.facility_id) = ANY (context) FOR UPDATE;
    IF place IS NULL THEN
        RETURN NULL;
    END IF;
    IF (context[2] > 0 AND place > 0 AND org.holds(organization, context[2], permission)) IS NOT TRUE THEN
        RAISE EXCEPTION 'this record is not for this post to decide on' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM org.erased e WHERE e.organization_id = organization AND e.patient_id = patient) THEN
        RAISE EXCEPTION 'the record was erased' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_erased';
    END IF;
    RETURN place;
END
$$;

-- The record goes on in another, whose record this is done to.
CREATE FUNCTION org.refuse_absorbed(organization int4, patient uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM org.merge m
                WHERE m.organization_id = organization AND m.absorbed_id = patient AND m.undone_at IS NULL) THEN
        RAISE EXCEPTION 'the record goes on in another' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_merged';
    END IF;
END
$$;

-- Whether a hold stands on one of these.
CREATE FUNCTION org.is_held(organization int4, patients uuid[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM org.legal_hold h
                    WHERE h.organization_id = organization AND h.patient_id = ANY (patients) AND h.released_at IS NULL)
$$;

-- Nothing under a hold, and nothing within its time, is erased.
CREATE FUNCTION org.refuse_kept(organization int4, patients uuid[], at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF org.is_held(organization, patients) THEN
        RAISE EXCEPTION 'the record is under a hold' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_held';
    END IF;
    IF (SELECT org.last_entry(organization, patients) + make_interval(years => o.records_years) FROM org.organization o
         WHERE o.organization_id = organization) > at THEN
        RAISE EXCEPTION 'the record is within its time' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_kept';
    END IF;
END
$$;

-- Closes the record of these patients, those that are not closed already.
CREATE FUNCTION org.close_record(restriction uuid, place int4, patients uuid[], ground text, at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    INSERT INTO org.restriction (organization_id, facility_id, restriction_id, patient_id, ground, restricted_by, restricted_at)
    SELECT organization, place, restriction, p, ground, context[2]::int4, at FROM unnest(patients) p
     WHERE NOT EXISTS (SELECT FROM org.restriction r
                        WHERE r.organization_id = organization AND r.patient_id = p AND r.lifted_at IS NULL);
END
$$;

-- Opens it again. Directories of names read it anew: some of them were filled by those who did not see it.
CREATE FUNCTION org.reopen_record(restriction uuid, patient uuid, at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    UPDATE org.restriction r SET lifted_by = context[2]::int4, lifted_at = at
     WHERE r.organization_id = organization AND r.restriction_id = restriction AND r.lifted_at IS NULL;
    UPDATE chart.resource r SET follow = pg_current_xact_id()::text::int8
     WHERE r.organization_id = organization AND r.patient_id = patient AND r.follow IS NOT NULL;
END
$$;

-- Places a hold; false where there is no such patient. An erasure that waits is stopped by it.
CREATE FUNCTION org.place_hold(hold uuid, patient uuid, kind text, matter bytea, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    place int4 := org.hold_record(patient, 'records.keep');
    waiting org.erasure;
BEGIN
    IF place IS NULL THEN
        RETURN false;
    END IF;
    FOR waiting IN SELECT * FROM org.erasure e
                    WHERE e.organization_id = organization AND e.state IN ('asked', 'approved', 'erasing')
                      AND patient = ANY (org.one_record(organization, e.patient_id)) FOR UPDATE
    LOOP
        IF waiting.state = 'erasing' THEN
            RAISE EXCEPTION 'the record is being erased' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_erased';
        END IF;
        UPDATE org.erasure e SET state = 'stopped', ended_at = at
         WHERE e.organization_id = organization AND e.erasure_id = waiting.erasure_id;
    END LOOP;
    INSERT INTO org.legal_hold (organization_id, facility_id, hold_id, patient_id, kind, matter, placed_by, placed_at)
    VALUES (organization, place, hold, patient, kind, matter, context[2]::int4, at);
    RETURN true;
END
$$;

-- Releases a hold that stands; false where there is none.
CREATE FUNCTION org.release_hold(hold uuid, patient uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    IF org.hold_record(patient, 'records.keep') IS NULL THEN
        RETURN false;
    END IF;
    UPDATE org.legal_hold h SET released_by = context[2]::int4, released_at = at
     WHERE h.organization_id = context[3] >> 32 AND h.hold_id = hold AND h.patient_id = patient AND h.released_at IS NULL;
    RETURN FOUND;
END
$$;

-- Restricts a record; false where there is no such patient.
CREATE FUNCTION org.restrict_record(restriction uuid, patient uuid, ground text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    place int4 := org.hold_record(patient, 'records.keep');
BEGIN
    IF place IS NULL THEN
        RETURN false;
    END IF;
    PERFORM org.refuse_absorbed(organization, patient);
    IF ground = 'erasure' OR EXISTS (SELECT FROM org.restriction r
                WHERE r.organization_id = organization AND r.patient_id = patient AND r.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'it is restricted' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_restricted';
    END IF;
    PERFORM org.close_record(restriction, place, org.one_record(organization, patient), ground, at);
    RETURN true;
END
$$;

-- Lifts the restriction of a record; false where there is none. An approved erasure is withdrawn first.
CREATE FUNCTION org.lift_restriction(patient uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    standing uuid;
BEGIN
    IF org.hold_record(patient, 'records.keep') IS NULL THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM org.erasure e
                WHERE e.organization_id = organization AND e.patient_id = patient AND e.state IN ('approved', 'erasing')) THEN
        RAISE EXCEPTION 'its erasure is approved' USING ERRCODE = 'check_violation', CONSTRAINT = 'erasure_open';
    END IF;
    SELECT r.restriction_id INTO standing FROM org.restriction r
     WHERE r.organization_id = organization AND r.patient_id = patient AND r.lifted_at IS NULL;
    IF standing IS NULL THEN
        RETURN false;
    END IF;
    PERFORM org.reopen_record(standing, patient, at);
    RETURN true;
END
$$;

-- Asks for a record to be erased; false where there is no such patient. It is asked by a person.
CREATE FUNCTION org.ask_erasure(erasure uuid, patient uuid, ground text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    place int4 := org.hold_record(patient, 'records.erase');
    whole uuid[];
BEGIN
    IF place IS NULL THEN
        RETURN false;
    END IF;
    IF ground = 'ledger' OR NOT EXISTS (SELECT FROM org.membership m
                WHERE m.organization_id = organization AND m.membership_id = context[2] AND m.kind = 'person'
                  AND m.person_id IS NOT NULL) THEN
        RAISE EXCEPTION 'erasure is asked for by a person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM org.refuse_absorbed(organization, patient);
    whole := org.one_record(organization, patient);
    PERFORM org.refuse_kept(organization, whole, at);
    INSERT INTO org.erasure (organization_id, facility_id, erasure_id, patient_id, patients, ground, asked_by, asked_at, state)
    VALUES (organization, place, erasure, patient, whole, ground, context[2]::int4, at, 'asked');
    RETURN true;
END
$$;

-- The erasure of this id within reach, held behind its patient; the row is all NULL where there is none.
CREATE FUNCTION org.hold_erasure(erasure uuid, permission text) RETURNS org.erasure
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.erasure;
BEGIN
    SELECT * INTO held FROM org.erasure e WHERE e.organization_id = organization AND e.erasure_id = erasure;
    IF held.erasure_id IS NULL OR org.hold_record(held.patient_id, permission) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO held FROM org.erasure e WHERE e.organization_id = organization AND e.erasure_id = erasure FOR UPDATE;
    RETURN held;
END
$$;

-- Approves or refuses an erasure that somebody else asked for; false where there is none. Whoever holds two posts is one
-- person. Approved, the record is closed, and what stands in the way is asked again.
CREATE FUNCTION org.decide_erasure(erasure uuid, approved boolean, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.erasure := org.hold_erasure(erasure, 'records.approve');
    whole uuid[];
BEGIN
    IF held.erasure_id IS NULL THEN
        RETURN false;
    END IF;
    IF held.state <> 'asked' THEN
        RAISE EXCEPTION 'it is decided' USING ERRCODE = 'LL412';
    END IF;
    IF NOT EXISTS (SELECT FROM org.membership a
                     JOIN org.membership b ON b.organization_id = a.organization_id
                    WHERE a.organization_id = organization AND a.membership_id = context[2] AND b.membership_id = held.asked_by
                      AND a.kind = 'person' AND a.person_id <> b.person_id) THEN
        RAISE EXCEPTION 'another person decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'erasure_own';
    END IF;
    IF NOT approved THEN
        UPDATE org.erasure e SET state = 'refused', decided_by = context[2]::int4, decided_at = at, ended_at = at
         WHERE e.organization_id = organization AND e.erasure_id = erasure;
        RETURN true;
    END IF;
    PERFORM org.refuse_absorbed(organization, held.patient_id);
    whole := org.one_record(organization, held.patient_id);
    PERFORM org.refuse_kept(organization, whole, at);
    PERFORM org.close_record(erasure, held.facility_id, whole, 'erasure', at);
    UPDATE org.erasure e
       SET state = 'approved', decided_by = context[2]::int4, decided_at = at, patients = whole,
           due_at = at + make_interval(days => (SELECT o.erasure_days FROM org.organization o WHERE o.organization_id = organization))
     WHERE e.organization_id = organization AND e.erasure_id = erasure;
    RETURN true;
END
$$;

-- Takes an erasure back that is not being done yet; false where there is none. What its approval closed is opened again.
CREATE FUNCTION org.withdraw_erasure(erasure uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.erasure := org.hold_erasure(erasure, 'records.erase');
BEGIN
    IF held.erasure_id IS NULL THEN
        RETURN false;
    END IF;
    IF held.state NOT IN ('asked', 'approved') THEN
        RAISE EXCEPTION 'it is over' USING ERRCODE = 'LL412';
    END IF;
    UPDATE org.erasure e SET state = 'withdrawn', ended_at = at
     WHERE e.organization_id = organization AND e.erasure_id = erasure;
    PERFORM org.reopen_record(erasure, held.patient_id, at);
    RETURN true;
END
$$;

-- From the version named; NULL when it is another.
DROP FUNCTION org.change_keeping(int4, int4, int4, int4);
CREATE FUNCTION org.change_keeping(was int4, records_years int4, log_years int4, review_days int4, erasure_days int4,
        adult_years int4)
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    now_at int4;
BEGIN
    IF NOT org.manages() THEN
        RAISE EXCEPTION 'who administers the organization says how long it keeps what' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.organization o
       SET records_years = change_keeping.records_years, log_years = change_keeping.log_years,
           review_days = change_keeping.review_days, erasure_days = change_keeping.erasure_days,
           adult_years = change_keeping.adult_years, version = o.version + 1
     WHERE o.organization_id = (sec.cells())[3] >> 32 AND o.version = was
    RETURNING o.version INTO now_at;
    RETURN now_at;
END
$$;
REVOKE ALL ON FUNCTION org.move_keeping, org.one_record, org.last_entry, org.hold_record, org.refuse_absorbed, org.is_held,
    org.refuse_kept, org.close_record, org.reopen_record, org.place_hold, org.release_hold, org.restrict_record,
    org.lift_restriction, org.ask_erasure, org.hold_erasure, org.decide_erasure, org.withdraw_erasure, org.change_keeping
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.place_hold, org.release_hold, org.restrict_record, org.lift_restriction, org.ask_erasure,
    org.decide_erasure, org.withdraw_erasure, org.change_keeping TO lamplight_app;
-- Read within row security: what stands in the way is told from the same rows that it is decided by.
GRANT EXECUTE ON FUNCTION org.one_record, org.last_entry TO lamplight_app;
RESET ROLE;
