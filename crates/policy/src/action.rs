//! What can be asked of the policy, what allows it, and what logs call it.

use crate::Permission;

/// What someone wants to do to a resource. The words are those of the FHIR interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// FHIR `read`, `vread`.
    Read,
    /// FHIR `search-type`, compartment search.
    Search,
    /// FHIR `history-instance`.
    History,
    /// FHIR `create`.
    Create,
    /// FHIR `update`.
    Update,
    /// FHIR `delete`.
    Delete,
    /// Leaving the system in bulk.
    Export,
    /// Entering the system in bulk.
    Import,
    /// Asking who saw a record.
    AuditReport,
    /// Asking who saw one's own record.
    AuditOwn,
    /// Asking why something was allowed or refused.
    AuditWhy,
    /// Asking who has a post.
    ListPeople,
    /// Offering a post.
    Invite,
    /// Ending a post.
    EndPost,
    /// Looking at one post.
    LookAtPost,
    /// Asking what a change of a post would do.
    WhatIf,
    /// Changing what a post may do.
    ChangePost,
    /// Asking who can see a patient, and by what chain of posts.
    Reach,
    /// Asking which roles there are.
    ListRoles,
    /// Adding or changing a role.
    EditRole,
    /// Asking who is tied to a patient.
    ListTies,
    /// Tying a post to a patient, and ending that.
    EditTie,
    /// Moving a patient to another facility.
    Reassign,
    /// Making one record of two of the same patient.
    MergePatients,
    /// Undoing that.
    UnmergePatients,
    /// Asking which of a patient's records were made one.
    ListMerges,
    /// Opening a facility.
    OpenFacility,
    /// Changing a facility.
    ChangeFacility,
    /// Looking at the settings of the organization.
    LookAtOrganization,
    /// Changing them.
    ChangeOrganization,
    /// Saying what of the record a post does not see.
    HideFields,
    /// Saying what of a patient's record a relative sees.
    ApproveSharing,
    /// Opening one patient in an emergency.
    OpenEmergency,
    /// Ending that before its time.
    CloseEmergency,
    /// Asking which emergencies there were.
    ListEmergencies,
    /// Judging one of them.
    ReviewEmergency,
    /// Asking which parts of the product are in use.
    ListModules,
    /// Switching one of them.
    SwitchModule,
    /// Listening to what changes.
    Follow,
    /// Asking which support access was asked for and given.
    ListSupport,
    /// Approving or refusing it.
    DecideSupport,
    /// Ending it before its time.
    EndSupport,
    /// Putting a file into a patient's record.
    Upload,
    /// Taking the bytes of one out.
    Download,
    /// Looking at unfinished notes.
    LookAtDrafts,
    /// Beginning, saving and throwing away an unfinished note.
    WriteDraft,
    /// Signing a note.
    SignNote,
    /// Adding to a signed note.
    AddToNote,
    /// Signing beside the author.
    CoSignNote,
    /// Making, publishing and retiring templates of notes.
    EditTemplate,
    /// Looking at a facility's shift: who is here, what is due, what was handed over, what happened.
    LookAtShift,
    /// Signing what is handed over at the end of a shift.
    SignHandover,
    /// Receiving it.
    ReceiveHandover,
    /// Reporting an incident.
    ReportIncident,
    /// Reviewing an incident and closing it.
    ReviewIncident,
    /// Recording that a medication was given or not, its effect, and that it was recorded wrongly.
    GiveMedication,
    /// Putting an order for a medication on hold, and resuming it.
    HoldMedication,
    /// Looking at the counts of controlled medications.
    LookAtCounts,
    /// Entering into them.
    KeepCounts,
    /// Being the second person.
    WitnessCount,
    /// Bringing a spreadsheet in, from its first look to its report.
    ImportSheet,
    /// Taking back what one brought in.
    UndoSheet,
    /// Searching the log of who did what.
    SearchLog,
    /// Taking out of the log what was done with a patient's record.
    TakeLog,
    /// Looking at figures of facilities.
    LookAtFigures,
    /// Looking at reviews of who has access.
    LookAtReviews,
    /// Beginning one.
    StartReview,
    /// Saying in one what becomes of a post.
    DecideReview,
    /// Signing one.
    SignReview,
    /// Looking at how long what is kept, and what proves it.
    LookAtKeeping,
    /// Changing how long what is kept.
    ChangeKeeping,
    /// Reading what a relative and the care team wrote to each other.
    ReadLetters,
    /// Writing to the other side.
    WriteLetter,
    /// Asking whether a record is restricted.
    LookAtRestriction,
    /// Looking at what holds and restricts records, and what is asked about erasing them.
    LookAtRecords,
    /// Holding a record for a legal matter, and releasing it.
    HoldRecord,
    /// Restricting a record, and lifting that.
    RestrictRecord,
    /// Asking for a record to be erased, and taking that back.
    AskErasure,
    /// Approving or refusing that.
    DecideErasure,
}

impl Action {
    /// Every action; the authorization matrix enumerates it.
    pub const ALL: [Self; 79] = [
        Self::Read,
        Self::Search,
        Self::History,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Export,
        Self::Import,
        Self::AuditReport,
        Self::AuditOwn,
        Self::AuditWhy,
        Self::ListPeople,
        Self::Invite,
        Self::EndPost,
        Self::LookAtPost,
        Self::WhatIf,
        Self::ChangePost,
        Self::Reach,
        Self::ListRoles,
        Self::EditRole,
        Self::ListTies,
        Self::EditTie,
        Self::Reassign,
        Self::MergePatients,
        Self::UnmergePatients,
        Self::ListMerges,
        Self::OpenFacility,
        Self::ChangeFacility,
        Self::LookAtOrganization,
        Self::ChangeOrganization,
        Self::HideFields,
        Self::ApproveSharing,
        Self::OpenEmergency,
        Self::CloseEmergency,
        Self::ListEmergencies,
        Self::ReviewEmergency,
        Self::ListModules,
        Self::SwitchModule,
        Self::Follow,
        Self::ListSupport,
        Self::DecideSupport,
        Self::EndSupport,
        Self::Upload,
        Self::Download,
        Self::LookAtDrafts,
        Self::WriteDraft,
        Self::SignNote,
        Self::AddToNote,
        Self::CoSignNote,
        Self::EditTemplate,
        Self::LookAtShift,
        Self::SignHandover,
        Self::ReceiveHandover,
        Self::ReportIncident,
        Self::ReviewIncident,
        Self::GiveMedication,
        Self::HoldMedication,
        Self::LookAtCounts,
        Self::KeepCounts,
        Self::WitnessCount,
        Self::ImportSheet,
        Self::UndoSheet,
        Self::SearchLog,
        Self::TakeLog,
        Self::LookAtFigures,
        Self::LookAtReviews,
        Self::StartReview,
        Self::DecideReview,
        Self::SignReview,
        Self::LookAtKeeping,
        Self::ChangeKeeping,
        Self::ReadLetters,
        Self::WriteLetter,
        Self::LookAtRestriction,
        Self::LookAtRecords,
        Self::HoldRecord,
        Self::RestrictRecord,
        Self::AskErasure,
        Self::DecideErasure,
    ];

    /// Whether it is also asked about records that are restricted or erased: what becomes of them, and who looked at them.
    pub fn is_about_closed(self) -> bool {
        matches!(
            self,
            Self::LookAtRestriction
                | Self::LookAtRecords
                | Self::HoldRecord
                | Self::RestrictRecord
                | Self::AskErasure
                | Self::DecideErasure
                | Self::AuditReport
                | Self::AuditOwn
                | Self::AuditWhy
                | Self::SearchLog
                | Self::TakeLog
        )
    }

    /// The permission that allows the action.
    pub fn needs(self) -> Permission {
        match self {
            Self::Read | Self::History | Self::ListTies | Self::Download | Self::LookAtRestriction => {
                Permission::ChartRead
            }
            Self::Search | Self::Follow => Permission::ChartSearch,
            Self::Create | Self::Update | Self::Upload => Permission::ChartWrite,
            Self::Delete => Permission::ChartDelete,
            Self::Export => Permission::ChartExport,
            Self::Import => Permission::ChartImport,
            Self::AuditReport
            | Self::AuditWhy
            | Self::Reach
            | Self::ListSupport
            | Self::SearchLog
            | Self::TakeLog => Permission::AuditReport,
            Self::AuditOwn => Permission::AuditOwn,
            Self::ListPeople | Self::LookAtPost | Self::WhatIf | Self::ListRoles => Permission::PeopleRead,
            Self::Invite | Self::ChangePost | Self::HideFields => Permission::PeopleInvite,
            Self::EndPost => Permission::PeopleEnd,
            Self::EditRole => Permission::RolesEdit,
            Self::EditTie => Permission::RelationshipsEdit,
            Self::Reassign => Permission::PatientsReassign,
            Self::MergePatients | Self::UnmergePatients | Self::ListMerges => Permission::PatientsMerge,
            Self::OpenFacility
            | Self::ChangeFacility
            | Self::LookAtOrganization
            | Self::ChangeOrganization
            | Self::LookAtKeeping
            | Self::ChangeKeeping => Permission::OrganizationManage,
            Self::ApproveSharing => Permission::SharingApprove,
            Self::OpenEmergency | Self::CloseEmergency | Self::ListEmergencies => Permission::EmergencyAccess,
            Self::ReviewEmergency => Permission::EmergencyReview,
            Self::ListModules | Self::SwitchModule | Self::DecideSupport | Self::EndSupport => {
                Permission::OrganizationManage
            }
            Self::LookAtDrafts | Self::WriteDraft | Self::SignNote | Self::AddToNote => {
                Permission::NotesWrite
            }
            Self::CoSignNote => Permission::NotesCoSign,
            Self::EditTemplate => Permission::TemplatesEdit,
            Self::LookAtShift | Self::SignHandover | Self::ReceiveHandover | Self::ReportIncident => {
                Permission::ShiftWork
            }
            Self::ReviewIncident => Permission::IncidentsReview,
            Self::GiveMedication | Self::HoldMedication | Self::LookAtCounts | Self::KeepCounts => {
                Permission::MedicationsGive
            }
            Self::WitnessCount => Permission::MedicationsWitness,
            Self::ImportSheet | Self::UndoSheet => Permission::SheetsImport,
            Self::LookAtFigures => Permission::FiguresRead,
            Self::LookAtReviews | Self::StartReview | Self::DecideReview | Self::SignReview => {
                Permission::PeopleReview
            }
            Self::ReadLetters | Self::WriteLetter => Permission::LettersWrite,
            Self::LookAtRecords | Self::HoldRecord | Self::RestrictRecord => Permission::RecordsKeep,
            Self::AskErasure => Permission::RecordsErase,
            Self::DecideErasure => Permission::RecordsApprove,
        }
    }

    /// The key under which the action stands in the audit log.
    pub fn key(self) -> &'static str {
        match self {
            Self::Read => "chart.read",
            Self::Search => "chart.search",
            Self::History => "chart.history",
            Self::Create => "chart.create",
            Self::Update => "chart.update",
            Self::Delete => "chart.delete",
            Self::Export => "chart.export",
            Self::Import => "chart.import",
            Self::AuditReport => "audit.report",
            Self::AuditOwn => "audit.own",
            Self::AuditWhy => "audit.why",
            Self::ListPeople => "people.list",
            Self::Invite => "people.invite",
            Self::EndPost => "people.end",
            Self::LookAtPost => "people.look",
            Self::WhatIf => "people.what-if",
            Self::ChangePost => "people.change",
            Self::Reach => "people.reach",
            Self::ListRoles => "roles.list",
            Self::EditRole => "roles.edit",
            Self::ListTies => "relationships.list",
            Self::EditTie => "relationships.edit",
            Self::Reassign => "patients.reassign",
            Self::MergePatients => "patients.merge",
            Self::UnmergePatients => "patients.unmerge",
            Self::ListMerges => "patients.list-merges",
            Self::OpenFacility => "facilities.open",
            Self::ChangeFacility => "facilities.change",
            Self::LookAtOrganization => "organization.look",
            Self::ChangeOrganization => "organization.change",
            Self::HideFields => "fields.hide",
            Self::ApproveSharing => "sharing.approve",
            Self::OpenEmergency => "emergency.open",
            Self::CloseEmergency => "emergency.close",
            Self::ListEmergencies => "emergency.list",
            Self::ReviewEmergency => "emergency.review",
            Self::ListModules => "modules.list",
            Self::SwitchModule => "modules.switch",
            Self::Follow => "events.follow",
            Self::ListSupport => "support.list",
            Self::DecideSupport => "support.decide",
            Self::EndSupport => "support.end",
            Self::Upload => "documents.upload",
            Self::Download => "documents.download",
            Self::LookAtDrafts => "notes.look",
            Self::WriteDraft => "notes.draft",
            Self::SignNote => "notes.sign",
            Self::AddToNote => "notes.add",
            Self::CoSignNote => "notes.co-sign",
            Self::EditTemplate => "templates.edit",
            Self::LookAtShift => "shift.look",
            Self::SignHandover => "handovers.sign",
            Self::ReceiveHandover => "handovers.receive",
            Self::ReportIncident => "incidents.report",
            Self::ReviewIncident => "incidents.review",
            Self::GiveMedication => "medications.give",
            Self::HoldMedication => "medications.hold",
            Self::LookAtCounts => "medications.counts",
            Self::KeepCounts => "medications.count",
            Self::WitnessCount => "medications.witness",
            Self::ImportSheet => "sheets.import",
            Self::UndoSheet => "sheets.undo",
            Self::SearchLog => "audit.search",
            Self::TakeLog => "audit.take",
            Self::LookAtFigures => "figures.look",
            Self::LookAtReviews => "reviews.look",
            Self::StartReview => "reviews.start",
            Self::DecideReview => "reviews.decide",
            Self::SignReview => "reviews.sign",
            Self::LookAtKeeping => "keeping.look",
            Self::ChangeKeeping => "keeping.change",
            Self::ReadLetters => "letters.read",
            Self::WriteLetter => "letters.write",
            Self::LookAtRestriction => "records.restriction",
            Self::LookAtRecords => "records.look",
            Self::HoldRecord => "records.hold",
            Self::RestrictRecord => "records.restrict",
            Self::AskErasure => "records.ask-erasure",
            Self::DecideErasure => "records.decide-erasure",
        }
    }
}
