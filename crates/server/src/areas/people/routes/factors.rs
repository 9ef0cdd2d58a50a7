//! `/api/auth/factors`: what a person can prove themselves with, beside the password.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::{Ceremony, Hidden, Nothing, turned};
use crate::areas::people::model::{self, FactorWhat, Kind};
use crate::areas::people::ops;
use crate::http::{Account, Doc, Failure, Reply, one_of};

/// What a person can prove themselves with.
#[derive(Serialize, ToSchema)]
struct Factors {
    factors: Vec<Factor>,
    /// How many recovery codes were not used yet.
    recovery_codes_left: i64,
    /// When the password was set; null when there is none.
    #[schema(required)]
    password_changed_at: Option<Timestamp>,
}

/// A confirmed factor.
#[derive(Serialize, ToSchema)]
struct Factor {
    id: Uuid,
    #[schema(schema_with = kinds)]
    kind: Kind,
    /// The person's own name for it.
    label: String,
    /// The last four digits of a phone number.
    #[schema(required)]
    hint: Option<String>,
    added_at: Timestamp,
    #[schema(required)]
    used_at: Option<Timestamp>,
}

fn kinds() -> Object {
    one_of(&["totp", "sms", "passkey"])
}

impl From<model::Factor> for Factor {
    fn from(factor: model::Factor) -> Self {
        let hint = match &factor.secret.what {
            FactorWhat::Sms(phone) => phone.get(phone.len().saturating_sub(4)..).map(str::to_owned),
            FactorWhat::Totp(_) | FactorWhat::Passkey(_) => None,
        };
        Self {
            id: factor.id,
            kind: factor.kind,
            label: factor.secret.label,
            hint,
            added_at: factor.added_at,
            used_at: factor.used_at,
        }
    }
}

pub(super) const LIST: Doc = Doc::new("The person's factors").gives::<Factors>(200);

pub(super) async fn list(account: Account) -> Result<Reply, Failure> {
    let (factors, recovery_codes_left, person) = ops::list_factors(&account).await?;
    let factors = factors.into_iter().map(Factor::from).collect();
    Reply::json(200, &Factors { factors, recovery_codes_left, password_changed_at: person.password_at })
}

/// A name for a factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FactorLabel {
    /// 1 to 100 characters.
    label: String,
}

/// An authenticator app's secret, to be confirmed with a code.
#[derive(Serialize, ToSchema)]
struct PendingTotp {
    id: Uuid,
    /// In base32 (RFC 4648).
    #[schema(value_type = String, format = Password)]
    secret: Hidden,
    /// `otpauth:`, for a link on a phone.
    #[schema(value_type = String, format = "uri")]
    uri: Hidden,
    /// The same as a QR code: an SVG document.
    qr: String,
}

pub(super) const TOTP: Doc = Doc::new("Begin to add an authenticator app")
    .takes::<FactorLabel>()
    .gives::<PendingTotp>(201)
    .step_up("factor.add")
    .problems(&["invalid"]);

pub(super) async fn totp(account: Account) -> Result<Reply, Failure> {
    let FactorLabel { label } = account.visit.json()?;
    let made = ops::add_totp(&account, &label).await?;
    Reply::json(201, &PendingTotp { id: made.id, secret: made.secret, uri: made.uri, qr: made.qr })
}

/// A phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPhone {
    /// Its number, with the country: E.164 or as people write it.
    phone: String,
    /// 1 to 100 characters.
    label: String,
}

/// A factor to be confirmed.
#[derive(Serialize, ToSchema)]
struct PendingFactor {
    id: Uuid,
}

pub(super) const SMS: Doc = Doc::new("Begin to add a phone: a code is sent to it")
    .takes::<NewPhone>()
    .gives::<PendingFactor>(201)
    .step_up("factor.add")
    .problems(&["invalid"]);

pub(super) async fn sms(account: Account) -> Result<Reply, Failure> {
    let NewPhone { phone, label } = account.visit.json()?;
    let id = ops::add_sms(&account, &phone, &label).await?;
    Reply::json(201, &PendingFactor { id })
}

/// What comes with a person's first factor, and only this once.
#[derive(Serialize, ToSchema)]
struct FactorAdded {
    /// Ten codes, `xxxxx-xxxxx`, each good for one use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    recovery_codes: Option<Vec<Hidden>>,
}

/// A code of the factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FactorCode {
    /// Six digits.
    #[schema(value_type = String, format = Password, write_only)]
    code: Hidden,
}

pub(super) const CONFIRM: Doc = Doc::new("Confirm a factor with a code of it")
    .takes::<FactorCode>()
    .gives::<FactorAdded>(200)
    .problems(&["wrong-code"]);

pub(super) async fn confirm(account: Account) -> Result<Reply, Failure> {
    let id: Uuid = account.visit.param("factor").parse().map_err(|_| Failure::unlisted())?;
    let FactorCode { code } = account.visit.json()?;
    let ops::Added { codes, cookie } = ops::confirm(&account, id, &code).await?;
    Ok(turned(Reply::json(200, &FactorAdded { recovery_codes: codes })?, cookie.as_ref()))
}

pub(super) const PASSKEY: Doc = Doc::new("Begin to add a passkey")
    .takes::<Nothing>()
    .gives::<Ceremony>(200)
    .step_up("factor.add")
    .problems(&["invalid"]);

pub(super) async fn passkey(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    let (ceremony, options) = ops::enrol_start(&account).await?;
    Reply::json(200, &Ceremony { ceremony, options })
}

/// A passkey, made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPasskey {
    /// The handle of the ceremony.
    #[schema(value_type = String, format = Password, write_only)]
    ceremony: Hidden,
    /// 1 to 100 characters.
    label: String,
    /// What the authenticator answered: RegistrationResponseJSON (WebAuthn Level 3, section 5.1).
    #[schema(value_type = Object)]
    credential: Value,
}

/// A passkey that was added.
#[derive(Serialize, ToSchema)]
struct PasskeyAdded {
    id: Uuid,
    #[serde(flatten)]
    added: FactorAdded,
}

pub(super) const PASSKEY_FINISH: Doc = Doc::new("Add a passkey")
    .takes::<NewPasskey>()
    .gives::<PasskeyAdded>(201)
    .problems(&["invalid", "link-ended"]);

pub(super) async fn passkey_finish(account: Account) -> Result<Reply, Failure> {
    let NewPasskey { ceremony, label, credential } = account.visit.json()?;
    let (id, ops::Added { codes, cookie }) = ops::enrol(&account, &ceremony, &label, &credential).await?;
    let added = PasskeyAdded { id, added: FactorAdded { recovery_codes: codes } };
    Ok(turned(Reply::json(201, &added)?, cookie.as_ref()))
}

/// New recovery codes; the old ones are void.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Ten codes, `xxxxx-xxxxx`, each good for one use.
    #[schema(value_type = Vec<String>)]
    recovery_codes: Vec<Hidden>,
}

pub(super) const RECOVERY: Doc = Doc::new("Make new recovery codes")
    .takes::<Nothing>()
    .gives::<RecoveryCodes>(200)
    .step_up("recovery.renew");

pub(super) async fn recovery(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    Reply::json(200, &RecoveryCodes { recovery_codes: ops::renew_recovery_codes(&account).await? })
}

pub(super) const REMOVE: Doc =
    Doc::new("Remove a factor").step_up("factor.remove").problems(&["last-factor"]);

pub(super) async fn remove(account: Account) -> Result<Reply, Failure> {
    let id: Uuid = account.visit.param("factor").parse().map_err(|_| Failure::unlisted())?;
    ops::remove_factor(&account, id).await?;
    Ok(Reply::empty(204))
}
