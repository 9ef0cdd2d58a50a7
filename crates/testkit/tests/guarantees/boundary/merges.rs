//! Two records made one: what the database lets whoever merges do with the ties.

use super::furnish::furnish;
use super::tables::{membership, other, standing, uuid};
use super::{Signer, cell, number, runtime};
use crate::support::House;

/// Ties are carried from one record to another, and dropped, for who merged them there alone.
#[tokio::test]
async fn ties_are_carried_for_who_may_merge_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, north, south) = (house.a.id(), house.a.north.0, house.a.south.0);
    let post = membership(a);
    let (merge, patient, absorbed) = (uuid(910_001), uuid(standing(a, north)), uuid(910_002));
    let made = format!(
        "INSERT INTO org.merge (organization_id, merge_id, facility_id, patient_id, absorbed_id, membership_id, at, patient_version, absorbed_version)
         VALUES ({a}, {merge}, {north}, {patient}, {absorbed}, {post}, now(), 2, 2);
         INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({a}, {north}, {absorbed}, {post}, 'care-team', now() - interval '1 hour'),
                ({a}, {north}, {absorbed}, {}, 'client', now() - interval '1 hour')",
        other(a)
    );
    superuser.batch_execute(&made).await.unwrap();
    let carry = format!("SELECT cardinality(waiting)::int8 FROM org.carry_ties({merge}, now())");
    let drop = format!("SELECT org.drop_ties({merge}, now())");
    let here = [cell(a, 0), cell(a, north)];
    for context in [
        None,
        Some(signer.context(-1, &here)),
        Some(signer.context(other(a), &here)),
        Some(signer.context(post, &[cell(a, 0), cell(a, south)])),
        Some(signer.context(post, &[cell(a, 0), -cell(a, north)])),
        Some(signer.context(post, &[cell(house.b.id(), 0), cell(house.b.id(), house.b.north.0)])),
    ] {
        for sql in [&carry, &drop] {
            let refusal = number(&client, context.as_deref(), sql).await.unwrap_err();
            assert_eq!(refusal.code, "42501", "{sql} {context:?}");
        }
    }
    let mine = signer.context(post, &here);
    let hold =
        |what: &str| format!("UPDATE org.membership SET permissions = {what} WHERE membership_id = {post}");
    superuser.batch_execute(&hold("array_remove(permissions, 'patients.merge')")).await.unwrap();
    assert_eq!(number(&client, Some(&mine), &carry).await.unwrap_err().code, "42501", "without the right");
    superuser.batch_execute(&hold("permissions || '{patients.merge}'")).await.unwrap();
    assert_eq!(number(&client, Some(&mine), &carry).await, Ok(1), "who is no care team stays behind");
    // What was not undone is not dropped.
    assert_eq!(number(&client, Some(&mine), &drop).await.unwrap_err().code, "42501");
}
