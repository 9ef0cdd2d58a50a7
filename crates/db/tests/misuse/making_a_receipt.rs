//! Only a durable event gives a receipt.

use kernel::{EventId, OrganizationId, PatientId};

fn make(organization: OrganizationId, event: EventId, patient: PatientId) -> db::Receipt {
    db::Receipt { organization, event, subjects: vec![patient] }
}

fn main() {}
