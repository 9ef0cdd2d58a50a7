-- What an approved erasure does, by whoever works on it (ADR 0040). Keys were destroyed before (ADR 0039).
SET LOCAL ROLE lamplight_owner;

-- An export that may hold an erased patient ends with them.
ALTER TABLE ops.export DROP CONSTRAINT export_reason_check;
ALTER TABLE ops.export ADD CHECK (reason IN ('cancelled', 'authority', 'expired', 'failed', 'erased'));

-- For the functions below, which say by themselves whom they serve.
CREATE POLICY eraser ON org.family_news FOR UPDATE TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser_sees ON org.family_news FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON org.stock_entry FOR UPDATE TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON org.merge_record FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON ops.idempotency_key TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON ops.import TO lamplight_owner USING (organization_id > 0);
CREATE POLICY eraser ON ops.import_row FOR SELECT TO lamplight_owner USING (organization_id > 0);

-- What erases takes the words of an entry away; nothing else of it.
DROP TRIGGER enter_stock ON org.stock_entry;
CREATE TRIGGER enter_stock BEFORE INSERT ON org.stock_entry FOR EACH ROW EXECUTE FUNCTION org.enter_stock();
CREATE TRIGGER change_stock BEFORE UPDATE ON org.stock_entry FOR EACH ROW
    WHEN (current_user <> 'lamplight_owner') EXECUTE FUNCTION org.enter_stock();

-- Claims an erasure that is due, or one whose worker was stopped. One that a hold stands in the way of is stopped. Only the
-- program may.
CREATE FUNCTION org.claim_erasure(claimed uuid, at timestamptz, lease interval, OUT organization_id int4, OUT facility_id int4,
        OUT erasure_id uuid, OUT patients uuid[])
    RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    due org.erasure;
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RETURN;
    END IF;
    FOR due IN SELECT * FROM org.erasure e
                WHERE e.state IN ('approved', 'erasing') AND e.due_at <= claim_erasure.at
                  AND (e.locked_until IS NULL OR e.locked_until < claim_erasure.at)
                ORDER BY e.due_at FOR UPDATE SKIP LOCKED
    LOOP
        IF due.state = 'approved' AND org.is_held(due.organization_id, due.patients) THEN
            UPDATE org.erasure e SET state = 'stopped', ended_at = claim_erasure.at
             WHERE e.organization_id = due.organization_id AND e.erasure_id = due.erasure_id;
        ELSE
            UPDATE org.erasure e SET state = 'erasing', claim = claimed, locked_until = claim_erasure.at + lease
             WHERE e.organization_id = due.organization_id AND e.erasure_id = due.erasure_id;
            RETURN QUERY SELECT due.organization_id, due.facility_id, due.erasure_id, due.patients;
            RETURN;
        END IF;
    END LOOP;
END
$$;

-- Lets another try, when the work could not be ended.
CREATE FUNCTION org.leave_erasure(erasure uuid, until timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
BEGIN
    UPDATE org.erasure e SET locked_until = until
     WHERE e.organization_id = context[3] >> 32 AND e.erasure_id = erasure AND e.state = 'erasing' AND context[2] = 0;
END
$$;

-- Takes away everything of the patients of an erasure that is being done: bodies, what is found by them, what is readable of
-- them, and what is sealed under another key than theirs. Ids stay, and who did what. Done again it does nothing. Gives how
-- many records it emptied.
CREATE FUNCTION org.erase_rows(erasure uuid, at timestamptz) RETURNS int8
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.erasure;
    records uuid[];
    emptied int8;
BEGIN
    SELECT * INTO held FROM org.erasure e
     WHERE e.organization_id = organization AND e.erasure_id = erasure AND e.state = 'erasing' FOR UPDATE;
    IF held.erasure_id IS NULL OR (context[2] = 0) IS NOT TRUE THEN
        RAISE EXCEPTION 'nothing is to be erased' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Whoever writes holds the patient.
    PERFORM 1 FROM chart.resource r
      WHERE r.organization_id = organization AND r.id = ANY (held.patients) AND r.type = 103 ORDER BY r.id FOR UPDATE;
    INSERT INTO org.erased (organization_id, facility_id, patient_id, erasure_id, erased_at)
    SELECT organization, held.facility_id, p, erasure, at FROM unnest(held.patients) p
    ON CONFLICT DO NOTHING;
    records := ARRAY(SELECT r.id FROM chart.resource r
                      WHERE r.organization_id = organization AND r.patient_id = ANY (held.patients));

    UPDATE chart.resource r
       SET body = NULL, starts_at = 'epoch', ends_at = 'epoch', class = 0, patient_by = 0,
           follow = CASE WHEN r.follow IS NOT NULL THEN pg_current_xact_id()::text::int8 END
     WHERE r.organization_id = organization AND r.patient_id = ANY (held.patients)
       AND (r.body IS NOT NULL OR r.starts_at <> 'epoch' OR r.ends_at <> 'epoch' OR r.class <> 0);
    GET DIAGNOSTICS emptied = ROW_COUNT;
    -- Of a record that a merge took away and its undoing brought back, a version is of the other patient.
    UPDATE chart.resource_version v SET body = NULL, class = 0
     WHERE v.organization_id = organization AND (v.body IS NOT NULL OR v.class <> 0)
       AND (v.id = ANY (records)
            OR (v.patient_id = ANY (held.patients) AND v.id IN (
                SELECT m.id FROM org.merge_record m WHERE m.organization_id = organization AND m.patient_id = ANY (held.patients)
                UNION
                SELECT m.id FROM org.merge_record m JOIN org.merge x ON x.organization_id = m.organization_id AND x.merge_id = m.merge_id
                 WHERE m.organization_id = organization AND x.absorbed_id = ANY (held.patients))));
    DELETE FROM chart.token t WHERE t.organization_id = organization AND t.patient_id = ANY (held.patients);
    DELETE FROM chart.draft d WHERE d.organization_id = organization AND d.patient_id = ANY (held.patients);
    DELETE FROM chart.dose d WHERE d.organization_id = organization AND d.patient_id = ANY (held.patients);

    DELETE FROM org.document_link l USING org.document d
     WHERE l.organization_id = organization AND d.organization_id = organization AND d.document_id = l.document_id
       AND (d.patient_id = ANY (held.patients) OR d.sealed_for = ANY (held.patients));
    DELETE FROM org.document d
     WHERE d.organization_id = organization AND (d.patient_id = ANY (held.patients) OR d.sealed_for = ANY (held.patients));

    UPDATE org.family_news n SET looked = NULL, offered = NULL, offer_id = NULL, told = NULL
     WHERE n.organization_id = organization AND EXISTS (
           SELECT FROM org.relationship r
            WHERE r.organization_id = organization AND r.membership_id = n.membership_id AND r.patient_id = ANY (held.patients));
    UPDATE org.relationship r SET ends_at = at, version = r.version + 1
     WHERE r.organization_id = organization AND r.patient_id = ANY (held.patients) AND r.ends_at > at;
    UPDATE org.sharing s SET ends_at = at
     WHERE s.organization_id = organization AND s.patient_id = ANY (held.patients) AND s.ends_at > at;

    -- Sealed under the organization's key, in somebody's own words: of whom they are is in the row.
    UPDATE org.emergency e
       SET reason = '', note = CASE WHEN e.note IS NOT NULL THEN ''::bytea END, ends_at = least(e.ends_at, at)
     WHERE e.organization_id = organization AND e.patient_id = ANY (held.patients);
    UPDATE org.reassignment m SET reason = '' WHERE m.organization_id = organization AND m.patient_id = ANY (held.patients);
    UPDATE org.legal_hold h SET matter = '' WHERE h.organization_id = organization AND h.patient_id = ANY (held.patients);
    UPDATE org.stock_entry s SET note = NULL
     WHERE s.organization_id = organization AND s.administration_id = ANY (records) AND s.note IS NOT NULL;
    UPDATE ops.import i SET sheet = NULL
     WHERE i.organization_id = organization AND i.sheet IS NOT NULL AND EXISTS (
           SELECT FROM ops.import_row w
            WHERE w.organization_id = organization AND w.import_id = i.import_id
              AND (w.resource_id = ANY (records) OR w.alike && held.patients));
    DELETE FROM ops.idempotency_key k WHERE k.organization_id = organization AND k.resource_id = ANY (records);

    DELETE FROM ops.outbox o WHERE o.organization_id = organization AND o.patient_id = ANY (held.patients);
    IF emptied > 0 THEN
        INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id, version)
        SELECT organization, r.facility_id, r.patient_id, at, 'chart.deleted', r.type, r.id, r.version FROM chart.resource r
         WHERE r.organization_id = organization AND r.id = ANY (held.patients) AND r.type = 103;
    END IF;
    UPDATE org.restriction r SET lifted_by = context[2]::int4, lifted_at = at
     WHERE r.organization_id = organization AND r.patient_id = ANY (held.patients) AND r.lifted_at IS NULL;
    UPDATE org.erasure e SET state = 'done', locked_until = NULL, ended_at = at
     WHERE e.organization_id = organization AND e.erasure_id = erasure;
    RETURN emptied;
END
$$;

-- A copy of the data from before an erasure knows nothing of it; the keyring's ledger does. Makes it one that is to be done at
-- once, and says so; not when nothing of the patient is here, or somebody is at it. Only the program may.
CREATE FUNCTION org.reapply_erasure(patient uuid, erasure uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    place int4;
BEGIN
    IF (context[2] IN (0, -1)) IS NOT TRUE THEN
        RETURN false;
    END IF;
    SELECT r.facility_id INTO place FROM chart.resource r
     WHERE r.organization_id = organization AND r.id = patient AND r.type = 103 FOR UPDATE;
    IF place IS NULL OR EXISTS (SELECT FROM org.erased e WHERE e.organization_id = organization AND e.patient_id = patient)
        OR EXISTS (SELECT FROM org.erasure e WHERE e.organization_id = organization AND e.erasure_id = erasure
                                               AND e.state = 'erasing' AND patient = ANY (e.patients)) THEN
        RETURN false;
    END IF;
    UPDATE org.erasure e SET state = 'stopped', ended_at = at
     WHERE e.organization_id = organization AND patient = ANY (e.patients) AND e.erasure_id <> erasure
       AND e.state IN ('asked', 'approved', 'erasing');
    INSERT INTO org.erasure AS e
        (organization_id, facility_id, erasure_id, patient_id, patients, ground, asked_by, asked_at, due_at, state)
    VALUES (organization, place, erasure, patient, ARRAY[patient], 'ledger', 0, at, at, 'erasing')
    ON CONFLICT ON CONSTRAINT erasure_pkey DO UPDATE
       SET state = 'erasing', ended_at = NULL, due_at = least(e.due_at, excluded.due_at), locked_until = NULL,
           ground = 'ledger',
           patients = CASE WHEN patient = ANY (e.patients) THEN e.patients ELSE e.patients || patient END;
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION org.claim_erasure, org.leave_erasure, org.erase_rows, org.reapply_erasure FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.claim_erasure, org.leave_erasure, org.erase_rows, org.reapply_erasure TO lamplight_app;
RESET ROLE;
