-- OpenID Connect providers by which an organization's people sign in, and who of them is who there. Before anybody is
-- signed in there is no membership that could ask: both tables are the program's alone, in the organization's own
-- context (membership -1). The operator enters providers.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE org.identity_provider (
    organization_id int4 NOT NULL REFERENCES org.organization,
    provider_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Exactly as the provider writes it in its tokens.
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 500),
    -- Sealed. A public client has none.
    secret bytea,
    -- Whether two factors shown there are two factors here, and which classes (acr) say so beside the methods (amr).
    trusts_mfa boolean NOT NULL,
    mfa_acr text[] NOT NULL,
    -- Lower-case domains of whose addresses this provider knows the owners.
    email_domains text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    PRIMARY KEY (organization_id, provider_id)
);

CREATE TABLE org.identity (
    organization_id int4 NOT NULL,
    provider_id uuid NOT NULL,
    -- HMAC of issuer and subject: found by it, not read from it.
    subject_key bytea NOT NULL CHECK (length(subject_key) = 32),
    person_id int4 NOT NULL REFERENCES people.person,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, provider_id, subject_key),
    -- One account there for a person: whom an address is given to next is nobody here.
    UNIQUE (organization_id, provider_id, person_id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES org.identity_provider
);

SELECT sec.program_wall('org.identity_provider');
SELECT sec.program_wall('org.identity');
CREATE POLICY operator ON org.identity_provider TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON org.identity FOR SELECT TO lamplight_operator USING (organization_id > 0);

GRANT SELECT ON org.identity_provider TO lamplight_app;
GRANT SELECT, INSERT ON org.identity TO lamplight_app;
GRANT SELECT, INSERT ON org.identity_provider TO lamplight_operator;
GRANT UPDATE (disabled_at) ON org.identity_provider TO lamplight_operator;
GRANT SELECT (organization_id, provider_id) ON org.identity TO lamplight_operator;
RESET ROLE;
