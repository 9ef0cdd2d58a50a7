-- A tie that is made again after its end begins anew in its one row. What it was before is kept here, so that what a post
-- reached at any time can be told years later (ADR 0017). Append-only: rows come by the trigger alone.
SET LOCAL ROLE lamplight_owner;
CREATE TABLE org.relationship_past (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    kind text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, patient_id, membership_id, kind, starts_at),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);
SELECT sec.wall('org.relationship_past', 'facility_id', true);
GRANT SELECT ON org.relationship_past TO lamplight_app;
CREATE POLICY kept ON org.relationship_past FOR INSERT TO lamplight_owner WITH CHECK (organization_id > 0);

-- What never began (a consent that was waited for) was no tie. One that is to wait again ends now.
CREATE FUNCTION org.keep_tie() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    ended timestamptz := least(OLD.ends_at, CASE WHEN NEW.starts_at = 'infinity' THEN clock_timestamp() ELSE NEW.starts_at END);
BEGIN
    IF OLD.starts_at < ended THEN
        INSERT INTO org.relationship_past (organization_id, facility_id, patient_id, membership_id, kind, starts_at, ends_at)
        VALUES (OLD.organization_id, OLD.facility_id, OLD.patient_id, OLD.membership_id, OLD.kind, OLD.starts_at, ended)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION org.keep_tie FROM PUBLIC;
CREATE TRIGGER keep_tie AFTER UPDATE ON org.relationship FOR EACH ROW
    WHEN (OLD.starts_at IS DISTINCT FROM NEW.starts_at) EXECUTE FUNCTION org.keep_tie();

-- Whom an event concerned: rows come in the order of time, which this index costs next to nothing.
CREATE INDEX subject_at ON audit.subject USING brin (at) WITH (pages_per_range = 8, autosummarize = on);
RESET ROLE;
