-- Two records of one person become one, and two again (ADR 0025).
SET LOCAL ROLE lamplight_owner;

-- patient_id is who goes on; absorbed_id whose records went over.
CREATE TABLE org.merge (
    organization_id int4 NOT NULL,
    merge_id uuid NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    absorbed_id uuid NOT NULL CHECK (absorbed_id <> patient_id),
    membership_id int4 NOT NULL,
    at timestamptz NOT NULL,
    -- The versions of both Patients that the merge wrote.
    patient_version int4 NOT NULL,
    absorbed_version int4 NOT NULL,
    -- The posts of care teams that were tied to who goes on because of it.
    carried int4[] NOT NULL DEFAULT '{}',
    undone_at timestamptz,
    undone_by int4,
    PRIMARY KEY (organization_id, merge_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (num_nulls(undone_at, undone_by) IN (0, 2))
);
CREATE UNIQUE INDEX merge_absorbed ON org.merge (organization_id, absorbed_id) WHERE undone_at IS NULL;
CREATE INDEX merge_patient ON org.merge (organization_id, patient_id);

-- Which records went over: the version that they had, and the one that the merge wrote.
CREATE TABLE org.merge_record (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    merge_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    id uuid NOT NULL,
    version_before int4 NOT NULL,
    version_after int4 NOT NULL,
    PRIMARY KEY (organization_id, merge_id, id)
);
SELECT sec.wall('org.merge', 'facility_id', true);
SELECT sec.wall('org.merge_record', 'facility_id', true);
GRANT SELECT, INSERT ON org.merge, org.merge_record TO lamplight_app;
GRANT UPDATE (carried, undone_at, undone_by) ON org.merge TO lamplight_app;

-- For the functions below, which say by themselves whom they serve.
CREATE POLICY merged ON org.merge FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE POLICY carrier ON org.relationship FOR INSERT TO lamplight_owner WITH CHECK (organization_id > 0);

-- Who merges may; what is out of reach the wall refuses. A merge is undone and not otherwise changed.
CREATE FUNCTION org.check_merge() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
BEGIN
    IF me IS NOT NULL AND me <> 0 AND (ARRAY[reached, - reached] && context)
        AND NOT org.holds(NEW.organization_id, me, 'patients.merge') THEN
        RAISE EXCEPTION 'these records are not for this post to merge' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NOT NULL THEN
        RAISE EXCEPTION 'the merge was undone' USING ERRCODE = 'LL412';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_merge BEFORE INSERT OR UPDATE ON org.merge FOR EACH ROW EXECUTE FUNCTION org.check_merge();

-- The record of who was merged goes on under another: nothing is written to it, by no way in.
CREATE FUNCTION chart.check_merged() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
BEGIN
    -- What is out of reach is left to the wall.
    IF (ARRAY[reached, - reached] && sec.cells()) IS NOT FALSE AND EXISTS (
        SELECT FROM org.merge m
         WHERE m.organization_id = NEW.organization_id AND m.absorbed_id = NEW.patient_id AND m.undone_at IS NULL
           AND m.facility_id = NEW.facility_id) THEN
        RAISE EXCEPTION 'the record goes on in another' USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_merged';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_merged BEFORE INSERT OR UPDATE ON chart.resource FOR EACH ROW WHEN (NEW.patient_id IS NOT NULL)
    EXECUTE FUNCTION chart.check_merged();

-- The care team of who was merged is that of who goes on. Nobody else's tie is carried over: what relatives, attorneys and
-- referring doctors see was agreed on for one record, and is agreed on anew for the other. Gives how many were carried,
-- and the posts whose ties stay behind.
CREATE FUNCTION org.carry_ties(merge uuid, at timestamptz, OUT carried int4[], OUT waiting int4[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    m org.merge;
BEGIN
    SELECT * INTO m FROM org.merge x
     WHERE x.organization_id = context[3] >> 32 AND x.merge_id = carry_ties.merge AND x.undone_at IS NULL;
    IF m.merge_id IS NULL OR (sec.cell(m.organization_id, m.facility_id) = ANY (context)) IS NOT TRUE
        OR (context[2] <> 0 AND NOT org.holds(m.organization_id, context[2], 'patients.merge')) THEN
        RAISE EXCEPTION 'these records are not for this post to merge' USING ERRCODE = 'insufficient_privilege';
    END IF;
    WITH made AS (
        INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at, ends_at, made_by)
        SELECT r.organization_id, m.facility_id, m.patient_id, r.membership_id, r.kind, carry_ties.at, r.ends_at, context[2]::int4
          FROM org.relationship r
         WHERE r.organization_id = m.organization_id AND r.patient_id = m.absorbed_id AND r.kind = 'care-team'
           AND r.starts_at <= carry_ties.at AND r.ends_at > carry_ties.at
        ON CONFLICT DO NOTHING
        RETURNING membership_id)
    SELECT coalesce(array_agg(made.membership_id ORDER BY made.membership_id), '{}') INTO carried FROM made;
    waiting := ARRAY(SELECT DISTINCT r.membership_id FROM org.relationship r
                      WHERE r.organization_id = m.organization_id AND r.patient_id = m.absorbed_id
                        AND r.kind <> 'care-team' AND r.ends_at > carry_ties.at
                      ORDER BY r.membership_id);
END
$$;

-- Ends what the merge carried, where nobody has touched it since.
CREATE FUNCTION org.drop_ties(merge uuid, at timestamptz) RETURNS int8
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    m org.merge;
    dropped int8;
BEGIN
    SELECT * INTO m FROM org.merge x
     WHERE x.organization_id = context[3] >> 32 AND x.merge_id = drop_ties.merge AND x.undone_at = drop_ties.at;
    IF m.merge_id IS NULL OR (sec.cell(m.organization_id, m.facility_id) = ANY (context)) IS NOT TRUE
        OR (context[2] <> 0 AND NOT org.holds(m.organization_id, context[2], 'patients.merge')) THEN
        RAISE EXCEPTION 'this merge is not for this post to undo' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.relationship r SET ends_at = drop_ties.at, version = r.version + 1
     WHERE r.organization_id = m.organization_id AND r.patient_id = m.patient_id AND r.kind = 'care-team'
       AND r.membership_id = ANY (m.carried) AND r.version = 1 AND r.ends_at > drop_ties.at;
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION org.check_merge, chart.check_merged, org.carry_ties, org.drop_ties FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.carry_ties, org.drop_ties TO lamplight_app;
RESET ROLE;
