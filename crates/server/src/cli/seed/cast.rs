//! The demonstration's organization, from its kit, and the people to look at it through.

use std::sync::Arc;

use db::{NewFacility, NewHouse, NewOrganization};
use eyre::{WrapErr as _, eyre};
use kernel::RequestId;
use serde_json::Value;
use synth::{OrganizationPlan, World};

use crate::app::App;
use crate::areas::demonstration::{self, Demonstration, Resident};
use crate::areas::people;
use crate::boot::Installation;
use crate::cli::session::{self, Session};
use crate::kits::{ADMINISTRATOR, Kit};

/// Makes the organization with its kit's roles and its first facility. Its administrator is one of the cast.
pub(super) async fn found(
    app: &App,
    installation: &Installation,
    plan: &OrganizationPlan,
) -> eyre::Result<()> {
    let kit = Kit::find(plan.kind.as_str()).ok_or_else(|| eyre!("there is no such kit"))?;
    let facility = plan.facilities.first().ok_or_else(|| eyre!("an organization has a facility"))?;
    let mut operator = installation.main().operator().await?;
    let numbers = operator.set_aside().await?;
    let request =
        db::Request { id: RequestId(app.world.uuid()), address: None, purpose: db::Purpose::Administration };
    let whose = (numbers.organization, &*plan.slug, &*plan.name);
    let address = format!("{ADMINISTRATOR}@demonstration.example");
    let (invitation, _) =
        people::seal_invitation(app, request.clone(), whose, numbers.administrator, &address).await?;
    let roles = kit.roles();
    let new = NewHouse {
        numbers,
        organization: NewOrganization { slug: &plan.slug, name: &plan.name, kind: kit.key },
        kit: kit.key,
        plan: db::COMPLETE,
        accent: kit.accent,
        session: (kit.idle_minutes * 60, kit.session_hours * 3600),
        roles: &roles,
        facility: NewFacility {
            code: &facility.code,
            name: &facility.name,
            time_zone: facility.time_zone,
            state: "live",
        },
        hours: &kit.hours(),
        administrator: ("Administrator", ADMINISTRATOR),
        invitation: &invitation,
    };
    let (organization, facility) = operator.create_house(&new).await?;
    let ctx = operator.enter(&organization, &[facility.id], request);
    let detail = Some(format!("kit {} facility {}", kit.key, facility.id));
    let event = db::Event { detail, ..db::Event::success("organization.create", "demonstration") };
    app.store.db().record(&ctx, event).await?;
    Ok(())
}

/// Makes those of the cast who are not there yet.
pub(super) async fn settle(
    app: &App,
    installation: &Installation,
    world: &World,
    plan: &OrganizationPlan,
) -> eyre::Result<Arc<Demonstration>> {
    let entered = Session::enter(installation, &plan.slug).await?;
    let operator = entered.context(&entered.all());
    let mut facilities = Vec::new();
    for place in &plan.facilities {
        let there = entered.facilities.iter().find(|facility| facility.code == place.code);
        let there = there.ok_or_else(|| eyre!("the demonstration's facility {} is not there", place.code))?;
        facilities.push((there.id, there.name.clone()));
    }
    let resident = |place: usize, number: u32| resident(world, place, number);
    let house =
        demonstration::House { operator: &operator, slug: &plan.slug, facilities, resident: &resident };
    let settled = demonstration::settle(app, &house).await;
    Ok(Arc::new(settled.wrap_err("the demonstration's people cannot be made")?))
}

/// Whether the organization is there already.
pub(super) async fn is_there(installation: &Installation, plan: &OrganizationPlan) -> eyre::Result<bool> {
    Ok(session::slugs(installation).await?.contains(&plan.slug))
}

/// What the world says of a resident.
fn resident(world: &World, place: usize, number: u32) -> Resident {
    let chart = world.patient(0, place, number);
    let patient = chart.iter().find(|resource| resource.resource_type == "Patient");
    let patient: Value = patient.and_then(|it| serde_json::from_str(&it.json).ok()).unwrap_or_default();
    let text = |pointer: &str| patient.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = |at: &str| format!("{} {}", text(&format!("{at}/given/0")), text(&format!("{at}/family")));
    Resident {
        identifier: format!("{}|{}", text("/identifier/0/system"), text("/identifier/0/value")),
        name: name("/name/0"),
        kin: name("/contact/0/name"),
    }
}

#[cfg(test)]
mod tests {
    use synth::Profile;

    use super::*;

    #[test]
    fn residents_and_their_kin_have_names_and_numbers() {
        let world = World::new(Profile::Demo, super::super::DEMO_SEED, "2026-03-01".parse().unwrap());
        for (place, number) in [(0, 0), (0, 9), (1, 3)] {
            let resident = resident(&world, place, number);
            assert!(resident.identifier.contains("mrn|"), "{}", resident.identifier);
            for name in [resident.name, resident.kin] {
                assert!(
                    name.split(' ').count() >= 2 && !name.starts_with(' ') && !name.ends_with(' '),
                    "{name}"
                );
            }
        }
    }
}
