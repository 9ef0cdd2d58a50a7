-- Unfinished notes (ADR 0023). A signed one is records of the chart; what stays here of it says which.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE chart.draft (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    draft_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    saved_by int4 NOT NULL,
    started_at timestamptz NOT NULL,
    saved_at timestamptz NOT NULL,
    version int4 NOT NULL,
    -- NULL: signed, as this Composition.
    body bytea,
    composition_id uuid,
    PRIMARY KEY (organization_id, draft_id),
    CHECK ((body IS NULL) = (composition_id IS NOT NULL))
) WITH (fillfactor = 70);
ALTER TABLE chart.draft ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX draft_patient ON chart.draft (organization_id, patient_id, started_at) WHERE body IS NOT NULL;
CREATE INDEX draft_membership ON chart.draft (organization_id, membership_id, started_at) WHERE body IS NOT NULL;
SELECT sec.wall('chart.draft', 'facility_id', true);
GRANT SELECT, INSERT, DELETE ON chart.draft TO lamplight_app;
GRANT UPDATE (saved_by, saved_at, version, body, composition_id) ON chart.draft TO lamplight_app;

-- A draft stands where the patient is, and goes with them.
CREATE TRIGGER check_place BEFORE INSERT ON chart.draft FOR EACH ROW EXECUTE FUNCTION org.check_place();
CREATE POLICY mover ON chart.draft TO lamplight_owner USING (organization_id > 0);
CREATE FUNCTION chart.move_drafts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE chart.draft d SET facility_id = NEW.target_id
     WHERE d.organization_id = NEW.organization_id AND d.patient_id = NEW.patient_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION chart.move_drafts FROM PUBLIC;
CREATE TRIGGER move_drafts AFTER INSERT ON org.reassignment FOR EACH ROW EXECUTE FUNCTION chart.move_drafts();

RESET ROLE;
