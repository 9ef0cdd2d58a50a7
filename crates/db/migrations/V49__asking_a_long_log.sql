-- Asking a log of a hundred million events (docs/limits.md). Random reads are what that costs, so each of these is there to
-- spare them.
SET LOCAL ROLE lamplight_owner;

-- Whom an event concerned, in one step: without it, everything of the organization's month is looked through for each line.
CREATE INDEX subject_event ON audit.subject (organization_id, at);

-- A report finds its lines in this index alone: the wall asks for the facility, which else only the table knows.
ALTER TABLE audit.subject DROP CONSTRAINT subject_pkey;
ALTER TABLE audit.subject ADD CONSTRAINT subject_pkey PRIMARY KEY (organization_id, patient_id, at, event_id)
    INCLUDE (facility_id);

-- What is seldom done is found without what is done all day. As the search has it, word for word.
CREATE INDEX event_deed ON audit.event (organization_id, action, at, id) WHERE action NOT IN ('chart.read', 'chart.search');
-- So that emergencies of one facility are found without looking at every refusal.
CREATE INDEX event_emergency ON audit.event (organization_id, at, id)
    WHERE purpose = 'BTG' OR action IN ('emergency.open', 'emergency.close', 'emergency.use');

-- The id told nothing here that the time does not, and took a third of the room.
DROP INDEX audit.event_membership;
CREATE INDEX event_membership ON audit.event (organization_id, membership_id, at);
RESET ROLE;
