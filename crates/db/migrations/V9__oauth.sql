-- Other programs: the clients an organization knows, the keys it signs id tokens with, and what was handed out. Each
-- row is of one organization and none of its members': the program's own signed context of that organization reaches
-- it, and no other. Secrets are 256 random bits, of which the tables have the SHA-256.
CREATE SCHEMA oauth AUTHORIZATION lamplight_owner;
SET LOCAL ROLE lamplight_owner;

CREATE TABLE oauth.client (
    organization_id int4 NOT NULL REFERENCES org.organization,
    client_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- The client's own page, shown where it asks for consent.
    uri text,
    redirect_uris text[] NOT NULL,
    grants text[] NOT NULL CHECK (grants <@ ARRAY['authorization_code', 'refresh_token', 'client_credentials']),
    -- The client's public keys (RFC 7517): it proves who it is with them (private_key_jwt). Without: a public client.
    jwks jsonb,
    scope text[] NOT NULL,
    -- As whom it acts by itself (client credentials).
    membership_id int4,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    PRIMARY KEY (organization_id, client_id),
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    CHECK (NOT 'client_credentials' = ANY (grants) OR (jwks IS NOT NULL AND membership_id IS NOT NULL))
);

-- The newest whose time has come signs. The next is published before, the last until its last id token has ended.
CREATE TABLE oauth.signing_key (
    organization_id int4 NOT NULL REFERENCES org.organization,
    generation int4 NOT NULL CHECK (generation > 0),
    -- The row's name in its seal.
    key_id uuid NOT NULL,
    -- Sealed: the private key (PKCS#8).
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_at timestamptz NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (organization_id, generation)
);

-- All that was handed out on one consent: it lives and ends together.
CREATE TABLE oauth.family (
    organization_id int4 NOT NULL,
    family_id uuid NOT NULL,
    client_id uuid NOT NULL,
    person_id int4 NOT NULL REFERENCES people.person,
    session_id uuid NOT NULL REFERENCES people.session,
    membership_id int4 NOT NULL,
    scope text[] NOT NULL,
    auth_time timestamptz NOT NULL,
    two_factors boolean NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, family_id),
    FOREIGN KEY (organization_id, client_id) REFERENCES oauth.client,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);

-- An authorization code with all it is bound to.
CREATE TABLE oauth.code (
    organization_id int4 NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    client_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    -- RFC 7636, S256.
    challenge text NOT NULL CHECK (length(challenge) = 43),
    nonce text,
    scope text[] NOT NULL,
    person_id int4 NOT NULL REFERENCES people.person,
    session_id uuid NOT NULL REFERENCES people.session,
    membership_id int4 NOT NULL,
    auth_time timestamptz NOT NULL,
    two_factors boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- What was issued for it: it ends when the code is shown again.
    family_id uuid,
    PRIMARY KEY (organization_id, digest),
    FOREIGN KEY (organization_id, client_id) REFERENCES oauth.client,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership,
    FOREIGN KEY (organization_id, family_id) REFERENCES oauth.family
);

-- Refresh tokens, those used among them: one that is shown again tells that two parties have it.
CREATE TABLE oauth.refresh (
    organization_id int4 NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    family_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (organization_id, digest),
    FOREIGN KEY (organization_id, family_id) REFERENCES oauth.family
);
CREATE INDEX refresh_family ON oauth.refresh (organization_id, family_id);

-- Access tokens: of a family, or of a client that acts by itself.
CREATE TABLE oauth.access (
    organization_id int4 NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    client_id uuid NOT NULL,
    family_id uuid,
    membership_id int4 NOT NULL,
    scope text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, digest),
    FOREIGN KEY (organization_id, client_id) REFERENCES oauth.client,
    FOREIGN KEY (organization_id, family_id) REFERENCES oauth.family,
    FOREIGN KEY (organization_id, membership_id) REFERENCES org.membership
);
CREATE INDEX access_family ON oauth.access (organization_id, family_id);
CREATE INDEX code_family ON oauth.code (organization_id, family_id);

-- Assertions by which clients proved who they are: each is good once (RFC 7523, section 3).
CREATE TABLE oauth.assertion_jti (
    organization_id int4 NOT NULL,
    client_id uuid NOT NULL,
    jti bytea NOT NULL CHECK (length(jti) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, client_id, jti),
    FOREIGN KEY (organization_id, client_id) REFERENCES oauth.client
);

-- Raises the wall around a table that belongs to an organization and to none of its members: only the program's own
-- context (membership -1) of that organization passes.
CREATE FUNCTION sec.program_wall(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY runtime ON %s TO lamplight_app USING (organization_id > 0)', target);
    EXECUTE format('CREATE POLICY program_wall ON %s AS RESTRICTIVE TO lamplight_app USING ('
        '((SELECT sec.cells())::int8[])[2] = -1 AND sec.cell(organization_id, 0) = ANY ((SELECT sec.cells())::int8[]))', target);
END
$$;
REVOKE ALL ON FUNCTION sec.program_wall FROM PUBLIC;
SELECT sec.program_wall('oauth.client');
SELECT sec.program_wall('oauth.signing_key');
SELECT sec.program_wall('oauth.family');
SELECT sec.program_wall('oauth.code');
SELECT sec.program_wall('oauth.refresh');
SELECT sec.program_wall('oauth.access');
SELECT sec.program_wall('oauth.assertion_jti');

GRANT USAGE ON SCHEMA oauth TO lamplight_app, lamplight_operator;
GRANT SELECT ON oauth.client TO lamplight_app;
GRANT SELECT, INSERT ON oauth.signing_key, oauth.family, oauth.code, oauth.refresh, oauth.access, oauth.assertion_jti
    TO lamplight_app;
GRANT UPDATE (ends_at) ON oauth.signing_key TO lamplight_app;
GRANT UPDATE (ended_at) ON oauth.family, oauth.access TO lamplight_app;
GRANT UPDATE (used_at, family_id) ON oauth.code TO lamplight_app;
GRANT UPDATE (used_at) ON oauth.refresh TO lamplight_app;

-- An authority that ended is forgotten everywhere at once. Without a membership everything is forgotten.
CREATE TRIGGER tell_revoked AFTER UPDATE ON oauth.client FOR EACH ROW
    WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION sec.tell_revoked('membership');
CREATE TRIGGER tell_revoked AFTER UPDATE ON oauth.family FOR EACH ROW
    WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION sec.tell_revoked('membership');
CREATE TRIGGER tell_revoked AFTER UPDATE ON oauth.access FOR EACH ROW
    WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION sec.tell_revoked('membership');
-- A session and a person end the tokens that hang on them as well, and so does another password.
CREATE TRIGGER tell_tokens_revoked AFTER UPDATE ON people.session FOR EACH ROW
    WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION sec.tell_revoked('membership');
CREATE TRIGGER tell_tokens_revoked AFTER UPDATE ON people.person FOR EACH ROW
    WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at OR OLD.password_at IS DISTINCT FROM NEW.password_at)
    EXECUTE FUNCTION sec.tell_revoked('membership');

-- The operator registers clients. The functions below are the operator's too: they look across the wall.
CREATE POLICY operator ON oauth.client TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.signing_key TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.family TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.code TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.refresh TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.access TO lamplight_operator USING (organization_id > 0);
CREATE POLICY operator ON oauth.assertion_jti TO lamplight_operator USING (organization_id > 0);
GRANT SELECT, INSERT ON oauth.client TO lamplight_operator;
GRANT UPDATE (disabled_at) ON oauth.client TO lamplight_operator;
GRANT SELECT, DELETE ON oauth.family, oauth.access TO lamplight_operator;
GRANT SELECT (organization_id, family_id, expires_at), DELETE ON oauth.code, oauth.refresh TO lamplight_operator;
GRANT SELECT (organization_id, ends_at), DELETE ON oauth.signing_key TO lamplight_operator;
GRANT SELECT (organization_id, expires_at), DELETE ON oauth.assertion_jti TO lamplight_operator;
GRANT SELECT (password_at) ON people.person TO lamplight_operator;
GRANT CREATE ON SCHEMA platform TO lamplight_operator;
RESET ROLE;
SET LOCAL ROLE lamplight_operator;

-- Whose access token this is: what the membership holds now, where the token's scope lets it act for the membership,
-- else nothing. No row: no such token now. Without `offline_access` a token ends with the session it came from; all that
-- a person lent out end with their password.
CREATE FUNCTION platform.check_access_token(organization int4, secret_digest bytea, at timestamptz,
        OUT membership_id int4, OUT permissions text[], OUT facilities int4[], OUT by_relationship boolean, OUT slug text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.membership_id,
           CASE WHEN 'lamplight' = ANY (a.scope) THEN m.permissions ELSE '{}' END,
           CASE WHEN 'lamplight' = ANY (a.scope) THEN m.facilities ELSE '{}' END,
           m.by_relationship, o.slug
      FROM oauth.access a
      JOIN oauth.client c ON c.organization_id = a.organization_id AND c.client_id = a.client_id AND c.disabled_at IS NULL
      JOIN org.membership m ON m.organization_id = a.organization_id AND m.membership_id = a.membership_id
                           AND (m.ends_at IS NULL OR m.ends_at > check_access_token.at)
      JOIN org.organization o ON o.organization_id = a.organization_id
      LEFT JOIN oauth.family f ON f.organization_id = a.organization_id AND f.family_id = a.family_id
      LEFT JOIN people.person p ON p.person_id = f.person_id
      LEFT JOIN people.session s ON s.session_id = f.session_id
     WHERE a.organization_id = organization AND a.digest = secret_digest
       AND a.ended_at IS NULL AND a.expires_at > check_access_token.at
       AND (a.family_id IS NULL
            OR (f.ended_at IS NULL AND m.person_id = f.person_id AND p.disabled_at IS NULL
                AND f.created_at >= coalesce(p.password_at, '-infinity')
                AND ('offline_access' = ANY (f.scope) OR (s.ended_at IS NULL AND s.ends_at > check_access_token.at))))
$$;

-- Away with what has ended, in every organization. What was used stays for as long as its coming again must be seen.
CREATE FUNCTION platform.sweep_oauth(at timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    day timestamptz := at - interval '1 day';
BEGIN
    IF ((sec.cells())[2] = -1) IS NOT TRUE THEN
        RAISE EXCEPTION 'only the program sweeps' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM oauth.assertion_jti j WHERE j.expires_at < at;
    DELETE FROM oauth.code c WHERE c.expires_at < day;
    DELETE FROM oauth.access a WHERE a.expires_at < day;
    DELETE FROM oauth.refresh r WHERE r.expires_at < day;
    DELETE FROM oauth.family f WHERE f.ends_at < day
       AND NOT EXISTS (SELECT 1 FROM oauth.refresh r WHERE r.organization_id = f.organization_id AND r.family_id = f.family_id)
       AND NOT EXISTS (SELECT 1 FROM oauth.access a WHERE a.organization_id = f.organization_id AND a.family_id = f.family_id)
       AND NOT EXISTS (SELECT 1 FROM oauth.code c WHERE c.organization_id = f.organization_id AND c.family_id = f.family_id);
    DELETE FROM oauth.signing_key k WHERE k.ends_at < day;
END
$$;
REVOKE ALL ON FUNCTION platform.check_access_token, platform.sweep_oauth FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.check_access_token, platform.sweep_oauth TO lamplight_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA platform FROM lamplight_operator;
