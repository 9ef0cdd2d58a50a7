-- Unfinished notes go over with the records of a merge, and back with them (ADR 0025).
SET LOCAL ROLE lamplight_owner;

-- The merges that brought it to where it is, the last one last.
ALTER TABLE chart.draft ADD merges uuid[] NOT NULL DEFAULT '{}';
GRANT UPDATE (patient_id, merges) ON chart.draft TO lamplight_app;

-- By a merge alone does a draft come to be about somebody else, and by undoing it.
CREATE FUNCTION chart.check_draft() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
BEGIN
    IF NOT EXISTS (
            SELECT FROM org.merge m
             WHERE m.organization_id = NEW.organization_id AND m.facility_id = NEW.facility_id
               AND ((m.undone_at IS NULL AND m.absorbed_id = OLD.patient_id AND m.patient_id = NEW.patient_id
                     AND NEW.merges = OLD.merges || m.merge_id)
                 OR (m.undone_at IS NOT NULL AND m.patient_id = OLD.patient_id AND m.absorbed_id = NEW.patient_id
                     AND OLD.merges = NEW.merges || m.merge_id)))
        OR (me <> 0 AND NOT org.holds(NEW.organization_id, me, 'patients.merge')) THEN
        RAISE EXCEPTION 'a draft goes to another patient by a merge alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_draft BEFORE UPDATE ON chart.draft FOR EACH ROW
    WHEN (NEW.patient_id <> OLD.patient_id OR NEW.merges <> OLD.merges) EXECUTE FUNCTION chart.check_draft();

-- After check_place, which waits for a merge that is under way.
CREATE TRIGGER refuse_merged BEFORE INSERT OR UPDATE ON chart.draft FOR EACH ROW EXECUTE FUNCTION chart.check_merged();

REVOKE ALL ON FUNCTION chart.check_draft FROM PUBLIC;
RESET ROLE;
