-- What the log is searched by (ADR 0033): what one post did, and what stands out: refusals, emergencies, exports.
SET LOCAL ROLE lamplight_owner;
CREATE INDEX event_membership ON audit.event (organization_id, membership_id, at, id);
CREATE INDEX event_exception ON audit.event (organization_id, at, id)
    WHERE outcome <> 'success' OR purpose = 'BTG'
       OR action IN ('chart.export', 'audit.take', 'emergency.open', 'emergency.close', 'emergency.use');
-- What figures of a facility are counted along (ADR 0034).
CREATE INDEX draft_facility ON chart.draft (organization_id, facility_id, started_at);
CREATE INDEX dose_facility ON chart.dose (organization_id, facility_id, due_at) WHERE revoked_at IS NULL;

-- A review of who has access to a facility: every post that reaches it is kept or ended by somebody else, and the whole is
-- signed (ADR 0033). What was reviewed stays as it was then.
CREATE TABLE org.access_review (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    review_id uuid NOT NULL,
    started_by int4 NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL CHECK (due_at > started_at),
    signed_by int4,
    signed_at timestamptz,
    PRIMARY KEY (organization_id, review_id),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    CHECK (num_nulls(signed_by, signed_at) IN (0, 2))
);
CREATE UNIQUE INDEX access_review_open ON org.access_review (organization_id, facility_id) WHERE signed_at IS NULL;
CREATE INDEX access_review_recent ON org.access_review (organization_id, facility_id, started_at);
SELECT sec.wall('org.access_review', 'facility_id', false);
GRANT SELECT ON org.access_review TO lamplight_app;
CREATE POLICY keeper ON org.access_review TO lamplight_owner USING (organization_id > 0);

CREATE TABLE org.access_review_post (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    review_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    -- As it stood when the review began.
    name text NOT NULL,
    role text NOT NULL,
    permissions text[] NOT NULL,
    verdict text CHECK (verdict IN ('kept', 'ended')),
    decided_by int4,
    decided_at timestamptz,
    PRIMARY KEY (organization_id, review_id, membership_id),
    FOREIGN KEY (organization_id, review_id) REFERENCES org.access_review,
    CHECK (num_nulls(verdict, decided_by, decided_at) IN (0, 3))
);
SELECT sec.wall('org.access_review_post', 'facility_id', false);
GRANT SELECT ON org.access_review_post TO lamplight_app;
CREATE POLICY keeper ON org.access_review_post TO lamplight_owner USING (organization_id > 0);

-- Whether the context may review that facility: the whole of it, in a post's own name.
CREATE FUNCTION org.reviews(facility int4) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
BEGIN
    RETURN coalesce(context[2] > 0 AND facility > 0 AND sec.cell(organization, facility) = ANY (context)
        AND org.holds(organization, context[2], 'people.review'), false);
END
$$;

-- Begins a review of the living posts of the staff, and of programs, that reach the facility now; gives how many. Posts of
-- patients and relatives are tied to one patient and end with that.
CREATE FUNCTION org.start_review(facility int4, review uuid, at timestamptz, due timestamptz) RETURNS int8
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    made int8;
BEGIN
    IF NOT org.reviews(facility) THEN
        RAISE EXCEPTION 'this facility is not for this post to review' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO org.access_review (organization_id, facility_id, review_id, started_by, started_at, due_at)
    VALUES (organization, facility, review, context[2], at, due);
    INSERT INTO org.access_review_post (organization_id, facility_id, review_id, membership_id, name, role, permissions)
    SELECT organization, facility, review, m.membership_id, m.name, coalesce(m.role, ''), b.permissions
      FROM org.below(organization, NULL, at) b
      JOIN org.membership m ON m.organization_id = organization AND m.membership_id = b.membership_id
     WHERE b.alive AND facility = ANY (b.facilities) AND m.plane = 'staff' AND m.kind IN ('person', 'service');
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;

-- Decides about a post of an open review; whether there is such a one. Nobody decides about themselves, and what was ended
-- stays so.
CREATE FUNCTION org.decide_review(review uuid, post int4, says text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.access_review;
    said text;
BEGIN
    -- Whoever signs waits for this.
    SELECT * INTO held FROM org.access_review r
     WHERE r.organization_id = organization AND r.review_id = review AND sec.cell(organization, r.facility_id) = ANY (context)
       FOR SHARE;
    IF held.review_id IS NULL THEN
        RETURN false;
    END IF;
    IF NOT org.reviews(held.facility_id) THEN
        RAISE EXCEPTION 'this review is not for this post' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT coalesce(p.verdict, '') INTO said FROM org.access_review_post p
     WHERE p.organization_id = organization AND p.review_id = review AND p.membership_id = post FOR UPDATE;
    IF said IS NULL THEN
        RETURN false;
    END IF;
    IF held.signed_at IS NOT NULL OR said = 'ended' THEN
        RAISE EXCEPTION 'it is decided' USING ERRCODE = 'LL412';
    END IF;
    IF EXISTS (SELECT FROM org.membership a
                 JOIN org.membership b ON b.organization_id = a.organization_id
                WHERE a.organization_id = organization AND a.membership_id = context[2] AND b.membership_id = post
                  AND (a.membership_id = b.membership_id OR a.person_id = b.person_id)) THEN
        RAISE EXCEPTION 'nobody reviews themselves' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_review_own';
    END IF;
    UPDATE org.access_review_post p SET verdict = says, decided_by = context[2], decided_at = at
     WHERE p.organization_id = organization AND p.review_id = review AND p.membership_id = post;
    RETURN true;
END
$$;

-- Signs a review in which everything is decided; whether there is such a one.
CREATE FUNCTION org.sign_review(review uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    context int8[] := sec.cells();
    organization int4 := context[3] >> 32;
    held org.access_review;
BEGIN
    SELECT * INTO held FROM org.access_review r
     WHERE r.organization_id = organization AND r.review_id = review AND sec.cell(organization, r.facility_id) = ANY (context)
       FOR UPDATE;
    IF held.review_id IS NULL THEN
        RETURN false;
    END IF;
    IF NOT org.reviews(held.facility_id) THEN
        RAISE EXCEPTION 'this review is not for this post' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF held.signed_at IS NOT NULL THEN
        RAISE EXCEPTION 'it was signed' USING ERRCODE = 'LL412';
    END IF;
    IF EXISTS (SELECT FROM org.access_review_post p
                WHERE p.organization_id = organization AND p.review_id = review AND p.verdict IS NULL) THEN
        RAISE EXCEPTION 'not everything is decided' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_review_whole';
    END IF;
    UPDATE org.access_review r SET signed_by = context[2], signed_at = at
     WHERE r.organization_id = organization AND r.review_id = review;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION org.reviews, org.start_review, org.decide_review, org.sign_review FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.start_review, org.decide_review, org.sign_review TO lamplight_app;

-- How long an organization keeps what, in years, no less than the law asks for; and after how many days access is reviewed
-- again.
ALTER TABLE org.organization
    ADD COLUMN records_years int4 NOT NULL DEFAULT 5 CHECK (records_years BETWEEN 5 AND 100),
    ADD COLUMN log_years int4 NOT NULL DEFAULT 6 CHECK (log_years BETWEEN 6 AND 100),
    ADD COLUMN review_days int4 NOT NULL DEFAULT 90 CHECK (review_days BETWEEN 7 AND 366);

-- From the version named; NULL when it is another.
CREATE FUNCTION org.change_keeping(was int4, records_years int4, log_years int4, review_days int4) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    now_at int4;
BEGIN
    IF NOT org.manages() THEN
        RAISE EXCEPTION 'who administers the organization says how long it keeps what' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE org.organization o
       SET records_years = change_keeping.records_years, log_years = change_keeping.log_years,
           review_days = change_keeping.review_days, version = o.version + 1
     WHERE o.organization_id = (sec.cells())[3] >> 32 AND o.version = was
    RETURNING o.version INTO now_at;
    RETURN now_at;
END
$$;
REVOKE ALL ON FUNCTION org.change_keeping FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org.change_keeping TO lamplight_app;
RESET ROLE;
