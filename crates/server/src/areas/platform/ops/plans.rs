//! What is sold.

use db::Outcome;
use kernel::OrganizationId;
use policy::Module;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{Error, store};
use super::text;
use crate::http::Above;

/// What a plan says. Prices are a month's, in hundredths of the currency.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Plan)]
pub(in super::super) struct PlanText {
    /// 1 to 100 characters.
    pub(in super::super) title: String,
    /// Keys of modules.
    pub(in super::super) modules: Vec<String>,
    /// ISO 4217.
    pub(in super::super) currency: String,
    /// For the organization.
    pub(in super::super) base_cents: i64,
    /// For each clinician who was at work in the month.
    pub(in super::super) clinician_cents: i64,
    /// For each module beside those of the plan.
    pub(in super::super) module_cents: i64,
    /// Whether it is still sold.
    pub(in super::super) on_sale: bool,
}

/// A plan as it is now.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct PlanView {
    pub(in super::super) key: String,
    pub(in super::super) version: i32,
    pub(in super::super) plan: PlanText,
}

/// The newest version of every plan.
pub(in super::super) async fn list(above: &Above) -> Result<Vec<PlanView>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::list_plans(&tx).await?;
    tx.commit().await?;
    above.log(OrganizationId::PLATFORM, "platform.plans.list", Outcome::Success, "").await?;
    Ok(all)
}

/// Writes the next version of a plan; 0 says that there is none yet. Who has an older one keeps it until they are given
/// another: a price is not changed behind anyone's back.
pub(in super::super) async fn put(
    above: &Above,
    key: &str,
    version: i64,
    plan: PlanText,
) -> Result<i32, Error> {
    let plan = PlanText { title: text(&plan.title, 100, "title: 1 to 100 characters")?, ..plan };
    if plan.currency.len() != 3 || !plan.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Error::Invalid("currency: three capital letters (ISO 4217)"));
    }
    let most = 0..=100_000_000;
    if ![plan.base_cents, plan.clinician_cents, plan.module_cents].iter().all(|cents| most.contains(cents)) {
        return Err(Error::Invalid("prices: 0 to 100000000 hundredths"));
    }
    let known: Vec<&str> = Module::ALL
        .into_iter()
        .map(Module::key)
        .filter(|key| plan.modules.iter().any(|m| m == key))
        .collect();
    if known.len() != plan.modules.len() {
        return Err(Error::Invalid("modules: one that is not known, or twice"));
    }
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let next =
        i32::try_from(version).ok().and_then(|version| version.checked_add(1)).ok_or(db::Error::Conflict)?;
    let by = above.administrator.number();
    match store::insert_plan(&tx, (key, next), &plan, &known, by, above.app().world.now()).await {
        Ok(true) => {}
        Ok(false) => return Err(db::Error::Conflict.into()),
        Err(db::Error::Constraint(name)) if name == "plan_pkey" => return Err(db::Error::Conflict.into()),
        Err(db::Error::Constraint(_)) => {
            return Err(Error::Invalid("plan: lower-case letters, digits and inner hyphens"));
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("plan {key} version {next}");
    above.log(OrganizationId::PLATFORM, "platform.plans.change", Outcome::Success, &detail).await?;
    tx.commit().await?;
    Ok(next)
}
