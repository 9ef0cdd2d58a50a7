-- The log is sealed (ADR 0035): its events are leaves of a Merkle tree per organization, whose roots are signed. Nothing has
-- written these tables before.
SET LOCAL ROLE lamplight_owner;
DROP TABLE audit.leaf, audit.checkpoint;

CREATE TABLE audit.leaf (
    organization_id int4 NOT NULL,
    -- From 0, without gaps.
    sequence int8 NOT NULL,
    -- Of the event: leaves are in the order of (xact, event_at, event_id).
    xact int8 NOT NULL,
    event_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organization_id, sequence)
);
-- Joined with events by time, a part of it at a time.
CREATE INDEX leaf_at ON audit.leaf USING brin (event_at) WITH (pages_per_range = 16, autosummarize = on);

-- Nodes over 256 leaves, over 256 of those, and so on: what a tree goes on from.
CREATE TABLE audit.tile (
    organization_id int4 NOT NULL,
    level int2 NOT NULL CHECK (level > 0),
    index int8 NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organization_id, level, index)
);

-- Organization 0 is the log of all: its leaves are the checkpoints of the others, in the order of (signed_at, organization_id).
CREATE TABLE audit.checkpoint (
    organization_id int4 NOT NULL,
    -- The log's name, as it was signed.
    origin text NOT NULL,
    size int8 NOT NULL CHECK (size > 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    signed_at timestamptz NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    -- Every event of a transaction before this one is a leaf; said for all at once.
    horizon int8 CHECK ((horizon IS NULL) = (organization_id > 0)),
    PRIMARY KEY (organization_id, size)
);
CREATE INDEX checkpoint_signed ON audit.checkpoint (signed_at, organization_id);

SELECT sec.wall('audit.leaf', '0', false);
SELECT sec.wall('audit.tile', '0', false);
SELECT sec.wall('audit.checkpoint', '0', false);
CREATE POLICY sealer ON audit.leaf TO lamplight_sealer USING (organization_id > 0);
CREATE POLICY sealer ON audit.tile TO lamplight_sealer USING (organization_id >= 0);
CREATE POLICY sealer ON audit.checkpoint TO lamplight_sealer USING (organization_id >= 0);
CREATE POLICY sealer ON audit.subject FOR SELECT TO lamplight_sealer USING (organization_id > 0);
GRANT SELECT, INSERT ON audit.leaf, audit.tile, audit.checkpoint TO lamplight_sealer;
GRANT SELECT ON audit.subject TO lamplight_sealer;
-- An organization's own administrators see until when their log is sealed.
GRANT SELECT ON audit.checkpoint TO lamplight_app;

-- Where the sealer goes on: transactions come nearly in the order of their numbers.
CREATE INDEX event_xact ON audit.event USING brin (xact) WITH (pages_per_range = 8, autosummarize = on);

RESET ROLE;
