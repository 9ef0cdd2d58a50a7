-- The one way into the log. A function, because what it writes to is locked when it is called and not when a statement is
-- prepared: with a patience of its own, for whoever waits for the log holds up a patient's record. It runs as who calls
-- it, under the same wall and the same rights.
SET LOCAL ROLE lamplight_owner;

CREATE FUNCTION audit.write(
    organizations int4[], facilities int4[], times timestamptz[], ids uuid[], memberships int4[], actions text[],
    outcomes text[], reasons text[], resource_types int2[], resources uuid[], versions int4[], bodies bytea[],
    requests uuid[], addresses inet[], purposes text[], details text[], on_behalf int4[],
    subject_organizations int4[], subject_facilities int4[], subject_patients uuid[], subject_times timestamptz[],
    subject_events uuid[]
) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog SET lock_timeout = '300ms' AS $$
BEGIN
    INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason,
        resource_type, resource_id, version, writes, request_id, address, purpose, detail, on_behalf_of)
    SELECT * FROM unnest(organizations, facilities, times, ids, memberships, actions, outcomes, reasons, resource_types,
        resources, versions, bodies, requests, addresses, purposes, details, on_behalf);
    INSERT INTO audit.subject (organization_id, facility_id, patient_id, at, event_id)
    SELECT * FROM unnest(subject_organizations, subject_facilities, subject_patients, subject_times, subject_events);
END
$$;
REVOKE ALL ON FUNCTION audit.write FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.write TO lamplight_app;

RESET ROLE;
