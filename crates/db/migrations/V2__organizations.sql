-- Tenants, their sites, posts in them, ties to patients, and the tokens that services sign in with.
CREATE SCHEMA org AUTHORIZATION lamplight_owner;
CREATE SCHEMA platform AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

CREATE SEQUENCE org.organization_number AS int4;
CREATE SEQUENCE org.facility_number AS int4;
CREATE SEQUENCE org.membership_number AS int4;

CREATE TABLE org.organization (
    organization_id int4 PRIMARY KEY CHECK (organization_id > 0),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('senior-care', 'clinic', 'behavioral-health', 'home-care')),
    created_at timestamptz NOT NULL
);

-- Facility 0 of every organization is the organization itself: rows that belong to no single site.
CREATE TABLE org.facility (
    organization_id int4 NOT NULL REFERENCES org.organization,
    facility_id int4 NOT NULL CHECK (facility_id >= 0),
    code text NOT NULL CHECK (code ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    time_zone text NOT NULL,
    state text NOT NULL CHECK (state IN ('preparing', 'pilot', 'live')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, facility_id),
    UNIQUE (organization_id, code)
);

CREATE TABLE org.membership (
    organization_id int4 NOT NULL REFERENCES org.organization,
    membership_id int4 NOT NULL CHECK (membership_id > 0),
    parent_id int4,
    kind text NOT NULL CHECK (kind IN ('person', 'service', 'operator')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    by_relationship boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (organization_id, membership_id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES org.membership (organization_id, membership_id)
);

CREATE TABLE org.relationship (
    organization_id int4 NOT NULL,
    facility_id int4 NOT NULL,
    patient_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    kind text NOT NULL CHECK (kind IN ('care-team', 'client', 'referral', 'family', 'self')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (organization_id, patient_id, membership_id, kind),
    FOREIGN KEY (organization_id, facility_id) REFERENCES org.facility,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);

-- The secret itself is never stored: SHA-256 of 256 random bits.
CREATE TABLE org.service_token (
    organization_id int4 NOT NULL,
    token_id uuid NOT NULL,
    membership_id int4 NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    permissions text[] NOT NULL,
    facilities int4[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, token_id),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);

SELECT sec.wall('org.organization', '0', false);
SELECT sec.wall('org.facility', 'facility_id', false);
SELECT sec.wall('org.membership', '0', false);
SELECT sec.wall('org.relationship', 'facility_id', true);
SELECT sec.wall('org.service_token', '0', false);

GRANT USAGE ON SCHEMA org TO lamplight_app, lamplight_operator;
GRANT SELECT ON org.organization, org.facility TO lamplight_app;
-- `hash` stays out of the runtime role's reach: tokens are checked by the definer function below.
GRANT SELECT (organization_id, token_id, membership_id, name, permissions, facilities, created_at, expires_at, revoked_at)
    ON org.service_token TO lamplight_app;
GRANT SELECT ON org.relationship TO lamplight_app;
GRANT SELECT ON org.membership TO lamplight_app;

-- sec.related() reads it for contexts that are bound to their patients.
CREATE POLICY related ON org.relationship FOR SELECT TO lamplight_owner USING (organization_id > 0);
CREATE INDEX relationship_membership ON org.relationship (organization_id, membership_id);

-- The operator stands above organizations but reads no chart: nothing is granted there.
CREATE POLICY operator ON org.organization TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON org.facility TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON org.membership TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON org.service_token TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, INSERT, UPDATE ON org.organization, org.facility, org.membership, org.service_token TO lamplight_operator;
GRANT USAGE ON SEQUENCE org.organization_number, org.facility_number, org.membership_number TO lamplight_operator;

-- Slugs are unique on the whole installation. The runtime role cannot reach the table, so it is no oracle.
CREATE TABLE platform.slug (
    slug text PRIMARY KEY,
    organization_id int4 NOT NULL UNIQUE REFERENCES org.organization
);
ALTER TABLE platform.slug ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.slug FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON platform.slug TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, INSERT ON platform.slug TO lamplight_operator;
GRANT USAGE ON SCHEMA platform TO lamplight_operator, lamplight_app;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- What the runtime must know before it has a context: who a token belongs to.
CREATE FUNCTION platform.check_token(organization int4, token uuid, secret_hash bytea, OUT membership_id int4,
        OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT t.membership_id, t.permissions, t.facilities, m.by_relationship, o.slug
      FROM org.service_token t
      JOIN org.membership m ON m.organization_id = t.organization_id AND m.membership_id = t.membership_id
      JOIN org.organization o ON o.organization_id = t.organization_id
     WHERE t.organization_id = organization AND t.token_id = token AND t.hash = secret_hash
       AND t.revoked_at IS NULL AND t.expires_at > transaction_timestamp()
       AND (m.ends_at IS NULL OR m.ends_at > transaction_timestamp())
$$;
REVOKE ALL ON FUNCTION platform.check_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.check_token TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
