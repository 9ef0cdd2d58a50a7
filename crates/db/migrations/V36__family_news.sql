-- What is new for a relative since they last looked, and whether they are told by mail (ADR 0036). One row for a post; of
-- records there are keyed hashes alone, sealed. Nobody reaches it but the program, which answers each post about itself.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.family_news (
    organization_id int4 NOT NULL,
    membership_id int4 NOT NULL,
    -- What was there when they last looked.
    looked bytea,
    -- What their page showed and was not looked at yet, and the number by which it is said that it was.
    offered bytea,
    offer_id uuid,
    -- What they were told of by mail and have not looked at.
    told bytea,
    digest text NOT NULL DEFAULT 'off' CHECK (digest IN ('off', 'daily', 'weekly')),
    -- Who asked for mails: whoever has the post after them did not.
    person_id int4,
    due_at timestamptz,
    -- Whoever works on it, and until when another may not.
    claim uuid,
    locked_until timestamptz,
    -- Of what was chosen about mails.
    version int4 NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, membership_id),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    CHECK (offered IS NULL OR offer_id IS NOT NULL),
    CHECK ((digest = 'off') = (due_at IS NULL)),
    CHECK (digest = 'off' OR person_id IS NOT NULL)
);
CREATE INDEX family_news_due ON org.family_news (due_at) WHERE due_at IS NOT NULL;
SELECT sec.program_wall('org.family_news');
GRANT SELECT, INSERT, UPDATE ON org.family_news TO lamplight_app;
CREATE POLICY operator ON org.family_news TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, UPDATE ON org.family_news TO lamplight_operator;

RESET ROLE;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
SET LOCAL ROLE lamplight_operator;

-- Claims the digest that is due longest, of any organization, or one whose worker was stopped. Only the program may.
CREATE FUNCTION platform.claim_digest(claimed uuid, at timestamptz, lease interval, OUT organization_id int4,
        OUT membership_id int4)
    RETURNS SETOF record LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE org.family_news n
       SET claim = claimed, locked_until = claim_digest.at + lease
      FROM (SELECT d.organization_id, d.membership_id FROM org.family_news d
             WHERE (SELECT sec.cells())[2] = -1 AND d.due_at <= claim_digest.at
               AND (d.locked_until IS NULL OR d.locked_until <= claim_digest.at)
             ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
     WHERE n.organization_id = due.organization_id AND n.membership_id = due.membership_id
    RETURNING n.organization_id, n.membership_id
$$;

-- Of whom the post may be told at this time: patients whose living relative it is, and where they are. None when its
-- person does not want to be told any more, or is another, or their post or account ended.
CREATE FUNCTION platform.digest_ties(organization int4, membership int4, at timestamptz, OUT patient_id uuid,
        OUT facility_id int4, OUT time_zone text, OUT person_id int4, OUT slug text, OUT name text, OUT modules text[])
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT r.patient_id, r.facility_id, f.time_zone, n.person_id, o.slug, o.name,
           platform.entitled(n.organization_id, digest_ties.at)
      FROM org.family_news n
      JOIN org.organization o ON o.organization_id = n.organization_id
      JOIN org.membership m ON m.organization_id = n.organization_id AND m.membership_id = n.membership_id
                           AND m.person_id = n.person_id AND m.plane = 'portal' AND m.by_relationship
      JOIN people.person p ON p.person_id = n.person_id AND p.disabled_at IS NULL
     CROSS JOIN LATERAL org.effective(n.organization_id, n.membership_id, digest_ties.at) e
      JOIN org.relationship r ON r.organization_id = n.organization_id AND r.membership_id = n.membership_id
                             AND r.kind = 'family' AND r.starts_at <= digest_ties.at AND r.ends_at > digest_ties.at
      JOIN org.facility f ON f.organization_id = r.organization_id AND f.facility_id = r.facility_id
     WHERE (SELECT sec.cells())[2] = -1 AND n.organization_id = organization AND n.membership_id = membership
       AND n.digest <> 'off' AND e.alive AND r.facility_id = ANY (e.facilities)
     ORDER BY r.patient_id
$$;
REVOKE ALL ON FUNCTION platform.claim_digest, platform.digest_ties FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.claim_digest, platform.digest_ties TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
