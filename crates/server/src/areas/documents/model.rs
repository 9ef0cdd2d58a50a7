//! What is known of a file, in words and as FHIR.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, OrganizationId, PatientId, ResourceId, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::Format;
use super::error::Error;

/// How long an upload may begin after it was opened.
pub(super) const OPEN: SignedDuration = SignedDuration::from_mins(15);
/// How long after that it may be completed.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(1);
/// After so long a check that did not end is begun anew.
pub(super) const STUCK: SignedDuration = SignedDuration::from_mins(10);
/// How long a link is good.
pub(super) const LINK: SignedDuration = SignedDuration::from_secs(50);
/// The most characters of a title.
const TITLE: usize = 200;
/// The most characters of a file's name.
const NAME: usize = 120;

/// What a document is about: our word, what people read, and the LOINC code where R4 names one
/// (<https://hl7.org/fhir/R4/valueset-c80-doc-typecodes.html>).
pub(super) const CATEGORIES: [(&str, &str, Option<&str>); 11] = [
    ("laboratory", "Laboratory report", Some("11502-2")),
    ("imaging", "Imaging", Some("18748-4")),
    ("prescription", "Prescription", None),
    ("discharge", "Discharge summary", Some("18842-5")),
    ("referral", "Referral", Some("57133-1")),
    ("consent", "Consent", Some("59284-0")),
    ("advance-directive", "Advance directive", Some("42348-3")),
    ("insurance", "Insurance", None),
    ("letter", "Letter", None),
    ("photo", "Photograph", None),
    ("other", "Other", None),
];

/// Where the words above are from.
const CATEGORY: &str = "https://lamplight.health/fhir/CodeSystem/document-category";
/// R4's `Attachment.hash` is SHA-1; this is what we compare.
const SHA256: &str = "https://lamplight.health/fhir/StructureDefinition/sha256";

/// What was said of a file before it came. Sealed at rest.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Details {
    pub(super) title: String,
    pub(super) file_name: String,
    pub(super) category: String,
    pub(super) date: Option<Date>,
    pub(super) content_type: String,
    pub(super) sha256: [u8; 32],
    pub(super) replaces: Option<Uuid>,
}

impl Details {
    /// The format.
    pub(super) fn format(&self) -> Result<Format, Error> {
        Format::of(&self.content_type).ok_or(Error::Kind)
    }
}

/// A title: some text without control characters.
pub(super) fn title(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let fits = (1..=TITLE).contains(&text.chars().count()) && !text.chars().any(is_strange);
    if fits { Ok(text.to_owned()) } else { Err(Error::Invalid("title: 1 to 200 characters")) }
}

/// Control characters, and those that make a name read otherwise than it is.
fn is_strange(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A name to save the file under, whatever was given: no folders, nothing a system could take for something else, and
/// the ending of what it is.
pub(super) fn file_name(given: &str, format: Format) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|letter| !is_strange(*letter))
        .map(|letter| if "<>:\"|?*;%".contains(letter) { '_' } else { letter })
        .collect();
    let kept = kept.trim_matches([' ', '.']);
    let ending = format.extension();
    let own = |last: &str| {
        last.eq_ignore_ascii_case(ending)
            || (format == Format::Jpeg && last.eq_ignore_ascii_case("jpeg"))
            || (format == Format::Tiff && last.eq_ignore_ascii_case("tif"))
    };
    let stem = kept.rsplit_once('.').filter(|(_, last)| own(last)).map_or(kept, |(stem, _)| stem);
    let stem: String = stem.trim_end_matches([' ', '.']).chars().take(NAME - 5).collect();
    let stem = if stem.is_empty() { "document" } else { &stem };
    format!("{stem}.{ending}")
}

/// The checksum as it is given: 64 hexadecimal digits.
pub(super) fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in sum.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(sum)
}

/// Where the details of a document stand in the seal, and where its bytes do.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Sealed {
    Details = 30,
    Bytes = 31,
}

pub(super) fn place(
    organization: OrganizationId,
    patient: PatientId,
    document: Uuid,
    what: Sealed,
) -> db::keys::Place {
    db::keys::Place {
        organization,
        patient: Some(patient),
        class: DataClass::Documents,
        table: what as u8,
        row: ResourceId(document),
        version: Version::FIRST,
    }
}

/// Where the bytes are put, and where they lie sealed.
pub(super) fn quarantine(name: Uuid) -> String {
    format!("{QUARANTINE}/{}", name.simple())
}

pub(super) fn object(name: Uuid) -> String {
    format!("sealed/{}", name.simple())
}

pub(super) const QUARANTINE: &str = "quarantine";

/// The address that stands in the DocumentReference: a name, which nothing answers at. Bytes go out by links.
pub(super) fn reference(document: Uuid) -> String {
    format!("Binary/{document}")
}

/// Whether a DocumentReference, as somebody sees it, still says where its file is.
pub(super) fn names_file(body: &[u8], document: Uuid) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let wanted = reference(document);
    let content = body["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    content.iter().any(|one| one["attachment"]["url"] == wanted.as_str())
}

/// The DocumentReference (<https://hl7.org/fhir/R4/documentreference.html>).
pub(super) fn resource(
    document: Uuid,
    patient: PatientId,
    details: &Details,
    (bytes, sha1): (i64, &[u8]),
    (author, at): (&str, Timestamp),
) -> Value {
    let (code, text, loinc) =
        CATEGORIES.into_iter().find(|(code, ..)| *code == details.category).unwrap_or(CATEGORIES[10]);
    let mut codings = vec![json!({"system": CATEGORY, "code": code, "display": text})];
    if let Some(loinc) = loinc {
        codings.push(json!({"system": "http://loinc.org", "code": loinc}));
    }
    let mut attachment = json!({
        "contentType": details.content_type,
        "url": reference(document),
        "size": bytes,
        "hash": STANDARD.encode(sha1),
        "title": details.file_name,
        "extension": [{"url": SHA256, "valueBase64Binary": STANDARD.encode(details.sha256)}],
    });
    let mut resource = json!({
        "resourceType": "DocumentReference",
        "masterIdentifier": {"system": chart::FILE, "value": document.to_string()},
        "status": "current",
        "docStatus": "final",
        "type": {"coding": codings, "text": text},
        "category": [{"coding": [{"system": CATEGORY, "code": code, "display": text}], "text": text}],
        "subject": {"reference": format!("Patient/{patient}")},
        "date": format!("{at:.0}"),
        "description": details.title,
    });
    if !author.is_empty() {
        resource["author"] = json!([{"display": author}]);
    }
    if let Some(date) = details.date {
        attachment["creation"] = json!(date.to_string());
        resource["context"] = json!({"period": {"start": date.to_string(), "end": date.to_string()}});
    }
    if let Some(replaced) = details.replaces {
        let target = json!({"reference": format!("DocumentReference/{replaced}")});
        resource["relatesTo"] = json!([{"code": "replaces", "target": target}]);
    }
    resource["content"] = json!([{"attachment": attachment}]);
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lead_nowhere() {
        let cases = [
            ("scan.pdf", "scan.pdf"),
            ("Scan.PDF", "Scan.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("C:\\Users\\a\\report.pdf", "report.pdf"),
            ("..", "document.pdf"),
            ("", "document.pdf"),
            ("evil.exe", "evil.exe.pdf"),
            ("a\u{202e}fdp.exe", "afdp.exe.pdf"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
            ("\"quoted\"; filename=x.pdf", "_quoted__ filename=x.pdf"),
            (".htaccess", "htaccess.pdf"),
        ];
        for (given, expected) in cases {
            assert_eq!(file_name(given, Format::Pdf), expected, "{given:?}");
        }
        assert_eq!(file_name("IMG_1.JPEG", Format::Jpeg), "IMG_1.jpg");
        assert_eq!(file_name(&"x".repeat(500), Format::Pdf).chars().count(), NAME - 1);
    }

    #[test]
    fn checksums_are_64_digits() {
        assert_eq!(sha256(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["", "0f", &"0g".repeat(32), &"+f".repeat(32), &"é".repeat(32)] {
            assert_eq!(sha256(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_document_is_a_valid_resource() {
        let details = Details {
            title: "Blood count".to_owned(),
            file_name: "count.pdf".to_owned(),
            category: "laboratory".to_owned(),
            date: Some(jiff::civil::date(2026, 3, 1)),
            content_type: "application/pdf".to_owned(),
            sha256: [7; 32],
            replaces: Some(Uuid::from_u128(9)),
        };
        let id = Uuid::from_u128(7);
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        let body =
            resource(id, PatientId(Uuid::from_u128(8)), &details, (3, &[1; 20]), ("Nurse", now)).to_string();
        let root = fhir::json::parse(body.as_bytes(), &fhir::json::Limits::default())
            .unwrap_or_else(|e| panic!("{e}"));
        let options = fhir::validate::ValidateOptions::default();
        assert_eq!(fhir::validate::validate(fhir::ResourceType::DocumentReference, &root, &options), []);
        assert!(names_file(body.as_bytes(), id));
        assert!(!names_file(body.as_bytes(), Uuid::from_u128(6)));
        assert!(!names_file(b"{}", id));
    }
}
