//! The problems that `/api` answers with (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done. `code` is there where a program can decide by it.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, in English. It names members and never repeats a value.
    detail: String,
    /// `urn:uuid:` and the id of the request, also in `X-Request-Id`.
    instance: String,
    /// A word that never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The action to prove oneself for, with the code `step-up-required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// What is there now, with the code `draft-changed`: a `NoteDraft`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    current: Option<serde_json::Value>,
    /// The note's Composition, with the code `draft-signed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    composition: Option<String>,
    /// The linkIds of what is not answered, with the code `note-incomplete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<String>>,
    /// Where it is wrong, with the code `answer-invalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_id: Option<String>,
    /// Each thing that is wrong, with the code `template-invalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<String>>,
    /// What is recorded, with the code `dose-taken`: a `DoseTold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    dose: Option<serde_json::Value>,
    /// From when on it may be given, with the codes `too-early`, `too-soon` and `limit-reached`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// Every code, its status and when it is given.
pub(super) const CODES: &[(&str, u16, &str)] = &[
    ("already-admitted", 409, "the patient is admitted: change that stay"),
    ("already-corrected", 409, "another correction replaced the note already"),
    ("already-handed-over", 409, "this person handed the shift over already"),
    ("already-read", 409, "the month was fixed already"),
    ("already-received", 409, "somebody received the hand-over already"),
    ("already-restricted", 409, "the record is restricted already"),
    ("already-reviewed", 409, "somebody judged it already"),
    ("already-signed", 409, "this post signed it already"),
    ("already-there", 409, "the patient is at this facility"),
    ("already-undone", 409, "the merge was undone"),
    ("answer-invalid", 422, "an answer is not what the template asks for; `link_id` says where"),
    ("both-admitted", 409, "both are admitted: end the stay that was opened by mistake first"),
    ("busy", 503, "too many passwords are being looked at"),
    ("code-taken", 409, "there is a facility with this code"),
    ("context-refused", 403, "the context is not open in this session, or not at this address"),
    ("context-required", 400, "the header Lamplight-Context is missing"),
    ("count-invalid", 422, "a sheet or an entry of it is not what it should be"),
    ("count-needed", 422, "the medication is counted: say from which sheet it was taken"),
    ("count-short", 409, "the sheet counts less than that"),
    ("dose-invalid", 422, "a dose or a reason is not what it should be; the detail says what"),
    ("dose-missed", 409, "the dose was missed, and the next is due: say why it was given"),
    ("dose-taken", 409, "somebody recorded this dose already; `dose` says who, what and when"),
    ("dose-wrong", 409, "the dose was recorded in error, and is corrected"),
    ("draft-changed", 412, "somebody saved a newer version; `current` is what there is now"),
    ("draft-signed", 410, "the note was signed; `composition` says as which"),
    ("effect-known", 409, "somebody said already whether it helped"),
    ("elsewhere", 409, "the patient was moved since the merge"),
    ("emergency-refused", 403, "the emergency named is not the caller's, or is over"),
    ("emergency-suspended", 403, "an emergency of this post was not reviewed for 72 hours"),
    ("erasure-closed", 409, "the erasure was decided, withdrawn, stopped or done"),
    ("erasure-open", 409, "an erasure of the record is asked for or approved"),
    ("erasure-own", 409, "whoever asked for an erasure does not decide about it"),
    ("export-ended", 410, "what the export was asked for with ended or shrunk, or its files expired"),
    ("export-running", 409, "the files of the export are not there yet"),
    ("facility-holds-patients", 409, "it cannot be prepared again while it holds patients"),
    ("facility-not-open", 409, "the facility is being prepared and takes no patients yet"),
    (
        "follow-ups-open",
        409,
        "what follows from the incident is not finished, and nobody said why it is closed all the same",
    ),
    ("foreign-origin", 403, "the request comes from a page of another site"),
    ("import-busy", 409, "another spreadsheet at the facility is being worked on"),
    ("import-state", 409, "the import does not stand where this can be done, or its file is gone"),
    ("incident-closed", 409, "the incident was reviewed and closed"),
    ("invalid", 400, "a member is not what it should be"),
    ("last-administrator", 409, "the organization would be left without an administrator"),
    ("last-factor", 409, "it is the last factor, and one is required"),
    ("limit-reached", 409, "it was given as often as it may be; `from` says from when on it may be given"),
    ("link-ended", 400, "the link or handle is unknown, used or expired; these are not told apart"),
    ("merged-on", 409, "what was merged later has to be undone first"),
    ("module-required", 403, "the organization does not have this part of the product in use"),
    ("month-running", 409, "the month is not over"),
    ("no-preview", 422, "a file of this type can only be downloaded"),
    ("no-such-dose", 422, "the order has no dose at this time"),
    ("not-as-agreed", 422, "what was sent is not what the upload was opened for"),
    ("not-as-needed", 422, "the order has its times: say which dose it is"),
    ("no-address", 409, "the post is no person's, so that there is nowhere to write to"),
    ("not-here", 409, "a resident is not of this facility any more"),
    ("note-altered", 409, "the note is not as it was signed"),
    ("note-incomplete", 422, "something required is not answered; `missing` says what"),
    ("order-ended", 409, "the order does not stand any more"),
    ("order-held", 409, "the order is on hold"),
    ("order-otherwise", 409, "the order is not in the state that this changes"),
    ("own-handover", 409, "whoever comes receives a hand-over, not whoever signed it"),
    ("own-post", 409, "one's own post is for somebody else to review"),
    ("own-note", 403, "who wrote a note does not sign it a second time"),
    ("password-breached", 400, "the password is known from breaches"),
    ("password-guessable", 400, "the password is a name, a sequence, or one thing repeated"),
    ("password-too-long", 400, "the password is longer than 256 characters"),
    ("password-too-short", 400, "the password is shorter than 12 characters"),
    ("patient-away", 409, "the patient is away: have them return first"),
    ("patient-died", 409, "the patient has died"),
    ("patient-here", 409, "the patient is not away"),
    ("patient-merged", 409, "the record goes on in another, and nothing is written to this one"),
    ("purpose-refused", 403, "the purpose of use named is not one that the post may claim"),
    ("purpose-unknown", 400, "the header Lamplight-Purpose names no purpose of use"),
    ("reason-needed", 422, "say why"),
    ("record-erased", 410, "the patient's record was erased"),
    ("record-held", 409, "a legal hold stands on the record"),
    ("record-kept", 409, "the record is within the time for which it is kept; the detail says until when"),
    (
        "record-restricted",
        403,
        "the record is restricted: who may looks at it for a legal reason, and nobody writes",
    ),
    ("report-too-long", 409, "the period has more lines than one report holds"),
    ("request-ended", 404, "the application's request has ended"),
    ("request-used", 422, "the id of the request was used for another dose"),
    ("review-closed", 409, "the review was signed, or the post was ended in it"),
    ("review-open", 409, "a review of the facility is open"),
    ("review-undecided", 409, "something in the review is not decided"),
    ("same-patient", 409, "it is one record already"),
    ("scanner-unavailable", 503, "files cannot be checked for viruses now"),
    ("second-factor-required", 403, "a second factor must be set up before anything else"),
    ("sheet-columns", 422, "the columns do not say enough, or two say the same; the detail names the field"),
    ("sheet-unreadable", 422, "the file is no table that can be read; the detail says why"),
    ("sign-in-again", 403, "the application asks that the person sign in again"),
    ("sign-in-failed", 401, "whatever was wrong: these are not told apart"),
    ("signed-out", 401, "nobody is signed in here, or no longer"),
    ("slug-taken", 409, "the subdomain is another organization's"),
    ("stay-ended", 409, "the stay has ended"),
    ("step-up-failed", 401, "the proof was not right"),
    ("step-up-required", 403, "`action` must be proved for with a step-up"),
    ("storage-unavailable", 503, "files cannot be stored or read now"),
    ("support-decided", 409, "the request for support was decided, withdrawn, or asked too long ago"),
    ("support-waiting", 409, "a request for support of the same administrator waits there"),
    ("task-finished", 409, "the task is finished already"),
    ("template-changed", 409, "there is a newer version of the template"),
    ("template-invalid", 422, "the template is not of the subset; `faults` says where"),
    ("template-unknown", 404, "there is no such template, or it is not active"),
    ("too-early", 409, "it is too early for this dose; `from` says from when on it may be given"),
    ("too-large", 422, "the file is longer than is taken"),
    ("too-late", 409, "a merge can be undone for thirty days"),
    ("too-many", 409, "the record is too long to be merged at once"),
    ("too-many-exports", 429, "as many exports of the organization wait as may"),
    ("too-many-requests", 429, "wait as long as Retry-After says"),
    ("too-many-uploads", 429, "too many uploads of the post are open"),
    ("too-soon", 409, "the last was given too short a time ago; `from` says from when on it may be given"),
    ("two-facilities", 409, "the patients are at two facilities: move one of them first"),
    ("type-not-taken", 422, "files of this type are not taken"),
    ("upload-over", 409, "the upload was completed, refused or has expired"),
    ("witness-done", 409, "there is no such entry that waits for a witness"),
    ("witness-needed", 409, "a second person has to confirm it first"),
    ("witness-other", 409, "a witness is another person, who may be one"),
    ("wrong-code", 400, "the code is not right"),
    ("wrong-package", 422, "what was scanned is not the package of what is ordered"),
];

/// The status and the meaning of a code.
pub(super) fn find(code: &str) -> Option<(u16, &'static str)> {
    CODES.iter().find(|(known, ..)| *known == code).map(|(_, status, meaning)| (*status, *meaning))
}
