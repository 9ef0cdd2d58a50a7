//! DocumentReferences that stand for a file of ours (ADR 0024): filed once, under an id made beforehand, and never changed
//! in what they say the file is (<https://hl7.org/fhir/R4/documentreference.html>).

use db::{Ctx, Event, Tx};
use fhir::ResourceType;
use fhir::json::{Node, Value, parse};
use fhir::validate::Issue;
use kernel::{PatientId, ResourceId, Version};
use policy::{Action, Target};

use crate::hooks::By;
use crate::intake::{self, Draft};
use crate::model::Written;
use crate::places::Places;
use crate::record::{Keys, Record};
use crate::search::Door;
use crate::write::{self, SealingKeys};
use crate::{Error, Store, view};

/// The system of the master identifier of a DocumentReference whose file is ours; its value is the record's own id.
pub const FILE: &str = "https://lamplight.health/fhir/document";

/// Why a document was entered in error.
pub const STATUS_REASON: &str = "https://lamplight.health/fhir/StructureDefinition/status-reason";

/// What may not change once it is filed.
const KEPT: [&str; 8] =
    ["masterIdentifier", "subject", "content", "date", "author", "context", "custodian", "implicitRules"];

/// Whether the document says that its file is ours. Ids are the server's to give: no client makes one that names itself.
pub(crate) fn is_file(root: &Node<'_>) -> bool {
    let identifier = root.get("masterIdentifier");
    identifier.is_some_and(|identifier| identifier.text("system") == Some(FILE))
}

fn is_own_file(root: &Node<'_>, id: ResourceId) -> bool {
    is_file(root) && root.get("masterIdentifier").and_then(|one| one.text("value")) == Some(&id.to_string())
}

fn same(a: Option<&Node<'_>>, b: Option<&Node<'_>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same_value(&a.value, &b.value),
        _ => false,
    }
}

fn same_value(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let found = |key: &str| b.iter().find(|member| member.key == key);
            a.len() == b.len()
                && a.iter().all(|one| {
                    found(&one.key).is_some_and(|other| same_value(&one.value.value, &other.value.value))
                })
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(&a.value, &b.value))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (a, b) => a == b,
    }
}

/// What a change of a file's DocumentReference does that it may not.
fn trespasses(id: ResourceId, before: &Node<'_>, after: &Node<'_>) -> Vec<Issue> {
    if !is_own_file(before, id) {
        return Vec::new();
    }
    let mut issues = Vec::new();
    for member in KEPT {
        if !same(before.get(member), after.get(member)) {
            let path = format!("DocumentReference.{member}");
            issues.push(Issue::error("business-rule", path, "a file that was filed does not change"));
        }
    }
    let in_error = |root: &Node<'_>| root.text("status") == Some("entered-in-error");
    let has_reason = after.get("extension").map_or(&[][..], Node::items).iter().any(|one| {
        one.text("url") == Some(STATUS_REASON)
            && one.text("valueString").is_some_and(|why| !why.trim().is_empty())
    });
    if in_error(after) && !in_error(before) && !has_reason {
        let message = "say why in the extension status-reason";
        issues.push(Issue::error("required", "DocumentReference.extension", message));
    }
    issues
}

impl Store {
    /// Files a document under an id made beforehand, as the last statement of `tx`, which commits.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub async fn file(
        &self,
        tx: &Tx<'_>,
        rtype: ResourceType,
        id: ResourceId,
        body: &[u8],
    ) -> Result<Written, Error> {
        const ACTION: Action = Action::Create;
        let ctx = tx.ctx();
        self.db.authorize(ctx, ACTION, Target::default()).await?;
        self.may_change(ctx, ACTION).await?;
        let at = self.db.world().now();
        let draft = self.draft(ctx, body, rtype, (id, Version::FIRST, at))?;
        let places = Places::look_up(tx, [&draft]).await?;
        let facility = places.settle(ctx, &draft, None)?;
        let target = Target { facility: Some(facility), class: Some(draft.class) };
        self.db.authorize(ctx, ACTION, target).await?;
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let placed = [intake::place(draft, facility, tokens.written(), at)?];
        let keys = SealingKeys::of(&self.db, ctx, placed.iter()).await?;
        let event = write::event(ACTION, rtype, id, Version::FIRST);
        write::insert(&self.db, tx, &keys, By::Area, &placed, event).await?;
        let [placed] = placed;
        Ok(Written { document: self.written(ctx, placed).await?, created: true })
    }

    /// Asks a yes-or-no question of a record as the context sees it, without showing it: no is also the answer when there
    /// is none that it may see. Whoever asks says in the log what for.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sees(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        question: impl FnOnce(&[u8]) -> bool,
    ) -> Result<bool, Error> {
        let Some(record) = self.current_row(&Door::Own(ctx), rtype, id).await? else { return Ok(false) };
        if record.sealed.is_none() || !view::exists(ctx, &record) {
            return Ok(false);
        }
        let records = [record];
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let [record] = records;
        match keys.open(ctx, &record) {
            Ok(body) => Ok(body.matches(|body| question(body))),
            // Nothing of it is left for this reader.
            Err(Error::Db(db::Error::Seal(_))) if ctx.fields().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the context could add a record of this type for the patient: where they are, if so. A refusal is logged.
    ///
    /// # Errors
    /// Refused; not found when there is no such patient for the context.
    pub async fn may_add(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
        patient: PatientId,
    ) -> Result<kernel::FacilityId, Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        self.may_change(ctx, action).await?;
        let found = self.find_patient(ctx, ctx, patient).await?;
        let Some(facility) = found.filter(|_| view::shows(ctx, rtype, Some(patient))) else {
            let mut event = Event::denied(action.key(), "not found or out of reach");
            event.detail = Some("no such patient".to_owned());
            self.db.record(ctx, event).await?;
            return Err(db::Error::NotFound.into());
        };
        let target = Target { facility: Some(facility), class: None };
        self.db.authorize(ctx, action, target).await?;
        Ok(facility)
    }

    /// Refuses a change of what a filed document says its file is.
    pub(crate) async fn keeps_file(&self, ctx: &Ctx, record: &Record, draft: &Draft) -> Result<(), Error> {
        if record.rtype != ResourceType::DocumentReference || record.sealed.is_none() {
            return Ok(());
        }
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(record)).await?;
        let mut issues = Vec::new();
        keys.open_whole(ctx, record)?.matches(|before| {
            let (Ok(before), Ok(after)) = (parse(before, &self.limits), parse(&draft.body, &self.limits))
            else {
                return false;
            };
            issues = trespasses(record.id, &before, &after);
            true
        });
        if issues.is_empty() { Ok(()) } else { Err(Error::Invalid(issues)) }
    }
}

#[cfg(test)]
mod tests {
    use fhir::json::Limits;

    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-000000000000";

    fn found(after: &str) -> Vec<String> {
        let before = format!(
            r#"{{"resourceType":"DocumentReference","status":"current","masterIdentifier":{{"system":"{FILE}","value":"{ID}"}},
                "content":[{{"attachment":{{"url":"Binary/{ID}","size":3}}}}]}}"#
        );
        let after = after.replace("FILE", FILE).replace("ID", ID).replace("REASON", STATUS_REASON);
        let limits = Limits::default();
        let before = parse(before.as_bytes(), &limits).unwrap();
        let after = parse(after.as_bytes(), &limits).unwrap();
        trespasses(ID.parse().unwrap(), &before, &after).into_iter().map(|issue| issue.path).collect()
    }

    #[test]
    fn what_the_file_is_stays_and_the_rest_may_change() {
        let same = r#"{"description":"a title","status":"superseded","masterIdentifier":{"value":"ID","system":"FILE"},
            "content": [{"attachment":{"size":3,"url":"Binary/ID"}}]}"#;
        assert_eq!(found(same), [""; 0]);
        assert_eq!(found(&same.replace("\"size\":3", "\"size\":4")), ["DocumentReference.content"]);
        assert_eq!(found(&same.replace("\"FILE\"", "\"other\"")), ["DocumentReference.masterIdentifier"]);
        let error = same.replace("superseded", "entered-in-error");
        assert_eq!(found(&error), ["DocumentReference.extension"]);
        let told =
            error.replacen('{', r#"{"extension":[{"url":"REASON","valueString":"wrong resident"}],"#, 1);
        assert_eq!(found(&told), [""; 0]);
    }
}
