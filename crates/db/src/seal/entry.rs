//! What is hashed of an event: every column and every patient that it names, in one form.

use jiff::Timestamp;
use merkle::Hash;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

/// The columns that [`Entry::of`] reads, of events `e` with the subjects `s`.
pub(super) const COLUMNS: &str = "e.organization_id, e.facility_id, e.at, e.id, e.membership_id, e.on_behalf_of, e.action, \
    e.outcome, e.reason, e.resource_type, e.resource_id, e.version, e.writes, e.request_id, e.address::text AS address, \
    e.purpose, e.detail, s.who";

/// What a leaf's entry begins with: another form would have another number.
const FORM: &[u8] = b"lamplight audit event 1\n";
/// The length of nothing, which is not the length of an empty text.
const NOTHING: u32 = u32::MAX;

/// An event as it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub(super) organization: i32,
    pub(super) facility: i32,
    pub(super) at: Timestamp,
    pub(super) id: Uuid,
    membership: i32,
    on_behalf_of: Option<i32>,
    action: String,
    outcome: String,
    reason: String,
    resource_type: Option<i16>,
    resource: Option<Uuid>,
    version: Option<i32>,
    /// Records of 52 bytes as `audit.event.writes` has them, in hexadecimal.
    #[serde(with = "hex")]
    writes: Option<Vec<u8>>,
    request: Uuid,
    address: Option<String>,
    purpose: String,
    detail: Option<String>,
    /// Facility and id of each patient, 20 bytes each, in order of id and facility.
    #[serde(with = "hex")]
    subjects: Option<Vec<u8>>,
}

impl Entry {
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            organization: row.try_get("organization_id")?,
            facility: row.try_get("facility_id")?,
            at: row.try_get("at")?,
            id: row.try_get("id")?,
            membership: row.try_get("membership_id")?,
            on_behalf_of: row.try_get("on_behalf_of")?,
            action: row.try_get("action")?,
            outcome: row.try_get("outcome")?,
            reason: row.try_get("reason")?,
            resource_type: row.try_get("resource_type")?,
            resource: row.try_get("resource_id")?,
            version: row.try_get("version")?,
            writes: row.try_get("writes")?,
            request: row.try_get("request_id")?,
            address: row.try_get("address")?,
            purpose: row.try_get("purpose")?,
            detail: row.try_get("detail")?,
            subjects: row.try_get("who")?,
        })
    }

    /// The leaf's hash: of every member with its length before it, big-endian.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(FORM);
        let mut add = |member: Option<&[u8]>| {
            let length = member.map_or(NOTHING, |member| u32::try_from(member.len()).unwrap_or(NOTHING - 1));
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(member.unwrap_or_default());
        };
        add(Some(&self.organization.to_be_bytes()));
        add(Some(&self.facility.to_be_bytes()));
        add(Some(&self.at.as_microsecond().to_be_bytes()));
        add(Some(self.id.as_bytes()));
        add(Some(&self.membership.to_be_bytes()));
        add(self.on_behalf_of.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
        add(Some(self.action.as_bytes()));
        add(Some(self.outcome.as_bytes()));
        add(Some(self.reason.as_bytes()));
        add(self.resource_type.map(i16::to_be_bytes).as_ref().map(<[u8; 2]>::as_slice));
        add(self.resource.as_ref().map(|id| id.as_bytes().as_slice()));
        add(self.version.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
        add(self.writes.as_deref());
        add(Some(self.request.as_bytes()));
        add(self.address.as_ref().map(|text| text.as_bytes()));
        add(Some(self.purpose.as_bytes()));
        add(self.detail.as_ref().map(|text| text.as_bytes()));
        add(self.subjects.as_deref());
        Hash::of_leaf(&bytes)
    }
}

/// Bytes in JSON.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the member")]
    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        let text = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        bytes.as_ref().map(text).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let bytes = (0..text.len()).step_by(2).map(pair).collect::<Option<Vec<u8>>>();
        bytes.map(Some).ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            organization: 3,
            facility: 7,
            at: "2026-04-01T08:00:00.000001Z".parse().unwrap(),
            id: Uuid::from_u128(5),
            membership: 11,
            on_behalf_of: None,
            action: "chart.read".to_owned(),
            outcome: "success".to_owned(),
            reason: "chart.read".to_owned(),
            resource_type: Some(100),
            resource: Some(Uuid::from_u128(6)),
            version: Some(2),
            writes: Some(vec![0xab; 52]),
            request: Uuid::from_u128(9),
            address: Some("192.0.2.7/32".to_owned()),
            purpose: "TREAT".to_owned(),
            detail: None,
            subjects: Some(vec![1; 20]),
        }
    }

    /// What was sealed must be found sealed for years: this form never changes.
    #[test]
    fn the_form_of_an_entry_is_fixed() {
        let hash = entry().hash().to_string();
        assert_eq!(hash, "d2d404b59db156cb79e06815bbbc2b0e9e15a4a00f212003515450b006a501a4");
    }

    #[test]
    fn whatever_is_changed_changes_the_hash() {
        let is = entry();
        let others: [fn(&mut Entry); 18] = [
            |one| one.organization += 1,
            |one| one.facility += 1,
            |one| one.at = "2026-04-01T08:00:00.000002Z".parse().unwrap(),
            |one| one.id = Uuid::from_u128(50),
            |one| one.membership += 1,
            |one| one.on_behalf_of = Some(0),
            |one| one.action.push('s'),
            |one| one.outcome = "denied".to_owned(),
            |one| one.reason.clear(),
            |one| one.resource_type = None,
            |one| one.resource = None,
            |one| one.version = Some(3),
            |one| one.writes = Some(Vec::new()),
            |one| one.request = Uuid::from_u128(10),
            |one| one.address = None,
            |one| one.purpose.push(' '),
            |one| one.detail = Some(String::new()),
            |one| one.subjects = None,
        ];
        for (at, change) in others.into_iter().enumerate() {
            let mut other = is.clone();
            change(&mut other);
            assert_ne!(other.hash(), is.hash(), "change {at}");
        }
        // What stands in one member cannot stand in the next instead.
        let (mut one, mut other) = (is.clone(), is.clone());
        (one.action, one.outcome) = ("ab".to_owned(), "c".to_owned());
        (other.action, other.outcome) = ("a".to_owned(), "bc".to_owned());
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let written = serde_json::to_string(&entry()).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&written).unwrap(), entry());
        assert!(written.contains(r#""subjects":"0101010101"#), "{written}");
        assert!(serde_json::from_str::<Entry>(&written.replace("0101", "01x1")).is_err());
    }
}
