-- Doses and counts (ADR 0029). What was given, to whom and why not, is a sealed record of the chart; these rows make it
-- happen once and make the counts balance.
SET LOCAL ROLE lamplight_owner;

-- A dose that somebody recorded: under the id that the device gave it, in the place of its order that it takes.
CREATE TABLE chart.dose (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    request_id uuid NOT NULL,
    -- Whether the same was sent again: a keyed hash of all that was sent.
    digest bytea NOT NULL CHECK (length(digest) = 32),
    patient_id uuid NOT NULL,
    order_id uuid NOT NULL,
    -- NULL: as needed.
    due_at timestamptz,
    given_at timestamptz NOT NULL,
    administration_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- It was entered in error, and its place is free again.
    revoked_at timestamptz,
    revoked_by int4,
    -- The merges that brought it to where it is, the last one last.
    merges uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (organization_id, request_id),
    CHECK (num_nulls(revoked_at, revoked_by) IN (0, 2))
);
CREATE UNIQUE INDEX dose_place ON chart.dose (organization_id, order_id, due_at) WHERE revoked_at IS NULL AND due_at IS NOT NULL;
CREATE UNIQUE INDEX dose_administration ON chart.dose (organization_id, administration_id);
CREATE INDEX dose_order ON chart.dose (organization_id, order_id, given_at);
CREATE INDEX dose_patient ON chart.dose (organization_id, patient_id);
SELECT sec.wall('chart.dose', 'facility_id', true);
GRANT SELECT, INSERT ON chart.dose TO lamplight_app;
GRANT UPDATE (revoked_at, revoked_by) ON chart.dose TO lamplight_app;

-- A dose stands where the patient is, and goes with them.
CREATE TRIGGER check_place BEFORE INSERT ON chart.dose FOR EACH ROW EXECUTE FUNCTION org.check_place();
CREATE TRIGGER refuse_merged BEFORE INSERT ON chart.dose FOR EACH ROW EXECUTE FUNCTION chart.check_merged();
CREATE POLICY mover ON chart.dose TO lamplight_owner USING (organization_id > 0);
CREATE FUNCTION chart.move_doses() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE chart.dose d SET facility_id = NEW.target_id
     WHERE d.organization_id = NEW.organization_id AND d.patient_id = NEW.patient_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_doses AFTER INSERT ON org.reassignment FOR EACH ROW EXECUTE FUNCTION chart.move_doses();

-- With the records of a merge, and back with them. What was given since stays with who goes on, as its record does.
CREATE FUNCTION chart.carry_doses() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE chart.dose d SET patient_id = NEW.patient_id, merges = d.merges || NEW.merge_id
         WHERE d.organization_id = NEW.organization_id AND d.patient_id = NEW.absorbed_id;
    ELSIF OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL THEN
        UPDATE chart.dose d SET patient_id = NEW.absorbed_id, merges = trim_array(d.merges, 1)
         WHERE d.organization_id = NEW.organization_id AND d.patient_id = NEW.patient_id
           AND d.merges[cardinality(d.merges)] = NEW.merge_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER carry_doses AFTER INSERT OR UPDATE ON org.merge FOR EACH ROW EXECUTE FUNCTION chart.carry_doses();

-- A dose is recorded once; it is only ever revoked, by whoever does it.
CREATE FUNCTION chart.check_dose() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    me int8 := (sec.cells())[2];
BEGIN
    IF (OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by))
        OR (NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL AND NEW.revoked_by IS DISTINCT FROM me) THEN
        RAISE EXCEPTION 'a dose is revoked once, in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_dose BEFORE UPDATE ON chart.dose FOR EACH ROW EXECUTE FUNCTION chart.check_dose();

-- A sheet that counts one medication in one place: a cart, a safe. Amounts are thousandths of what it counts.
CREATE TABLE org.stock (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    stock_id uuid NOT NULL,
    -- Which medication, and where.
    body bytea NOT NULL,
    -- Whether a second person is there when it is given.
    witness_to_give boolean NOT NULL,
    membership_id int4 NOT NULL,
    created_at timestamptz NOT NULL,
    on_hand int8 NOT NULL DEFAULT 0 CONSTRAINT stock_on_hand CHECK (on_hand >= 0),
    entries int4 NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, stock_id)
);
CREATE INDEX stock_facility ON org.stock (organization_id, facility_id);
SELECT sec.wall('org.stock', 'facility_id', false);
GRANT SELECT, INSERT ON org.stock TO lamplight_app;

-- What became of it. Without a number it waits for a witness, or for the giving that was witnessed, and counts nothing yet.
CREATE TABLE org.stock_entry (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    stock_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('received', 'given', 'wasted', 'counted', 'corrected')),
    change int8 NOT NULL,
    -- What somebody counted.
    counted int8 CHECK (counted >= 0),
    administration_id uuid,
    membership_id int4 NOT NULL,
    at timestamptz NOT NULL,
    note bytea,
    witness_id int4,
    witnessed_at timestamptz,
    number int4,
    balance int8,
    PRIMARY KEY (organization_id, entry_id),
    CHECK (num_nulls(witness_id, witnessed_at) IN (0, 2)),
    CHECK (num_nulls(number, balance) IN (0, 2)),
    CHECK ((kind = 'counted') = (counted IS NOT NULL)),
    CHECK (CASE kind WHEN 'received' THEN change > 0 WHEN 'counted' THEN change = 0 WHEN 'corrected' THEN change <> 0
                     ELSE change < 0 END)
);
CREATE UNIQUE INDEX stock_entry_number ON org.stock_entry (organization_id, stock_id, number) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX stock_entry_administration ON org.stock_entry (organization_id, administration_id, kind)
    WHERE administration_id IS NOT NULL;
CREATE INDEX stock_entry_stock ON org.stock_entry (organization_id, stock_id, at);
CREATE INDEX stock_entry_waiting ON org.stock_entry (organization_id, stock_id, at) WHERE number IS NULL;
SELECT sec.wall('org.stock_entry', 'facility_id', false);
GRANT SELECT, INSERT ON org.stock_entry TO lamplight_app;
GRANT UPDATE (administration_id, witness_id, witnessed_at) ON org.stock_entry TO lamplight_app;
CREATE POLICY keeper ON org.stock TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.stock_entry FOR SELECT TO lamplight_owner USING (organization_id > 0);

-- A sheet begins with nothing.
CREATE FUNCTION org.begin_stock() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.on_hand := 0;
    NEW.entries := 0;
    RETURN NEW;
END
$$;
CREATE TRIGGER begin_stock BEFORE INSERT ON org.stock FOR EACH ROW EXECUTE FUNCTION org.begin_stock();

-- Enters a movement into the count, one after the other, once what it needs is there: waste, counts and corrections by hand
-- a witness, and giving where the sheet says so. A witness is another person than who asks, signed in, with the right to.
CREATE FUNCTION org.enter_stock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    me int8 := context[2];
    reached int8 := sec.cell(NEW.organization_id, NEW.facility_id);
    sheet org.stock;
BEGIN
    -- What is out of reach is left to the wall.
    IF (ARRAY[reached, - reached] && context) IS NOT TRUE THEN
        RETURN NEW;
    END IF;
    -- An entry begins without a witness and without a place, whatever is said of it.
    IF TG_OP = 'INSERT' THEN
        NEW.witness_id := NULL;
        NEW.witnessed_at := NULL;
        NEW.number := NULL;
        NEW.balance := NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.number IS NOT NULL OR (OLD.witness_id IS NOT NULL
        AND (NEW.witness_id, NEW.witnessed_at) IS DISTINCT FROM (OLD.witness_id, OLD.witnessed_at))) THEN
        RAISE EXCEPTION 'what is entered stays' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.witness_id IS NULL THEN
        IF NEW.witness_id IS DISTINCT FROM me OR NOT org.holds(NEW.organization_id, me, 'medications.witness')
            OR NOT coalesce((SELECT w.person_id <> a.person_id FROM org.membership w, org.membership a
                              WHERE w.organization_id = NEW.organization_id AND w.membership_id = me
                                AND a.organization_id = NEW.organization_id AND a.membership_id = OLD.membership_id), false) THEN
            RAISE EXCEPTION 'a witness is another person who may' USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_witness_other';
        END IF;
    END IF;
    SELECT * INTO sheet FROM org.stock s
     WHERE s.organization_id = NEW.organization_id AND s.stock_id = NEW.stock_id AND s.facility_id = NEW.facility_id FOR UPDATE;
    IF sheet.stock_id IS NULL THEN
        RAISE EXCEPTION 'no such sheet' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'stock_entry_sheet';
    END IF;
    IF TG_OP = 'INSERT' AND me >= 0 AND NEW.membership_id <> me THEN
        RAISE EXCEPTION 'entered in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.witness_id IS NULL AND (NEW.kind IN ('wasted', 'counted') OR (NEW.kind IN ('given', 'corrected') AND NEW.administration_id IS NULL)) THEN
        RETURN NEW;
    END IF;
    IF NEW.kind = 'given' AND NEW.administration_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.kind = 'given' AND NEW.witness_id IS NULL AND sheet.witness_to_give THEN
        RAISE EXCEPTION 'a witness is needed' USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_witness_needed';
    END IF;
    -- What was given in error comes back as what was given, no more.
    IF NEW.kind = 'corrected' AND NEW.administration_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM org.stock_entry e
         WHERE e.organization_id = NEW.organization_id AND e.administration_id = NEW.administration_id AND e.kind = 'given'
           AND e.stock_id = NEW.stock_id AND e.change = - NEW.change AND e.number IS NOT NULL) THEN
        RAISE EXCEPTION 'not what was given' USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_entry_returned';
    END IF;
    UPDATE org.stock s SET on_hand = s.on_hand + NEW.change, entries = s.entries + 1
     WHERE s.organization_id = NEW.organization_id AND s.stock_id = NEW.stock_id
    RETURNING s.on_hand, s.entries INTO NEW.balance, NEW.number;
    RETURN NEW;
END
$$;
CREATE TRIGGER enter_stock BEFORE INSERT OR UPDATE ON org.stock_entry FOR EACH ROW EXECUTE FUNCTION org.enter_stock();

REVOKE ALL ON FUNCTION chart.move_doses, chart.carry_doses, chart.check_dose, org.begin_stock, org.enter_stock FROM PUBLIC;
RESET ROLE;
