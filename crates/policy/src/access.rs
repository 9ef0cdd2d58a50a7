//! What was done, in the few words that someone reads who asks who looked at a record.

use crate::Action;

/// What was done. The set is closed: readers translate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Looked at a record, or at its past.
    Viewed,
    /// Searched among records.
    Searched,
    /// Looked at a list of what concerns the patient.
    Listed,
    /// Added a record.
    Added,
    /// Changed a record.
    Changed,
    /// Deleted a record.
    Deleted,
    /// Took records out.
    Exported,
    /// Brought records in.
    Imported,
    /// Asked who can see or has seen the record.
    Checked,
    /// Said who is tied to the patient.
    Related,
    /// Moved the patient to another facility.
    Moved,
    /// Made one record of two of the patient, or two again.
    Merged,
    /// Restricted the record, held it for a legal matter, or opened it again.
    Restricted,
    /// Said what of the record a relative sees.
    Shared,
    /// Opened or ended emergency access.
    Emergency,
    /// Judged emergency access.
    Reviewed,
    /// Changed who works here and what they may do.
    Managed,
    /// Backed up or checked all that is kept, or changed its keys.
    Kept,
    /// Anything else: a key that this version does not know.
    Other,
}

impl What {
    /// Every word.
    pub const ALL: [Self; 19] = [
        Self::Viewed,
        Self::Searched,
        Self::Listed,
        Self::Added,
        Self::Changed,
        Self::Deleted,
        Self::Exported,
        Self::Imported,
        Self::Checked,
        Self::Related,
        Self::Moved,
        Self::Merged,
        Self::Restricted,
        Self::Shared,
        Self::Emergency,
        Self::Reviewed,
        Self::Managed,
        Self::Kept,
        Self::Other,
    ];

    /// Keys of what no permission stands before, and of what the operator's commands do.
    const OWN: [(&'static str, Self); 10] = [
        ("relationships.accept", Self::Related),
        ("relationships.own", Self::Listed),
        ("emergency.use", Self::Emergency),
        ("family.looked", Self::Viewed),
        ("records.erase", Self::Deleted),
        ("backup.take", Self::Kept),
        ("backup.rehearse", Self::Kept),
        ("keys.rotate", Self::Kept),
        ("phi.verify", Self::Kept),
        ("audit.let-go", Self::Kept),
    ];

    /// What the event with this key was.
    pub fn of(key: &str) -> Self {
        let own = Self::OWN.into_iter().find(|(own, _)| *own == key).map(|(_, what)| what);
        let action = || Action::ALL.into_iter().find(|action| action.key() == key).map(Action::what);
        own.or_else(action).unwrap_or(Self::Other)
    }

    /// The keys of the events that are this; none of [`What::Other`], whose keys nobody can list.
    pub fn keys(self) -> Vec<&'static str> {
        let own = Self::OWN.into_iter().map(|(key, _)| key);
        let all = Action::ALL.into_iter().map(Action::key).chain(own);
        all.filter(|key| Self::of(key) == self).collect()
    }

    /// The one with this word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewed => "viewed",
            Self::Searched => "searched",
            Self::Listed => "listed",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::Checked => "checked",
            Self::Related => "related",
            Self::Moved => "moved",
            Self::Merged => "merged",
            Self::Restricted => "restricted",
            Self::Shared => "shared",
            Self::Emergency => "emergency",
            Self::Reviewed => "reviewed",
            Self::Managed => "managed",
            Self::Kept => "kept",
            Self::Other => "other",
        }
    }
}

impl Action {
    /// What it is to who reads the log of their record.
    pub fn what(self) -> What {
        match self {
            Self::Read
            | Self::History
            | Self::Download
            | Self::LookAtDrafts
            | Self::ReceiveHandover
            | Self::ReadLetters => What::Viewed,
            Self::Search => What::Searched,
            Self::Create
            | Self::Upload
            | Self::SignNote
            | Self::AddToNote
            | Self::CoSignNote
            | Self::SignHandover
            | Self::ReportIncident
            | Self::GiveMedication
            | Self::WriteLetter => What::Added,
            Self::Update | Self::WriteDraft | Self::ReviewIncident | Self::HoldMedication => What::Changed,
            Self::Delete | Self::UndoSheet | Self::AskErasure | Self::DecideErasure => What::Deleted,
            Self::HoldRecord | Self::RestrictRecord => What::Restricted,
            Self::Export | Self::TakeLog => What::Exported,
            Self::Import | Self::ImportSheet => What::Imported,
            Self::AuditReport | Self::AuditOwn | Self::AuditWhy | Self::Reach | Self::SearchLog => {
                What::Checked
            }
            Self::ListTies
            | Self::ListEmergencies
            | Self::Follow
            | Self::ListMerges
            | Self::LookAtShift
            | Self::LookAtRestriction
            | Self::LookAtRecords => What::Listed,
            Self::EditTie => What::Related,
            Self::Reassign => What::Moved,
            Self::MergePatients | Self::UnmergePatients => What::Merged,
            Self::ApproveSharing => What::Shared,
            Self::OpenEmergency | Self::CloseEmergency => What::Emergency,
            Self::ReviewEmergency => What::Reviewed,
            Self::ListPeople
            | Self::Invite
            | Self::EndPost
            | Self::LookAtPost
            | Self::WhatIf
            | Self::ChangePost
            | Self::ListRoles
            | Self::EditRole
            | Self::HideFields
            | Self::OpenFacility
            | Self::ChangeFacility
            | Self::LookAtOrganization
            | Self::ChangeOrganization
            | Self::ListModules
            | Self::ListSupport
            | Self::DecideSupport
            | Self::EndSupport
            | Self::SwitchModule
            | Self::EditTemplate
            | Self::LookAtCounts
            | Self::KeepCounts
            | Self::WitnessCount
            | Self::LookAtFigures
            | Self::LookAtReviews
            | Self::StartReview
            | Self::DecideReview
            | Self::SignReview
            | Self::LookAtKeeping
            | Self::ChangeKeeping => What::Managed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_the_log_has_its_word() {
        for action in Action::ALL {
            assert_eq!(What::of(action.key()), action.what(), "{action:?}");
            assert_ne!(action.what(), What::Other, "{action:?}");
        }
        assert_eq!(What::of("moon.land"), What::Other);
        assert_eq!(What::Emergency.keys(), ["emergency.open", "emergency.close", "emergency.use"]);
        assert_eq!(What::Other.keys(), [""; 0]);
        assert_eq!((What::find("moved"), What::find("landed")), (Some(What::Moved), None));
        let mut words: Vec<_> = What::ALL.into_iter().map(What::word).collect();
        words.dedup();
        assert_eq!(words.len(), What::ALL.len());
    }
}
