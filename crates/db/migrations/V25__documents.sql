-- Files of patients (ADR 0024): what was let in, how far it came, and where its sealed bytes are. The bytes themselves are
-- in an object store under random names; title, name, type and checksum are sealed under the patient's key.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.document (
    organization_id int4 NOT NULL,
    -- The id of the DocumentReference that it becomes.
    document_id uuid NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    -- Under whose key it is sealed: the patient, unless its record went over to another since.
    sealed_for uuid NOT NULL,
    -- Who was let in: this post, in this browser when there is one.
    membership_id int4 NOT NULL,
    session_id uuid,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'checking', 'clean', 'refused')),
    reason text CHECK (reason ~ '^[a-z-]{1,40}$'),
    bytes int8 NOT NULL CHECK (bytes BETWEEN 1 AND 1073741824),
    details bytea NOT NULL,
    -- Names in the object store: where it is put, and where it lies sealed.
    quarantine uuid NOT NULL,
    object uuid NOT NULL,
    -- What opens the chunks beside the key: which key, and what makes it this file's own.
    header bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- When bytes began to come in by our own address: once.
    received_at timestamptz,
    checked_at timestamptz,
    -- When what was left of it in quarantine was deleted.
    swept_at timestamptz,
    PRIMARY KEY (organization_id, document_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    CHECK ((state = 'refused') = (reason IS NOT NULL)),
    CHECK (state <> 'clean' OR header IS NOT NULL)
);
CREATE INDEX document_membership ON org.document (organization_id, membership_id, created_at) WHERE state IN ('waiting', 'checking');
CREATE INDEX document_patient ON org.document (organization_id, patient_id);
CREATE INDEX document_unswept ON org.document (expires_at) WHERE swept_at IS NULL;

-- The way to the bytes of one document, for a minute, for who asked for it.
CREATE TABLE org.document_link (
    organization_id int4 NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    document_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    session_id uuid,
    context_id uuid,
    purpose text NOT NULL CHECK (purpose IN ('preview', 'download')),
    uses int4 NOT NULL CHECK (uses >= 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, digest),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);
CREATE INDEX document_link_ended ON org.document_link (expires_at);

SELECT sec.wall('org.document', 'facility_id', true);
SELECT sec.wall('org.document_link', '0', false);
GRANT SELECT, INSERT ON org.document TO lamplight_app;
GRANT UPDATE (state, reason, header, checked_at, swept_at) ON org.document TO lamplight_app;
GRANT SELECT, INSERT ON org.document_link TO lamplight_app;
GRANT UPDATE (uses) ON org.document_link TO lamplight_app;

-- For the functions below, which say by themselves whom they serve.
CREATE POLICY keeper ON org.document TO lamplight_owner USING (organization_id > 0);
CREATE POLICY keeper ON org.document_link TO lamplight_owner USING (organization_id > 0);

CREATE TRIGGER check_place BEFORE INSERT ON org.document FOR EACH ROW EXECUTE FUNCTION org.check_place();

-- What is clean or refused stays what it is; what is clean keeps its bytes.
CREATE FUNCTION org.check_document() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (OLD.state IN ('clean', 'refused') AND (NEW.state, NEW.reason, NEW.header, NEW.checked_at)
            IS DISTINCT FROM (OLD.state, OLD.reason, OLD.header, OLD.checked_at))
        OR (OLD.state = 'waiting' AND NEW.state = 'clean') THEN
        RAISE EXCEPTION 'a document that was decided on stays so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_document BEFORE UPDATE ON org.document FOR EACH ROW EXECUTE FUNCTION org.check_document();

-- Documents go where their patient goes (ADR 0015).
CREATE FUNCTION org.move_documents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE org.document d SET facility_id = NEW.facility_id
     WHERE d.organization_id = NEW.organization_id AND d.patient_id = NEW.id AND d.facility_id = OLD.facility_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_documents AFTER UPDATE OF facility_id ON chart.resource FOR EACH ROW
    WHEN (NEW.type = 103 AND NEW.facility_id <> OLD.facility_id) EXECUTE FUNCTION org.move_documents();

-- And they go over with their records, when two of one person become one; the bytes stay as they were sealed.
CREATE FUNCTION org.carry_document() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE org.document d SET patient_id = NEW.patient_id
     WHERE d.organization_id = NEW.organization_id AND d.document_id = NEW.id AND d.patient_id = OLD.patient_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER carry_document AFTER UPDATE OF patient_id ON chart.resource FOR EACH ROW
    WHEN (NEW.patient_id IS DISTINCT FROM OLD.patient_id) EXECUTE FUNCTION org.carry_document();

-- Lets the bytes of an upload in, once, while whoever asked for it may still write. Only the program itself may ask: it
-- holds what it sealed into the address.
CREATE FUNCTION org.receive_document(document uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    IF (context[2] = -1) IS NOT TRUE THEN
        RETURN false;
    END IF;
    UPDATE org.document d SET received_at = receive_document.at
     WHERE d.organization_id = organization AND d.document_id = document AND d.state = 'waiting'
       AND d.received_at IS NULL AND d.expires_at > receive_document.at
       AND (d.membership_id = 0 OR org.holds(organization, d.membership_id, 'chart.write'));
    RETURN FOUND;
END
$$;

-- What lies in the object store and is wanted by nobody: uploads that nobody completed, what was refused, what was sealed
-- elsewhere. Of all organizations, for the program itself.
CREATE FUNCTION org.stale_documents(at timestamptz, OUT organization_id int4, OUT document_id uuid, OUT quarantine uuid,
        OUT object uuid, OUT clean boolean)
    RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT d.organization_id, d.document_id, d.quarantine, d.object, d.state = 'clean'
                   FROM org.document d
                  WHERE d.swept_at IS NULL AND d.expires_at < stale_documents.at - interval '2 hours'
                  ORDER BY d.expires_at LIMIT 500;
END
$$;

-- Says that it was deleted there; what waited is refused now. Links that ended a day ago are forgotten.
CREATE FUNCTION org.swept_document(organization int4, document uuid, at timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RETURN;
    END IF;
    UPDATE org.document d
       SET swept_at = swept_document.at,
           state = CASE WHEN d.state IN ('waiting', 'checking') THEN 'refused' ELSE d.state END,
           reason = CASE WHEN d.state IN ('waiting', 'checking') THEN 'expired' ELSE d.reason END
     WHERE d.organization_id = organization AND d.document_id = document;
    DELETE FROM org.document_link l WHERE l.expires_at < swept_document.at - interval '1 day';
END
$$;
REVOKE ALL ON FUNCTION org.check_document, org.move_documents, org.carry_document, org.receive_document, org.stale_documents,
    org.swept_document FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.receive_document, org.stale_documents, org.swept_document TO lamplight_app;
RESET ROLE;
