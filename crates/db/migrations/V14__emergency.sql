-- Emergency access: one patient, for an hour at most, by a post that has no relationship with them (ADR 0013).
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.emergency (
    organization_id int4 NOT NULL,
    emergency_id uuid NOT NULL,
    -- Its name in a signed context, which holds numbers.
    number int4 GENERATED ALWAYS AS IDENTITY,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    reason bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at <= opened_at + interval '60 minutes'),
    reviewed_at timestamptz,
    reviewed_by int4 CHECK (reviewed_by <> membership_id),
    verdict text CHECK (verdict IN ('justified', 'not-justified')),
    note bytea,
    PRIMARY KEY (organization_id, emergency_id),
    -- With the facility, so that a number that is taken tells nothing across facilities.
    UNIQUE (organization_id, facility_id, number),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    FOREIGN KEY (organization_id, reviewed_by) REFERENCES org.membership,
    CHECK (num_nulls(reviewed_at, reviewed_by, verdict, note) IN (0, 4))
);
CREATE INDEX emergency_membership ON org.emergency (organization_id, membership_id, opened_at);
SELECT sec.wall('org.emergency', 'facility_id', true);
GRANT SELECT, INSERT ON org.emergency TO lamplight_app;
GRANT UPDATE (ends_at, reviewed_at, reviewed_by, verdict, note) ON org.emergency TO lamplight_app;
-- For sec.related() and the trigger below.
CREATE POLICY related ON org.emergency FOR SELECT TO lamplight_owner USING (organization_id > 0);

-- A context that names an emergency carries its number, negative, among the cells: those are beyond 2^32 on either side.
-- It reaches that patient and no other, as if every bound post of its chain had a relationship with them.
CREATE OR REPLACE FUNCTION sec.related() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    emergency int8 := (SELECT min(c) FROM unnest(context[4:]) c WHERE c BETWEEN -2147483648 AND -1);
    bound int4[];
BEGIN
    IF emergency IS NOT NULL THEN
        RETURN ARRAY(SELECT e.patient_id FROM org.emergency e
                      WHERE e.organization_id = organization AND e.number = - emergency AND e.membership_id = context[2]
                        AND e.ends_at > transaction_timestamp()
                        AND (- sec.cell(e.organization_id, e.facility_id)) = ANY (context));
    END IF;
    bound := ARRAY(SELECT c.membership_id FROM org.chain(organization, context[2]::int4) c WHERE c.by_relationship);
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

-- Who opens has the right at this moment and left nothing unreviewed; who reviews is another person, once; an end only
-- comes nearer.
CREATE FUNCTION org.check_emergency() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    mine text[];
    allowed boolean;
BEGIN
    -- As in org.check_grant: the operator, a job and the command line are above; what is out of reach the wall refuses.
    IF me IS NULL OR me = 0 OR (sec.cell(NEW.organization_id, 0) = ANY (context)) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    SELECT e.permissions INTO mine FROM org.effective(NEW.organization_id, me::int4, clock_timestamp()) e WHERE e.alive;
    IF TG_OP = 'INSERT' THEN
        allowed := NEW.membership_id = me AND NEW.reviewed_at IS NULL AND 'emergency.access' = ANY (mine)
            AND EXISTS (SELECT 1 FROM org.membership m WHERE m.organization_id = NEW.organization_id
                           AND m.membership_id = me AND m.plane = 'staff')
            AND NOT EXISTS (SELECT 1 FROM org.emergency e
                             WHERE e.organization_id = NEW.organization_id AND e.membership_id = me
                               AND e.reviewed_at IS NULL AND e.opened_at < NEW.opened_at - interval '72 hours');
    ELSIF (NEW.reviewed_at, NEW.reviewed_by, NEW.verdict, NEW.note)
        IS DISTINCT FROM (OLD.reviewed_at, OLD.reviewed_by, OLD.verdict, OLD.note) THEN
        allowed := OLD.reviewed_at IS NULL AND NEW.reviewed_by = me AND 'emergency.review' = ANY (mine)
            AND NOT EXISTS (SELECT 1 FROM org.membership a JOIN org.membership b ON b.organization_id = a.organization_id
                             WHERE a.organization_id = NEW.organization_id AND a.membership_id = me
                               AND b.membership_id = NEW.membership_id
                               AND (a.membership_id = b.membership_id OR a.person_id = b.person_id));
    ELSE
        allowed := NEW.membership_id = me;
    END IF;
    IF allowed IS NOT TRUE OR (TG_OP = 'UPDATE' AND NEW.ends_at > OLD.ends_at) THEN
        RAISE EXCEPTION 'emergency access refused' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.check_emergency FROM PUBLIC;
CREATE TRIGGER check_emergency BEFORE INSERT OR UPDATE ON org.emergency FOR EACH ROW
    EXECUTE FUNCTION org.check_emergency();
RESET ROLE;
