-- When the shifts of a facility begin, and what was handed over at their end (ADR 0030).
SET LOCAL ROLE lamplight_owner;

-- Minutes of the day, in the facility's time zone: of day and night, or of day, evening and night.
ALTER TABLE org.facility ADD shifts int4[] NOT NULL DEFAULT '{420,900,1380}'
    CHECK (cardinality(shifts) BETWEEN 2 AND 3 AND shifts[1] >= 0 AND shifts[1] < shifts[2]
           AND shifts[2] < coalesce(shifts[3], 1440) AND coalesce(shifts[3], 0) < 1440);

-- From the version named; NULL when it is another.
CREATE FUNCTION org.change_shifts(facility int4, was int4, shifts int4[])
    RETURNS int4 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    now_at int4;
BEGIN
    IF NOT org.manages() OR facility <= 0 OR NOT sec.cell(organization, facility) = ANY (context) THEN
        RAISE EXCEPTION 'who administers the organization changes shifts' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.facility f SET shifts = change_shifts.shifts, version = f.version + 1
     WHERE f.organization_id = organization AND f.facility_id = facility AND f.version = was
    RETURNING f.version INTO now_at;
    RETURN now_at;
END
$$;

-- Who handed a shift over, and who received it. What was said is records of the chart, each resident's their own.
CREATE TABLE org.handover (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    handover_id uuid NOT NULL,
    shift text NOT NULL CHECK (shift IN ('day', 'evening', 'night')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    signed_by int4 NOT NULL,
    signed_at timestamptz NOT NULL,
    received_by int4,
    received_at timestamptz,
    PRIMARY KEY (organization_id, handover_id),
    -- Nobody hands the same shift over twice.
    UNIQUE (organization_id, facility_id, starts_at, signed_by),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (starts_at < ends_at),
    CHECK (num_nulls(received_by, received_at) IN (0, 2)),
    CHECK (received_by <> signed_by)
);
CREATE INDEX handover_recent ON org.handover (organization_id, facility_id, signed_at);
SELECT sec.wall('org.handover', 'facility_id', false);
GRANT SELECT, INSERT ON org.handover TO lamplight_app;
GRANT UPDATE (received_by, received_at) ON org.handover TO lamplight_app;

-- Who works the shift, in their own name; received once, by another person.
CREATE FUNCTION org.check_handover() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
    mine int8 := CASE TG_OP WHEN 'INSERT' THEN NEW.signed_by ELSE NEW.received_by END;
BEGIN
    -- What is out of reach is left to the wall.
    IF me IS NOT NULL AND me <> 0 AND (ARRAY[reached, - reached] && context)
        AND (mine IS DISTINCT FROM me OR NOT org.holds(NEW.organization_id, me, 'shift.work')) THEN
        RAISE EXCEPTION 'this shift is not for this post to hand over' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.received_by IS NOT NULL THEN
            RAISE EXCEPTION 'it was received' USING ERRCODE = 'LL412';
        END IF;
        IF EXISTS (
            SELECT FROM org.membership a
              JOIN org.membership b ON b.organization_id = a.organization_id AND b.person_id = a.person_id
             WHERE a.organization_id = NEW.organization_id AND a.membership_id = NEW.signed_by
               AND b.membership_id = NEW.received_by) THEN
            RAISE EXCEPTION 'nobody receives what they handed over' USING ERRCODE = 'check_violation',
                CONSTRAINT = 'handover_own';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_handover BEFORE INSERT OR UPDATE ON org.handover
    FOR EACH ROW EXECUTE FUNCTION org.check_handover();

REVOKE ALL ON FUNCTION org.change_shifts, org.check_handover FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.change_shifts TO lamplight_app;
RESET ROLE;
