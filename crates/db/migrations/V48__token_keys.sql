-- Which search keys the tokens of this data are made with, and what every program does with those of each (ADR 0044). It is
-- beside the tokens and not in the keyring, so that a copy of the data says what its tokens are. An organization without a row has
-- tokens of its first key.
SET LOCAL ROLE lamplight_owner;

CREATE TABLE chart.token_key (
    organization_id int4 NOT NULL,
    number int4 NOT NULL CHECK (number > 0),
    -- 1: removed with what they stand for; 2: written too; 3: also searched.
    state int2 NOT NULL CHECK (state BETWEEN 1 AND 3),
    PRIMARY KEY (organization_id, number)
);
CREATE UNIQUE INDEX token_key_searched ON chart.token_key (organization_id) WHERE state = 3;

SELECT sec.wall('chart.token_key', '0', false);
CREATE POLICY operator ON chart.token_key TO lamplight_operator USING (organization_id > 0);
GRANT SELECT ON chart.token_key TO lamplight_app;
GRANT USAGE ON SCHEMA chart TO lamplight_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON chart.token_key TO lamplight_operator;

RESET ROLE;
