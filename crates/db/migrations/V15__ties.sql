-- Ties of posts to patients, made over the interface. One that waits for a consent begins at infinity: whatever asks
-- whether a tie lives (sec.related) sees none.
SET LOCAL ROLE lamplight_owner;
ALTER TABLE org.relationship
    ADD COLUMN made_by int4,
    -- A family's tie needs both: the patient, or who speaks for them, and the relative.
    ADD COLUMN patient_consent_at timestamptz,
    ADD COLUMN member_consent_at timestamptz,
    ADD COLUMN version int4 NOT NULL DEFAULT 1;
GRANT INSERT ON org.relationship TO lamplight_app;
GRANT UPDATE (starts_at, ends_at, patient_consent_at) ON org.relationship TO lamplight_app;

CREATE FUNCTION org.check_tie() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    mine record;
    meant org.relationship;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.version := OLD.version + 1;
    END IF;
    -- The operator has no context, a job and the command line have membership 0; what is out of reach the wall refuses.
    IF me IS NOT NULL AND me <> 0 AND abs(sec.cell(NEW.organization_id, NEW.facility_id)) = ANY (SELECT abs(c) FROM unnest(context) c) THEN
        SELECT e.permissions INTO mine FROM org.effective(NEW.organization_id, me::int4, clock_timestamp()) e WHERE e.alive;
        IF NOT FOUND OR NOT 'relationships.edit' = ANY (mine.permissions) OR NEW.membership_id = me THEN
            RAISE EXCEPTION 'a tie is made by somebody else who may' USING ERRCODE = 'insufficient_privilege';
        END IF;
        -- Nobody ties themselves, by whichever of their posts.
        IF EXISTS (SELECT 1 FROM org.membership a
                     JOIN org.membership b ON b.organization_id = a.organization_id AND b.person_id = a.person_id
                    WHERE a.organization_id = NEW.organization_id AND a.membership_id = me
                      AND b.membership_id = NEW.membership_id) THEN
            RAISE EXCEPTION 'a tie is made by another person' USING ERRCODE = 'insufficient_privilege';
        END IF;
        -- A post comes to its patients by one tie, that of its role; a portal without a role by that of those it has. By
        -- another it would see what was never approved for it.
        IF EXISTS (SELECT 1 FROM org.membership m
                     LEFT JOIN org.role r ON r.organization_id = m.organization_id AND r.role_key = m.role_key
                    WHERE m.organization_id = NEW.organization_id AND m.membership_id = NEW.membership_id
                      AND CASE WHEN r.tie IS NOT NULL THEN r.tie <> NEW.kind
                               ELSE m.plane = 'portal' AND EXISTS (
                                    SELECT 1 FROM org.relationship x
                                     WHERE x.organization_id = m.organization_id AND x.membership_id = m.membership_id
                                       AND x.kind <> NEW.kind AND x.ends_at > clock_timestamp()) END) THEN
            RAISE EXCEPTION 'a post has one kind of tie' USING ERRCODE = 'insufficient_privilege';
        END IF;
        NEW.made_by := me;
        -- The relative says it themselves (platform.consent), and again when the tie comes back after its end.
        IF TG_OP = 'INSERT' OR OLD.ends_at <= clock_timestamp() THEN
            NEW.member_consent_at := NULL;
        END IF;
        -- Family waits for both sides. Staff that is told of the patient's consent writes it down, which is in the log.
        IF NEW.kind = 'family' AND (NEW.patient_consent_at IS NULL OR NEW.member_consent_at IS NULL) THEN
            NEW.starts_at := 'infinity';
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        meant := OLD;
        meant.starts_at := NEW.starts_at;
        meant.ends_at := NEW.ends_at;
        meant.patient_consent_at := NEW.patient_consent_at;
        meant.member_consent_at := NEW.member_consent_at;
        meant.made_by := NEW.made_by;
        meant.version := NEW.version;
        IF NEW IS DISTINCT FROM meant THEN
            RAISE EXCEPTION 'a tie stays whose it is' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION org.check_tie FROM PUBLIC;
CREATE TRIGGER check_tie BEFORE INSERT OR UPDATE ON org.relationship FOR EACH ROW
    WHEN (current_user <> 'lamplight_operator') EXECUTE FUNCTION org.check_tie();
-- What a post reaches is remembered nowhere, but what hangs on it may be.
CREATE TRIGGER tell_revoked AFTER UPDATE ON org.relationship FOR EACH ROW EXECUTE FUNCTION sec.tell_revoked('membership');

CREATE POLICY consent ON org.relationship FOR SELECT TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, UPDATE (member_consent_at, starts_at) ON org.relationship TO lamplight_operator;
CREATE POLICY consent_given ON org.relationship FOR UPDATE TO lamplight_operator USING (organization_id > 0);
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- The ties of the context's own membership, those among them that do not live yet: it cannot see them itself, because
-- row security shows it what it is tied to.
CREATE FUNCTION platform.own_ties(OUT patient_id uuid, OUT facility text, OUT kind text, OUT waits_for_patient boolean,
        OUT waits_for_member boolean, OUT starts_at timestamptz, OUT ends_at timestamptz)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT r.patient_id, f.name, r.kind, r.kind = 'family' AND r.patient_consent_at IS NULL,
           r.kind = 'family' AND r.member_consent_at IS NULL, r.starts_at, r.ends_at
      FROM org.relationship r
      JOIN org.facility f ON f.organization_id = r.organization_id AND f.facility_id = r.facility_id
     WHERE r.organization_id = ((SELECT sec.cells())[3] >> 32) AND r.membership_id = (SELECT sec.cells())[2]
       AND (SELECT sec.cells())[2] > 0 AND r.ends_at > transaction_timestamp()
     ORDER BY r.patient_id, r.kind
$$;

-- The relative's own consent. False: there is nothing that waits for it.
CREATE FUNCTION platform.consent(patient uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    UPDATE org.relationship r
       SET member_consent_at = consent.at,
           starts_at = CASE WHEN r.patient_consent_at IS NULL THEN 'infinity' ELSE consent.at END
     WHERE r.organization_id = context[3] >> 32 AND r.membership_id = context[2] AND context[2] > 0
       AND r.patient_id = patient AND r.kind = 'family' AND r.member_consent_at IS NULL AND r.ends_at > consent.at;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION platform.own_ties, platform.consent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.own_ties, platform.consent TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
