-- Writes the events of a month, which are those with the numbers {first} to {last}. Months are made in the shape that the
-- program writes; ids are as it makes them: the millisecond first (RFC 9562, version 7), then what nobody guesses.
BEGIN;
-- Rows that the installation itself wrote this month stay.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM audit.event_{month}) THEN
        TRUNCATE audit.event_{month}, audit.subject_{month};
    END IF;
END $$;

CREATE TEMP VIEW made AS
SELECT p.n, p.organization_id, p.facility_id, p.id AS patient, e.i, e.at, e.event_id, e.request_id,
       k.action, k.reason, k.outcome, k.purpose, k.type, k.patients, k.writes, k.detail
  FROM (SELECT i, timestamptz 'epoch' + us * interval '1 microsecond' AS at,
               ('0' || to_hex(us / 1000) || to_hex(28672 + i % 4096)
                || to_hex(-9223372036854775807 - 1 + (i * 40503000017) % 4611686018427387904))::uuid AS event_id,
               ('0' || to_hex(us / 1000) || to_hex(28672 + i % 4096)
                || to_hex(-9223372036854775807 - 1 + (i * 70503000019) % 4611686018427387904))::uuid AS request_id,
               ((i / {block} * {at_a_time} + i / {screen} % {at_a_time}) * {stride}) % {shares} AS share,
               (i * 7919 + (i / {shares}) * 104729) % 100000 AS kind
          FROM (SELECT i, {from} + i * {step} AS us FROM generate_series({first}::int8, {last}::int8) i) numbers) e
  JOIN pg_temp.share p USING (share)
  JOIN pg_temp.kind k USING (kind);

INSERT INTO audit.event_{month} (organization_id, facility_id, at, id, xact, membership_id, action, outcome, reason,
    resource_type, resource_id, version, writes, request_id, address, purpose, detail)
SELECT organization_id, CASE WHEN patients = 1 THEN facility_id ELSE 0 END, at, event_id,
       (SELECT pg_current_xact_id()::text::int8), {post} + (i * 31 + i / 1000) % {posts}, action, outcome, reason, type,
       CASE WHEN type = 103 OR writes THEN patient END, CASE WHEN type = 103 OR writes THEN 1 END,
       CASE WHEN writes THEN uuid_send(patient) || int4send(1) || uuid_send(event_id) || uuid_send(request_id) END,
       request_id, '10.20.0.0'::inet + i % 500, purpose, detail
  FROM made;

INSERT INTO audit.subject_{month} (organization_id, facility_id, patient_id, at, event_id)
SELECT organization_id, facility_id, patient, at, event_id FROM made WHERE patients = 1;

INSERT INTO audit.subject_{month} (organization_id, facility_id, patient_id, at, event_id)
SELECT o.organization_id, o.facility_id, o.id, m.at, m.event_id
  FROM made m
 CROSS JOIN LATERAL generate_series(0, m.patients - 1) beside
  JOIN pg_temp.patient o ON o.n = m.n + beside
 WHERE m.patients > 1 AND o.organization_id = m.organization_id;

DROP VIEW made;
COMMIT;
